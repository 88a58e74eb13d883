"""Ping-pong as the bench sees it: which nodes there are, and which faults they promise to survive."""

from ..system import Deployment, FaultModel, System, Tolerance
from .bugs import ANY_PONG, PREVIOUS_PING, AnyPong, PreviousPing
from .nodes import Client, Server


def deploy(servers: int, bug: str | None = None) -> Deployment:
    """Servers s1, s2, … and clients that know them all; `bug` is the name of a planted bug."""
    names = tuple(f"s{number}" for number in range(1, servers + 1))
    server = PreviousPing if bug == PREVIOUS_PING.name else Server
    client = AnyPong if bug == ANY_PONG.name else Client
    return Deployment(
        servers=dict.fromkeys(names, server),
        groups=dict.fromkeys(names, "server"),
        client=lambda: client(names),
    )


system = System(
    name="ping_pong",
    summary="clients send numbers to servers, which send them back",
    deploy=deploy,
    fault_model=FaultModel(
        groups={"server": Tolerance(kill=1, pause=1, drift=0.2)},
        liveness=1_000_000_000,
        note="Any server may be killed or paused, one at a time, and any link may fail.",
    ),
    workloads=("ping",),
    bugs={bug.name: bug for bug in (ANY_PONG, PREVIOUS_PING)},
)
