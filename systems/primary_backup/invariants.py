"""What holds at every moment of every run, whatever the clients happen to see of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

from ..node import Node
from ..system import Broken, Monitor
from .messages import (
    NO_VIEW,
    Accept,
    Forward,
    Incarnation,
    Ping,
    Refuse,
    Reply,
    Request,
    Scalar,
    Transfer,
    Transferred,
    View,
    ViewReply,
)
from .server import Server
from .view_service import ViewService


@dataclass(frozen=True)
class Issued:
    """The current view, and what the view service was told about it."""

    view: View = NO_VIEW
    acknowledged: bool = False
    synced: bool = False

    def told(self, ping: Ping) -> "Issued":
        """The same after the ping."""
        if ping.view != self.view.number:
            return self
        if ping.server == self.view.primary and not self.acknowledged:
            return replace(self, acknowledged=True)
        if ping.server == self.view.backup and ping.synced and not self.synced:
            return replace(self, acknowledged=True, synced=True)
        return self


class Views:
    """The view service keeps the rules by which one view follows another."""

    name = "views"
    initial = Issued()
    events = frozenset((Ping,))

    def observe(self, state: object, event: object, node: Node, node_id: str) -> object | Broken:
        assert isinstance(event, Ping)
        assert isinstance(state, Issued)
        assert isinstance(node, ViewService)
        before, now = state.told(event), node.view
        if now == before.view:
            return before
        wrong = self.mistake(before, now)
        return Issued(now) if wrong is None else Broken(f"{described(now)} follows {described(before.view)}, {wrong}")

    @staticmethod
    def mistake(before: Issued, now: View) -> str | None:
        """What is wrong with the new view, None if it keeps the rules."""
        view = before.view
        if now.number != view.number + 1:
            return "but views are numbered one by one"
        if view.number == 0:
            return None
        if not before.acknowledged:
            return "which was not acknowledged"
        if (now.primary, now.backup) == (view.primary, view.backup):
            return "which is the same"
        if now.primary == view.primary:
            return None
        if now.primary != view.backup:
            return "whose members do not include the new primary"
        return None if before.synced else "whose backup had not said that it has the state"


class OnePrimary:
    """At most one server can answer clients on its own authority.

    A primary that serves without a backup asks nobody. It may therefore only be followed after it has gone on to the
    next view itself. One that has a backup may be followed without knowing it: it cannot answer any more.
    """

    name = "one-primary"
    initial: ClassVar[Mapping[str, View]] = {}
    events: ClassVar[frozenset[type]] = frozenset((str, ViewReply, Refuse, Transfer, Transferred))

    def observe(self, state: object, event: object, node: Node, node_id: str) -> object | Broken:
        if not isinstance(node, Server):
            return state
        assert isinstance(state, dict)
        claim = node.view if node.synced and node.view.primary == node.me else None
        if claim is state.get(node_id):
            return state
        claims: dict[str, View] = {name: view for name, view in state.items() if name != node_id}
        if claim is None:
            return claims
        for name, other in claims.items():
            older, newer = ((name, other), (node_id, claim))[:: 1 if other.number <= claim.number else -1]
            if older[1].number == newer[1].number or older[1].backup is None:
                return Broken(
                    f"{newer[0]} serves as primary of {described(newer[1])} "
                    f"while {older[0]} serves as primary of {described(older[1])}"
                )
        return {**claims, node_id: claim}


class AcceptedFirst:
    """A primary with a backup holds every reply until its backup has accepted the request."""

    name = "accepted-first"
    events = frozenset((Request, Accept))
    initial = (0, 0)
    """The number of the newest view in which a primary took a request, and what its backup has accepted in it."""

    def observe(self, state: object, event: object, node: Node, node_id: str) -> object | Broken:
        if not isinstance(node, Server):
            return state
        view = node.view
        if view.primary != node.me or view.backup is None or not node.synced:
            return state
        assert isinstance(state, tuple)
        number, accepted = state
        if view.number < number:
            return state
        if view.number > number:
            accepted = 0
        if isinstance(event, Accept) and event.view == view.number:
            accepted = max(accepted, event.sequence)
        if len(node.held) != node.sequence - accepted:
            return Broken(
                f"{node_id}, primary of {described(view)}, does not hold just the replies that its backup has yet to "
                f"accept: carried out {node.sequence}, accepted {accepted}, held {len(node.held)}"
            )
        newer = (view.number, accepted)
        return state if newer == state else newer


@dataclass(frozen=True)
class Followed:
    """The state of a backup after it has followed `sequence` requests of the view."""

    backup: str = ""
    view: int = 0
    sequence: int = 0
    data: Mapping[Scalar, Scalar] = field(default_factory=dict)
    replies: Mapping[str, Reply] = field(default_factory=dict)


class BackupEqual:
    """When a backup has accepted everything, it holds what its primary holds."""

    name = "backup-equal"
    events = frozenset((Transfer, Forward, Transferred, Accept))
    initial = Followed()

    def observe(self, state: object, event: object, node: Node, node_id: str) -> object | Broken:
        if not isinstance(node, Server) or not node.synced:
            return state
        assert isinstance(state, Followed)
        if node.view.backup == node.me:
            return Followed(node_id, node.view.number, node.sequence, dict(node.store.data), dict(node.store.replies))
        if node.view.primary != node.me or (state.view, state.sequence) != (node.view.number, node.sequence):
            return state
        if node.store.data == state.data and node.store.replies == state.replies:
            return state
        mine, followed = contents(node.store.data, node.store.replies), contents(state.data, state.replies)
        what = min(what for what in {*mine, *followed} if mine.get(what) != followed.get(what))
        return Broken(
            f"at sequence number {node.sequence} of {described(node.view)}, {what} is {mine.get(what, 'missing')} "
            f"at the primary {node_id} and {followed.get(what, 'missing')} at its backup {state.backup}"
        )


MONITORS: tuple[Monitor, ...] = (Views(), OnePrimary(), AcceptedFirst(), BackupEqual())


def contents(data: Mapping[Scalar, Scalar], replies: Mapping[str, Reply]) -> dict[str, str]:
    """Everything in a store under one roof, as text: the values, and the last reply to each client."""
    return {
        **{f"key {key}": repr(value) for key, value in data.items()},
        **{
            f"the last reply to {client}": f"{reply.output!r} (operation {reply.operation})"
            for client, reply in replies.items()
        },
    }


def described(view: View) -> str:
    """The view in a few words: "view 3 (s1, s2)"."""
    return f"view {view.number} ({named(view.primary)}, {named(view.backup)})"


def named(server: Incarnation | None) -> str:
    """The server's name, with the number of its restarts if there were any, "-" for nobody."""
    if server is None:
        return "-"
    return server.node if server.epoch == 0 else f"{server.node} restarted {server.epoch}×"
