"""What faults did: effects, whether a run was inert, and the sentences that say so."""

from collections.abc import Iterable, Sequence

from ..histories.operation import Value
from .families import PROCESSES
from .fault import NO_TARGET, Effect, Family, Fault, Unit
from .topology import from_links, sides

SECOND, MILLISECOND = 1_000_000_000, 1_000_000


def begin(unit: Unit, now: int) -> Effect:
    """The effect of a unit that starts now: its nodes are counted, messages and what is done to processes not yet."""
    ends = {node for link in unit.grudge for node in link}
    return Effect(
        unit=unit.fault.unit,
        family=unit.fault.family,
        started=now,
        targets=unit.nodes or tuple(sorted(ends)),
        count=0 if unit.fault.family in PROCESSES else len(unit.nodes),
        downgraded=unit.downgraded,
        detail=detail(unit),
    )


def inert(faults: Sequence[Fault], effects: Iterable[Effect]) -> bool:
    """Whether faults were planned and not one had an effect. A run without planned faults is never inert."""
    return bool(faults) and not any(effect.count for effect in effects)


def detail(unit: Unit) -> str:
    """The unit's targets in one phrase, such as `s1 | s2 s3 (halves)`."""
    fault = unit.fault
    if unit.operation:
        return f"{unit.operation} {in_words(unit.input)}" if unit.input is not None else NO_TARGET
    if unit.amounts:
        shown = [by(amount, fault.family) for amount in unit.amounts]
        return ", ".join(f"{name} {amount}" for name, amount in zip(unit.nodes, shown, strict=True))
    if unit.nodes:
        return " ".join(unit.nodes) + (f" for {fault.rate:.0%} of the time" if fault.family == "cpu.slow" else "")
    if not unit.grudge:
        return NO_TARGET
    if fault.family == "partition":
        return f"{cut(unit.grudge)} ({fault.shape})"
    links = "all" if fault.on == "all" else len(unit.grudge)
    which = f" of {' '.join(filter(None, (fault.type, fault.shape)))}" if fault.type or fault.shape else ""
    if fault.bandwidth:
        return f"{fault.bandwidth / 1000:,.1f} kB/s{which} on {links} links"
    if fault.jitter:
        return f"{milliseconds(fault.delay)} ± {milliseconds(fault.jitter)}{which} on {links} links"
    rate = f"{fault.rate:.1%}" if fault.rate else "all"
    most = f" by up to {milliseconds(fault.delay)}" if fault.delay else ""
    return f"{rate}{which}{most} on {links} links"


def by(amount: int, family: Family) -> str:
    """How wrong a clock goes: `+0.5%` or `-20 ms`."""
    if family == "clock.drift":
        return f"{amount / SECOND:+.2%}"
    return ("+" if amount > 0 else "-") + milliseconds(abs(amount))


def milliseconds(time: int) -> str:
    """A length of time (nanoseconds) in short, such as `3.7 ms`."""
    return f"{time / MILLISECOND:.1f}".removesuffix(".0") + " ms"


def in_words(given: Value) -> str:
    """The input of an operation: `s1 s2` for a tuple."""
    return " ".join(map(str, given)) if isinstance(given, tuple) else str(given)


def cut(links: tuple[tuple[str, str], ...]) -> str:
    """Links (src, dst) that drop, in short: `s1 | s2 s3` for sides, `s2 s3 → s1` for one way, pairs otherwise."""
    found = sides(from_links(links))
    if found:
        return " | ".join(" ".join(side) for side in found)
    senders, receivers = sorted({src for src, _ in links}), sorted({dst for _, dst in links})
    if len(links) == len(senders) * len(receivers):
        return f"{' '.join(senders)} → {' '.join(receivers)}"
    both_ways = [f"{src}–{dst}" for src, dst in links if src < dst and (dst, src) in links]
    one_way = [f"{src} → {dst}" for src, dst in links if (dst, src) not in links]
    return ", ".join((*both_ways, *one_way))


def sentence(effect: Effect) -> str:
    """One line, such as `partition s1 | s2 s3 (halves) from 1.200 s to 1.900 s: 34 messages dropped`."""
    if effect.started is None:
        return f"{effect.family}: never fired"
    until = "on" if effect.stopped is None else f"to {effect.stopped / SECOND:.3f} s"
    note = f" ({effect.downgraded})" if effect.downgraded else ""
    return f"{effect.family} {effect.detail} from {effect.started / SECOND:.3f} s {until}: {effect.done}{note}"
