"""The same registers as a program of their own, `registerd`, and a client that asks it."""

import json
import sys

from splitbrain import Database, Invocation, Site, Tolerance, Unknown, Value, external

PORT = 7000


class Client:
    def __init__(self, site: Site) -> None:
        self.socket = site.connect(PORT)
        self.file = self.socket.makefile("rw")

    def invoke(self, op: Invocation) -> Value:
        print(json.dumps([op.f, op.key, op.input]), file=self.file, flush=True)
        answer = self.file.readline()
        if not answer:
            raise Unknown("the connection has ended")
        output: Value = json.loads(answer)
        return output

    def close(self) -> None:
        self.socket.close()


class Registerd(Database):
    def commands(self, site: Site) -> list[list[str]]:
        program = [sys.executable, "-m", "splitbrain_example.registerd"]
        return [[*program, site.address, str(PORT), str(site.directory / "registers.json")]]

    def connect(self, site: Site) -> Client:
        return Client(site)


system = external(
    "example_server",
    "registers in a file, served by registerd",
    Registerd(),
    note="there is one server; while it is down nobody is served",
    workloads=("register",),
    tolerance=Tolerance(kill=1, pause=1),
    servers=1,
)
