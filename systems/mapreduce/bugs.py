"""Planted bugs: mistakes that are made in this lab, each one small change to the correct nodes."""

from collections.abc import Callable
from dataclasses import dataclass

from ..node import Context
from ..system import Bug
from .coordinator import Coordinator, Work
from .messages import Fetch, MapDone, Missing, Pairs, Piece, ReduceDone, ReduceTask, Source
from .worker import Worker


@dataclass(frozen=True)
class Nodes:
    """The classes that make up a deployment."""

    coordinator: Callable[[], Coordinator] = Coordinator
    worker: Callable[[], Worker] = Worker


class CountsTwice(Worker):
    """Adds every piece that arrives, copies too."""

    def take(self, map_task: int, pairs: Pairs) -> None:
        self.pieces[map_task] = self.pieces.get(map_task, ()) + pairs


class BusyForEver(Coordinator):
    """Takes a worker that was given a task for busy until it hears of it."""

    def __init__(self) -> None:
        super().__init__()
        self.busy: set[str] = set()

    def give_task(self, ctx: Context, worker: str) -> None:
        if worker not in self.busy:
            given = sum(len(work.given) for work in self.jobs.values())
            super().give_task(ctx, worker)
            if sum(len(work.given) for work in self.jobs.values()) > given:
                self.busy.add(worker)

    def on_MapDone(self, ctx: Context, src: str, msg: MapDone) -> None:
        self.busy.discard(src)
        super().on_MapDone(ctx, src, msg)

    def on_Missing(self, ctx: Context, src: str, msg: Missing) -> None:
        self.busy.discard(src)
        super().on_Missing(ctx, src, msg)

    def on_ReduceDone(self, ctx: Context, src: str, msg: ReduceDone) -> None:
        self.busy.discard(src)
        super().on_ReduceDone(ctx, src, msg)


class HalfOutputs(Worker):
    """Publishes its output in two halves."""

    def publish(self, ctx: Context, task: ReduceTask, pairs: Pairs) -> None:
        half = len(pairs) // 2
        super().publish(ctx, task, pairs[:half])
        super().publish(ctx, task, pairs[half:])


class AddsOutputs(Coordinator):
    """Adds what is published to what there is; a task is finished when something was."""

    def accept(self, work: Work, done: ReduceDone) -> None:
        work.outputs[done.task] = work.outputs.get(done.task, ()) + done.pairs


class EmptyForLost(Worker):
    """Gives an empty piece for an output that it has lost."""

    def on_Fetch(self, ctx: Context, src: str, msg: Fetch) -> None:
        parts = self.kept.get((msg.job, msg.map_task))
        pairs = () if parts is None else parts[msg.bucket]
        ctx.send(src, Piece(msg.job, msg.map_task, msg.bucket, Source(ctx.id, msg.epoch), pairs))


class ReducesEarly(Coordinator):
    """Begins to reduce when all map tasks were given out."""

    def mapped(self, work: Work) -> bool:
        return len(work.given) >= len(work.submit.documents) and bool(work.sources)


class AnyPiece(Worker):
    """Takes a piece for the one that it waits for if the map task has the right number, whatever the job."""

    def wanted(self, task: ReduceTask, piece: Piece) -> bool:
        return piece.map_task < len(task.sources) and piece.map_task not in self.pieces


PLANTED: dict[str, tuple[Nodes, Bug]] = {
    bug.name: (nodes, bug)
    for nodes, bug in (
        (
            Nodes(worker=CountsTwice),
            Bug(
                "counts-twice",
                "A piece of map output that arrives twice is counted twice (MIT 6.5840 lab 1: what is not idempotent "
                "meets a repeated message).",
            ),
        ),
        (
            Nodes(coordinator=BusyForEver),
            Bug(
                "busy-for-ever",
                "A worker that was given a task counts as busy until the coordinator hears of it: one that crashed, or "
                "whose answer was lost, never gets another task (MIT 6.5840 lab 1, crash test).",
            ),
        ),
        (
            Nodes(coordinator=AddsOutputs, worker=HalfOutputs),
            Bug(
                "half-outputs",
                "Reduce output is published in parts: a job may end with the first of them, and one that is done again "
                "counts twice (Dean & Ghemawat 2004, section 3.3: atomic renames).",
            ),
        ),
        (
            Nodes(coordinator=AddsOutputs),
            Bug(
                "late-output",
                "The output of a worker that was slow is added to that of the one which took its place (MIT 6.5840 lab "
                "1, late workers).",
            ),
        ),
        (
            Nodes(worker=EmptyForLost),
            Bug(
                "empty-for-lost",
                "A restarted worker answers for map output that it has lost with nothing, instead of saying so: its "
                "words are missing (Dean & Ghemawat 2004, section 3.3: completed map tasks are executed again).",
            ),
        ),
        (
            Nodes(coordinator=ReducesEarly),
            Bug(
                "reduces-early",
                "Reducing begins when all map tasks were given out, before all are done: words are missing (MIT 6.5840 "
                "lab 1, early exit).",
            ),
        ),
        (
            Nodes(worker=AnyPiece),
            Bug(
                "any-piece",
                "A piece that comes late, for the task before, is taken for one of the present task: words of another "
                "bucket or job.",
            ),
        ),
    )
}
