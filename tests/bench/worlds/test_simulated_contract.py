"""What nodes may not do: each is an error of one line that says who did what, when, and what to do instead."""

import datetime
import random
import threading
import time
import uuid
from collections.abc import Callable
from time import monotonic

import pytest
from scripted import MODEL, MS, World

from splitbrain.bench.worlds.simulated import Simulation
from splitbrain.errors import ContractError
from splitbrain.systems.node import ClientNode, Context, Message, Node
from splitbrain.systems.system import Deployment


class Hello(Message, frozen=True):
    number: int


class Idle(ClientNode):
    pass


def simulate(node: Callable[[], Node], *, codec: bool = False, pickle_nodes: bool = False) -> Simulation:
    """A world of two such nodes that ran for ten milliseconds."""
    deployment = Deployment({"s1": node, "s2": node}, {"s1": "server", "s2": "server"}, Idle)
    sim = Simulation(deployment, 1, 1, model=MODEL, codec=codec, pickle_nodes=pickle_nodes)
    sim.advance(10 * MS)
    return sim


class Calls(Node):
    """Greets s2, which then calls something."""

    def start(self, ctx: Context) -> None:
        ctx.send("s2", Hello(1))

    def on_Hello(self, ctx: Context, src: str, msg: Hello) -> None:
        self.call(ctx)

    def call(self, ctx: Context) -> None:
        raise ValueError("no")


def test_an_exception_in_a_handler_is_one_line_and_its_traceback_in_the_nodes_log() -> None:
    deployment = Deployment({"s1": Calls, "s2": Calls}, {}, Idle)
    sim = Simulation(deployment, 0, 1, model=MODEL)
    with pytest.raises(ContractError, match=r"^s2: Calls\.on_Hello at \d+ ns: ValueError: no$"):
        sim.advance(10 * MS)
    assert any("raise ValueError" in line for line in sim.logs["s2"])


FORBIDDEN: dict[str, Callable[[], object]] = {
    "time.time": lambda: vars(time)["time"](),
    "time.sleep": lambda: vars(time)["sleep"](0),
    "random.random": lambda: vars(random)["random"](),
    "uuid.uuid4": lambda: vars(uuid)["uuid4"](),
    "starting a thread": lambda: threading.Thread(target=print).start(),
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_the_machines_clock_randomness_and_threads_are_refused_in_handlers_only(what: str) -> None:
    class Impure(Calls):
        def call(self, ctx: Context) -> None:
            FORBIDDEN[what]()

    with pytest.raises(ContractError, match=rf"s2: .*: {what} would make the run unrepeatable: (use ctx|build)"):
        simulate(Impure)
    if what != "starting a thread":
        FORBIDDEN[what]()
    assert "stub" not in repr((time.time, random.random, uuid.uuid4))


def test_another_threads_use_of_them_is_its_own_affair() -> None:
    inside, outside = threading.Event(), threading.Event()
    times: list[float] = []

    def elsewhere() -> None:
        inside.wait(10)
        times.append(time.time())
        outside.set()

    class Waits(Calls):
        def call(self, ctx: Context) -> None:
            inside.set()
            outside.wait(10)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    simulate(Waits)
    thread.join()
    assert len(times) == 1


def helper() -> float:
    return monotonic()


class ByName(Node):
    def start(self, ctx: Context) -> None:
        helper()


class ByDate(Node):
    def start(self, ctx: Context) -> None:
        datetime.datetime.now()


def test_references_taken_before_are_found_in_the_code() -> None:
    with pytest.raises(ContractError, match=r"^helper calls time\.monotonic, .*: use ctx\.now"):
        simulate(ByName)
    with pytest.raises(ContractError, match=r"^ByDate\.start calls datetime\.now, .*: use ctx\.now"):
        simulate(ByDate)


class Lists(Message, frozen=True):
    items: list[int]


class Nested(Message, frozen=True):
    inner: tuple[Lists, ...]


class Melts(Message, frozen=False):  # type: ignore[misc]
    number: int


def takes(message: type[Message], name: str | None = None) -> type[Node]:
    """A class of nodes whose only handler takes this message, under this name."""

    def handler(self: Node, ctx: Context, src: str, msg: Message) -> None: ...

    handler.__annotations__["msg"] = message
    return type("Taker", (Node,), {name or f"on_{message.__name__}": handler})


@pytest.mark.parametrize(
    ("node", "error"),
    [
        (takes(Lists), r"Lists\.items is a list\[int\]; allowed are int, "),
        (takes(Nested), r"Lists\.items is a list\[int\]"),
        (takes(Melts), r"Melts is not frozen"),
        (takes(Hello, "on_hello"), r"Taker\.on_hello takes a Hello: call it on_Hello"),
        (takes(Message), r"Taker\.on_Message: annotate its last parameter"),
        (type("Taker", (Node,), {"on_Hello": lambda self, ctx: None}), r"Taker\.on_Hello must take \(self, ctx, src"),
        (type("Taker", (Node,), {"on_Hello": 3}), r"Taker\.on_Hello is not a method"),
    ],
)
def test_handlers_and_messages_are_checked_when_the_world_is_made(node: type[Node], error: str) -> None:
    with pytest.raises(ContractError, match=error):
        Simulation(Deployment({"s1": node}, {"s1": "server"}, Idle), 0, 1, model=MODEL)


def doing(act: Callable[[Context], object]) -> type[Node]:
    """A class of nodes that do this when they start."""

    class Doer(Node):
        def start(self, ctx: Context) -> None:
            act(ctx)

        def on_timer_fine(self, ctx: Context) -> None: ...

    return Doer


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (lambda ctx: ctx.send("s3", Hello(1)), r"s1: .*start at 0 ns: no node is called 's3': there are s1, s2, c0"),
        (lambda ctx: ctx.send("s2", Hello(1)), r"s1 sent a Hello to s2, but .*Doer has no method on_Hello"),
        (lambda ctx: ctx.send("s2", "hello"), r"s1: .*: a str cannot be sent: it is not a Message"),
        (lambda ctx: ctx.set_timer("ring", 1), r"timer 'ring' would call .*Doer\.on_timer_ring, which does not exist"),
        (lambda ctx: ctx.set_timer("fine", 0.5), r"timer 'fine': the delay is 0.5, not a number of nanoseconds"),
        (lambda ctx: ctx.set_timer("fine", -1), r"timer 'fine': the delay is -1"),
        (lambda ctx: ctx.complete(None, "ok"), r"ctx\.complete is for clients; s1 is a server"),
        (lambda ctx: ctx.storage.put("k", [1]), r"the value stored under 'k' is a list; allowed are"),
        (lambda ctx: ctx.storage.put("k", (1, {2})), r"the value stored under 'k' is a set; allowed are"),
        (lambda ctx: ctx.storage.put("k", 1 << 64), r"the value stored under 'k' is \d+, which does not fit into 64"),
        (lambda ctx: ctx.sub("inner"), r"there is no nested node 'inner'"),
        (lambda ctx: ctx.outer, r"s1 is not nested in another node"),
    ],
)
def test_calls_of_the_context_are_checked(act: Callable[[Context], object], error: str) -> None:
    with pytest.raises(ContractError, match=error):
        simulate(doing(act))


class Keeps(Calls):
    def call(self, ctx: Context) -> None:
        self.kept = ctx


class Closes(Calls):
    def call(self, ctx: Context) -> None:
        self.kept = lambda: 1


def test_state_that_cannot_be_pickled_is_found() -> None:
    with pytest.raises(ContractError, match="s2 keeps its ctx in an attribute"):
        simulate(Keeps, pickle_nodes=True)
    with pytest.raises(ContractError, match="s2: its state cannot be pickled"):
        simulate(Closes, pickle_nodes=True)


class Huge(Calls):
    def start(self, ctx: Context) -> None:
        ctx.send("s2", Hello(1 << 70))

    def call(self, ctx: Context) -> None: ...


class Mistyped(Huge):
    def start(self, ctx: Context) -> None:
        ctx.send("s2", Hello("one"))  # type: ignore[arg-type]


def test_messages_that_do_not_hold_what_they_say_are_found() -> None:
    with pytest.raises(ContractError, match=r"s1 sent .*\.Hello to s2 at \d+ ns that has no encoding"):
        simulate(Huge).event_log_hash()
    with pytest.raises(ContractError, match=r"s1 at 0 ns: .*Hello\(number=\d+\) cannot be encoded"):
        simulate(Huge, codec=True)
    with pytest.raises(ContractError, match=r"s1 at 0 ns: a .*\.Hello was sent .*Expected `int`, got `str`"):
        simulate(Mistyped, codec=True)


def test_a_wrong_step_of_a_client_names_the_client() -> None:
    world = World()
    with pytest.raises(ContractError, match=r"^c0: Teller\.on_invoke at 0 ns: no node is called 's9'"):
        world.tell("s9", "say hello")
