"""The client: submits a job, and asks until it has the result."""

from typing import Final

from ...histories.event import Invocation
from ..node import ClientNode, Context
from .messages import COORDINATOR, Document, Result, Submit

RETRY_INTERVAL: Final = 100_000_000
"""How long a client waits for the result before it asks again (nanoseconds)."""


class Client(ClientNode):
    """An operation is the kind of a job; its input are the documents, its output the sorted pairs of the result."""

    def __init__(self) -> None:
        self.op: Invocation | None = None
        self.submit: Submit | None = None

    def on_invoke(self, ctx: Context, op: Invocation) -> None:
        self.op, self.submit = op, Submit(op.operation, op.f, documents_of(op))
        self.on_timer_retry(ctx)

    def on_timer_retry(self, ctx: Context) -> None:
        if self.submit is not None:
            ctx.send(COORDINATOR, self.submit)
            ctx.set_timer("retry", RETRY_INTERVAL)

    def on_Result(self, ctx: Context, src: str, msg: Result) -> None:
        if self.op is not None and msg.number == self.op.operation:
            ctx.cancel_timer("retry")
            ctx.complete(self.op, "ok", msg.pairs)
            self.op = self.submit = None


def documents_of(op: Invocation) -> tuple[Document, ...]:
    """The documents of the job."""
    documents: list[Document] = []
    assert isinstance(op.input, tuple)
    for document in op.input:
        assert isinstance(document, tuple)
        name, text = document
        documents.append((str(name), str(text)))
    return tuple(documents)
