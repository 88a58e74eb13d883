"""What holds of the posts whatever clients see: happens-before, kept by the monitor as sets, against the stamps."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

from ..node import Node
from ..own_server import Ask
from ..system import Broken, Monitor
from .broadcast import Post, Process, Seen, Vector

Id = tuple[int, int]
"""Origin and number of a post."""


@dataclass(frozen=True)
class Past:
    """Every post with what was delivered where it was broadcast before it was, and its stamps; which of them another
    process has delivered; and how many posts of each process were looked at."""

    before: Mapping[Id, frozenset[Id]] = field(default_factory=dict)
    stamps: Mapping[Id, tuple[int, Vector]] = field(default_factory=dict)
    heard: frozenset[Id] = frozenset()
    looked_at: Mapping[str, int] = field(default_factory=dict)


class HappensBefore:
    """A post happens before another if and only if its vector is smaller, only if its Lamport stamp is, and then
    nobody delivers it later.

    `state` is what happened before what. A post that nobody else has delivered may be gone after a restart, and its
    number given to another.
    """

    name = "happens-before"
    initial = Past()
    events: ClassVar[frozenset[type]] = frozenset((str, Ask, Post, Seen))

    def observe(self, state: object, event: object, node: Node, node_id: str) -> object | Broken:
        assert isinstance(node, Process)
        assert isinstance(state, Past)
        here = node.delivered
        known = 0 if event == "start" else state.looked_at.get(node_id, 0)
        if len(here) == known:
            return state
        earlier = frozenset((post.origin, post.number) for post in here[:known])
        for post in here[known:]:
            state, wrong = delivered(state, post, earlier, post.origin == node.me)
            if wrong:
                return Broken(f"{node_id} has delivered {show(post)}: {wrong}")
            earlier |= {(post.origin, post.number)}
        return replace(state, looked_at={**state.looked_at, node_id: len(here)})


def delivered(past: Past, post: Post, earlier: frozenset[Id], own: bool) -> tuple[Past, str]:
    """The past after a process has delivered a post, and what is wrong with that, "" if nothing."""
    key = (post.origin, post.number)
    if key in earlier:
        return past, "twice"
    if own and key not in past.heard:
        past = created(past, post, earlier)
        wrong = against_stamps(past, post)
        if wrong:
            return past, wrong
    if past.stamps.get(key) != (post.lamport, post.vector):
        return past, "another one had this number"
    late = past.before[key] - earlier
    if late:
        return past, f"{min(late)} happened before it, and was not delivered yet"
    return (past if own else replace(past, heard=past.heard | {key})), ""


def created(past: Past, post: Post, earlier: frozenset[Id]) -> Past:
    """The past with a new post, seen for the first time at its origin."""
    key = (post.origin, post.number)
    return replace(
        past,
        before={**past.before, key: earlier},
        stamps={**past.stamps, key: (post.lamport, post.vector)},
    )


def against_stamps(past: Past, post: Post) -> str:
    """What the stamps of a new post say of it and earlier ones that is not so, "" if nothing."""
    key = (post.origin, post.number)
    for other, (lamport, vector) in past.stamps.items():
        if other == key:
            continue
        happened = other in past.before[key]
        smaller = vector != post.vector and all(a <= b for a, b in zip(vector, post.vector, strict=True))
        if happened != smaller:
            said = "smaller" if smaller else "not smaller"
            return f"{other} {verb(happened)} it, but its vector is {said}"
        if happened and lamport >= post.lamport:
            return f"{other} happened before it, but its Lamport stamp is {lamport}"
    return ""


def verb(happened: bool) -> str:
    """How a post stands to a later one."""
    return "happened before" if happened else "did not happen before"


def show(post: Post) -> str:
    """A post in a sentence."""
    return f"post {post.number} of process {post.origin} (Lamport {post.lamport}, vector {post.vector})"


MONITORS: tuple[Monitor, ...] = (HappensBefore(),)
