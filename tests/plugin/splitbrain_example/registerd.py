"""The server that is tested: registers in a file, asked in JSON lines over TCP.

python -m splitbrain_example.registerd ADDRESS PORT FILE
"""

import json
import os
import socketserver
import sys
import threading
from pathlib import Path


class Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        for line in self.rfile:
            with lock:
                output = carry_out(*json.loads(line))
            self.wfile.write(json.dumps(output).encode() + b"\n")


def carry_out(f: str, key: str, given: object) -> object:
    value = registers.get(key)
    if f == "read":
        return value
    if isinstance(given, list) and value != given[0]:
        return False
    registers[key] = given[1] if isinstance(given, list) else given
    file.with_suffix(".new").write_text(json.dumps(registers))
    os.replace(file.with_suffix(".new"), file)
    return True if f == "cas" else None


if __name__ == "__main__":
    address, port, path = sys.argv[1:]
    file, lock = Path(path), threading.Lock()
    registers = json.loads(file.read_text()) if file.exists() else {}
    socketserver.ThreadingTCPServer.allow_reuse_address = True
    socketserver.ThreadingTCPServer((address, int(port)), Handler).serve_forever()
