"""Planted bugs: mistakes that are made in this lab, each one small change to the correct nodes.

A bench that finds none of them is not worth much; how many seeds each one takes is measured (tests/quality).
"""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from ..node import Context
from ..system import Bug
from .client import Client
from .messages import Accept, Forward, Incarnation, Reply, Request, Transfer, View
from .server import Server
from .store import READS
from .view_service import ViewService


@dataclass(frozen=True)
class Nodes:
    """The classes that make up a deployment; with a planted bug, one or two of them are replaced."""

    view_service: Callable[[], ViewService] = ViewService
    server: Callable[[], Server] = Server
    client: Callable[[], Client] = Client


class AnswersFirst(Server):
    """Answers at once, and tells the backup without waiting for it."""

    def replicate(self, ctx: Context, client: str, request: Request) -> None:
        super().replicate(ctx, client, request)
        if self.held.pop(self.sequence, None) is not None:
            self.answer(ctx, client, request.operation)


class ReadsAlone(Server):
    """Answers reads from its own state, without asking the backup."""

    def replicate(self, ctx: Context, client: str, request: Request) -> None:
        if request.f in READS:
            self.sequence -= 1  # the backup never hears of it
            self.answer(ctx, client, request.operation)
        else:
            super().replicate(ctx, client, request)


class BackupReads(Server):
    """Answers reads as backup too."""

    def on_Request(self, ctx: Context, src: str, msg: Request) -> None:
        if self.view.backup == self.me and msg.f in READS:
            ctx.send(src, Reply(msg.operation, self.store.apply(msg)))
        else:
            super().on_Request(ctx, src, msg)


class SpreadsReads(Client):
    """Asks primary or backup, by chance, when it reads."""

    def server(self, ctx: Context, request: Request) -> str | None:
        if request.f in READS and self.view.backup is not None and ctx.random.random() < 0.5:
            return self.view.backup.node
        return super().server(ctx, request)


class AdvancesUnacknowledged(ViewService):
    """Takes every view for acknowledged, and its backup for synced, as soon as it is issued."""

    def issue(self, view: View) -> None:
        super().issue(view)
        self.acknowledged = self.backup_synced = True


class PromotesIdle(ViewService):
    """Makes a live server the primary when the members of the view are silent, though it does not hold the state."""

    def next_view(self, pinging: Incarnation) -> View | None:
        view = super().next_view(pinging)
        primary = self.view.primary
        if view is None and primary is not None and self.acknowledged and self.outlived(primary, by=pinging):
            return View(self.view.number + 1, pinging, None)
        return view


class NoDuplicateTable(Server):
    """Carries out every request that arrives."""

    def newest(self, client: str) -> int:
        return -1


class ForgetfulTransfer(Server):
    """Transfers the data, but not the duplicate table."""

    def transfer(self, ctx: Context, backup: str) -> None:
        ctx.send(backup, msgspec.structs.replace(self.store.transfer(self.view), replies=()))


class RepeatedTransfer(Server):
    """Loads a state that it is sent again, over what it has carried out since."""

    def on_Transfer(self, ctx: Context, src: str, msg: Transfer) -> None:
        if self.view.backup == self.me:
            self.synced = False
        super().on_Transfer(ctx, src, msg)


class EarlyRepetition(Server):
    """Answers a repeated request from the duplicate table, whether or not the backup has accepted it."""

    def holds(self, client: str, operation: int) -> bool:
        return False


class FollowsAnyView(Server):
    """Follows forwards of any view as soon as it holds a state."""

    def on_Forward(self, ctx: Context, src: str, msg: Forward) -> None:
        if self.view.number > msg.view:
            self.store.execute(msg.client, msg.request)
            ctx.send(src, Accept(msg.view, msg.sequence))
        else:
            super().on_Forward(ctx, src, msg)


class FollowsInAnyOrder(Server):
    """Follows forwards as they come, and takes those that were overtaken for repetitions."""

    def follow(self, forward: Forward) -> None:
        if forward.sequence > self.sequence:
            self.sequence = forward.sequence
            self.store.execute(forward.client, forward.request)


class SameAfterRestart(Server):
    """Goes by the same name after a restart, so that nobody notices that its memory is gone."""

    def identity(self, ctx: Context) -> Incarnation:
        return Incarnation(ctx.id, 0)


PLANTED: dict[str, tuple[Nodes, Bug]] = {
    bug.name: (nodes, bug)
    for nodes, bug in (
        (
            Nodes(server=AnswersFirst),
            Bug(
                "no-backup-ack",
                "The primary answers without waiting for its backup: one that was replaced without knowing it goes on "
                "answering, and what it alone knew is lost (split brain; UW dslabs lab 2, multiple failures).",
            ),
        ),
        (
            Nodes(server=ReadsAlone),
            Bug(
                "reads-alone",
                "The primary answers reads without asking its backup: one that was replaced without knowing it answers "
                "with old values (MIT 6.824 lab 2, partitioned old primary does not complete gets).",
            ),
        ),
        (
            Nodes(server=BackupReads, client=SpreadsReads),
            Bug(
                "backup-reads",
                "The backup answers reads too: one that was dropped and does not know it, or is still waiting for the "
                "state, answers with old values (MIT 6.824 lab 2, only the primary may answer).",
            ),
        ),
        (
            Nodes(view_service=AdvancesUnacknowledged),
            Bug(
                "no-view-ack",
                "The view service advances without acknowledgement: a backup takes over that the primary has never "
                "heard of, with no state, while the primary goes on alone (UW dslabs lab 2, wait for the primary).",
            ),
        ),
        (
            Nodes(view_service=PromotesIdle),
            Bug(
                "uninitialised-promoted",
                "A server without the state becomes primary when the members of the view are silent: everything is "
                "lost (MIT 6.824 lab 2, an uninitialised server cannot become primary).",
            ),
        ),
        (
            Nodes(server=NoDuplicateTable),
            Bug(
                "no-dedup",
                "Repeated requests are carried out again: lost answers and duplicated messages make one operation "
                "take effect twice (UW dslabs lab 1, at most once).",
            ),
        ),
        (
            Nodes(server=ForgetfulTransfer),
            Bug(
                "transfer-forgets-duplicates",
                "The state transfer leaves out the duplicate table: a request that is repeated after a backup took "
                "over takes effect twice (MIT 6.824 lab 2, at most once across a failure).",
            ),
        ),
        (
            Nodes(server=RepeatedTransfer),
            Bug(
                "transfer-repeated",
                "A state transfer that arrives twice is loaded twice: the backup loses what it had accepted since, and "
                "with it, once promoted, everybody does (a handler that is not idempotent).",
            ),
        ),
        (
            Nodes(server=EarlyRepetition),
            Bug(
                "early-repetition",
                "A repeated request is answered before the backup has accepted the first copy: the answer may be lost "
                "with the primary (the duplicate table as a way around replication).",
            ),
        ),
        (
            Nodes(server=FollowsAnyView),
            Bug(
                "accepts-old-view",
                "A promoted backup still accepts what the old primary forwards: two primaries answer at once "
                "(MIT 6.824 lab 2, delayed requests to an old primary).",
            ),
        ),
        (
            Nodes(server=FollowsInAnyOrder),
            Bug(
                "any-order",
                "The backup follows forwards in the order in which they arrive: what was overtaken is lost when it is "
                "promoted (UW dslabs lab 2, forwards in reverse order).",
            ),
        ),
        (
            Nodes(server=SameAfterRestart),
            Bug(
                "restart-unnoticed",
                "A restarted server passes for its former self: its place is kept, its state is gone "
                "(MIT 6.824 lab 2, a restarted primary is treated as dead).",
            ),
        ),
    )
}
"""By name: the nodes of a deployment with the bug, and what it breaks."""
