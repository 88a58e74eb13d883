"""What a handler of a simulated node may do (systems/node.py: Context)."""

import random
from typing import TYPE_CHECKING, Final, NoReturn, get_args

from ....errors import ContractError
from ....histories.event import Invocation
from ....histories.operation import Outcome, Value
from ....systems.codec import check_value
from ....systems.node import Context, Message
from ....systems.storage import NodeStorage

if TYPE_CHECKING:
    from .host import Host, Part

SEND: Final = 0
SET: Final = 1
ANSWER: Final = 2

OUTCOMES = get_args(Outcome)


class NodeContext:
    """One part of one node, for one epoch. What a handler asks for is collected in the node's outputs."""

    def __init__(self, host: "Host", part: "Part") -> None:
        self.id = host.name
        self.epoch = host.epoch
        self._host = host
        self._part = part
        self._prefix = f"{part.path}/" if part.path else ""
        self.storage = NodeStorage(host.disk, self._prefix, self._sync)

    @property
    def now(self) -> int:
        """The node's clock: the world's."""
        return self._host.clock.now

    @property
    def random(self) -> random.Random:
        """The node's own stream."""
        return self._host.random

    def send(self, dst: str, msg: Message) -> None:
        """Put a message among the handler's outputs."""
        host = self._host
        link = host.links.get(dst)
        if link is None:
            raise ContractError(f"no node is called {dst!r}: there are {', '.join(host.links)}")
        key = link.keys.get(type(msg))
        if key is None:
            key = link.key_of(type(msg))
        host.outputs.append((SEND, link, msg, self._part.path, key))

    def set_timer(self, name: str, delay: int, *args: Value) -> None:
        """Forget a timer of that name now; the new one runs from the moment at which the outputs leave."""
        function = self._part.timers.get(name)
        if function is None:
            function = self._part.timer(name)
        if type(delay) is not int or delay < 0:
            raise ContractError(f"timer {name!r}: the delay is {delay!r}, not a number of nanoseconds (int, 0 or more)")
        host = self._host
        host.tickets += 1
        key = self._prefix + name
        host.timers[key] = (host.tickets, self._part, function, args)
        host.outputs.append((SET, key, host.tickets, delay))

    def cancel_timer(self, name: str) -> None:
        """Forget a timer, whether it runs already or waits to be set."""
        self._host.timers.pop(self._prefix + name, None)

    def complete(self, op: Invocation, outcome: Outcome, output: Value = None, error: str | None = None) -> None:
        """Put an answer among the handler's outputs."""
        if not self._host.is_client:
            raise ContractError(f"ctx.complete is for clients; {self.id} is a server")
        if outcome not in OUTCOMES:
            raise ContractError(f"{outcome!r} is no outcome: say ok, fail or info")
        if not isinstance(error, str | None):
            raise ContractError(f"the error is a {type(error).__name__}: say it in words, or None")
        check_value(output, f"the output of {op.f}")
        self._host.outputs.append((ANSWER, op, outcome, output, error))

    def log(self, text: str) -> None:
        """Write a line to the node's log at once."""
        self._host.write(text)

    def sub(self, name: str) -> Context:
        """The context of a nested node."""
        part = self._host.parts.get(self._prefix + name)
        if part is None:
            raise ContractError(f"there is no nested node {name!r}: put it into self.subnodes before start")
        return part.context

    @property
    def outer(self) -> Context:
        """The context of the node around this nested one."""
        path = self._part.path
        if not path:
            raise ContractError(f"{self.id} is not nested in another node")
        return self._host.parts[path.rpartition("/")[0]].context

    def _sync(self) -> None:
        self._host.mark = self._host.disk.mark()

    def __reduce__(self) -> NoReturn:
        raise ContractError(f"{self.id} keeps its ctx in an attribute: use the ctx that each handler is passed")
