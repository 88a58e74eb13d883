"""A context that records what a handler does, so that a handler can be tested by itself."""

import random
from typing import Any

from splitbrain.histories.event import Invocation
from splitbrain.histories.operation import Outcome, Value
from splitbrain.systems.node import Context, Message, Storage

MS = 1_000_000


class Recorder:
    """A context whose time the test sets: `sent`, `timers` and `completed` hold what the handlers did."""

    def __init__(self, id: str, epoch: int = 0) -> None:
        self.id = id
        self.epoch = epoch
        self.now = 0
        self.random = random.Random(0)
        self.sent: list[tuple[str, Message]] = []
        self.timers: dict[str, int] = {}
        self.completed: list[tuple[int, Outcome, Value]] = []

    @property
    def storage(self) -> Storage:
        raise NotImplementedError

    def send(self, dst: str, msg: Message) -> None:
        self.sent.append((dst, msg))

    def set_timer(self, name: str, delay: int, *args: Value) -> None:
        self.timers[name] = delay

    def cancel_timer(self, name: str) -> None:
        self.timers.pop(name, None)

    def complete(self, op: Invocation, outcome: Outcome, output: Value = None, error: str | None = None) -> None:
        self.completed.append((op.operation, outcome, output))

    def log(self, text: str) -> None:
        pass

    def sub(self, name: str) -> Context:
        raise NotImplementedError

    @property
    def outer(self) -> Context:
        raise NotImplementedError

    def take(self) -> list[tuple[str, Any]]:
        """What was sent since the last time, with the receiver of each message."""
        sent, self.sent = self.sent, []
        return sent
