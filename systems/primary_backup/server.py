"""A server: primary, backup or idle, as the latest view says that it has heard of."""

from ..node import Context, Node
from .messages import (
    NO_VIEW,
    PING_INTERVAL,
    VIEW_SERVICE,
    Accept,
    Forward,
    Incarnation,
    NotPrimary,
    Ping,
    Refuse,
    Request,
    Transfer,
    Transferred,
    View,
    ViewReply,
)
from .store import Store


class Server(Node):
    """Carries out requests as primary, follows the primary as backup, and holds nothing as idle server.

    The primary carries a request out at once, reads included, but answers only when its backup has carried it out in
    the same view: a backup that has been promoted refuses, so that a primary that was replaced without knowing it can
    never answer. A new backup first gets the whole state; until it says that it has it, the primary takes no requests.
    """

    def __init__(self) -> None:
        self.me = Incarnation("", 0)
        self.view = NO_VIEW
        self.store = Store()
        self.synced = False
        """Primary: the backup, if there is one, holds the state. Backup: this server holds it."""
        self.sequence = 0
        """How many requests this server has carried out in this view."""
        self.heard = 0
        """The latest time read on an answer of the view service."""
        self.held: dict[int, Forward] = {}
        """Primary: what was carried out, but not yet accepted by the backup, by sequence number."""
        self.overdue = 0
        """Primary: what is still held at the next tick up to this sequence number is sent again."""
        self.early: dict[int, Forward] = {}
        """Backup: what has overtaken an earlier request."""

    def start(self, ctx: Context) -> None:
        self.me = self.identity(ctx)
        self.on_timer_tick(ctx)

    def identity(self, ctx: Context) -> Incarnation:
        """Who this server is until it is killed."""
        return Incarnation(ctx.id, ctx.epoch)

    def role(self) -> str:
        if self.view.primary == self.me:
            return "primary"
        return "backup" if self.view.backup == self.me else "idle"

    # Views

    def on_timer_tick(self, ctx: Context) -> None:
        ctx.send(VIEW_SERVICE, Ping(self.me, self.view.number, self.synced, self.heard))
        if self.view.primary == self.me and self.view.backup is not None:
            self.send_again(ctx, self.view.backup.node)
        ctx.set_timer("tick", PING_INTERVAL)

    def on_ViewReply(self, ctx: Context, src: str, msg: ViewReply) -> None:
        self.heard = max(self.heard, msg.time)
        self.adopt(ctx, msg.view)

    def adopt(self, ctx: Context, view: View) -> None:
        """Go by the view, if it is newer than the one this server goes by."""
        if view.number <= self.view.number:
            return
        self.view = view
        self.sequence = self.overdue = 0
        self.early.clear()
        self.synced = False
        if view.primary != self.me:
            # What was held was never answered, and the state of a server that is not in the view counts no more.
            self.held.clear()
            self.store = Store()
        elif view.backup is None:
            self.in_step(ctx)
        else:
            self.transfer(ctx, view.backup.node)

    # The primary

    def on_Request(self, ctx: Context, src: str, msg: Request) -> None:
        if self.view.primary != self.me:
            ctx.send(src, NotPrimary(msg.operation))
            return
        if not self.synced:
            return  # the client will ask again
        newest = self.newest(src)
        if msg.operation > newest:
            self.sequence += 1
            self.store.execute(src, msg)
            self.replicate(ctx, src, msg)
        elif msg.operation == newest and not self.holds(src, newest):
            self.answer(ctx, src, newest)

    def on_Accept(self, ctx: Context, src: str, msg: Accept) -> None:
        if msg.view == self.view.number and self.view.primary == self.me:
            for sequence in [sequence for sequence in self.held if sequence <= msg.sequence]:
                forward = self.held.pop(sequence)
                self.answer(ctx, forward.client, forward.request.operation)

    def on_Transferred(self, ctx: Context, src: str, msg: Transferred) -> None:
        if msg.view == self.view.number and self.view.primary == self.me and not self.synced:
            self.in_step(ctx)

    def on_Refuse(self, ctx: Context, src: str, msg: Refuse) -> None:
        self.adopt(ctx, msg.view)

    def newest(self, client: str) -> int:
        """The number of the client's newest request that was carried out; older ones are dropped."""
        return self.store.newest(client)

    def holds(self, client: str, operation: int) -> bool:
        """Whether the reply to this request is held until the backup has accepted it."""
        return any(held.client == client and held.request.operation == operation for held in self.held.values())

    def replicate(self, ctx: Context, client: str, request: Request) -> None:
        """Have the backup follow the request that was just carried out, or answer if there is no backup."""
        if self.view.backup is None:
            self.answer(ctx, client, request.operation)
        else:
            forward = Forward(self.view.number, self.sequence, client, request)
            self.held[self.sequence] = forward
            ctx.send(self.view.backup.node, forward)

    def answer(self, ctx: Context, client: str, operation: int) -> None:
        """Send the client its reply, unless it has gone on to a newer operation."""
        reply = self.store.replies[client]
        if reply.operation == operation:
            ctx.send(client, reply)

    def in_step(self, ctx: Context) -> None:
        """The backup, if there is one, now holds all that this primary does: answer what was held, and serve."""
        self.synced = True
        for forward in self.held.values():
            self.answer(ctx, forward.client, forward.request.operation)
        self.held.clear()

    def transfer(self, ctx: Context, backup: str) -> None:
        """Send the backup the whole state."""
        ctx.send(backup, self.store.transfer(self.view))

    def send_again(self, ctx: Context, backup: str) -> None:
        """Repeat to the backup what it has not confirmed since the last tick."""
        if not self.synced:
            self.transfer(ctx, backup)
            return
        for sequence, forward in self.held.items():
            if sequence <= self.overdue:
                ctx.send(backup, forward)
        self.overdue = self.sequence

    # The backup

    def on_Transfer(self, ctx: Context, src: str, msg: Transfer) -> None:
        self.adopt(ctx, msg.view)
        if self.view.number > msg.view.number:
            ctx.send(src, Refuse(self.view))
        elif self.view.backup == self.me:
            if not self.synced:  # a second copy would undo what was carried out since
                self.store.load(msg)
                self.synced = True
            ctx.send(src, Transferred(msg.view.number))

    def on_Forward(self, ctx: Context, src: str, msg: Forward) -> None:
        if self.view.number > msg.view:
            ctx.send(src, Refuse(self.view))
        elif self.view.number == msg.view and self.view.backup == self.me and self.synced:
            self.follow(msg)
            ctx.send(src, Accept(msg.view, self.sequence))

    def follow(self, forward: Forward) -> None:
        """Carry out the forwarded request when its turn comes, and those that have waited for it."""
        if forward.sequence > self.sequence:
            self.early[forward.sequence] = forward
        while (following := self.early.pop(self.sequence + 1, None)) is not None:
            self.sequence += 1
            self.store.execute(following.client, following.request)
