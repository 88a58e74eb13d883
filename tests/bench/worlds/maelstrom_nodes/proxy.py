"""A node of the lin-kv workload that asks a service, of the name that it is given, for everything."""

import json
import sys
from itertools import count

numbers = count(1)
asked: dict[int, tuple[str, int]] = {}
for line in sys.stdin:
    message = json.loads(line)
    body = message["body"]
    if body["type"] == "init":
        me, to, reply = body["node_id"], message["src"], {"type": "init_ok", "in_reply_to": body["msg_id"]}
    elif "in_reply_to" in body:
        to, number = asked.pop(body["in_reply_to"])
        reply = {**body, "in_reply_to": number}
    else:
        number = next(numbers)
        asked[number] = message["src"], body["msg_id"]
        to, reply = sys.argv[1], {**body, "msg_id": number}
    sys.stdout.write(json.dumps({"src": me, "dest": to, "body": reply}) + "\n")
    sys.stdout.flush()
