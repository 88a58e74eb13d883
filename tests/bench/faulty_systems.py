"""Systems that go wrong in one way each, for the command line to name as `faulty_systems:<attribute>`."""

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

from splitbrain.histories.event import Invocation
from splitbrain.systems.node import ClientNode, Context, Node
from splitbrain.systems.system import Broken, Deployment, FaultModel, System, Tolerance


class Echo(ClientNode):
    """Needs no server."""

    def on_invoke(self, ctx: Context, op: Invocation) -> None:
        ctx.complete(op, "ok", op.input)


class Silent(ClientNode):
    def on_invoke(self, ctx: Context, op: Invocation) -> None:
        pass


class Tired(ClientNode):
    """Answers the first ten operations."""

    def on_invoke(self, ctx: Context, op: Invocation) -> None:
        if op.operation < 10:
            ctx.complete(op, "ok", op.input)


class Faulty(ClientNode):
    def on_invoke(self, ctx: Context, op: Invocation) -> None:
        raise ZeroDivisionError


class Exits(ClientNode):
    def on_invoke(self, ctx: Context, op: Invocation) -> None:
        raise SystemExit(0)


class Interrupted(ClientNode):
    """As if the user had pressed Ctrl-C."""

    def on_invoke(self, ctx: Context, op: Invocation) -> None:
        raise KeyboardInterrupt


class HalfACharacter(ClientNode):
    def on_invoke(self, ctx: Context, op: Invocation) -> None:
        ctx.complete(op, "ok", "\ud800")


class NumbersErrors(ClientNode):
    def on_invoke(self, ctx: Context, op: Invocation) -> None:
        ctx.complete(op, "fail", error=5)  # type: ignore[arg-type]


class Hostile(ClientNode):
    def on_invoke(self, ctx: Context, op: Invocation) -> None:
        ctx.complete(op, "ok", "\x1b[2J\r\n\u202e", "\x1b[2J")


class Chatty(Node):
    def start(self, ctx: Context) -> None:
        ctx.log("\ud800\x1b[2J")


class Never:
    """An invariant that never holds."""

    name = "never"
    initial = None
    events: ClassVar[frozenset[type]] = frozenset((str,))

    def observe(self, state: object, event: object, node: Node, node_id: str) -> object | Broken:
        return Broken("it does not hold")


def system(client: Callable[[], ClientNode], *monitors: Never) -> System:
    return System(
        name="faulty",
        summary="goes wrong in one way",
        deploy=lambda servers, bug: Deployment({"s1": Node}, {"s1": "server"}, client),
        fault_model=FaultModel({"server": Tolerance(kill=1)}, liveness=1_000_000_000, note=""),
        workloads=("ping",),
        monitors=monitors,
    )


echo = system(Echo)
silent = system(Silent)
tired = system(Tired)
faulty = system(Faulty)
broken = system(Echo, Never())
exits = system(Exits)
interrupted = system(Interrupted)
half_a_character = system(HalfACharacter)
numbers_errors = system(NumbersErrors)
hostile = replace(
    system(Hostile), deploy=lambda servers, bug: Deployment({"dc1/s1": Chatty}, {"dc1/s1": "server"}, Hostile)
)
undeployable = replace(echo, deploy=lambda servers, bug: 1 // 0)  # type: ignore[arg-type,return-value]
deploys_nothing = replace(echo, deploy=lambda servers, bug: None)  # type: ignore[arg-type,return-value]
parrot = replace(echo, workloads=("register",))
aimless = replace(echo, workloads=())
nothing = None
