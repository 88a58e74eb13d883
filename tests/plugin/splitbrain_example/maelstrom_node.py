"""A set that grows, served at every node in Maelstrom's protocol: nodes tell each other all that they have.

splitbrain run maelstrom --bin "python3 maelstrom_node.py" --workload g_set
"""

import json
import sys
import threading
import time

elements: set[int] = set()
lock = threading.Lock()


def send(dest: str, body: dict[str, object]) -> None:
    with lock:
        print(json.dumps({"src": name, "dest": dest, "body": body}), flush=True)


def gossip() -> None:
    while True:
        time.sleep(0.1)
        for other in others:
            send(other, {"type": "merge", "elements": sorted(elements)})


for line in sys.stdin:
    message = json.loads(line)
    source, asked = message["src"], message["body"]
    if asked["type"] == "init":
        name, others = asked["node_id"], [node for node in asked["node_ids"] if node != asked["node_id"]]
        threading.Thread(target=gossip, daemon=True).start()
    elif asked["type"] == "merge":
        elements = elements | set(asked["elements"])
        continue
    elif asked["type"] == "add":
        elements = elements | {asked["element"]}
    found = {"value": sorted(elements)} if asked["type"] == "read" else {}
    send(source, {"type": f"{asked['type']}_ok", "in_reply_to": asked["msg_id"], **found})
