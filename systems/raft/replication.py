"""Log replication (sections 5.3 and 5.4.2): a leader has the others' logs agree with its own."""

from dataclasses import dataclass

from ..node import Context
from ..replicated import Data
from .messages import (
    BATCH,
    ELECTION,
    HEARTBEAT,
    NOOP,
    Appended,
    AppendEntries,
    Conflict,
    Entry,
    InstallSnapshot,
)
from .snapshots import Snapshots


@dataclass
class Follower:
    """What a leader knows of a follower; times are those of the leader's clock, in nanoseconds."""

    next: int
    """The entry to be sent next."""
    heard: int
    """When it last answered."""
    match: int = 0
    """The highest entry that is known to be replicated there."""
    answered: int = 0
    """The latest of the leader's messages that it has answered, by number."""
    awaited: int = 0
    """The message that it must answer before it is sent more, 0 if there is none."""


class Replication(Snapshots):
    """Appends commands to the log while it leads, and what the leader sends while it follows."""

    followers: dict[str, Follower]
    """Leader: the other members."""
    first: int
    """Leader: the index of the first entry of its term."""
    sent: int
    """Leader: how many messages it has sent to followers in this term; they are numbered."""
    asked: int
    """Leader: the first message whose answer proves to the latest read that this replica still leads."""

    # Leader

    def lead(self, ctx: Context) -> None:
        """Begin to lead, with an entry of one's own term: with it, everything before is committed (section 8)."""
        self.state, self.leader = "leader", self.me
        ctx.cancel_timer("election")
        self.followers = {}
        self.sent = self.asked = 0
        self.first = self.log.last + 1
        self.open = {entry.command for entry in self.log.since(self.commit + 1, self.log.last)}
        self.append(ctx, Entry(self.term, NOOP))
        ctx.set_timer("heartbeat", HEARTBEAT)

    def step_down(self, ctx: Context) -> None:
        super().step_down(ctx)
        ctx.cancel_timer("heartbeat")

    def propose(self, ctx: Context, command: Data) -> bool:
        """See systems/replicated.py."""
        if self.state == "leader" and command not in self.open:
            self.append(ctx, Entry(self.term, command))
        return self.state == "leader"

    def append(self, ctx: Context, entry: Entry) -> None:
        """Append an entry to the log, and send it to whoever has nothing to answer.

        It counts at once as replicated here, since nothing that is sent now leaves before it is on the disk.
        """
        self.log.append(ctx.storage, entry)
        self.save_log(ctx)
        self.open.add(entry.command)
        self.track_members(ctx)
        self.replicate(ctx)
        if not self.followers:
            ctx.set_timer("alone", 0)

    def track_members(self, ctx: Context) -> None:
        """The followers are the other members as of now. A new one is sent the last entry first."""
        self.followers = {
            member: self.followers.get(member) or Follower(next=self.log.last, heard=ctx.now)
            for member in self.log.members
            if member != self.me
        }

    def on_timer_alone(self, ctx: Context) -> None:
        """A group of one: what it has appended is on the disk now."""
        if self.state == "leader":
            self.answered(ctx)

    def replicate(self, ctx: Context) -> None:
        """Send what is new."""
        for name, follower in self.followers.items():
            self.send_news(ctx, name, follower)

    def send_news(self, ctx: Context, name: str, follower: Follower) -> None:
        """Send what the follower lacks, or just ask whether it still follows, if a read wants to know.

        One message at a time: what comes meanwhile goes with the next one.
        """
        if follower.awaited or (follower.next > self.log.last and follower.answered >= self.asked):
            return
        follower.awaited = self.sent + 1
        if follower.next > self.log.base:
            self.send_append(ctx, name, follower.next - 1, self.log.since(follower.next, BATCH))
        else:
            self.sent += 1
            ctx.send(name, InstallSnapshot(self.term, self.snapshot, self.sent))

    def send_append(self, ctx: Context, name: str, prev: int, entries: tuple[Entry, ...]) -> None:
        """Send entries that come after the one at `prev`."""
        self.sent += 1
        ctx.send(name, AppendEntries(self.term, prev, self.log.term(prev), entries, self.commit, self.sent))

    def on_timer_heartbeat(self, ctx: Context) -> None:
        """Say that one leads, without any entries. An answer ends the wait for those that were lost, too."""
        if not self.majority([name for name in self.log.members if self.is_heard(ctx, name)]):
            self.follow(ctx, None)  # too few listen: another may be luckier (thesis, section 6.2)
            return
        for name, follower in self.followers.items():
            self.send_append(ctx, name, max(follower.next - 1, self.log.base), ())
        ctx.set_timer("heartbeat", HEARTBEAT)

    def is_heard(self, ctx: Context, name: str) -> bool:
        """Whether the member has answered lately."""
        return name == self.me or ctx.now - self.followers[name].heard <= ELECTION[1]

    def on_Appended(self, ctx: Context, src: str, msg: Appended) -> None:
        follower = self.answering(ctx, src, msg)
        if follower is not None:
            follower.match = max(follower.match, msg.match)
            follower.next = max(follower.next, msg.match + 1)
            self.answered(ctx)
            self.send_news(ctx, src, follower)

    def on_Conflict(self, ctx: Context, src: str, msg: Conflict) -> None:
        follower = self.answering(ctx, src, msg)
        if follower is not None:
            if msg.prev_index == follower.next - 1:
                follower.next = max(follower.match + 1, msg.index)
            self.answered(ctx)
            self.send_news(ctx, src, follower)

    def answering(self, ctx: Context, src: str, msg: Appended | Conflict) -> Follower | None:
        """The follower that answers, None if this replica does not lead any more in the term in which it asked."""
        follower = self.followers.get(src) if self.state == "leader" and msg.term == self.term else None
        if follower is not None:
            follower.heard = ctx.now
            follower.answered = max(follower.answered, msg.number)
            if msg.number >= follower.awaited:
                follower.awaited = 0
        return follower

    def answered(self, ctx: Context) -> None:
        """A follower has answered: commit what a majority has."""
        matches = {name: follower.match for name, follower in self.followers.items()}
        index = self.known_to_majority({**matches, self.me: self.log.last})
        if index > self.commit and self.may_commit(index):
            self.commit_upto(ctx, index)

    def may_commit(self, index: int) -> bool:
        """Whether an entry is of this term; those of earlier terms are committed with it only (section 5.4.2)."""
        return self.log.term(index) == self.term

    # Follower

    def on_AppendEntries(self, ctx: Context, src: str, msg: AppendEntries) -> None:
        if not self.in_term(ctx, src, msg.term):
            return
        self.follow(ctx, src)
        if not self.log.holds(msg.prev_index, msg.prev_term):
            index = self.log.conflict(msg.prev_index)
            ctx.send(src, Conflict(self.term, msg.prev_index, index, msg.number))
            return
        self.store(ctx, msg.prev_index, msg.entries)
        self.commit_upto(ctx, min(msg.commit, self.agreed(msg)))
        ctx.send(src, Appended(self.term, self.agreed(msg), msg.number))

    def agreed(self, msg: AppendEntries) -> int:
        """Up to where this log is the leader's, as far as the message shows."""
        return msg.prev_index + len(msg.entries)

    def store(self, ctx: Context, prev: int, entries: tuple[Entry, ...]) -> None:
        """Append what is not there yet. Only an entry that conflicts is removed, and those after it.

        The message may be late: what it does not reach is not its to judge.
        """
        for index, entry in enumerate(entries, prev + 1):
            if not self.log.holds(index, entry.term):
                self.log.cut(ctx.storage, index)
                self.log.append(ctx.storage, entry)
                self.save_log(ctx)
