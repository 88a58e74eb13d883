"""How fast histories are read and written, on one core, in each format.

    python benchmarks/loading.py [--operations 100000] [--rounds 3]

One history of a register with compare-and-set, five clients, is written in every format and read again: into
operations, and JSON Lines into columns, which is all that most checks take. Times are processor time; the best of the
rounds is shown. SPLITBRAIN_KERNEL=python turns native code off.
"""

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import TypeVar

import click
import msgspec

from splitbrain.histories.formats import edn, plain
from splitbrain.histories.operation import Value
from splitbrain.histories.store import load, save

CLIENTS = 5

T = TypeVar("T")


class Line(msgspec.Struct, frozen=True):
    """An invocation or completion, in Jepsen's words."""

    index: int
    process: int
    type: str
    f: str
    value: Value
    time: int


@click.command()
@click.option("--operations", default=100_000, show_default=True)
@click.option("--rounds", default=3, show_default=True)
def main(operations: int, rounds: int) -> None:
    """Measure and print one row per format."""
    lines = list(recorded(operations))
    with TemporaryDirectory() as folder:
        path = Path(folder, "history")
        for name, text in texts(lines).items():
            path.write_text(text)
            read(name, path, len(lines) // 2 if name == "paired" else len(lines), rounds)
        history = load(path)
        for format in ("splitbrain", "jepsen"):
            row(f"write {format}", path, len(lines), *best(rounds, partial(save, history, path, format)))
            read(f"{format}, as written", path, len(lines), rounds)
        text = path.read_text()
        row("the EDN reader alone", path, len(lines), *best(rounds, lambda: sum(1 for _ in edn.elements("", text))))


def read(name: str, path: Path, lines: int, rounds: int) -> None:
    """Measure how fast the file is read."""
    row(f"read {name}", path, lines, *best(rounds, lambda: load(path).operations))
    if plain.NATIVE and name.startswith(("events", "paired", "splitbrain")):
        row("  into columns", path, lines, *best(rounds, lambda: load(path).columns))


def recorded(operations: int) -> Iterator[Line]:
    """Rounds of one operation per client, all of them at the same time."""
    random = Random(1)
    index = time = 0
    for _ in range(operations // CLIENTS):
        asked = [
            random.choice((("read", None), ("write", random.randrange(5)), ("cas", (1, 2)))) for _ in range(CLIENTS)
        ]
        for kind in ("invoke", "ok"):
            for process, (f, value) in enumerate(asked):
                time += random.randrange(1, 1000)
                answer = 3 if f == "read" and kind == "ok" else value
                yield Line(index, process, kind, f, answer, time)
                index += 1


def texts(lines: list[Line]) -> dict[str, str]:
    """The history in each foreign format of events."""
    maps = [
        f"{{:process {each.process}, :type :{each.type}, :f :{each.f}, :value {edn.write(each.value)}, "
        f":time {each.time}, :index {each.index}}}\n"
        for each in lines
    ]
    logged = [
        f"INFO  jepsen.util - {each.process}\t:{each.type}\t:{each.f}\t{edn.write(each.value)}\n" for each in lines
    ]
    objects = [msgspec.json.encode(each).decode() for each in lines]
    return {
        "jepsen": "".join(maps),
        "jepsen, in a vector": f"[{''.join(maps)}]",
        "jepsen-log": "".join(logged),
        "elle": f"[{','.join(objects)}]",
        "elle, in lines": "\n".join(objects),
        "events": "\n".join(objects).replace('"time"', '"t"'),
        "paired": "\n".join(paired(lines)),
    }


def paired(lines: list[Line]) -> Iterator[str]:
    """The operations, in the order in which they return."""
    called: dict[int, Line] = {}
    for line in lines:
        if line.type == "invoke":
            called[line.process] = line
            continue
        asked = called[line.process]
        row = {"client": line.process, "op": line.f, "key": "x", "in": asked.value, "out": line.value}
        yield msgspec.json.encode(row | {"call": asked.time, "return": line.time}).decode()


def best(rounds: int, work: Callable[[], T]) -> tuple[float, T]:
    """The shortest time that the work took, in seconds, and what came of it."""
    times: list[float] = []
    for _ in range(rounds):
        begun = time.process_time()
        result = work()
        times.append(time.process_time() - begun)
    return min(times), result


def row(name: str, path: Path, lines: int, seconds: float, _result: object) -> None:
    """Print what was measured of the file."""
    size = path.stat().st_size / 1e6
    click.echo(f"{name:28} {size:6.1f} MB {seconds:6.2f} s {size / seconds:6.1f} MB/s {lines / seconds:9.0f} lines/s")


if __name__ == "__main__":
    main()
