"""The primary-backup key-value store as the bench sees it: nodes, fault model, monitors and bugs."""

from collections.abc import Mapping

from ...errors import UsageError
from ..node import Node
from ..system import Deployment, FaultModel, System, Tolerance
from .bugs import PLANTED, Nodes
from .invariants import MONITORS
from .messages import VIEW_SERVICE
from .server import Server
from .view_service import ViewService

SECOND = 1_000_000_000


def deploy(servers: int, bug: str | None) -> Deployment:
    """One view service and the given number of servers, s1, s2, …

    Raises UsageError if there is no planted bug of that name.
    """
    if bug is not None and bug not in PLANTED:
        raise UsageError(f"primary_backup has no planted bug {bug!r}; it has {', '.join(sorted(PLANTED))}")
    nodes = Nodes() if bug is None else PLANTED[bug][0]
    names = [f"s{number}" for number in range(1, servers + 1)]
    return Deployment(
        servers={VIEW_SERVICE: nodes.view_service, **dict.fromkeys(names, nodes.server)},
        groups={VIEW_SERVICE: "view-service", **dict.fromkeys(names, "server")},
        client=nodes.client,
    )


def spare(nodes: Mapping[str, Node], name: str) -> bool:
    """Whether the system can do without the memory of the server just now, given the nodes that are up.

    A server outside the current view can always be spared. A member of it can if the other member is up, holds the
    state and was heard of by the view service so lately that this server cannot outlive it: then the view service
    keeps the other one, and gives up this one as soon as messages get through.
    """
    service, server = nodes.get(VIEW_SERVICE), nodes.get(name)
    if not isinstance(service, ViewService) or not isinstance(server, Server):
        return False
    view = service.view
    if view.number == 0:
        return False  # a ping that is on its way may make it the first primary
    if server.me not in (view.primary, view.backup):
        return True
    other = view.backup if server.me == view.primary else view.primary
    if other is None or not service.alive(other):
        return False
    peer = nodes.get(other.node)
    if not isinstance(peer, Server) or peer.me != other:
        return False
    return other == view.primary or (peer.synced and peer.view == view)


system = System(
    name="primary_backup",
    summary="key-value store with one primary, one backup and a view service (MIT 6.824 and UW dslabs, lab 2)",
    deploy=deploy,
    fault_model=FaultModel(
        groups={
            "server": Tolerance(kill=1, pause=1, cut=True, drift=0.2),
            "view-service": Tolerance(kill=0, pause=0, cut=True, drift=0.2),
        },
        liveness=5 * SECOND,
        note="servers keep nothing on disk: once every server that held the state has been killed it is gone, and the "
        "system never serves again; the view service must not fail",
        spare=spare,
        leaders=True,
    ),
    workloads=("register", "kv"),
    servers=3,
    monitors=MONITORS,
    bugs={name: bug for name, (_, bug) in PLANTED.items()},
)
