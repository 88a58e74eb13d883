"""Histories drawn by Hypothesis."""

from hypothesis import strategies as st

from splitbrain.histories.event import Completion, Event, Invocation, NemesisEvent
from splitbrain.histories.history import History
from splitbrain.histories.operation import Outcome, Value

SMALL = st.integers(0, 3)
TEXT = st.text(max_size=5)
ATOMS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT
VALUES: st.SearchStrategy[Value] = st.recursive(
    ATOMS, lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=4
)
OUTCOMES: st.SearchStrategy[Outcome] = st.sampled_from(("ok", "fail", "info"))
KEYS: st.SearchStrategy[Value] = st.none() | st.integers() | TEXT | st.tuples(TEXT, st.integers())


FUNCTIONS = st.sampled_from(("read", "write", "cas", "append", "enqueue")) | TEXT


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Any well-formed history: threads that invoke, complete, give up and go on as fresh processes, and a nemesis."""
    events: list[Event] = []
    waiting: dict[int, tuple[int, int]] = {}
    processes = {thread: thread for thread in range(4)}
    time = 0
    for thread in draw(st.lists(st.integers(-1, 3), max_size=30)):
        time += draw(SMALL)
        if thread == -1:
            unit, detail = draw(st.none() | SMALL), draw(st.none() | TEXT)
            events.append(NemesisEvent(what="start", time=time, unit=unit, targets=("s1",), detail=detail))
        elif thread in waiting:
            operation, process = waiting.pop(thread)
            outcome = draw(OUTCOMES)
            output, error = draw(VALUES), draw(st.none() | TEXT)
            events.append(
                Completion(operation=operation, process=process, outcome=outcome, output=output, time=time, error=error)
            )
            if outcome == "info":
                processes[thread] += 4
        else:
            operation, process = len(events), processes[thread]
            waiting[thread] = operation, process
            f, key = draw(FUNCTIONS), draw(KEYS)
            asked = draw(st.tuples(VALUES, VALUES) if f == "cas" else VALUES)
            events.append(Invocation(operation=operation, process=process, f=f, key=key, input=asked, time=time))
    return History.from_events(events, draw(st.lists(TEXT, max_size=2)))
