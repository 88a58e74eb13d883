"""What `import splitbrain` offers. A change of this list is a change for every user."""

import ast
import subprocess
import sys
from pathlib import Path

import splitbrain

NAMES = [
    "Broken",
    "Budget",
    "Bug",
    "Calls",
    "Checker",
    "ClientNode",
    "Completion",
    "Connection",
    "Context",
    "ContractError",
    "Database",
    "Deployment",
    "Effect",
    "Event",
    "Evidence",
    "Fault",
    "FaultModel",
    "FileJournal",
    "Generator",
    "History",
    "HistoryError",
    "Invocation",
    "Journal",
    "MemoryJournal",
    "Message",
    "Model",
    "Monitor",
    "NemesisEvent",
    "Node",
    "Operation",
    "Outcome",
    "Program",
    "Refused",
    "Request",
    "RunDirectoryError",
    "RunRecord",
    "RunResult",
    "Site",
    "SplitbrainError",
    "Storage",
    "System",
    "Test",
    "Tolerance",
    "Trigger",
    "Unit",
    "Unknown",
    "UsageError",
    "Validity",
    "Value",
    "Verdict",
    "Workload",
    "cas_register",
    "check",
    "external",
    "kv",
    "linearizable",
    "load",
    "register",
    "run",
    "save",
    "stats",
]


def test_the_public_names_are_these() -> None:
    assert sorted(splitbrain.__all__) == NAMES


def test_every_name_loads_and_is_listed() -> None:
    assert set(NAMES) <= set(dir(splitbrain))
    for name in NAMES:
        assert getattr(splitbrain, name) is not None


def test_type_checkers_see_the_same_names() -> None:
    tree = ast.parse(Path(splitbrain.__file__).read_text())
    seen = [alias.asname for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names]
    assert sorted(name for name in seen if name is not None) == NAMES


def test_importing_splitbrain_loads_nothing_else() -> None:
    code = "import sys, splitbrain; print([name for name in sys.modules if name.startswith('splitbrain.')])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
