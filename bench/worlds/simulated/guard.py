"""Keeps handlers to their ctx: the clock, randomness and threads of the machine are errors inside a simulation.

While the simulation advances, such functions are replaced in their modules by ones that raise ContractError, for the
simulating thread only. References that a node's module took before (`from time import time`), and what cannot be
replaced (`datetime.now`), are found by a look at the code of its handlers.
"""

import _thread
import datetime
import dis
import os
import random
import threading
import time
import types
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from ....errors import ContractError
from ....systems.node import Node

_CLOCK = "use ctx.now, nanoseconds"
_RANDOM = "use ctx.random, which is seeded"
_NAME = "build a name from ctx.id, ctx.epoch and a counter"
_LATER = "use ctx.set_timer; a node is single-threaded"

_FORBIDDEN: dict[types.ModuleType, tuple[tuple[str, str], ...]] = {
    time: (
        *((name, _CLOCK) for name in ("time", "time_ns", "monotonic", "monotonic_ns")),
        *((name, _CLOCK) for name in ("perf_counter", "perf_counter_ns")),
        ("sleep", _LATER),
    ),
    random: tuple(
        (name, _RANDOM)
        for name in (
            *("random", "randint", "randrange", "choice", "choices", "shuffle", "sample", "uniform", "getrandbits"),
            *("randbytes", "seed", "gauss", "expovariate"),
            "_urandom",  # what random.SystemRandom and the module secrets draw from
        )
    ),
    os: (("urandom", _RANDOM),),
    uuid: (("uuid1", _NAME), ("uuid4", _NAME)),
    threading: (("_start_new_thread", _LATER), ("_start_joinable_thread", _LATER)),
}


class Guard:
    """Raises ContractError for what handlers may not call, between `enter` and `leave`."""

    def __init__(self) -> None:
        self._thread: int | None = None
        self._replace: list[tuple[Callable[[dict[str, Any]], None], dict[str, Any]]] = []
        self._restore: list[tuple[Callable[[dict[str, Any]], None], dict[str, Any]]] = []
        for module, names in _FORBIDDEN.items():
            space = vars(module)
            originals = {name: space[name] for name, _ in names if name in space}
            stubs = {name: self._stub(module, name, space[name], way) for name, way in names if name in space}
            self._replace.append((space.update, stubs))
            self._restore.append((space.update, originals))

    def enter(self) -> None:
        """Handlers run from here on."""
        self._thread = _thread.get_ident()
        for update, stubs in self._replace:
            update(stubs)

    def leave(self) -> None:
        """Handlers are done; everything is as it was."""
        for update, originals in self._restore:
            update(originals)
        self._thread = None

    def _stub(self, module: types.ModuleType, name: str, original: Callable[..., Any], way: str) -> Callable[..., Any]:
        def stub(*args: Any, **kwargs: Any) -> Any:
            if _thread.get_ident() == self._thread:
                raise ContractError(f"{_title(module, name)} would make the run unrepeatable: {way}")
            return original(*args, **kwargs)

        return stub


def check_code(node: type[Node]) -> None:
    """Raise ContractError if a method of the node, or a function of its module that it calls, refers to something that
    handlers may not call."""
    for function in _functions(node):
        for value in _references(function, function.__code__):
            found = _NAMED.get(value) if isinstance(value, _CALLABLE) else None
            if found:
                raise ContractError(f"{function.__qualname__} calls {found[0]}, which cannot be repeated: {found[1]}")


def _functions(node: type[Node]) -> Iterator[types.FunctionType]:
    """The methods of a class, and the functions of the same modules that they refer to, directly or not."""
    methods = [value for base in node.__mro__ if issubclass(base, Node) for value in vars(base).values()]
    waiting = [value for value in methods if isinstance(value, types.FunctionType)]
    seen: set[types.FunctionType] = set()
    while waiting:
        function = waiting.pop()
        if function in seen:
            continue
        seen.add(function)
        yield function
        waiting += [
            value
            for value in _references(function, function.__code__)
            if isinstance(value, types.FunctionType) and value.__module__ == function.__module__
        ]


def _references(function: types.FunctionType, code: types.CodeType) -> Iterator[object]:
    """What the names and dotted names in the code stand for, as far as they lead through modules and classes."""
    value: object = None
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            value = function.__globals__.get(instruction.argval)
        elif instruction.opname in ("LOAD_ATTR", "LOAD_METHOD") and isinstance(value, (types.ModuleType, type)):
            value = getattr(value, instruction.argval, None)
        else:
            value = None
        if value is not None:
            yield value
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _references(function, constant)


def _title(module: types.ModuleType, name: str) -> str:
    if module is threading:
        return "starting a thread"
    return "the system's randomness" if name == "_urandom" else f"{module.__name__}.{name}"


_CALLABLE = (types.FunctionType, types.BuiltinFunctionType, types.MethodType)

_NAMED: dict[object, tuple[str, str]] = {
    **{
        vars(module)[name]: (_title(module, name), way)
        for module, names in _FORBIDDEN.items()
        for name, way in names
        if name in vars(module)
    },
    datetime.datetime.now: ("datetime.now", _CLOCK),
    datetime.datetime.utcnow: ("datetime.utcnow", _CLOCK),
    datetime.datetime.today: ("datetime.today", _CLOCK),
    datetime.date.today: ("date.today", _CLOCK),
}
"""What the code of a handler may not refer to: its name, and what to use instead."""
