"""Three systems as the bench sees them: nodes, fault models and bugs."""

from collections.abc import Callable, Sequence
from functools import partial

from ...errors import UsageError
from ..node import Node
from ..own_server import Client
from ..system import Deployment, FaultModel, System, Tolerance
from .berkeley import Master, Member
from .broadcast import Process
from .bugs import BERKELEY, CAUSAL, CRISTIAN, Planted
from .cristian import DRIFT, Cristian, TimeServer
from .invariants import MONITORS

MILLISECOND, SECOND = 1_000_000, 1_000_000_000
SKEWS = (0, 40 * MILLISECOND, -25 * MILLISECOND, 10 * MILLISECOND, -3600 * SECOND)
"""How wrong the clocks of Berkeley's members are at first: the last one is far off."""


def names_of(servers: int) -> tuple[str, ...]:
    """s1, s2, …"""
    return tuple(f"s{number}" for number in range(1, servers + 1))


def _node(system: str, planted: Planted, correct: Callable[..., Node], bug: str | None) -> Callable[..., Node]:
    if bug is None:
        return correct
    if bug not in planted:
        raise UsageError(f"{system} has no planted bug {bug!r}; it has {', '.join(sorted(planted))}")
    return planted[bug][0]


def _deploy_causal(servers: int, bug: str | None) -> Deployment:
    names = names_of(servers)
    node = _node("causal_broadcast", CAUSAL, Process, bug)
    return Deployment(
        servers={name: partial(node, names, name) for name in names},
        groups=dict.fromkeys(names, "process"),
        client=partial(Client, names),
    )


def _deploy_cristian(servers: int, bug: str | None) -> Deployment:
    names = names_of(servers)
    node = _node("cristian", CRISTIAN, Cristian, bug)
    return Deployment(
        servers={"t": TimeServer, **{name: partial(node, "t") for name in names}},
        groups={"t": "time-server", **dict.fromkeys(names, "node")},
        client=partial(Client, names),
    )


def _deploy_berkeley(servers: int, bug: str | None) -> Deployment:
    names = names_of(servers)
    node = _node("berkeley", BERKELEY, Member, bug)
    master = node if isinstance(node, type) and issubclass(node, Master) else Master
    member = Member if master is node else node

    def skew(position: int) -> int:
        return SKEWS[-1] if position == len(names) - 1 else SKEWS[position % (len(SKEWS) - 1)]

    members = {name: partial(member, skew(position)) for position, name in enumerate(names) if position}
    return Deployment(
        servers={names[0]: partial(master, skew(0), names), **members},
        groups={names[0]: "master", **dict.fromkeys(names[1:], "member")},
        client=partial(Client, names),
    )


def _survives(groups: Sequence[str], note: str, drift: float, jump: int = 0) -> FaultModel:
    tolerance = Tolerance(kill=5, pause=5, cut=True, drift=drift, jump=jump)
    return FaultModel(groups=dict.fromkeys(groups, tolerance), liveness=3 * SECOND, note=note)


causal_broadcast = System(
    name="causal_broadcast",
    summary="causal broadcast by vector clocks, and Lamport's clock (Lamport 1978; Birman, Schiper & Stephenson 1991)",
    deploy=_deploy_causal,
    fault_model=_survives(
        ("process",),
        "processes may be killed and paused, all at once too, but no disk must be lost; while one is down its own "
        "clients are not answered",
        drift=0.2,
        jump=SECOND,
    ),
    workloads=("causal_broadcast",),
    servers=4,
    monitors=MONITORS,
    bugs={name: bug for name, (_, bug) in CAUSAL.items()},
)

_right = Tolerance(kill=1, pause=1, cut=True)
cristian = System(
    name="cristian",
    summary="clocks that drift, set by asking a time server (Cristian 1989)",
    deploy=_deploy_cristian,
    fault_model=FaultModel(
        groups={"time-server": _right, "node": Tolerance(kill=5, pause=5, cut=True, drift=DRIFT)},
        liveness=3 * SECOND,
        note="clocks of nodes run fast or slow by one percent at most, and never step; the time server's is right",
    ),
    workloads=("time",),
    servers=3,
    bugs={name: bug for name, (_, bug) in CRISTIAN.items()},
)

berkeley = System(
    name="berkeley",
    summary="clocks that are kept together though none is right (Gusella & Zatti 1989)",
    deploy=_deploy_berkeley,
    fault_model=_survives(
        ("master", "member"),
        "clocks run fast or slow by one percent at most, and never step; one of five is far off from the beginning",
        drift=DRIFT,
    ),
    workloads=("time_together",),
    servers=5,
    bugs={name: bug for name, (_, bug) in BERKELEY.items()},
)
