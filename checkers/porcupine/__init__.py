"""porcupine-py: a linearizability checker in pure Python, with Porcupine's vocabulary (see README.md)."""

from .check import check_events, check_events_verbose, check_operations, check_operations_verbose
from .history import Event, EventKind, HistoryError, Operation
from .info import Annotation, LinearizationInfo, Partition
from .model import Model, NondeterministicModel
from .result import CheckResult, Statistics
from .unknown import UnknownOutput
from .visualization import visualize, visualize_path

__version__ = "0.1.0"

__all__ = [
    "Annotation",
    "CheckResult",
    "Event",
    "EventKind",
    "HistoryError",
    "LinearizationInfo",
    "Model",
    "NondeterministicModel",
    "Operation",
    "Partition",
    "Statistics",
    "UnknownOutput",
    "check_events",
    "check_events_verbose",
    "check_operations",
    "check_operations_verbose",
    "visualize",
    "visualize_path",
]
