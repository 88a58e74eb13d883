"""Multi-Paxos: a log of commands, each slot an instance of Paxos ("Paxos Made Simple", section 3).

Every replica is acceptor, learner and, if it leads, proposer. A leader executes phase 1 once for all slots, and phase 2
for each command. What it must not forget is on its disk before anybody hears of it: a handler that writes also syncs,
and nothing that it sends leaves before.
"""

from collections import defaultdict
from collections.abc import Sequence
from enum import Enum

from ..node import Context, Node
from ..replicated import Data, Service, StateMachine
from .messages import (
    BATCH,
    ELECTION,
    HEARTBEAT,
    NOOP,
    Accept,
    Accepted,
    Chosen,
    Fetch,
    Heartbeat,
    Hello,
    Here,
    Numbered,
    Prepare,
    Promise,
    Reject,
    Saved,
    Snapshot,
)
from .synod import NO_BALLOT, Ballot, Learner, Vote, highest, majority


class Status(Enum):
    """What a replica knows of a slot (UW dslabs, lab 3: PaxosLogSlotStatus)."""

    EMPTY = "empty"
    ACCEPTED = "accepted"
    CHOSEN = "chosen"
    CLEARED = "cleared"


class PaxosReplica(Node):
    """One replica of the machine. `peers` are all replicas of the group by name, this one among them."""

    def __init__(self, peers: Sequence[str], machine: StateMachine, service: Service) -> None:
        self.peers = tuple(peers)
        self.machine = machine
        self.service = service
        self.me = ""
        self.others: list[str] = []
        # Acceptor
        self.promised = NO_BALLOT
        self.votes: dict[int, Vote] = {}
        self.durable = False
        """Whatever this replica has said as an acceptor can be found on its disk; see `set_up`."""
        # Learner
        self.chosen: dict[int, Data] = {}
        """What is known to be chosen, without the slots that are settled by a snapshot or cleared."""
        self.executed = 0
        """Every slot up to this one has been applied to the machine."""
        self.saved = 0
        """The state after this slot is on the disk."""
        self.cleared = 0
        """The slots up to this one are forgotten."""
        self.forgotten = 0
        """Its votes up to this slot may be gone: what is cleared, or was in its saved state when it started again."""
        # Proposer
        self.ballot = NO_BALLOT
        """The ballot in which it leads, or last tried to."""
        self.promises: dict[str, Promise] = {}
        self.present: set[str] = set()
        """Without its disk: who was there since it last tried to lead."""
        self.leading = False
        self.next = 1
        """Leader: the first slot without a proposal."""
        self.open: dict[int, Learner] = {}
        """Leader: who has voted for what is proposed and not yet chosen, by slot."""
        self.overdue = 1
        """Leader: proposals below this slot that are still open at the next heartbeat are sent again."""
        self.proposed: set[Data] = set()
        """Leader: the commands of open slots."""
        self.reports: dict[str, int] = {}
        """Leader: what the others have saved."""
        self.heard: dict[str, int] = {}
        """Leader: when the others last answered a heartbeat."""

    def start(self, ctx: Context) -> None:
        self.me = ctx.id
        self.others = [peer for peer in self.peers if peer != self.me]
        self.load(ctx)
        if ctx.epoch == 0:
            self.set_up(ctx)
            ctx.set_timer("ready", 0)
        ctx.set_timer("election", self.patience(ctx) if self.durable or ctx.epoch == 0 else 0)

    def on_timer_ready(self, ctx: Context) -> None:
        """The disk is set up for the first time."""
        self.durable = True

    def role(self) -> str:
        if self.leading:
            return "leader"
        return "candidate" if self.campaigning else "follower"

    @property
    def campaigning(self) -> bool:
        """Whether its latest ballot may still win: it has not led in it, and has promised none above."""
        return not self.leading and self.ballot == self.promised != NO_BALLOT

    @property
    def leader(self) -> str | None:
        """Who leads, as far as this replica knows."""
        known = self.promised != NO_BALLOT and (self.leading or self.promised.node != self.me)
        return self.promised.node if known else None

    def status(self, slot: int) -> Status:
        """What this replica knows of the slot."""
        if slot <= self.cleared:
            return Status.CLEARED
        if slot <= self.executed or slot in self.chosen:
            return Status.CHOSEN
        return Status.ACCEPTED if slot in self.votes else Status.EMPTY

    def command(self, slot: int) -> Data:
        """What is chosen in the slot or, failing that, what this replica has voted for; None if it knows nothing."""
        if slot in self.chosen:
            return self.chosen[slot]
        return self.votes[slot].value if slot in self.votes else None

    def propose(self, ctx: Context, command: Data) -> bool:
        """See systems/replicated.py."""
        if self.leading and command not in self.proposed:
            self.send_accept(ctx, self.next, command)
        return self.leading

    # Leader election

    def on_timer_election(self, ctx: Context) -> None:
        """Try to lead; with the same ballot as before if nobody has a higher one, so as not to disturb for nothing.

        Without its disk it needs everybody, and tries only when all the others were there.
        """
        if not self.durable and not self.present.issuperset(self.others):
            for peer in self.others:
                ctx.send(peer, Hello())
            ctx.set_timer("election", self.patience(ctx))
            return
        self.present.clear()
        if not self.campaigning:
            self.ballot = self.next_ballot(ctx)
            self.promise(ctx, self.ballot)
            own = Promise(self.ballot, self.forgotten, self.votes_above(self.executed))
            self.promises = {self.me: own} if self.durable else {}
        for peer in self.others:
            ctx.send(peer, Prepare(self.ballot, self.executed))
        ctx.set_timer("election", self.patience(ctx))
        self.lead_if_promised(ctx)

    def on_Hello(self, ctx: Context, src: str, msg: Hello) -> None:
        if self.durable:
            ctx.send(src, Here())

    def on_Here(self, ctx: Context, src: str, msg: Here) -> None:
        self.present.add(src)

    def on_Prepare(self, ctx: Context, src: str, msg: Prepare) -> None:
        if not self.durable:
            return
        if msg.ballot < self.promised:
            ctx.send(src, Reject(self.promised))
            return
        self.promise(ctx, msg.ballot)
        ctx.send(src, Promise(msg.ballot, self.forgotten, self.votes_above(msg.executed)))

    def on_Promise(self, ctx: Context, src: str, msg: Promise) -> None:
        if not self.campaigning or msg.ballot != self.ballot:
            return
        if msg.forgotten > self.executed:  # this one has lost its disk, or lags behind one that was started again
            ctx.send(src, Fetch(self.executed + 1))
            return
        self.promises[src] = msg
        self.lead_if_promised(ctx)

    def on_Reject(self, ctx: Context, src: str, msg: Reject) -> None:
        if msg.promised > self.promised:
            self.promise(ctx, msg.promised)

    def next_ballot(self, ctx: Context) -> Ballot:
        """The lowest ballot of this life of the replica above all that it knows of."""
        return Ballot(self.promised.number + 1, self.me, ctx.epoch)

    def promise(self, ctx: Context, ballot: Ballot) -> None:
        """Phase 1b: promise the ballot, give up any lower one of its own, and give its proposer some time."""
        if ballot > self.promised:
            self.promised = ballot
            self.save_promise(ctx)
            self.step_down(ctx)

    def step_down(self, ctx: Context) -> None:
        """Lead no more, and never again in the same ballot: it would propose other commands in it."""
        if self.durable or self.leading:
            ctx.set_timer("election", self.patience(ctx))
        if self.leading:
            self.leading = False
            self.ballot = NO_BALLOT
        ctx.cancel_timer("heartbeat")

    def lead_if_promised(self, ctx: Context) -> None:
        """With the promises of a majority: settle every slot that may have been decided, then lead."""
        needed = majority(self.peers) if self.durable else max(1, len(self.others))
        if len(self.promises) < needed:
            return
        self.leading = True
        self.next = self.overdue = self.executed + 1
        self.open.clear()
        self.proposed.clear()
        self.reports.clear()
        self.heard = dict.fromkeys(self.promises, ctx.now)
        ctx.cancel_timer("election")
        for slot, command in enumerate(self.inherited(), self.next):
            self.send_accept(ctx, slot, command)
        if not self.durable:
            self.save(ctx)
            self.clear(ctx, self.executed)  # it cannot say any more how it has voted there
            ctx.set_timer("settled", 0)
        self.on_timer_heartbeat(ctx)

    def on_timer_settled(self, ctx: Context) -> None:
        """What a replica must have on its disk that had lost it is there. Only then is the disk marked."""
        self.set_up(ctx)
        ctx.set_timer("ready", 0)

    def inherited(self) -> list[Data]:
        """Phase 2a: what must be proposed from the first slot not executed up to the last that has a vote (P2c).

        Slots without a vote in between are holes: nothing can have been chosen there, and nothing needs to be.
        """
        votes = defaultdict(list)
        for promise in self.promises.values():
            for numbered in promise.votes:
                votes[numbered.slot].append(numbered.vote)
        last = max(votes, default=self.executed)
        binding = (highest(votes[slot]) for slot in range(self.executed + 1, last + 1))
        return [NOOP if vote is None else vote.value for vote in binding]

    # Phase 2

    def send_accept(self, ctx: Context, slot: int, command: Data) -> None:
        """Phase 2a: propose a command in a slot, and vote for it."""
        self.next = slot + 1
        self.proposed.add(command)
        self.open[slot] = Learner(self.peers)
        self.vote(ctx, slot, Vote(self.ballot, command))
        for peer in self.others:
            ctx.send(peer, Accept(self.ballot, slot, command, self.executed))
        # Its own vote counts at once: nothing that was just sent can be answered before the vote is on the disk.
        if self.open[slot].voted(self.me):
            ctx.set_timer("alone", 0)

    def on_Accept(self, ctx: Context, src: str, msg: Accept) -> None:
        if not self.durable:
            return
        if msg.ballot < self.promised:
            ctx.send(src, Reject(self.promised))
            return
        self.promise(ctx, msg.ballot)
        if msg.slot > self.cleared:
            self.vote(ctx, msg.slot, Vote(msg.ballot, msg.command))
        ctx.send(src, Accepted(msg.ballot, msg.slot))
        self.learn(ctx, msg.ballot, msg.chosen)

    def on_Accepted(self, ctx: Context, src: str, msg: Accepted) -> None:
        if self.leading and msg.ballot == self.ballot and msg.slot in self.open and self.open[msg.slot].voted(src):
            self.choose(ctx, msg.slot)

    def on_timer_alone(self, ctx: Context) -> None:
        """A group of one: its own vote, now on the disk, decides."""
        for slot in list(self.open):
            self.choose(ctx, slot)

    def choose(self, ctx: Context, slot: int) -> None:
        """A majority has voted for what was proposed in the slot."""
        del self.open[slot]
        self.chosen.setdefault(slot, self.votes[slot].value)
        self.execute(ctx)

    def vote(self, ctx: Context, slot: int, vote: Vote) -> None:
        """Phase 2b: vote, durably."""
        if self.votes.get(slot) != vote:
            self.votes[slot] = vote
            self.save_vote(ctx, slot, vote)

    # Learning and executing

    def learn(self, ctx: Context, ballot: Ballot, chosen: int) -> None:
        """All slots up to `chosen` are chosen, says the leader of this ballot; its own proposals are what was chosen.

        A vote in an older ballot says nothing: something else may have been chosen since.
        """
        for slot in range(self.executed + 1, chosen + 1):
            vote = self.votes.get(slot)
            if vote is not None and vote.ballot == ballot:
                self.chosen[slot] = vote.value
            elif slot not in self.chosen:
                break
        self.execute(ctx)

    def execute(self, ctx: Context) -> None:
        """Apply what is chosen, in the order of the slots, up to the first that is not."""
        while (slot := self.executed + 1) in self.chosen:
            command = self.chosen[slot]
            self.executed = slot
            self.open.pop(slot, None)
            self.proposed.discard(command)
            if command is not NOOP:
                self.service.applied(ctx.outer, command, self.machine.apply(command))

    # The stable leader: heartbeats, repetition, compaction

    def on_timer_heartbeat(self, ctx: Context) -> None:
        self.heard[self.me] = ctx.now
        if sum(ctx.now - time <= ELECTION[1] for time in self.heard.values()) < majority(self.peers):
            self.step_down(ctx)  # too few listen: another may be luckier
            return
        settled = self.settled()  # by what it had saved at the last heartbeat: that is on the disk by now
        self.save(ctx)
        self.reports[self.me] = self.saved
        self.clear(ctx, settled)
        for peer in self.others:
            ctx.send(peer, Heartbeat(self.ballot, self.executed, settled))
        self.send_again(ctx)
        ctx.set_timer("heartbeat", HEARTBEAT)

    def send_again(self, ctx: Context) -> None:
        """Repeat the proposals that were open at the last heartbeat already, to those that have not voted."""
        for slot, learner in self.open.items():
            if slot < self.overdue:
                for peer in self.others:
                    if peer not in learner.voters:
                        ctx.send(peer, Accept(self.ballot, slot, self.votes[slot].value, self.executed))
        self.overdue = self.next

    def on_Heartbeat(self, ctx: Context, src: str, msg: Heartbeat) -> None:
        if msg.ballot < self.promised:
            ctx.send(src, Reject(self.promised))
            return
        self.promise(ctx, msg.ballot)
        if self.durable:
            ctx.set_timer("election", self.patience(ctx))
        self.learn(ctx, msg.ballot, msg.chosen)
        if self.executed < msg.chosen:
            ctx.send(src, Fetch(self.executed + 1))
        self.save(ctx)
        self.clear(ctx, min(msg.cleared, self.saved))
        ctx.send(src, Saved(msg.ballot, self.saved))

    def on_Saved(self, ctx: Context, src: str, msg: Saved) -> None:
        if self.leading and msg.ballot == self.ballot:
            self.reports[src] = msg.slot
            self.heard[src] = ctx.now

    def settled(self) -> int:
        """The last slot whose effect is on every disk: nobody will ever ask for it again."""
        return min(self.reports.get(peer, 0) for peer in self.peers)

    def clear(self, ctx: Context, upto: int) -> None:
        """Forget the slots up to this one, whose effect is on the disk. A kill may undo any part of this."""
        if upto <= self.cleared:
            return
        for slot in range(self.cleared + 1, upto + 1):
            self.chosen.pop(slot, None)
            if self.votes.pop(slot, None) is not None:
                ctx.storage.delete(f"vote/{slot}")
        self.cleared = upto
        self.forgotten = max(self.forgotten, upto)
        ctx.storage.put("cleared", upto)

    # Catching up

    def on_Fetch(self, ctx: Context, src: str, msg: Fetch) -> None:
        wanted = range(msg.slot, self.executed + 1)
        if 0 < len(wanted) <= BATCH and msg.slot in self.chosen:
            ctx.send(src, Chosen(msg.slot, tuple(self.chosen[slot] for slot in wanted)))
        elif wanted:
            ctx.send(src, Snapshot(self.executed, self.machine.snapshot()))

    def on_Chosen(self, ctx: Context, src: str, msg: Chosen) -> None:
        for slot, command in enumerate(msg.commands, msg.slot):
            if slot > self.executed:
                self.chosen[slot] = command
        self.execute(ctx)

    def on_Snapshot(self, ctx: Context, src: str, msg: Snapshot) -> None:
        if msg.slot > self.executed:
            self.restore(msg)
            self.execute(ctx)
            self.save(ctx)

    def restore(self, snapshot: Snapshot) -> None:
        """Take over the state after a slot. The slots up to it are settled."""
        self.machine.restore(snapshot.state)
        self.executed = snapshot.slot
        self.chosen = {slot: command for slot, command in self.chosen.items() if slot > self.executed}
        self.open = {slot: learner for slot, learner in self.open.items() if slot > self.executed}
        self.proposed = {self.votes[slot].value for slot in self.open}

    # The disk

    def load(self, ctx: Context) -> None:
        """Remember what was on the disk. What is chosen will be told by a leader again.

        Of the votes up to the saved state any may be gone: of what is written to clear them, a kill may keep any part.
        """
        storage = ctx.storage
        self.durable = bool(storage.get("set up", False))
        self.promised = storage.get("promised", NO_BALLOT)  # type: ignore[assignment]
        self.cleared = storage.get("cleared", 0)  # type: ignore[assignment]
        for key in storage.keys("vote/"):
            slot = int(key.removeprefix("vote/"))
            if slot > self.cleared:
                self.votes[slot] = storage.get(key)  # type: ignore[assignment]
            else:
                storage.delete(key)
        snapshot = storage.get("snapshot")
        if isinstance(snapshot, Snapshot):
            self.restore(snapshot)
            self.saved = self.forgotten = snapshot.slot

    def set_up(self, ctx: Context) -> None:
        """Mark the disk: whatever this replica says from now on can be found there.

        A replica that starts again and finds no mark has lost its disk, and with it its promises and votes. It says
        nothing as an acceptor until it leads by the promises of all the others. Any quorum that it was part of has
        another member among them, so that whatever it may have voted for is settled anew; and whoever has its old
        promise is one of them, and has just given up the ballot of that promise. A majority would not be enough for
        this (Michael et al., "Recovering Shared Objects Without Stable Storage", 2017).
        """
        self.save_promise(ctx)
        ctx.storage.put("set up", True)
        ctx.storage.sync()

    def save_promise(self, ctx: Context) -> None:
        """Write down the promise."""
        ctx.storage.put("promised", self.promised)
        ctx.storage.sync()

    def save_vote(self, ctx: Context, slot: int, vote: Vote) -> None:
        """Write down a vote."""
        ctx.storage.put(f"vote/{slot}", vote)
        ctx.storage.sync()

    def save(self, ctx: Context) -> None:
        """Write down the state, if it is not on the disk yet."""
        if self.executed > self.saved:
            ctx.storage.put("snapshot", Snapshot(self.executed, self.machine.snapshot()))
            ctx.storage.sync()
            self.saved = self.executed

    # Odds and ends

    def votes_above(self, slot: int) -> tuple[Numbered, ...]:
        """The votes in later slots."""
        return tuple(Numbered(number, vote) for number, vote in sorted(self.votes.items()) if number > slot)

    def patience(self, ctx: Context) -> int:
        """How long to wait for a leader this time, nanoseconds."""
        return ctx.random.randint(*ELECTION)
