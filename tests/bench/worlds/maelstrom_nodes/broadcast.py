"""A node of the broadcast and g_set workloads that tells its values to all others. It tells again what nobody has
acknowledged, unless it is given the word `once`."""

import json
import sys
import threading
import time

values, untold, lock = set(), {}, threading.Lock()


def send(dest, body):
    print(json.dumps({"src": me, "dest": dest, "body": body}), flush=True)


def learn(new):
    with lock:
        for other in others if new not in values else ():
            untold[other, new] = 0.0
        values.add(new)


def tell():
    while True:
        with lock:
            due = [key for key, when in untold.items() if time.monotonic() - when > 0.2]
            for key in due:
                untold[key] = time.monotonic()
                send(key[0], {"type": "tell", "value": key[1]})
                if sys.argv[1:] == ["once"]:
                    del untold[key]
        time.sleep(0.01)


for line in sys.stdin:
    message = json.loads(line)
    body = message["body"]
    match body["type"]:
        case "init":
            me, others = body["node_id"], [name for name in body["node_ids"] if name != body["node_id"]]
            threading.Thread(target=tell, daemon=True).start()
            reply = {"type": "init_ok"}
        case "topology":
            reply = {"type": "topology_ok"}
        case "broadcast" | "add":
            learn(body.get("message", body.get("element")))
            reply = {"type": f"{body['type']}_ok"}
        case "tell":
            learn(body["value"])
            reply = {"type": "told", "value": body["value"]}
        case "told":
            with lock:
                untold.pop((message["src"], body["value"]), None)
            continue
        case "read":
            reply = {"type": "read_ok", "messages": list(values), "value": list(values)}
    with lock:
        send(message["src"], {**reply, "in_reply_to": body.get("msg_id")})
