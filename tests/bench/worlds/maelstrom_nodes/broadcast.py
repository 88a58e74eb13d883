"""A node of the broadcast workload that tells its values to all others, and again until they are acknowledged.

With the argument `once` it tells them once.
"""

import json
import os
import select
import sys
import time
from typing import Any

values: set[int] = set()
untold: dict[tuple[str, int], float] = {}
others: list[str] = []
me = ""


def send(dest: str, body: dict[str, Any]) -> None:
    """Send a message."""
    sys.stdout.write(json.dumps({"src": me, "dest": dest, "body": body}) + "\n")
    sys.stdout.flush()


def learn(value: int) -> None:
    """Keep a value, and have it told to the others if it is new."""
    if value not in values:
        values.add(value)
        untold.update({(other, value): 0.0 for other in others})


def tell() -> None:
    """Tell what was never told, or not acknowledged since."""
    for (other, value), when in list(untold.items()):
        if time.monotonic() - when > 0.2:
            untold[other, value] = time.monotonic()
            send(other, {"type": "tell", "value": value})
    if sys.argv[1:] == ["once"]:
        untold.clear()


unread = b""
while True:
    lines: list[bytes] = []
    if select.select([0], [], [], 0.05)[0]:
        data = os.read(0, 65536)
        if not data:
            break
        *lines, unread = (unread + data).split(b"\n")
    for line in lines:
        message = json.loads(line)
        body = message["body"]
        reply = {"type": f"{body['type']}_ok", "in_reply_to": body.get("msg_id"), "value": body.get("value")}
        match body["type"]:
            case "init":
                me, others = body["node_id"], [name for name in body["node_ids"] if name != body["node_id"]]
            case "broadcast":
                learn(body["message"])
            case "tell":
                learn(body["value"])
            case "tell_ok":
                untold.pop((message["src"], body["value"]), None)
            case "read":
                reply["messages"] = sorted(values)
        if body["type"] != "tell_ok":
            send(message["src"], reply)
    tell()
