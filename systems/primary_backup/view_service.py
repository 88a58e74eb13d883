"""The view service: it alone decides who is primary and who is backup.

Its rules are those of the labs that it is modelled on (MIT 6.824 of 2012 to 2015, lab 2; UW dslabs, lab 2):

- The view advances only after the current one was acknowledged: its primary has said that it goes by it, or its backup
  has the state, which it can only have got from a primary that does.
- The primary of a view was primary or backup of the view before; a backup only if it had said that it has the state.
  The first view is the exception: any server may begin, and it begins empty.
- A dead backup is dropped, a dead primary is replaced by its backup, and an idle live server becomes the backup.
- Consecutive views differ.

Nobody can tell a dead server from one that cannot be reached. What counts here is proof of life: the latest time of
this service that a server has read, and returned in a ping; a delayed ping proves little. A member of a view is given
up only in favour of the other one: when that one was alive for DEAD nanoseconds in which the member was not heard of,
or when the member is known to have restarted. If both are silent, both keep their place.
"""

from ..node import Context, Node
from .messages import NO_VIEW, PING_INTERVAL, GetView, Incarnation, Ping, View, ViewReply

DEAD = 4 * PING_INTERVAL
"""A server that is silent for so long while others are not is taken for dead (nanoseconds)."""


class ViewService(Node):
    """The one node of the view service. It is never killed; it acts only when a ping arrives."""

    def __init__(self) -> None:
        self.view = NO_VIEW
        self.acknowledged = False
        self.backup_synced = False
        self.now = 0
        """The latest time that any server may have read."""
        self.servers: dict[str, Incarnation] = {}
        """The latest incarnation of each server, in the order in which they first pinged."""
        self.lives: dict[Incarnation, tuple[int, int]] = {}
        """From when to when each of them was certainly alive, without a longer silence than DEAD."""

    def role(self) -> str:
        return "view service"

    def on_GetView(self, ctx: Context, src: str, msg: GetView) -> None:
        ctx.send(src, ViewReply(self.view, ctx.now))

    def on_Ping(self, ctx: Context, src: str, msg: Ping) -> None:
        server = msg.server
        known = self.servers.get(src)
        if known is None:
            self.servers[src] = server
        elif known != server:
            if known.epoch > server.epoch:
                return  # from an earlier life, delayed
            self.servers[src] = server
            del self.lives[known]
        self.now = ctx.now
        self.note_alive(server, msg.heard)
        self.take_report(msg)
        successor = self.next_view(server)
        if successor is not None:
            self.issue(successor)
        ctx.send(src, ViewReply(self.view, self.now))

    def note_alive(self, server: Incarnation, time: int) -> None:
        """Note that the server was alive at that time."""
        since, until = self.lives.get(server, (time, time))
        if time - until > DEAD:
            since = time
        self.lives[server] = (since, max(until, time))

    def take_report(self, ping: Ping) -> None:
        """Note what the ping says about the current view."""
        if ping.view != self.view.number:
            return
        if ping.server == self.view.primary:
            self.acknowledged = True
        elif ping.server == self.view.backup and ping.synced:
            self.acknowledged = self.backup_synced = True

    def next_view(self, pinging: Incarnation) -> View | None:
        """The view that the rules demand now, if it is not the current one."""
        view = self.view
        primary, backup = view.primary, view.backup
        if primary is None:
            return View(1, pinging, None) if self.alive(pinging) else None
        if not self.acknowledged:
            return None
        if backup is not None:
            if self.outlived(backup, by=primary):
                backup = None
            elif self.backup_synced and self.outlived(primary, by=backup):
                primary, backup = backup, None
        if backup is None and self.alive(primary):
            backup = self.idle(primary)
        if primary == view.primary and backup == view.backup:
            return None
        return View(view.number + 1, primary, backup)

    def issue(self, view: View) -> None:
        """Make the view the current one."""
        self.view = view
        self.acknowledged = self.backup_synced = False

    def idle(self, primary: Incarnation) -> Incarnation | None:
        """The first live server that could be backup next to the primary."""
        return next((server for server in self.servers.values() if server != primary and self.alive(server)), None)

    def alive(self, server: Incarnation) -> bool:
        """Whether the server has lately proved to be alive."""
        life = self.lives.get(server)
        return life is not None and self.now - life[1] <= DEAD

    def outlived(self, server: Incarnation, by: Incarnation) -> bool:
        """Whether the server has restarted, or was not heard of while the other one lived for longer than DEAD."""
        mine, other = self.lives.get(server), self.lives.get(by)
        if mine is None or other is None:
            return mine is None
        return other[1] - max(other[0], mine[1]) > DEAD
