"""A client: finds the primary, and asks until it is answered."""

from ...histories.event import Invocation
from ..node import ClientNode, Context
from .messages import (
    NO_VIEW,
    RETRY_INTERVAL,
    VIEW_SERVICE,
    GetView,
    NotPrimary,
    Reply,
    Request,
    Scalar,
    ViewReply,
)


class Client(ClientNode):
    """Remembers the view, and asks the view service for a newer one when the primary does not answer."""

    def __init__(self) -> None:
        self.view = NO_VIEW
        self.op: Invocation | None = None
        self.request: Request | None = None

    def on_invoke(self, ctx: Context, op: Invocation) -> None:
        self.op, self.request = op, request_of(op)
        if self.view.number == 0:
            ctx.send(VIEW_SERVICE, GetView())
        self.ask(ctx)

    def on_ViewReply(self, ctx: Context, src: str, msg: ViewReply) -> None:
        if msg.view.number > self.view.number:
            self.view = msg.view
            self.ask(ctx)

    def on_NotPrimary(self, ctx: Context, src: str, msg: NotPrimary) -> None:
        if self.request is not None and msg.operation == self.request.operation:
            ctx.send(VIEW_SERVICE, GetView())

    def on_timer_retry(self, ctx: Context) -> None:
        ctx.send(VIEW_SERVICE, GetView())
        self.ask(ctx)

    def on_Reply(self, ctx: Context, src: str, msg: Reply) -> None:
        if self.op is not None and msg.operation == self.op.operation:
            ctx.complete(self.op, "ok", msg.output)
            ctx.cancel_timer("retry")
            self.op = self.request = None

    def ask(self, ctx: Context) -> None:
        """Send the open request, if there is one, to where it belongs, and ask again if no answer comes in time."""
        if self.request is None:
            return
        server = self.server(ctx, self.request)
        if server is not None:
            ctx.send(server, self.request)
        ctx.set_timer("retry", RETRY_INTERVAL)

    def server(self, ctx: Context, request: Request) -> str | None:
        """The name of the server that is to answer, None if there is none yet."""
        return None if self.view.primary is None else self.view.primary.node


def request_of(op: Invocation) -> Request:
    """The operation as a message: a compare-and-set has the input (expected, new), all others one value or none."""
    if op.f == "cas":
        assert isinstance(op.input, tuple)
        expected, new = op.input
        return Request(op.operation, op.f, scalar(op.key), scalar(new), scalar(expected))
    return Request(op.operation, op.f, scalar(op.key), scalar(op.input))


def scalar(value: object) -> Scalar:
    """The value itself. Raises TypeError if it is not a scalar, which the store does not take."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"the store takes scalars only, not {value!r}")
