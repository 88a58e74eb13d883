"""What is said between clients, the coordinator and the workers."""

from typing import TypeAlias

from ..node import Message

COORDINATOR = "coordinator"
"""The name of the one node that runs the coordinator."""

Document: TypeAlias = tuple[str, str]
"""The name of a text, and the text."""

Pairs: TypeAlias = tuple[tuple[str, str], ...]
"""Keys with values, as a map function emits them, and as the job's result has them."""


class Job(Message):
    """The name of a job: whose it is, and the number of the client's request."""

    client: str
    number: int


class Submit(Message):
    """Do `kind` (jobs.py) on the documents. `number` grows with every operation of a client."""

    number: int
    kind: str
    documents: tuple[Document, ...]


class Result(Message):
    """The job is done."""

    number: int
    pairs: Pairs


# The coordinator and the workers


class Idle(Message):
    """A worker asks for a task. `epoch` is the number of its restarts: what it kept before is gone."""

    epoch: int


class MapTask(Message):
    """Apply the map function to a document, and keep what it emits, in `buckets` parts."""

    job: Job
    task: int
    kind: str
    document: Document
    buckets: int


class MapDone(Message):
    """The output of the task is kept here."""

    job: Job
    task: int
    epoch: int


class Source(Message):
    """Where the output of a map task is kept: a worker, in one of its lives."""

    worker: str
    epoch: int


class ReduceTask(Message):
    """Fetch one bucket of every map task's output, and apply the reduce function to the values of each key.

    `attempt` tells apart the times that the task was given out.
    """

    job: Job
    task: int
    attempt: int
    kind: str
    sources: tuple[Source, ...]


class ReduceDone(Message):
    """The output of the task."""

    job: Job
    task: int
    attempt: int
    pairs: Pairs


class Missing(Message):
    """The output of a map task is not where it was said to be."""

    job: Job
    task: int
    source: Source


# Workers among themselves


class Fetch(Message):
    """Give me a bucket of what you keep of a map task."""

    job: Job
    map_task: int
    bucket: int
    epoch: int


class Piece(Message):
    """A bucket of a map task's output; `pairs` is None if it is not kept here (any more)."""

    job: Job
    map_task: int
    bucket: int
    source: Source
    pairs: Pairs | None
