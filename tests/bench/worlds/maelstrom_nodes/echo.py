"""A node that answers echo and generate."""

import json
import sys
from typing import Any

count = 0
for line in sys.stdin:
    message = json.loads(line)
    body = message["body"]
    reply: dict[str, Any] = {"type": f"{body['type']}_ok", "in_reply_to": body["msg_id"]}
    match body["type"]:
        case "init":
            me = body["node_id"]
        case "echo":
            reply["echo"] = body["echo"]
        case "generate":
            count += 1
            reply["id"] = f"{me}-{count}" if sys.argv[1:] != ["bad"] else count
    sys.stdout.write(json.dumps({"src": me, "dest": message["src"], "body": reply}) + "\n")
    sys.stdout.flush()
