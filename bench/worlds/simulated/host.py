"""One simulated node: its memory, its disk, its timers, and what it has yet to send."""

import pickle
import random
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any

from ....errors import ContractError
from ....histories.operation import Value
from ....systems.codec import handlers_of
from ....systems.node import Message, Node
from ....systems.storage import Disk
from ....systems.streams import stream
from .clock import Clock, WrongClock
from .context import NodeContext
from .guard import check_code
from .network import Link

Handler = Callable[..., None]
Outputs = list[tuple[Any, ...]]


class Held:
    """A handler's outputs that wait: for its own sync while `waiting`, and for earlier outputs of the node."""

    def __init__(self, waiting: bool, outputs: Outputs, event: object) -> None:
        self.waiting = waiting
        self.outputs = outputs
        self.event = event


class Part:
    """One state machine of a node: the node itself, at path "", or one nested in it."""

    def __init__(self, host: "Host", path: str, instance: Node) -> None:
        self.path = path
        self.instance = instance
        self.handlers = functions_of(type(instance))
        self.timers: dict[str, Handler] = {}
        self.context = NodeContext(host, self)

    def timer(self, name: str) -> Handler:
        """The method that a timer calls, looked up for the first time; ContractError if there is none."""
        kind = type(self.instance)
        function: Handler | None = getattr(kind, f"on_timer_{name}", None)
        if function is None:
            raise ContractError(f"timer {name!r} would call {kind.__qualname__}.on_timer_{name}, which does not exist")
        self.timers[name] = function
        return function


class Host:
    """One node as the world sees it. `make` gives its memory afresh at every boot; `world` is the right clock."""

    def __init__(self, name: str, make: Callable[[], Node], seed: int, world: Clock, is_client: bool) -> None:
        self.name = name
        self.make = make
        self.is_client = is_client
        self.clock = world
        self.wrong: WrongClock | None = None
        self._world = world
        self.epoch = -1
        self.disk = Disk()
        self.links: dict[str, Link] = {}
        self.lines: list[str] = []
        self.stopped_by: int | None = None
        self.syncs = 0
        self.tickets = 0
        self.open: int | None = None
        self._seed = seed
        self.stop()

    @cached_property
    def random(self) -> random.Random:
        """The node's own stream, seeded when it is first asked for."""
        return stream(self._seed, "node", self.name)

    @property
    def up(self) -> bool:
        """Whether it runs, paused or not."""
        return bool(self.parts)

    @property
    def node(self) -> Node:
        """The node itself; only while it is up."""
        return self.parts[""].instance

    def go_wrong(self) -> WrongClock:
        """Its clock, which is no longer the world's."""
        if self.wrong is None:
            self.clock = self.wrong = WrongClock(self._world)
        return self.wrong

    def believes(self) -> str:
        """The role that the node says it has; only while it is up."""
        try:
            return self.node.role()
        except Exception as error:
            raise ContractError(f"{self.name}: role() raised {type(error).__name__}: {error}") from error

    def stop(self) -> None:
        """Lose everything that does not survive a kill. The disk is another matter."""
        self.blocked = True
        self.parts: dict[str, Part] = {}
        self.timers: dict[str, tuple[int, Part, Handler, tuple[Value, ...]]] = {}
        self.outputs: Outputs = []
        self.mark: int | None = None
        self.last_sync = 0
        self.held: deque[Held] = deque()
        self.backlog: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()
        self.role = ""

    def boot(self) -> list[Part]:
        """Begin the next epoch with fresh memory; the parts in the order in which they must be started."""
        self.epoch += 1
        self.blocked = False
        instance = made(self.name, self.make)
        self.parts = {path: Part(self, path, node) for path, node in nested("", instance)}
        return list(reversed(self.parts.values()))

    def restore(self) -> None:
        """Replace the node's memory by its pickled copy."""
        try:
            copy = pickle.loads(pickle.dumps(self.node))
        except ContractError:
            raise
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            raise ContractError(f"{self.name}: its state cannot be pickled: {reason}") from error
        for path, node in nested("", copy):
            self.parts[path].instance = node

    def write(self, text: str) -> None:
        """Add a line to the node's log."""
        self.lines.append(f"{self._world.now / 1e9:.6f} {text}")


def made(name: str, make: Callable[[], Node]) -> Node:
    """A fresh node. Raises ContractError, naming it, if that fails."""
    try:
        return make()
    except Exception as error:
        raise ContractError(f"{name} cannot be made: {type(error).__name__}: {error}") from error


def messages_of(makers: Mapping[str, Callable[[], Node]]) -> tuple[str, ...]:
    """The names of the classes of messages that the nodes handle, nested ones among them, in order."""
    nodes = [node for name, make in makers.items() for _, node in nested("", made(name, make))]
    return tuple(sorted({message.__name__ for node in nodes for message in functions_of(type(node))}))


def functions_of(node: type[Node]) -> dict[type[Message], Handler]:
    """The handlers of a class of nodes by the message class that they take.

    Raises ContractError if the class breaks the contract in a way that can be seen without running it.
    """
    functions = _functions.get(node)
    if functions is None:
        check_code(node)
        functions = _functions[node] = {message: getattr(node, name) for message, name in handlers_of(node).items()}
    return functions


_functions: dict[type[Node], dict[type[Message], Handler]] = {}


def nested(path: str, node: Node) -> Iterator[tuple[str, Node]]:
    """The node and those nested in it, each with its path."""
    yield path, node
    for name, inner in node.subnodes.items():
        yield from nested(f"{path}/{name}" if path else name, inner)
