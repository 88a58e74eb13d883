"""Systems that go wrong in one way each, for the command line to name as `faulty_systems:<attribute>`."""

from collections.abc import Callable
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
nothing = None
