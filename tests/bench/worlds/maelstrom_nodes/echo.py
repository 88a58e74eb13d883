"""A node that answers echo and generate."""

import json
import sys

count = 0
for line in sys.stdin:
    message = json.loads(line)
    body = message["body"]
    match body["type"]:
        case "init":
            me, reply = body["node_id"], {"type": "init_ok"}
        case "echo":
            reply = {"type": "echo_ok", "echo": body["echo"]}
        case "generate":
            count += 1
            reply = {"type": "generate_ok", "id": f"{me}-{count}"}
        case _:
            reply = {"type": "error", "code": 10, "text": "not here"}
    reply["in_reply_to"] = body["msg_id"]
    print(json.dumps({"src": me, "dest": message["src"], "body": reply}), flush=True)
