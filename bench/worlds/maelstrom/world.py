"""The world of programs that speak Maelstrom's protocol, as the runner drives it (bench/actions.py)."""

import os
import shlex
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from ....errors import ContractError, UsageError
from ....nemesis.fault import Effect
from ....reports.record import Finding
from ....systems.streams import derive, stream
from ....systems.system import Deployment, FaultModel
from ...actions import Action, Arm, Discard, Heal, Healed, Inject, Injected, Invoke, Report, Undo, Undone
from ...test import MILLISECOND, Test
from ..external.world import dying_with_us, tail_of
from ..faults import Faults
from ..local.node import BILLION, Clock
from ..local.owned import Workspace, clean, start_of
from .engine import Engine
from .node import Client, Node
from .requests import Body
from .services import NAMES, services
from .topology import TOPOLOGIES

PATIENCE = 30.0
"""Seconds that nodes have to answer what sets them up."""
LATENCY = "5ms"
"""How long a message takes at most, where nothing else was chosen."""


class MaelstromWorld:
    """Processes of a program on this machine, and clients c0, c1, …, with all messages between them, in real time.

    `model` bounds the faults. Nodes log to `logs`, a directory that exists, where they write to standard error;
    without it that is not kept. What benches that were killed have left behind is removed first.

    To be used in a `with` statement, at whose end all processes have ended. Raises UsageError if there is no such
    program and ContractError if it breaks the protocol.
    """

    def __init__(
        self, test: Test, deployment: Deployment, program: str, model: FaultModel, logs: Path | None = None
    ) -> None:
        if start_of(os.getpid()) is None:
            raise UsageError("programs are run on Linux only, with /proc")
        command = command_of(program, dict(test.binaries))
        clean()
        self._workspace = Workspace()
        self._clock = Clock(time.monotonic_ns())
        options = dict(test.options)
        self._names = tuple(deployment.servers)
        topology = TOPOLOGIES[options.get("topology", next(iter(TOPOLOGIES)))](self._names)

        def setup(name: str) -> Sequence[Body]:
            init = {"type": "init", "node_id": name, "node_ids": list(self._names)}
            told = {"type": "topology", "topology": {one: list(others) for one, others in topology.items()}}
            return [init, told] if test.workload == "broadcast" else [init]

        self._nodes = {name: self._node(name, command, logs or self._workspace.path) for name in self._names}
        self._clients = [Client(f"c{thread}", self._names[thread % len(self._names)]) for thread in range(test.clients)]
        by_name = {client.name: client for client in self._clients}
        self._engine = Engine(
            self._nodes,
            by_name,
            services({name: stream(test.seed, "service", name) for name in NAMES}),
            workload=test.workload,
            setup=setup,
            starter=f"c{test.clients}",
            slowest=int(options.get("latency", LATENCY).removesuffix("ms")) * MILLISECOND,
            root=derive(test.seed, "network"),
            clock=self._clock,
            workspace=self._workspace,
            trace=logs is not None,
        )
        self._faults: Faults[Any] = Faults(
            {**self._nodes, **by_name}, deployment.groups, model, test.seed, test.beyond_tolerance, self._engine
        )
        self._healing = False

    def __enter__(self) -> "MaelstromWorld":
        try:
            for node in self._nodes.values():
                self._engine.start(node)
            self._wait_until_ready()
            self._clock.origin = time.monotonic_ns()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def now(self) -> int:
        """Time since the start of the run, nanoseconds."""
        return self._clock.now

    def perform(self, action: Action) -> None:
        """Do what the runner decided, now; whatever there is to report comes with the next `advance`."""
        reports = self._engine.reports
        match action:
            case Invoke(thread, op):
                self._engine.invoke(self._clients[thread], op)
            case Discard(thread):
                self._engine.discard(self._clients[thread])
            case Inject(fault):
                reports.append(Injected(self._faults.inject(fault)))
            case Arm(fault):
                self._faults.arm(fault)
            case Undo(unit):
                if self._faults.undo(unit):
                    reports.append(Undone(unit))
            case Heal():
                self._faults.heal()
                self._healing = True
                for node in self._nodes.values():
                    if not node.up:
                        self._engine.start(node)

    def advance(self, until: int | None) -> list[Report]:
        """Let time pass, to `until` at most (nanoseconds), and stop at the first event that is to be reported.

        Returns its reports, or [] if there are none up to `until`. Raises ContractError for what is no message.
        """
        engine = self._engine
        if self._healing and not engine.reports:
            self._wait_until_ready()
            self._healing = False
            engine.reports.append(Healed())
        engine.wait(until)
        reports = engine.reports[:]
        engine.reports.clear()
        return reports

    @property
    def effects(self) -> tuple[Effect, ...]:
        """What each unit that was injected did, by unit."""
        return tuple(effect for _, effect in sorted(self._faults.effects.items()))

    @property
    def logs(self) -> Mapping[str, list[str]]:
        """Nothing: nodes write their logs themselves."""
        return {}

    @property
    def trace(self) -> Sequence[dict[str, object]]:
        """The messages in the order in which they were delivered, dropped or kept back."""
        return self._engine.trace or ()

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """How many messages there were, for each operation too."""
        engine = self._engine
        each = engine.between / engine.invoked if engine.invoked else 0.0
        return (
            ("messages", f"{engine.sent:,}, {engine.between:,} of them between nodes: {each:.2f} for each operation"),
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """None."""
        return ()

    def event_log_hash(self) -> str:
        """None: two runs differ in time."""
        return ""

    def findings(self) -> tuple[Finding, ...]:
        """Nodes that have ended by themselves."""
        return tuple(
            Finding(monitor="processes", sentence=sentence, node=name, time=self.now)
            for name, sentence in self._engine.crashes
        )

    def close(self) -> None:
        """End all processes, and remove what was on disk. Nothing happens the second time."""
        self._engine.close()
        for node in self._nodes.values():
            node.kill()
        self._workspace.close()

    def _node(self, name: str, command: Sequence[str], logs: Path) -> Node:
        directory = self._workspace.path / name
        directory.mkdir()
        return Node(name, (*dying_with_us(), *command), directory, f"{directory}/", logs / f"{name}.log")

    def _wait_until_ready(self) -> None:
        """Carry messages until all nodes are set up."""
        end = self.now + int(PATIENCE * BILLION)
        while waiting := [node for node in self._nodes.values() if node.up and not node.ready]:
            if self.now > end:
                node = waiting[0]
                raise ContractError(
                    f"{node.name} has not answered {self._engine.missing(node)} within {PATIENCE:g} s: "
                    f"{tail_of(node.log)}"
                )
            self._engine.step(end)


def command_of(program: str, chosen: Mapping[str, str]) -> list[str]:
    """The command in `--bin`: a program, by its path or its name, and its arguments.

    Raises UsageError if there is none, or no such program.
    """
    if set(chosen) != {program}:
        raise UsageError("maelstrom runs a program of yours: give --bin ./node, or --bin 'python3 node.py'")
    words = shlex.split(chosen[program])
    path = shutil.which(words[0]) if words else None
    if path is None:
        raise UsageError(f"--bin: {chosen[program]} is not a program that can be run: is it there, and executable?")
    # Nodes have directories of their own, so what is named from here is named from the root.
    return [
        str(Path(path).absolute()),
        *(str(Path(word).absolute()) if Path(word).is_file() else word for word in words[1:]),
    ]
