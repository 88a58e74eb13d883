"""Log compaction (section 7)."""

from ..node import Context
from .messages import COMPACT, Appended, InstallSnapshot, Snapshot
from .state import State


class Snapshots(State):
    """Takes snapshots of the machine, and those of a leader that has forgotten what this replica lacks."""

    def commit_upto(self, ctx: Context, index: int) -> None:
        super().commit_upto(ctx, index)
        if self.applied - self.snapshot.index >= COMPACT:
            self.compact(ctx)

    def compact(self, ctx: Context) -> None:
        """Take a snapshot, and forget the entries up to the one before: others may be a little behind.

        Nothing depends on when it reaches the disk. Writes arrive there in order, so that no entry is deleted before
        the snapshot that stands for it is there.
        """
        settled, term = self.snapshot.index, self.log.term(self.applied)
        self.snapshot = Snapshot(self.applied, term, self.log.members_at(self.applied), self.machine.snapshot())
        ctx.storage.put("snapshot", self.snapshot)
        self.log.forget(ctx.storage, settled)

    def on_InstallSnapshot(self, ctx: Context, src: str, msg: InstallSnapshot) -> None:
        if not self.in_term(ctx, src, msg.term):
            return
        self.follow(ctx, src)
        if msg.snapshot.index > self.commit:
            self.install(ctx, msg.snapshot)
        ctx.send(src, Appended(self.term, msg.snapshot.index, msg.number))

    def install(self, ctx: Context, snapshot: Snapshot) -> None:
        """Take over a snapshot of what is committed beyond this replica's knowledge."""
        ctx.storage.put("snapshot", snapshot)
        self.log.install(ctx.storage, snapshot)
        self.restore(snapshot)
        self.save_log(ctx)
