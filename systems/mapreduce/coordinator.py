"""The coordinator (the paper's master): gives out tasks, again if need be, and puts the results together.

Dean & Ghemawat 2004, section 3. Map tasks come first, then reduce tasks. The output of a map task stays where it was
made, and is made anew if it is not there any more (3.3); that of a reduce task counts once, as a whole, whoever of
those that were given it is first. Towards the end of a job, tasks that are in progress are given out again (3.6).
"""

from ..node import Context, Node
from .messages import (
    Idle,
    Job,
    MapDone,
    MapTask,
    Missing,
    Pairs,
    ReduceDone,
    ReduceTask,
    Result,
    Source,
    Submit,
)

BUCKETS = 3
"""How many reduce tasks a job has."""

PATIENCE = 150_000_000
"""How long a task that was given out may take before it is given to somebody else (nanoseconds)."""


class Work:
    """A job in progress. Plain data."""

    def __init__(self, submit: Submit) -> None:
        self.submit = submit
        self.sources: dict[int, Source] = {}
        """Where the outputs of finished map tasks are."""
        self.outputs: dict[int, Pairs] = {}
        """The outputs of finished reduce tasks."""
        self.given: dict[tuple[str, int], int] = {}
        """When each task in progress was last given out, by ("map" or "reduce", number)."""
        self.attempts = 0


class Coordinator(Node):
    """One node that must not lose its memory, as in the paper: if it does, clients submit their jobs anew."""

    def __init__(self) -> None:
        self.jobs: dict[Job, Work] = {}
        self.results: dict[str, Result] = {}
        """The newest result of each client."""

    def role(self) -> str:
        return "coordinator"

    # Clients

    def on_Submit(self, ctx: Context, src: str, msg: Submit) -> None:
        result = self.results.get(src)
        if result is not None and result.number >= msg.number:
            if result.number == msg.number:
                ctx.send(src, result)
            return
        newest = max((job.number for job in self.jobs if job.client == src), default=-1)
        if msg.number > newest:
            self.jobs = {job: work for job, work in self.jobs.items() if job.client != src}
            self.jobs[Job(src, msg.number)] = Work(msg)

    # Workers

    def on_Idle(self, ctx: Context, src: str, msg: Idle) -> None:
        self.give_task(ctx, src)

    def give_task(self, ctx: Context, worker: str) -> None:
        """Give the worker a task, if there is one for it."""
        for job, work in self.jobs.items():
            task = self.next_task(ctx, job, work)
            if task is not None:
                ctx.send(worker, task)
                return

    def next_task(self, ctx: Context, job: Job, work: Work) -> MapTask | ReduceTask | None:
        """A task of the job that nobody has, or somebody has had for too long."""
        submit = work.submit
        if not self.mapped(work):
            for number, document in enumerate(submit.documents):
                if number not in work.sources and self.give(ctx, work, "map", number):
                    return MapTask(job, number, submit.kind, document, BUCKETS)
            return None
        for number in range(BUCKETS):
            if number not in work.outputs and self.give(ctx, work, "reduce", number):
                work.attempts += 1
                sources = tuple(source for _, source in sorted(work.sources.items()))
                return ReduceTask(job, number, work.attempts, submit.kind, sources)
        return None

    def mapped(self, work: Work) -> bool:
        """Whether all map tasks are finished."""
        return len(work.sources) == len(work.submit.documents)

    def give(self, ctx: Context, work: Work, phase: str, number: int) -> bool:
        """Note that the task is given out now, if it is time to."""
        given = work.given.get((phase, number))
        if given is not None and not self.overdue(ctx, given):
            return False
        work.given[phase, number] = ctx.now
        return True

    def overdue(self, ctx: Context, given: int) -> bool:
        """Whether a task that was given out then should have been finished by now."""
        return ctx.now - given > PATIENCE

    def on_MapDone(self, ctx: Context, src: str, msg: MapDone) -> None:
        work = self.jobs.get(msg.job)
        if work is not None:
            work.sources.setdefault(msg.task, Source(src, msg.epoch))

    def on_Missing(self, ctx: Context, src: str, msg: Missing) -> None:
        work = self.jobs.get(msg.job)
        if work is not None and work.sources.get(msg.task) == msg.source:
            del work.sources[msg.task]
            work.given.clear()

    def on_ReduceDone(self, ctx: Context, src: str, msg: ReduceDone) -> None:
        work = self.jobs.get(msg.job)
        if work is None:
            return
        self.accept(work, msg)
        if len(work.outputs) == BUCKETS:
            self.finish(ctx, msg.job, work)

    def accept(self, work: Work, done: ReduceDone) -> None:
        """The first output of a task counts."""
        work.outputs.setdefault(done.task, done.pairs)

    def finish(self, ctx: Context, job: Job, work: Work) -> None:
        """All is done: put the outputs together."""
        pairs = tuple(sorted(pair for output in work.outputs.values() for pair in output))
        self.results[job.client] = result = Result(job.number, pairs)
        del self.jobs[job]
        ctx.send(job.client, result)
