"""One run: build the system, drive it through the faults, judge what happened, and keep all of it."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from dataclasses import replace as replace_data
from pathlib import Path

from msgspec.structs import replace

from ..checkers.checker import Budget, Checker
from ..checkers.grading import Graded, as_data
from ..checkers.lints import lints
from ..checkers.verdict import Validity, Verdict
from ..errors import AnswerError, ContractError, UsageError
from ..histories.event import Event
from ..histories.history import History
from ..histories.journal import Journal, MemoryJournal
from ..nemesis.families import parse
from ..nemesis.fault import Effect, Fault
from ..nemesis.schedule import plan
from ..reports.page import render
from ..reports.record import RunRecord
from ..systems.streams import stream
from ..systems.system import Deployment, System
from .command import again, command, facts
from .directory import CAPTURE, REPORT, Recorded, RunDirectory
from .exits import of_grade
from .grades import beyond, grade_verdicts
from .provenance import provenance
from .registry import resolve
from .result import grade_run
from .runner import Runner, Summary
from .test import Test
from .watch import Watch
from .workloads.workload import Workload
from .worlds.external.programs import find, versions
from .worlds.simulated.host import messages_of
from .worlds.world import WORLDS, World, refuse, world_of

MOST_NAMED = 20
"""How many faults without effect a warning names."""


@dataclass(frozen=True)
class Progress:
    """How far a run is: its phase, the world's time (nanoseconds), and how many operations were invoked."""

    phase: str
    now: int
    operations: int


@dataclass(frozen=True)
class RunResult:
    """A run that has ended. `directory` is None if nothing was to be kept."""

    test: Test
    record: RunRecord
    history: History
    verdicts: tuple[Verdict, ...]
    directory: Path | None

    @property
    def exit_code(self) -> int:
        return of_grade(self.record.grade)

    @property
    def found_by(self) -> tuple[str, ...]:
        """What made the run invalid, by name: checkers, invariants, or `liveness`. Nothing if it is not."""
        if self.record.grade != "invalid":
            return ()
        found = {verdict.checker for verdict in self.verdicts if verdict.validity is Validity.INVALID}
        found |= {finding.monitor for finding in self.record.findings}
        return tuple(sorted(found)) or ("liveness",)


def run(
    test: Test,
    directory: Path | None = None,
    progress: Callable[[Progress], None] | None = None,
    budget: Budget | None = None,
    pcap: bool = False,
) -> RunResult:
    """Run the test, and judge it. With `directory`, everything is kept there, the history while it happens.

    With `stop_on_violation`, the run ends at the first violation that a checker or a monitor sees: nothing is healed
    then, and nothing more is asked. An interrupt (Ctrl-C) ends the run; what happened so far is kept, and graded
    `interrupted`. With `pcap` all packets are kept in the directory as well. Raises UsageError if the test names what
    does not exist, ContractError if the system breaks the node contract, and RunDirectoryError if the directory cannot
    be written.
    """
    if test.world not in WORLDS:
        raise UsageError(f"no world named {test.world!r}: there are {', '.join(WORLDS)}")
    system, workload = resolve(test)
    refuse(test, families(test, system), pcap, system.database is not None)
    deployment = deploy(system, test)
    faults = _plan(test, system, workload, deployment)
    kept = None if directory is None else RunDirectory(directory, recorded_now(test, system))
    monitors = system.monitors if test.world == "simulated" else ()
    watch = Watch(workload.checkers, bool(monitors)) if test.stop_on_violation else None
    journal = _Journal(None if kept is None else kept.journal, watch)
    runner = Runner(test, system, workload, faults, journal)
    verdicts: tuple[Verdict, ...] = ()
    graded: Graded | None = None
    try:
        capture = directory / CAPTURE if pcap and directory is not None else None
        with world_of(test, system, deployment, None if kept is None else kept.logs(), capture) as world:
            interrupted = _drive(runner, world, watch, progress, test)
            findings = world.findings() if runner.done and not interrupted else ()
        history = History.from_events(journal.events)
        if not interrupted:
            try:
                limits = budget or Budget()
                verdicts = tuple(_judged(checker, history, limits) for checker in workload.checkers)
                graded = grade_verdicts(history, workload.checkers, verdicts, limits)
            except KeyboardInterrupt:
                interrupted = "the check was interrupted; the history is complete"
        effects = _effects(faults, world.effects)
        summary = runner.summary
        summary = replace_data(summary, findings=(*summary.findings, *findings))
        record = _record(test, summary, history, verdicts, faults, effects, world, watch, interrupted)
        unwatched = f"the invariants of {test.system} are watched in the simulated world only"
        if system.monitors and not monitors:
            record = replace(record, warnings=(*record.warnings, unwatched))
        record = replace(record, beyond=beyond(graded))
        if kept is not None:
            # What matters most comes first, should the disk be full.
            kept.write_json(
                "results.json", {"record": record, "verdicts": verdicts, "beyond": graded and as_data(graded)}
            )
            kept.write(REPORT, render(record, history, verdicts))
            _keep(kept, world, faults, summary, effects)
    finally:
        journal.close()
    return RunResult(test, record, history, verdicts, directory)


def _judged(checker: Checker, history: History, budget: Budget) -> Verdict:
    """The verdict. In a run, it is the system that answered what is no answer."""
    try:
        return checker.check(history, budget)
    except AnswerError as error:
        return Verdict("answers", Validity.INVALID, str(error))


class _Journal:
    """Writes to the file, if there is one, remembers, and shows it to whoever watches."""

    def __init__(self, file: Journal | None, watch: Watch | None) -> None:
        self._file = file
        self._watch = watch
        self._memory = MemoryJournal()

    @property
    def events(self) -> list[Event]:
        return self._memory.events

    def write(self, event: Event) -> None:
        if self._file is not None:
            self._file.write(event)
        self._memory.write(event)
        if self._watch is not None:
            self._watch.event(event)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


def recorded_now(test: Test, system: System) -> Recorded:
    """What a run directory of the test would hold of what decides it, here and now."""
    if system.program:
        return Recorded(test=test, provenance=provenance(system.deploy.__module__, dict(test.binaries)))
    programs = {} if system.database is None else system.database.programs
    said = versions(programs, find(programs, dict(test.binaries)))
    return Recorded(test=test, provenance=provenance(system.deploy.__module__, said))


def plan_of(test: Test) -> tuple[Fault, ...]:
    """The faults that a run of the test will inject, before it is known whom they hit. Raises as `run` does."""
    system, workload = resolve(test)
    return _plan(test, system, workload, deploy(system, test))


def families(test: Test, system: System) -> Collection[str]:
    """The families and patterns of the test's faults. Raises UsageError for what the system does not tolerate."""
    if test.schedule:
        return {fault.family for fault in test.schedule}
    return parse(test.faults, system.fault_model, beyond_tolerance=test.beyond_tolerance)


def _plan(test: Test, system: System, workload: Workload, deployment: Deployment) -> tuple[Fault, ...]:
    return test.schedule or plan(
        test.faults,
        model=system.fault_model,
        groups=deployment.groups,
        messages=messages_of({**deployment.servers, "a client": deployment.client}),
        duration=min(test.time, test.operations * workload.pace(test)),
        random=stream(test.seed, "nemesis", "plan"),
        beyond_tolerance=test.beyond_tolerance,
    )


def deploy(system: System, test: Test) -> Deployment:
    """The nodes of the test. Raises ContractError if the system does not give them."""
    try:
        deployment = system.deploy(test.servers, test.bug)
    except Exception as error:
        raise ContractError(f"{test.system}: deploy failed: {type(error).__name__}: {error}") from error
    if not isinstance(deployment, Deployment):
        raise ContractError(f"{test.system}: deploy gave a {type(deployment).__name__}, not a Deployment")
    return deployment


def _drive(
    runner: Runner, world: World, watch: Watch | None, progress: Callable[[Progress], None] | None, test: Test
) -> str:
    """Drive the run to its end, or to the first violation. Returns what interrupted it, "" if nothing did."""
    try:
        while not runner.done and not (watch and watch.stopped):
            for action in runner.next(world.now):
                world.perform(action)
            for report in world.advance(runner.wake):
                runner.handle(report, world.now)
                if watch is not None:
                    watch.report(report, world.now)
            if progress is not None:
                progress(Progress(runner.phase, world.now, runner.operations))
    except KeyboardInterrupt:
        return "the run was interrupted"
    except SystemExit:
        raise ContractError(f"the code of {test.system} called sys.exit in mid-run") from None
    return ""


def _effects(faults: Sequence[Fault], had: Sequence[Effect]) -> tuple[Effect, ...]:
    """What each fault of the plan did, those that never fired included."""
    by_unit = {effect.unit: effect for effect in had}
    return tuple(by_unit.get(fault.unit) or Effect(unit=fault.unit, family=fault.family) for fault in faults)


def _record(
    test: Test,
    summary: Summary,
    history: History,
    verdicts: Sequence[Verdict],
    faults: Sequence[Fault],
    effects: tuple[Effect, ...],
    world: World,
    watch: Watch | None,
    interrupted: str,
) -> RunRecord:
    stopped, warnings = (watch.stopped, watch.warnings) if watch else ("", ())
    grade, sentence = grade_run(history, verdicts, summary.findings, summary.liveness, faults, effects, stopped)
    return RunRecord(
        grade="interrupted" if interrupted else grade,
        sentence=interrupted or sentence,
        facts=(*facts(test), *world.facts),
        command=command(test),
        again="runs the same test again" if interrupted else again(test),
        healed_at=summary.healed_at,
        ended_at=summary.ended_at,
        effects=effects,
        findings=summary.findings,
        liveness=summary.liveness,
        event_log=world.event_log_hash(),
        clients=test.clients,
        warnings=(*summary.lost, *world.warnings, *_without_effect(effects), *warnings, *lints(history)),
    )


def _without_effect(effects: Sequence[Effect]) -> tuple[str, ...]:
    idle = [str(effect.unit) for effect in effects if not effect.count]
    more = f" and {len(idle) - MOST_NAMED:,} more" if len(idle) > MOST_NAMED else ""
    named = ", ".join(idle[:MOST_NAMED])
    return (f"{len(idle):,} of {len(effects):,} faults had no effect: {named}{more}",) if idle else ()


def _keep(
    kept: RunDirectory, world: World, faults: Sequence[Fault], summary: Summary, effects: Sequence[Effect]
) -> None:
    units = {unit.fault.unit: unit for unit in summary.units}
    did = {effect.unit: effect for effect in effects}
    rows = [{"fault": fault, "unit": units.get(fault.unit), "effect": did[fault.unit]} for fault in faults]
    kept.write_lines("faults.jsonl", rows)
    kept.write_lines("messages.jsonl", world.trace)
    kept.write_logs(world.logs)
