"""Planted bugs: mistakes that are made with locks, each one small change to the correct nodes."""

from collections.abc import Callable
from dataclasses import dataclass

from ..node import Context, Node
from ..replicated import Data
from ..system import Bug
from ..versioned.bugs import VolatileVersions
from ..versioned.messages import Put
from ..versioned.server import Server
from .client import Client
from .resource import Resource


@dataclass(frozen=True)
class Nodes:
    """The classes that make up a deployment."""

    locks: Callable[[], Node] = Server
    resource: Callable[[], Node] = Resource
    client: Callable[[], Client] = Client


class NoFence(Resource):
    """Believes everybody."""

    def admits(self, token: int) -> bool:
        return True


class FencesWritesOnly(Resource):
    """Remembers the tokens of writers only."""

    def note(self, token: int) -> None:
        pass


class ForgetsTokens(Resource):
    """Keeps the count on disk and the greatest token in memory."""

    def start(self, ctx: Context) -> None:
        super().start(ctx)
        self.newest = 0


class TakesMaybeForYes(Client):
    """Believes that it holds the lock when it does not know whether its claim took effect."""

    def refused(self, ctx: Context, put: Put) -> None:
        self.enter(ctx, put.version + 1)


class NeverExpires(Client):
    """Waits for a lock until it is given back, though its holder may be gone."""

    def free(self, ctx: Context, claim: Data) -> bool:
        return claim is None


PLANTED: dict[str, tuple[Nodes, Bug]] = {
    bug.name: (nodes, bug)
    for nodes, bug in (
        (
            Nodes(resource=NoFence),
            Bug(
                "no-fence",
                "The resource takes writes without looking at tokens: a holder whose lease ran out while its messages "
                "were slow overwrites the next one's count (Kleppmann 2016; HBase's lost regions).",
            ),
        ),
        (
            Nodes(resource=FencesWritesOnly),
            Bug(
                "fences-writes-only",
                "Only writers' tokens are remembered: the old holder writes after the new one has read, and before it "
                "writes (a fence without a read barrier).",
            ),
        ),
        (
            Nodes(resource=ForgetsTokens),
            Bug(
                "forgets-tokens",
                "The greatest token is kept in memory: after a restart of the resource an old holder is believed "
                "again (a fence that is not as durable as what it guards).",
            ),
        ),
        (
            Nodes(client=TakesMaybeForYes),
            Bug(
                "maybe-is-mine",
                "A claim whose outcome is unknown counts as taken: two clients hold the lock with the same token (MIT "
                "6.5840 lab 2, ErrMaybe in the lock).",
            ),
        ),
        (
            Nodes(client=NeverExpires),
            Bug(
                "never-expires",
                "Claims do not run out: a holder that is gone keeps everybody out for ever.",
            ),
        ),
        (
            Nodes(locks=VolatileVersions),
            Bug(
                "tokens-go-back",
                "The lock server counts versions from 1 after a restart: new tokens are smaller than old ones, and the "
                "resource refuses every holder (fencing tokens must never go back).",
            ),
        ),
    )
}
