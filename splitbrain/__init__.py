"""Splitbrain: a linearizability checker and fault-injection test bench for distributed systems.

    import splitbrain

    history = splitbrain.load("history.jsonl")
    verdict = splitbrain.check(history, splitbrain.cas_register())

    result = splitbrain.run(splitbrain.Test(system="primary_backup", workload="register", seed=7))
    print(result.record.grade, result.record.sentence)

Each name is loaded when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from .bench.generators import Generator as Generator
    from .bench.generators import Request as Request
    from .bench.run import RunResult as RunResult
    from .bench.run import run as run
    from .bench.test import Test as Test
    from .bench.workloads.workload import Calls as Calls
    from .bench.workloads.workload import Workload as Workload
    from .checkers.check import check as check
    from .checkers.checker import Budget as Budget
    from .checkers.checker import Checker as Checker
    from .checkers.linearizability import linearizable as linearizable
    from .checkers.models import Model as Model
    from .checkers.models import cas_register as cas_register
    from .checkers.models import kv as kv
    from .checkers.models import register as register
    from .checkers.stats import stats as stats
    from .checkers.verdict import Evidence as Evidence
    from .checkers.verdict import Validity as Validity
    from .checkers.verdict import Verdict as Verdict
    from .errors import ContractError as ContractError
    from .errors import HistoryError as HistoryError
    from .errors import RunDirectoryError as RunDirectoryError
    from .errors import SplitbrainError as SplitbrainError
    from .errors import UsageError as UsageError
    from .histories.event import Completion as Completion
    from .histories.event import Event as Event
    from .histories.event import Invocation as Invocation
    from .histories.event import NemesisEvent as NemesisEvent
    from .histories.history import History as History
    from .histories.journal import FileJournal as FileJournal
    from .histories.journal import Journal as Journal
    from .histories.journal import MemoryJournal as MemoryJournal
    from .histories.operation import Operation as Operation
    from .histories.operation import Outcome as Outcome
    from .histories.operation import Value as Value
    from .histories.store import load as load
    from .histories.store import save as save
    from .nemesis.fault import Effect as Effect
    from .nemesis.fault import Fault as Fault
    from .nemesis.fault import Trigger as Trigger
    from .nemesis.fault import Unit as Unit
    from .reports.record import RunRecord as RunRecord
    from .systems.database import Connection as Connection
    from .systems.database import Database as Database
    from .systems.database import Program as Program
    from .systems.database import Refused as Refused
    from .systems.database import Site as Site
    from .systems.database import Unknown as Unknown
    from .systems.external.declare import external as external
    from .systems.node import ClientNode as ClientNode
    from .systems.node import Context as Context
    from .systems.node import Message as Message
    from .systems.node import Node as Node
    from .systems.node import Storage as Storage
    from .systems.system import Broken as Broken
    from .systems.system import Bug as Bug
    from .systems.system import Deployment as Deployment
    from .systems.system import FaultModel as FaultModel
    from .systems.system import Monitor as Monitor
    from .systems.system import System as System
    from .systems.system import Tolerance as Tolerance

_MODULES = {
    "bench.generators": ("Generator", "Request"),
    "bench.run": ("RunResult", "run"),
    "bench.test": ("Test",),
    "bench.workloads.workload": ("Calls", "Workload"),
    "checkers.check": ("check",),
    "checkers.checker": ("Budget", "Checker"),
    "checkers.linearizability": ("linearizable",),
    "checkers.models": ("Model", "cas_register", "kv", "register"),
    "checkers.stats": ("stats",),
    "checkers.verdict": ("Evidence", "Validity", "Verdict"),
    "errors": ("ContractError", "HistoryError", "RunDirectoryError", "SplitbrainError", "UsageError"),
    "histories.event": ("Completion", "Event", "Invocation", "NemesisEvent"),
    "histories.history": ("History",),
    "histories.journal": ("FileJournal", "Journal", "MemoryJournal"),
    "histories.operation": ("Operation", "Outcome", "Value"),
    "histories.store": ("load", "save"),
    "nemesis.fault": ("Effect", "Fault", "Trigger", "Unit"),
    "reports.record": ("RunRecord",),
    "systems.database": ("Connection", "Database", "Program", "Refused", "Site", "Unknown"),
    "systems.external.declare": ("external",),
    "systems.node": ("ClientNode", "Context", "Message", "Node", "Storage"),
    "systems.system": ("Broken", "Bug", "Deployment", "FaultModel", "Monitor", "System", "Tolerance"),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
