"""The heart of the simulator: a heap of events in virtual time, and the nodes that handle them one by one."""

import heapq
import traceback
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any, Final

from ....errors import ContractError, UsageError
from ....histories.event import Invocation
from ....histories.operation import Outcome, Value
from ....nemesis.fault import Effect, Family, Fault, Moment
from ....systems.codec import Codec
from ....systems.node import ClientNode, Message
from ....systems.storage import Disk
from ....systems.system import Broken, Monitor
from ...actions import Completed, InvariantBroken, Report
from ..disks import after_kill
from .context import SEND, SET
from .host import Handler, Held, Host, Outputs
from .log import CHUNK, EventLog
from .network import JITTER, STEPS, Link, NetworkProfile, Parcel, chance, log_uniform, pick

_MESSAGE: Final = 0
_TIMER: Final = 1
_SYNC: Final = 2
_CALL: Final = 3

STANDSTILL: Final = 100
"""After so many chunks of the event log within one instant, time is taken to stand still."""


class Engine:
    """Runs the hosts. `now` is the time in nanoseconds, `reports` what happened that the runner must know."""

    def __init__(
        self,
        hosts: Mapping[str, Host],
        root: int,
        *,
        network: NetworkProfile,
        monitors: Sequence[Monitor],
        log: EventLog,
        pickle_nodes: bool,
    ) -> None:
        self.now = 0
        self._hosts = hosts
        self.reports: list[Report] = []
        self.codec: Codec | None = None
        self._heap: list[tuple[Any, ...]] = []
        self._sequence = 0
        self._log = log
        self._pending = log.pending
        self._root = root
        self._delays = log_uniform(network.fastest, network.slowest)
        self._syncs = log_uniform(network.fastest_sync, network.slowest_sync)
        self._monitors: dict[type, tuple[_Watch, ...]] = {}
        for watch in map(_Watch, monitors):
            for wanted in watch.events:
                self._monitors[wanted] = (*self._monitors.get(wanted, ()), watch)
        self._pickle_nodes = pickle_nodes
        self._watched = pickle_nodes or bool(monitors)
        self._standstill = 0

    def attach(
        self,
        armed: Sequence[object],
        fire: Callable[[Moment, str, Host], None],
        administered: Callable[[Invocation, Outcome, Value, str | None], None],
    ) -> None:
        """Call `fire` at every moment that a trigger may wait for, as long as something is armed, and `administered`
        with the answer to an administrative operation: those have negative numbers."""
        self._armed, self._fire, self._administered = armed, fire, administered

    def standstill(self) -> AbstractContextManager[None]:
        """Between two events, all nodes do."""
        return nullcontext()

    def run(self, until: int) -> None:
        """Handle events in order, up to a time or to the first that is to be reported."""
        heap, hosts, pending, reports = self._heap, self._hosts, self._pending, self.reports
        pop, deliver = heapq.heappop, self._deliver
        while heap:
            event = pop(heap)
            time = event[0]
            if time > until:
                heapq.heappush(heap, event)
                return
            self.now = time
            kind = event[2]
            if kind == _MESSAGE:
                _, _, _, link, message, path, sent = event
                if link.cuts:
                    fate = link.drop((event[1], message, path, sent))
                    pending.append((time, fate, link.dst, link.src, message, sent))
                else:
                    deliver(hosts[link.dst], link.src, message, path, sent)
            elif kind == _TIMER:
                self._expire(*event[3:])
            elif kind == _SYNC:
                self._synced(*event[3:])
            else:
                event[3](*event[4])
            if len(pending) >= CHUNK:
                self._check_progress()
                self._log.flush()
            if reports:
                return

    def invoke(self, host: Host, op: Invocation) -> None:
        """Hand an operation to a client."""
        host.open = op.operation
        if self._armed and op.operation >= 0:
            self._fire("invoke", op.f, host)
        self._note("invoke", host, op)
        node = host.node
        assert isinstance(node, ClientNode)
        self._handle(host, type(node).on_invoke, node, host.parts[""].context, op)
        self._settle(host, op)

    def start(self, host: Host) -> None:
        """Boot a node, nested nodes first, as one handler."""
        parts = host.boot()
        self._note("start", host, host.epoch)
        for part in parts:
            self._handle(host, type(part.instance).start, part.instance, part.context)
        self._settle(host, "start")

    def call(self, delay: int, function: Callable[..., None], *arguments: object) -> None:
        """Call the function that much later, between two events."""
        self._sequence += 1
        heapq.heappush(self._heap, (self.now + delay, self._sequence, _CALL, function, arguments))

    def kill(self, host: Host, family: Family = "kill") -> None:
        """Take a node's memory, timers and held outputs, and of its unsynced writes none or all after some point.

        Families of disk faults take the disk, or keep any of the unsynced writes, the last one perhaps in part.
        """
        draw = partial(chance, zlib.crc32(host.name.encode()), host.epoch, self._root)
        unsynced = host.disk.unsynced
        host.disk = after_kill(host.disk, family, draw)
        host.stop()
        self._note("kill", host, unsynced)

    def hamper(self, host: Host, fault: Fault, effect: Effect) -> None:
        """Nodes are no processes: there is nothing to hamper."""
        raise UsageError(f"faults: the simulated world has no processes for {fault.family}")

    def relieve(self, host: Host, unit: int) -> None:
        """Nothing: no unit hampers nodes."""

    def drift(self, host: Host, gain: int) -> None:
        """Have a node's clock run faster than time, by parts per billion, from now on; its timers run on it."""
        clock = host.go_wrong()
        mine = [index for index, event in enumerate(self._heap) if event[2] == _TIMER and event[3] is host]
        left = [clock.passes(self._heap[index][0] - self.now) for index in mine]
        clock.run(gain)
        for index, time in zip(mine, left, strict=True):
            self._heap[index] = (self.now + clock.takes(time), *self._heap[index][1:])
        heapq.heapify(self._heap)
        self._note("clock", host, gain)

    def jump(self, host: Host, step: int) -> None:
        """Have a node's clock step; its timers do not notice."""
        host.go_wrong().step += step
        self._note("clock", host, step)

    def forward(self, link: Link, unit: int, parcels: Sequence[Parcel]) -> None:
        """Send what the unit kept back on its way."""
        for number, (sequence, message, path, sent) in enumerate(parcels):
            if link.cuts and link.reliable:
                link.drop((sequence, message, path, sent))
                continue
            due = self.now + pick(self._delays, link.keys[type(message)][0], unit, number, self._root)
            self._sequence += 1
            place = link.in_order(due) if link.ordered else due
            heapq.heappush(self._heap, (place, self._sequence, _MESSAGE, link, message, path, sent))

    def discard(self, host: Host) -> None:
        """Throw a client away, with what it stored, and start a fresh one."""
        host.stop()
        host.disk = Disk()
        host.open = None
        self.start(host)

    def pause(self, host: Host) -> None:
        """Stop a node; what comes for it waits."""
        host.blocked = True
        self._note("pause", host, None)

    def resume(self, host: Host) -> None:
        """Let a node go on with what it was about to send, and then with what came meanwhile, in order."""
        host.blocked = False
        self._note("resume", host, None)
        self._drain(host)
        while host.backlog and not host.blocked:
            waiting = len(host.backlog)
            method, arguments = host.backlog.popleft()
            method(*arguments)
            if host.blocked and len(host.backlog) == waiting:
                host.backlog.rotate(1)  # Paused again before it was handled: it is still the first.

    def _deliver(self, host: Host, src: str, message: Message, path: str, sent: int) -> None:
        if self._armed and not host.blocked:
            self._fire("deliver", _type_of(message), host)
        if host.blocked:
            return self._miss(host, src, message, path, sent)
        self._pending.append((self.now, "deliver", host.name, src, message, sent))
        try:
            part = host.parts[path]
            handler = part.handlers[type(message)]
        except KeyError:
            raise self._unhandled(host, src, message, path) from None
        try:
            handler(part.instance, part.context, src, message)
        except Exception as error:
            raise self._failed(host, handler, error) from error
        self._settle(host, message)
        return None

    def _miss(self, host: Host, src: str, message: Message, path: str, sent: int) -> None:
        """A message for a node that is paused waits; for one that is down, it is lost."""
        if host.parts:
            host.backlog.append((self._deliver, (host, src, message, path, sent)))
        else:
            self._pending.append((self.now, "drop", host.name, src, message, sent))

    def _expire(self, host: Host, name: str, ticket: int) -> None:
        timer = host.timers.get(name)
        if timer is None or timer[0] != ticket:
            return
        if host.blocked:
            host.backlog.append((self._expire, (host, name, ticket)))
            return
        del host.timers[name]
        self._note("timer", host, name)
        _, part, function, arguments = timer
        self._handle(host, function, part.instance, part.context, *arguments)
        self._settle(host, name)

    def _synced(self, host: Host, epoch: int, mark: int) -> None:
        if host.epoch != epoch or not host.parts:
            return
        host.disk.finish(mark)
        self._note("sync", host, mark)
        entry = next(entry for entry in host.held if entry.waiting)
        entry.waiting = False
        self._fire("sync_done", _type_of(entry.event), host)
        self._drain(host)

    def _handle(self, host: Host, function: Handler, *arguments: Any) -> None:
        try:
            function(*arguments)
        except Exception as error:
            raise self._failed(host, function, error) from error

    def _settle(self, host: Host, event: object) -> None:
        """After a handler: let its outputs go, or hold them."""
        if self._watched or self._armed:
            self._watch(host, event)
        if host.mark is not None or host.held or host.blocked:
            self._hold(host, event)
        elif self._armed:
            self._release(host, host.outputs)
        elif host.outputs:
            self._emit(host, host.outputs)

    def _watch(self, host: Host, event: object) -> None:
        if self._pickle_nodes:
            host.restore()
        if host.is_client:
            return
        watches = self._monitors.get(type(event))
        if watches:
            self._monitor(watches, host, event)
        role = host.believes() if self._armed else host.role
        if role != host.role:
            host.role = role
            self._fire("role", role, host)

    def _emit(self, host: Host, outputs: Outputs) -> None:
        now, root, heap, delays, push = self.now, self._root, self._heap, self._delays, heapq.heappush
        sequence = self._sequence
        for output in outputs:
            kind = output[0]
            if kind == SEND:
                _, link, message, path, key = output
                identity, n = key
                key[1] = n + 1
                if self.codec is not None:
                    message = self._copied(host, message)
                draw = hash((identity, n, root))
                due = now + delays[draw & STEPS] + (draw >> 12 & JITTER)
                if link.faulty:
                    extras = link.copies((sequence, message, path, now), _type_of(message), identity, n, root)
                    if isinstance(extras, str):
                        sequence += 1
                        self._pending.append((now, extras, link.dst, link.src, message, now))
                        continue
                    due += extras[0]
                    for extra in extras[1:]:
                        sequence += 1
                        copy = link.in_order(due + extra) if link.ordered else due + extra
                        push(heap, (copy, sequence, _MESSAGE, link, message, path, now))
                if link.ordered:
                    due = link.in_order(due)
                sequence += 1
                push(heap, (due, sequence, _MESSAGE, link, message, path, now))
            elif kind == SET:
                _, name, ticket, delay = output
                if host.wrong is not None:
                    delay = host.wrong.takes(delay)
                sequence += 1
                push(heap, (now + delay, sequence, _TIMER, host, name, ticket))
            else:
                self._answer(host, *output[1:])
        self._sequence = sequence
        outputs.clear()

    def _release(self, host: Host, outputs: Outputs) -> None:
        """Emit one by one, where a trigger may strike in between; what a paused node has not sent yet, it keeps."""
        for position, output in enumerate(outputs):
            sends = output[0] == SEND
            if sends:
                self._fire("before_send", _type_of(output[2]), host)
            if not host.blocked:
                self._emit(host, [output])
                position += 1
                if sends:
                    self._fire("after_send", _type_of(output[2]), host)
            if host.blocked:
                if host.parts and outputs[position:]:
                    host.held.appendleft(Held(False, outputs[position:], None))
                break
        outputs.clear()

    def _hold(self, host: Host, event: object) -> None:
        if not host.parts:
            return  # it did not survive the handler
        mark, outputs = host.mark, host.outputs
        host.mark, host.outputs = None, []
        if mark is None and not outputs:
            return
        host.held.append(Held(mark is not None, outputs, event))
        if mark is None:
            return
        latency = pick(self._syncs, zlib.crc32(host.name.encode()), host.syncs, self._root)
        host.syncs += 1
        host.last_sync = max(host.last_sync, self.now + latency)
        self._sequence += 1
        heapq.heappush(self._heap, (host.last_sync, self._sequence, _SYNC, host, host.epoch, mark))
        self._fire("sync_start", _type_of(event), host)

    def _drain(self, host: Host) -> None:
        """Let go, in order, all held outputs that wait for nothing any more."""
        while host.held and not host.held[0].waiting and not host.blocked:
            self._release(host, host.held.popleft().outputs)

    def _answer(self, host: Host, op: Invocation, outcome: Any, output: Any, error: str | None) -> None:
        if op.operation != host.open:
            return None
        host.open = None
        self._note("complete", host, (op.operation, outcome, output, error))
        if op.operation < 0:
            return self._administered(op, outcome, output, error)
        self.reports.append(Completed(op.operation, outcome, output, error))
        if self._armed:
            self._fire("complete", op.f, host)
        return None

    def _monitor(self, watches: tuple["_Watch", ...], host: Host, event: object) -> None:
        node, name = host.node, host.name
        for watch in watches:
            state = watch.state
            try:
                new = watch.observe(state, event, node, name)
            except Exception as error:
                raise self._failed(host, watch.observe, error) from error
            if new is not state:
                watch.state = new
                if isinstance(new, Broken):
                    for wanted in watch.events:
                        self._monitors[wanted] = tuple(one for one in self._monitors[wanted] if one is not watch)
                    self.reports.append(InvariantBroken(watch.name, new.sentence, name))

    def _copied(self, host: Host, message: Message) -> Message:
        assert self.codec is not None
        try:
            return self.codec.decode(self.codec.encode(message))[1]
        except ContractError as error:
            raise ContractError(f"{host.name} at {self.now} ns: {error}") from error

    def _check_progress(self) -> None:
        """Raise ContractError if the nodes go on and on without any time passing."""
        first, last = self._pending[0], self._pending[-1]
        self._standstill = self._standstill + 1 if first[0] == last[0] else 0
        if self._standstill >= STANDSTILL:
            what = f"{last[1]} {last[4]}" if isinstance(last[4], str) else last[1]
            raise ContractError(
                f"{last[2]} at {last[0]} ns: more than {STANDSTILL * CHUNK:,} events without any time passing (the "
                f"last: {what}): set timers that come again with a delay above 0"
            )

    def _note(self, kind: str, host: Host, subject: object) -> None:
        self._pending.append((self.now, kind, host.name, None, subject, self.now))

    def _unhandled(self, host: Host, src: str, message: Message, path: str) -> ContractError:
        name = type(message).__name__
        if path not in host.parts:
            return ContractError(f"{src} sent a {name} to {host.name}, which has no nested node {path!r}")
        node = type(host.parts[path].instance).__qualname__
        return ContractError(f"{src} sent a {name} to {host.name}, but {node} has no method on_{name}")

    def _failed(self, host: Host, function: Callable[..., object], error: Exception) -> ContractError:
        """One line for the user; the traceback goes to the node's log."""
        for line in "".join(traceback.format_exception(error)).splitlines():
            host.write(line)
        reason = str(error) if isinstance(error, ContractError) else f"{type(error).__name__}: {error}"
        name = getattr(function, "__qualname__", str(function))
        return ContractError(f"{host.name}: {name} at {self.now} ns: {reason}")


class _Watch:
    """A monitor, and its state so far."""

    __slots__ = ("events", "name", "observe", "state")

    def __init__(self, monitor: Monitor) -> None:
        self.name = monitor.name
        self.events = monitor.events
        self.observe = monitor.observe
        self.state = monitor.initial


def _type_of(event: object) -> str:
    """What a trigger calls the event: a message's class, an operation's f, a timer's name, or "start"."""
    if isinstance(event, Invocation):
        return event.f
    return type(event).__name__ if isinstance(event, Message) else str(event)
