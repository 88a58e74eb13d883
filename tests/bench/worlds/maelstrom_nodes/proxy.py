"""A node of the lin-kv workload that asks a service of the name that it is given for everything."""

import json
import sys

asked = {}
for line in sys.stdin:
    message = json.loads(line)
    body, reply_to = message["body"], message["src"]
    if body["type"] == "init":
        me, reply = body["node_id"], {"type": "init_ok", "in_reply_to": body["msg_id"]}
    elif "in_reply_to" in body:
        reply_to, number = asked.pop(body["in_reply_to"], (None, None))
        reply = {**body, "in_reply_to": number}
    else:
        asked[len(asked) + body["msg_id"] * 1000] = message["src"], body["msg_id"]
        reply_to, reply = sys.argv[1], {**body, "msg_id": len(asked) - 1 + body["msg_id"] * 1000}
    if reply_to:
        print(json.dumps({"src": me, "dest": reply_to, "body": reply}), flush=True)
