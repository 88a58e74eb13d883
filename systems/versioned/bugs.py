"""Planted bugs: mistakes that are made in this lab, each one small change to the correct nodes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ...histories.event import Invocation
from ..node import Context
from ..replicated import Scalar
from ..system import Bug
from .client import Client
from .messages import Mismatch, Put
from .server import Server, Version


@dataclass(frozen=True)
class Nodes:
    """The classes that make up a deployment."""

    server: Callable[[], Server] = Server
    client: Callable[[], Client] = Client


FLUSH: Final = 20_000_000
"""How long AnswersUnsynced leaves what it has written in memory (nanoseconds)."""


class AnyVersion(Server):
    """Does not look at the version."""

    def replaces(self, version: int, current: int) -> bool:
        return True


class PreviousVersion(Server):
    """Takes the previous version for the current one too."""

    def replaces(self, version: int, current: int) -> bool:
        return version in (current, current - 1)


class VolatileVersions(Server):
    """Keeps values on disk, but counts versions from 1 again after a restart."""

    def start(self, ctx: Context) -> None:
        super().start(ctx)
        self.data = {key: Version(old.value, 1, None) for key, old in self.data.items()}


class AnswersUnsynced(Server):
    """Answers at once, and has its writes on disk a little later."""

    def write(self, ctx: Context, key: Scalar, new: Version) -> None:
        self.data[key] = new
        ctx.storage.put(f"version/{key}", (key, *new))
        ctx.set_timer("flush", FLUSH)

    def on_timer_flush(self, ctx: Context) -> None:
        ctx.storage.sync()


class MaybeIsNo(Client):
    """Takes every mismatch for "did not take effect"."""

    def mismatch(self, ctx: Context, op: Invocation, put: Put, msg: Mismatch) -> None:
        ctx.complete(op, "ok", False)


class MaybeIsYes(Client):
    """Takes a mismatch that may be of its own making for "took effect"."""

    def mismatch(self, ctx: Context, op: Invocation, put: Put, msg: Mismatch) -> None:
        ctx.complete(op, "ok", msg.version != put.version + 1)


PLANTED: dict[str, tuple[Nodes, Bug]] = {
    bug.name: (nodes, bug)
    for nodes, bug in (
        (
            Nodes(server=AnyVersion),
            Bug(
                "any-version",
                "Puts take effect whatever the version: two clients replace the same one (lost update, as of a client "
                "that writes back what it has read).",
            ),
        ),
        (
            Nodes(server=PreviousVersion),
            Bug(
                "previous-version",
                "The version is compared after it was counted up for some puts, before for others: one that is late by "
                "one version is taken (MIT 6.5840 lab 2, off by one).",
            ),
        ),
        (
            Nodes(server=VolatileVersions),
            Bug(
                "volatile-versions",
                "Versions are counted from 1 after a restart: a put on an old version matches a new one (a counter "
                "kept in memory, next to data on disk).",
            ),
        ),
        (
            Nodes(server=AnswersUnsynced),
            Bug(
                "answers-unsynced",
                "Answers do not wait for the disk: an acknowledged version is lost when the server is killed, and "
                "given out a second time (Redis with appendfsync everysec).",
            ),
        ),
        (
            Nodes(client=MaybeIsNo),
            Bug(
                "maybe-is-no",
                "A repeated put that finds a newer version is reported as without effect, though its first copy had "
                "one (MIT 6.5840 lab 2: ErrVersion after a retransmission must become ErrMaybe).",
            ),
        ),
        (
            Nodes(client=MaybeIsYes),
            Bug(
                "maybe-is-yes",
                "A repeated put that finds a newer version is reported as done, though another client was faster (the "
                "same, the other way round).",
            ),
        ),
    )
}
