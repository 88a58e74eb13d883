"""A worker: does one task at a time, and keeps the output of its map tasks for others to fetch."""

from ..node import Context, Node
from .jobs import KINDS, bucket, reduced
from .messages import (
    COORDINATOR,
    Fetch,
    Idle,
    Job,
    MapDone,
    MapTask,
    Missing,
    Pairs,
    Piece,
    ReduceDone,
    ReduceTask,
    Source,
)

IDLE_INTERVAL = 10_000_000
"""How often a worker without a task asks for one (nanoseconds)."""

FETCH_INTERVAL = 30_000_000
"""How long it waits for what it fetches before it asks again (nanoseconds)."""

FETCHES = 5
"""After how many times it says that the output is missing."""

TASK_TIME = 1_000_000, 10_000_000
"""Between which lengths of time a task takes (nanoseconds)."""


class Worker(Node):
    """Keeps everything in memory: a worker that was restarted is a new one."""

    def __init__(self) -> None:
        self.task: MapTask | ReduceTask | None = None
        self.kept: dict[tuple[Job, int], tuple[Pairs, ...]] = {}
        """The outputs of map tasks, by bucket."""
        self.pieces: dict[int, Pairs] = {}
        """What was fetched for the present reduce task, by map task."""
        self.fetches = 0
        """How often the present reduce task has asked for what is missing."""

    def start(self, ctx: Context) -> None:
        self.on_timer_idle(ctx)

    def role(self) -> str:
        return "worker" if self.task is None else "mapping" if isinstance(self.task, MapTask) else "reducing"

    def on_timer_idle(self, ctx: Context) -> None:
        if self.task is None:
            ctx.send(COORDINATOR, Idle(ctx.epoch))
        ctx.set_timer("idle", IDLE_INTERVAL)

    # Map tasks

    def on_MapTask(self, ctx: Context, src: str, msg: MapTask) -> None:
        if self.task is None:
            self.task = msg
            ctx.set_timer("work", ctx.random.randrange(*TASK_TIME))

    def on_timer_work(self, ctx: Context) -> None:
        task, self.task = self.task, None
        if isinstance(task, MapTask):
            parts: list[list[tuple[str, str]]] = [[] for _ in range(task.buckets)]
            for key, value in KINDS[task.kind].map(task.document):
                parts[bucket(key, task.buckets)].append((key, value))
            self.forget_older(task.job)
            self.kept[task.job, task.task] = tuple(map(tuple, parts))
            ctx.send(COORDINATOR, MapDone(task.job, task.task, ctx.epoch))
        elif task is not None:
            self.publish(ctx, task, reduced(task.kind, self.gathered()))
        self.on_timer_idle(ctx)

    def forget_older(self, job: Job) -> None:
        """A client that has submitted a job has no use for the one before."""
        old = [key for key in self.kept if key[0].client == job.client and key[0].number < job.number]
        for key in old:
            del self.kept[key]

    def on_Fetch(self, ctx: Context, src: str, msg: Fetch) -> None:
        parts = self.kept.get((msg.job, msg.map_task)) if msg.epoch == ctx.epoch else None
        pairs = None if parts is None else parts[msg.bucket]
        ctx.send(src, Piece(msg.job, msg.map_task, msg.bucket, Source(ctx.id, msg.epoch), pairs))

    # Reduce tasks

    def on_ReduceTask(self, ctx: Context, src: str, msg: ReduceTask) -> None:
        if self.task is None:
            self.task = msg
            self.pieces.clear()
            self.fetches = 0
            self.on_timer_fetch(ctx)

    def on_timer_fetch(self, ctx: Context) -> None:
        task = self.task
        if not isinstance(task, ReduceTask):
            return
        self.fetches += 1
        for number, source in enumerate(task.sources):
            if number in self.pieces:
                continue
            if self.fetches > FETCHES:
                self.give_up(ctx, task, number)
                return
            ctx.send(source.worker, Fetch(task.job, number, task.task, source.epoch))
        ctx.set_timer("fetch", FETCH_INTERVAL)

    def on_Piece(self, ctx: Context, src: str, msg: Piece) -> None:
        task = self.task
        if not isinstance(task, ReduceTask) or not self.wanted(task, msg):
            return
        if msg.pairs is None:
            self.give_up(ctx, task, msg.map_task)
            return
        waiting = len(self.pieces) < len(task.sources)
        self.take(msg.map_task, msg.pairs)
        if waiting and len(self.pieces) == len(task.sources):
            ctx.cancel_timer("fetch")
            ctx.set_timer("work", ctx.random.randrange(*TASK_TIME))

    def wanted(self, task: ReduceTask, piece: Piece) -> bool:
        """Whether the piece is one that the present task asked for."""
        return (piece.job, piece.bucket) == (task.job, task.task) and task.sources[piece.map_task] == piece.source

    def take(self, map_task: int, pairs: Pairs) -> None:
        """Keep a piece; a copy of it changes nothing."""
        self.pieces[map_task] = pairs

    def gathered(self) -> list[tuple[str, str]]:
        """All that was fetched."""
        return [pair for pairs in self.pieces.values() for pair in pairs]

    def give_up(self, ctx: Context, task: ReduceTask, map_task: int) -> None:
        """The output of a map task cannot be had: say so, and look for another task."""
        ctx.send(COORDINATOR, Missing(task.job, map_task, task.sources[map_task]))
        self.task = None
        ctx.cancel_timer("fetch")
        ctx.cancel_timer("work")

    def publish(self, ctx: Context, task: ReduceTask, pairs: Pairs) -> None:
        """Send the output, as a whole."""
        ctx.send(COORDINATOR, ReduceDone(task.job, task.task, task.attempt, pairs))
