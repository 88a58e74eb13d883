"""A client of a database: a thread that carries out one operation at a time."""

import threading
from collections.abc import Callable, Mapping
from queue import SimpleQueue

from ....errors import ContractError, SplitbrainError
from ....histories.event import Invocation
from ....systems.database import Connection, Refused, Unknown
from ....systems.node import Node
from ...actions import Completed
from ..faults import Wire

READS = frozenset({"read", "get"})
"""Operations that change nothing: whether they have happened does not matter."""
REST = 0.05
"""Seconds for which a client rests that has found nobody, so that it does not use up the operations of the others."""


class Client:
    """A client, which asks one server. `connect` makes a connection, `tell` is given answers and unforeseen errors."""

    is_client = True
    up = True
    blocked = False
    role = ""
    node = Node()

    def __init__(
        self, name: str, connect: Callable[[], Connection], tell: Callable[[Completed | BaseException], None]
    ) -> None:
        self.name = name
        self.stopped_by: int | None = None
        self.links: Mapping[str, Wire] = {}
        self.open: int | None = None
        self._connect = connect
        self._tell = tell
        self._worker = _Worker(connect, self._answer)

    def believes(self) -> str:
        """Clients have no roles."""
        return ""

    def invoke(self, op: Invocation) -> None:
        """Carry out an operation."""
        self.open = op.operation
        self._worker.queue.put(op)

    def discard(self) -> None:
        """Give up what it does, and start afresh."""
        self.open = None
        self._worker.give_up()
        self._worker = _Worker(self._connect, self._answer)

    def close(self) -> None:
        """End it."""
        self._worker.give_up()

    def _answer(self, what: Completed | BaseException) -> None:
        if isinstance(what, Completed) and what.operation == self.open:
            self.open = None
        if isinstance(what, Exception) and not isinstance(what, SplitbrainError):
            what = ContractError(f"client {self.name}: {type(what).__name__}: {what}")
        self._tell(what)


class _Worker:
    """The thread, and the connection that it has."""

    def __init__(self, connect: Callable[[], Connection], tell: Callable[[Completed | BaseException], None]) -> None:
        self.queue: SimpleQueue[Invocation | None] = SimpleQueue()
        self._connect = connect
        self._tell = tell
        self._connection: Connection | None = None
        self._given_up = False
        self._rest = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()

    def give_up(self) -> None:
        """End the thread, even while it waits for an answer."""
        self._given_up = True
        self._rest.set()
        self.queue.put(None)
        self._disconnect()

    def _run(self) -> None:
        while (op := self.queue.get()) is not None:
            try:
                answer: Completed | BaseException = self._carry_out(op)
            except BaseException as error:
                answer = error
            if not self._given_up:
                self._tell(answer)
        self._disconnect()

    def _carry_out(self, op: Invocation) -> Completed:
        try:
            if self._connection is None:
                self._connection = self._connect()
        except OSError as error:
            self._rest.wait(REST)
            return Completed(op.operation, "fail", error=f"no connection: {_words(error)}")
        try:
            return Completed(op.operation, "ok", self._connection.invoke(op))
        except Refused as error:
            return Completed(op.operation, "fail", error=_words(error))
        except (Unknown, OSError) as error:
            self._disconnect()
            return Completed(op.operation, "fail" if op.f in READS else "info", error=_words(error))

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _words(error: BaseException) -> str:
    return str(error) or type(error).__name__
