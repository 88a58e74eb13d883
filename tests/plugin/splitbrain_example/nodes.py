"""Registers on one server, as nodes: runs in the simulator and as processes."""

from splitbrain import ClientNode, Context, Deployment, FaultModel, Invocation, Message, Node, System, Tolerance


class Ask(Message, frozen=True):
    operation: int
    f: str
    key: str
    old: int | None
    new: int | None


class Answer(Message, frozen=True):
    operation: int
    output: int | bool | None


class Server(Node):
    def on_Ask(self, ctx: Context, src: str, msg: Ask) -> None:
        value = ctx.storage.get(msg.key)
        assert value is None or isinstance(value, int)
        if msg.f == "write" or (msg.f == "cas" and value == msg.old):
            ctx.storage.put(msg.key, msg.new)
            ctx.storage.sync()
        output = {"read": value, "write": None, "cas": value == msg.old}[msg.f]
        ctx.send(src, Answer(operation=msg.operation, output=output))


class Client(ClientNode):
    def on_invoke(self, ctx: Context, op: Invocation) -> None:
        self.op = op
        old, new = op.input if isinstance(op.input, tuple) else (None, op.input)
        assert isinstance(old, int | None)
        assert isinstance(new, int | None)
        ctx.send("s1", Ask(operation=op.operation, f=op.f, key=str(op.key), old=old, new=new))

    def on_Answer(self, ctx: Context, src: str, msg: Answer) -> None:
        if msg.operation == self.op.operation:
            ctx.complete(self.op, "ok", msg.output)


system = System(
    name="example_nodes",
    summary="registers on one server, on disk",
    deploy=lambda servers, bug: Deployment(servers={"s1": Server}, groups={"s1": "server"}, client=Client),
    fault_model=FaultModel(groups={"server": Tolerance(kill=1, pause=1)}, liveness=None, note="clients ask once"),
    workloads=("register",),
    servers=1,
)
