"""What every replica is, and the rules for all servers (figure 2 of the paper)."""

from collections.abc import Collection, Sequence
from typing import Literal

from ..node import Context, Node
from ..replicated import Data, Service, StateMachine
from .log import Log
from .messages import ELECTION, Outdated, Snapshot


class State(Node):
    """The state of a replica. What must survive a crash is on its disk before anybody hears of it."""

    def __init__(self, peers: Sequence[str], machine: StateMachine, service: Service) -> None:
        self.me = ""
        self.machine = machine
        self.service = service
        # Persistent
        self.term = 0
        self.voted_for: str | None = None
        self.log = Log(peers)
        self.snapshot = Snapshot(0, 0, tuple(peers), None)
        # Volatile
        self.commit = 0
        """The entries up to this one are committed, as far as this replica knows."""
        self.applied = 0
        """The entries up to this one were applied to the machine."""
        self.state: Literal["follower", "candidate", "leader"] = "follower"
        self.leader: str | None = None
        """Who leads in this term, as far as this replica knows."""
        self.heard = 0
        """When it last heard from that leader (its own clock, nanoseconds)."""
        self.open: set[Data] = set()
        """Leader: the commands in its log that are not applied yet."""

    def start(self, ctx: Context) -> None:
        self.me = ctx.id
        storage = ctx.storage
        self.term, self.voted_for = storage.get("term", (0, None))  # type: ignore[misc]
        snapshot = storage.get("snapshot", self.snapshot)
        assert isinstance(snapshot, Snapshot)
        self.log.load(storage, snapshot)
        if snapshot.index > 0:
            self.restore(snapshot)
        ctx.set_timer("election", self.patience(ctx))

    def role(self) -> str:
        return self.state

    def majority(self, servers: Collection[str]) -> bool:
        """Whether more than half of the members are among the servers."""
        members = self.log.members
        return 2 * sum(member in servers for member in members) > len(members)

    def known_to_majority(self, numbers: dict[str, int]) -> int:
        """The highest number that more than half of the members have reached; who is not in the table has none."""
        reached = sorted(numbers.get(member, -1) for member in self.log.members)
        return reached[(len(reached) - 1) // 2]

    # Terms (section 5.1)

    def in_term(self, ctx: Context, src: str, term: int) -> bool:
        """Whether a request belongs to the present term. A later term is entered; an earlier one is told of this."""
        if term > self.term:
            self.enter(ctx, term)
        elif term < self.term:
            ctx.send(src, Outdated(self.term))
        return term == self.term

    def on_Outdated(self, ctx: Context, src: str, msg: Outdated) -> None:
        if msg.term > self.term:
            self.enter(ctx, msg.term)

    def enter(self, ctx: Context, term: int) -> None:
        """A later term has begun: follow whoever leads in it, and vote for nobody yet."""
        self.term, self.voted_for = term, None
        self.save_vote(ctx)
        self.follow(ctx, None)

    def follow(self, ctx: Context, leader: str | None) -> None:
        """Be a follower, of the leader if it is known, and wait some time for it."""
        if self.state == "leader":
            self.step_down(ctx)
        self.state = "follower"
        self.leader, self.heard = leader, ctx.now
        ctx.set_timer("election", self.patience(ctx))

    def step_down(self, ctx: Context) -> None:
        """Lead no more."""
        self.open.clear()

    def patience(self, ctx: Context) -> int:
        """How long to wait for a leader this time, nanoseconds."""
        return ctx.random.randint(*ELECTION)

    # The machine (section 5.3)

    def commit_upto(self, ctx: Context, index: int) -> None:
        """The entries up to this one are committed: apply them in order."""
        self.commit = max(self.commit, index)
        while self.applied < self.commit:
            self.applied += 1
            command = self.log.entry(self.applied).command
            self.open.discard(command)
            if command is not None:
                self.service.applied(ctx.outer, command, self.machine.apply(command))

    def restore(self, snapshot: Snapshot) -> None:
        """Take over the state of a snapshot that is on the disk."""
        self.snapshot = snapshot
        self.machine.restore(snapshot.state)
        self.commit = self.applied = snapshot.index

    # The disk

    def save_vote(self, ctx: Context) -> None:
        """Write down term and vote."""
        ctx.storage.put("term", (self.term, self.voted_for))
        ctx.storage.sync()

    def save_log(self, ctx: Context) -> None:
        """Have what was done to the log on the disk before anybody hears of it."""
        ctx.storage.sync()
