"""Changes of the group's members, one server at a time (thesis, chapter 4)."""

from ..node import Context
from ..replicated import Data
from .messages import Entry
from .transfer import Transfer


class Membership(Transfer):
    """Changes the configuration by an entry of the log, which counts from the moment at which it is appended."""

    def reconfigure(self, ctx: Context, command: Data, members: tuple[str, ...]) -> bool:
        """Have a command agreed on that makes these the members: the present ones, and one more or one less.

        False if this replica does not lead, or is not ready to change anything: nothing was done.
        """
        assert len(set(members) ^ set(self.log.members)) == 1, f"from {self.log.members} to {members} at once"
        if self.state != "leader" or self.successor is not None or not self.is_settled():
            return False
        self.append(ctx, Entry(self.term, command, members))
        return True

    def is_settled(self) -> bool:
        """Whether any majority that may decide something knows of the present configuration: it is committed, and so
        is an entry of this term, without which an earlier leader may have another one in mind (Ongaro on the mailing
        list of Raft, "bug in single-server membership changes", 2015)."""
        return self.log.changed <= self.commit and self.first <= self.commit

    def answered(self, ctx: Context) -> None:
        """A leader that is not a member any more is needed until that is committed."""
        super().answered(ctx)
        if self.me not in self.log.members and self.log.changed <= self.commit:
            self.follow(ctx, None)
