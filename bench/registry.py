"""Systems and workloads by name, or as `module:attribute`."""

import importlib
import importlib.metadata
import sys
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Final, TypeVar

from ..errors import UsageError
from ..systems.system import Bug, System
from .abilities import within
from .test import Test
from .workloads.workload import Workload

T = TypeVar("T")

PACKAGE: Final = __package__.rpartition(".")[0]
SYSTEMS: Final[Mapping[str, str]] = {
    "ping_pong": f"{PACKAGE}.systems.ping_pong:system",
    "exactly_once": f"{PACKAGE}.systems.exactly_once:system",
    "versioned": f"{PACKAGE}.systems.versioned:system",
    "lock_service": f"{PACKAGE}.systems.lock_service:system",
    "two_phase_commit": f"{PACKAGE}.systems.two_phase_commit:system",
    "primary_backup": f"{PACKAGE}.systems.primary_backup:system",
    "mapreduce": f"{PACKAGE}.systems.mapreduce:system",
    "snapshot": f"{PACKAGE}.systems.snapshot:system",
    "lww": f"{PACKAGE}.systems.eventual:lww",
    "siblings": f"{PACKAGE}.systems.eventual:siblings",
    "causal": f"{PACKAGE}.systems.eventual:causal",
    "read_committed": f"{PACKAGE}.systems.eventual:read_committed",
    "broadcast": f"{PACKAGE}.systems.gossip:broadcast",
    "counters": f"{PACKAGE}.systems.gossip:counters",
    "unique_ids": f"{PACKAGE}.systems.gossip:unique_ids",
    "kafka": f"{PACKAGE}.systems.gossip:kafka",
    "causal_broadcast": f"{PACKAGE}.systems.clocks:causal_broadcast",
    "cristian": f"{PACKAGE}.systems.clocks:cristian",
    "berkeley": f"{PACKAGE}.systems.clocks:berkeley",
    "paxos": f"{PACKAGE}.systems.paxos:system",
    "raft": f"{PACKAGE}.systems.raft:system",
    "raft_membership": f"{PACKAGE}.systems.raft:membership",
    "sharded": f"{PACKAGE}.systems.sharded:system",
    "sharded_raft": f"{PACKAGE}.systems.sharded:on_raft",
    "transactions": f"{PACKAGE}.systems.transactions:system",
    "transactions_raft": f"{PACKAGE}.systems.transactions:on_raft",
}
"""The bundled systems. Others are given as `module:attribute`, or installed under the entry-point group."""

PROGRAMS: Final[Mapping[str, str]] = {
    "maelstrom": f"{PACKAGE}.systems.maelstrom:system",
    "maelstrom_restarts": f"{PACKAGE}.systems.maelstrom:restarting",
    "etcd": f"{PACKAGE}.systems.external.etcd:system",
    "ovsdb": f"{PACKAGE}.systems.external.ovsdb:system",
    "pysyncobj": f"{PACKAGE}.systems.external.pysyncobj:system",
    "nats": f"{PACKAGE}.systems.external.nats:system",
    "redis": f"{PACKAGE}.systems.external.redis:system",
    "zookeeper": f"{PACKAGE}.systems.external.zookeeper:system",
    "postgres": f"{PACKAGE}.systems.external.postgres:system",
    "patroni": f"{PACKAGE}.systems.external.patroni:system",
    "rabbitmq": f"{PACKAGE}.systems.external.rabbitmq:system",
    "galera": f"{PACKAGE}.systems.external.galera:system",
}
"""Systems that are programs of others, or may be."""

OWN: Final[Mapping[str, str]] = {**SYSTEMS, **PROGRAMS}

WORKLOADS: Final[Mapping[str, str]] = {
    "register": f"{PACKAGE}.bench.workloads.register:WORKLOAD",
    "readers": f"{PACKAGE}.bench.workloads.register:READERS",
    "kv": f"{PACKAGE}.bench.workloads.kv:WORKLOAD",
    "versioned": f"{PACKAGE}.bench.workloads.versioned:WORKLOAD",
    "increment": f"{PACKAGE}.bench.workloads.increment:WORKLOAD",
    "bank": f"{PACKAGE}.bench.workloads.bank:WORKLOAD",
    "sharded": f"{PACKAGE}.bench.workloads.sharded:WORKLOAD",
    "transactions": f"{PACKAGE}.bench.workloads.transactions:WORKLOAD",
    "mapreduce": f"{PACKAGE}.bench.workloads.mapreduce:WORKLOAD",
    "broadcast": f"{PACKAGE}.bench.workloads.gossip:BROADCAST",
    "counter": f"{PACKAGE}.bench.workloads.gossip:COUNTER",
    "unique_ids": f"{PACKAGE}.bench.workloads.gossip:IDS",
    "kafka": f"{PACKAGE}.bench.workloads.gossip:LOGS",
    "causal_broadcast": f"{PACKAGE}.bench.workloads.clocks:CAUSAL_BROADCAST",
    "time": f"{PACKAGE}.bench.workloads.clocks:TIME",
    "time_together": f"{PACKAGE}.bench.workloads.clocks:TIME_TOGETHER",
    "snapshot": f"{PACKAGE}.bench.workloads.snapshot:WORKLOAD",
    "eventual": f"{PACKAGE}.bench.workloads.eventual:EVENTUAL",
    "causal": f"{PACKAGE}.bench.workloads.eventual:CAUSAL",
    "read_committed": f"{PACKAGE}.bench.workloads.eventual:READ_COMMITTED",
    "set": f"{PACKAGE}.bench.workloads.set:WORKLOAD",
    "queue": f"{PACKAGE}.bench.workloads.queue:WORKLOAD",
    "echo": f"{PACKAGE}.bench.workloads.maelstrom:ECHO",
    "lin_kv": f"{PACKAGE}.bench.workloads.maelstrom:LIN_KV",
    "g_set": f"{PACKAGE}.bench.workloads.maelstrom:G_SET",
    "g_counter": f"{PACKAGE}.bench.workloads.maelstrom:G_COUNTER",
    "pn_counter": f"{PACKAGE}.bench.workloads.maelstrom:PN_COUNTER",
    "maelstrom_kafka": f"{PACKAGE}.bench.workloads.maelstrom:KAFKA",
    "ping": f"{PACKAGE}.bench.workloads.ping:WORKLOAD",
}
ENTRY_POINTS: Final = "splitbrain.systems"


def system(name: str) -> System:
    """The system of that name, or at `module:attribute`. Raises UsageError if there is none."""
    known = OWN if canonical(name) in OWN else system_names()
    return _load(canonical(name), known, "system", System)


def canonical(name: str) -> str:
    """The one spelling of a system's name: `primary-backup` means `primary_backup`."""
    return name if ":" in name or name.replace("-", "_") not in OWN else name.replace("-", "_")


def workload(name: str) -> Workload:
    """The workload of that name, or at `module:attribute`. Raises UsageError if there is none."""
    return _load(name, WORKLOADS, "workload", Workload)


def bug(tested: System, name: str) -> Bug:
    """A planted bug of the system. Raises UsageError if there is none of that name."""
    if name not in tested.bugs:
        raise UsageError(_unknown(f"{tested.name} has no bug named", name, tested.bugs))
    return tested.bugs[name]


def option(tested: System, name: str, value: str) -> None:
    """Raises UsageError if the system has no such setting, or not with that value."""
    if name not in tested.options:
        raise UsageError(_unknown(f"{tested.name} has no option", name, tested.options))
    if value not in tested.options[name]:
        raise UsageError(f"{tested.name}: {name} is {' or '.join(tested.options[name])}, not {value!r}")


def system_names() -> Mapping[str, str]:
    """All systems that have a name, with where they are: the bundled ones, then installed ones."""
    installed = importlib.metadata.entry_points(group=ENTRY_POINTS)
    return {**{point.name: point.value for point in installed}, **OWN}


def resolve(test: Test) -> tuple[System, Workload]:
    """The system and workload that a test names. Raises UsageError for whatever does not exist or does not fit."""
    tested = system(test.system)
    chosen = workload(test.workload)
    if ":" not in test.workload and test.workload not in tested.workloads:
        raise UsageError(
            f"{tested.name} does not serve the workload {test.workload}: choose {' or '.join(tested.workloads)}"
        )
    if test.bug is not None:
        bug(tested, test.bug)
    for name, value in test.options:
        option(tested, name, value)
    return within(tested, test), chosen


def _load(name: str, names: Mapping[str, str], what: str, kind: type[T]) -> T:
    if ":" not in name and name not in names:
        raise UsageError(_unknown(f"no {what} named", name, names) + ", or give module:attribute")
    module_name, _, attribute = names.get(name, name).partition(":")
    if not module_name or not attribute:
        raise UsageError(f"{what} {name!r}: give module:attribute, both of them")
    if "" not in sys.path and ":" in name:
        sys.path.insert(0, "")  # a module beside the user, as `python -m` would find it
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise UsageError(f"{what} {name}: {module_name} needs the module {error.name}: install it") from error
        raise UsageError(f"{what} {name}: there is no module {module_name} here: check the name and folder") from None
    except (Exception, SystemExit) as error:
        raise UsageError(f"{what} {name}: importing {module_name} failed: {type(error).__name__}: {error}") from error
    found = getattr(module, attribute, None)
    if not isinstance(found, kind):
        kind_name = f"{kind.__module__}.{kind.__name__}"
        reason = "does not exist" if found is None else f"is a {type(found).__name__}"
        raise UsageError(f"{what} {name}: {attribute!r} in {module_name} {reason}: it must be a {kind_name}")
    return found


def _unknown(problem: str, name: str, names: Mapping[str, object]) -> str:
    close = get_close_matches(name, names, 1)
    hint = f"did you mean {close[0]}? There are" if close else "there are"
    return f"{problem} {name!r}: {hint} {', '.join(names) or 'none'}"
