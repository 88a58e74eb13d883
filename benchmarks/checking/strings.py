"""Histories of a string that clients append to and read, by size and seed."""

from heapq import heappop, heappush
from random import Random

from splitbrain.histories.event import Completion, Event, Invocation
from splitbrain.histories.history import History


def appends(operations: int, clients: int, seed: int = 1) -> History:
    """Half appends of a text of their own, half gets, on one key; each takes effect at a moment while it is open."""
    random = Random(seed)
    moments: list[tuple[int, int, int, str]] = []
    for client in range(clients):
        _schedule(moments, random, client, client, 0)
    events: list[Event] = []
    string, invoked = "", clients
    is_get: dict[int, bool] = {}
    found: dict[int, str] = {}
    while moments:
        time, operation, client, what = heappop(moments)
        if what == "call":
            is_get[operation] = random.random() < 0.5
            f, input = ("get", None) if is_get[operation] else ("append", f"x {client} {operation} y")
            events.append(Invocation(operation=operation, process=client, f=f, key="k", input=input, time=time))
        elif what == "effect":
            if is_get[operation]:
                found[operation] = string
            else:
                string += f"x {client} {operation} y"
        else:
            output = found.pop(operation, None)
            events.append(Completion(operation=operation, process=client, outcome="ok", output=output, time=time))
            if invoked < operations:
                _schedule(moments, random, invoked, client, time)
                invoked += 1
    return History.from_events(events)


def _schedule(moments: list[tuple[int, int, int, str]], random: Random, operation: int, client: int, now: int) -> None:
    call = now + 1 + int(random.expovariate(1 / 20_000))
    end = call + 100_000 + int(random.expovariate(1 / 900_000))
    for time, what in ((call, "call"), (random.randint(call + 1, end - 1), "effect"), (end, "return")):
        heappush(moments, (time, operation, client, what))
