"""Files of histories, damaged in every way that files get damaged.

Run as a program, with a number and a seed and perhaps a folder of samples, it has so many judged by `splitbrain check`
and prints what became of them: `python tests/helpers/fuzz.py 10000 1 FOLDER`.
"""

import io
import json
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Final

from splitbrain.bench.cli.main import run
from splitbrain.errors import HistoryError
from splitbrain.histories.formats.detect import FORMATS
from splitbrain.histories.store import load

EDN: Final = """\
{:process 0, :type :invoke, :f :write, :value [1 "a\\n"], :time 5, :index 0}
#jepsen.history.Op{:process 1, :type :invoke, :f :read, :value nil, :time 6, :index 1}
{:process :nemesis, :type :info, :f :start, :value {:n1 #{"n2" "n3"}}, :time 7, :index 2}
{:process 0, :type :ok, :f :write, :value [1 "a\\n"], :time 8, :index 3}
{:process 1, :type :info, :f :read, :value nil, :error [:timeout 5.0], :time 9, :index 4}
"""
LOG: Final = """\
INFO  jepsen.core - starting
INFO  jepsen.util - 0\t:invoke\t:cas\t[1 2]
INFO  jepsen.util - 1\t:invoke\t:read\tnil
INFO  jepsen.util - 0\t:info\t:cas\t:timed-out
INFO  jepsen.util - 1\t:ok\t:read\t-3
"""
JSON: Final = """\
[{"process":0,"type":"invoke","f":"add","value":[0,7],"time":1,"index":0},
 {"process":0,"type":"ok","f":"add","value":[0,7],"time":2,"index":1},
 {"process":1,"type":"invoke","f":"read","value":[0,null],"time":3,"index":2},
 {"process":1,"type":"ok","f":"read","value":[0,[7]],"time":4,"index":3}]
"""
PAIRED: Final = """\
{"client": 5, "op": "cas", "key": "x", "in": [1, 4], "out": false, "call": 7741, "return": 7746}
{"client": "a", "op": "write", "key": "x", "in": 1.5, "out": null, "call": 7742, "return": null}
"""
EVENTS: Final = """\
{"process": 5, "type": "invoke", "f": "cas", "key": "x", "value": [1, 5], "t": 12, "node": 3}
{"process": "nemesis", "type": "fault", "f": "kill-leader", "value": "kill -9 n1", "t": 13}
{"process": 5, "type": "ok", "f": "cas", "key": "x", "value": false, "t": 14, "node": 3}
"""
OURS: Final = """\
{"format":"splitbrain","version":1}
{"type":"invoke","operation":0,"process":0,"time":123,"f":"write","key":"x","input":3,"node":"c0"}
{"type":"nemesis","what":"start","time":200,"unit":0,"fault":"partition","targets":["s1"]}
{"type":"ok","operation":0,"process":0,"time":456}
"""
SAMPLES: Final = tuple(text.encode() for text in (EDN, f"[{EDN}]", LOG, JSON, PAIRED, EVENTS, OURS))

TOKENS: Final = (
    b"\0",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b'"',
    b"\\",
    b"\n",
    b"nil",
    b"null",
    b"[",
    b"]",
    b"{",
    b"}",
    b"#_",
    b"#{",
    b":",
    b"##NaN",
    b"1e999",
    b"-1",
    b"9" * 25,
    b"9" * 5000,
    b"[" * 150,
    b"[" * 5000,
    b"{:a " * 1000,
    b'{"a":' * 1000,
    b'"\\ud83d"',
)

Damage = Callable[[Random, bytearray], None]


def _truncate(random: Random, data: bytearray) -> None:
    del data[random.randrange(len(data) + 1) :]


def _flip(random: Random, data: bytearray) -> None:
    for _ in range(random.choice((1, 1, 2, 8))):
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)


def _insert(random: Random, data: bytearray) -> None:
    place = random.randrange(len(data) + 1)
    data[place:place] = random.choice(TOKENS)


def _replace(random: Random, data: bytearray) -> None:
    place = random.randrange(len(data))
    data[place : place + random.randrange(1, 9)] = random.choice(TOKENS)


def _multiply(random: Random, data: bytearray) -> None:
    """A part of the file many times over: keys, processes, operations, lists in lists, each a little different."""
    begin, end = sorted(random.randrange(len(data) + 1) for _ in range(2))
    part = bytes(data[begin : min(end, begin + 200)])
    data[begin:end] = b"".join(part.replace(b"1", b"%d" % number) for number in range(random.choice((10, 100, 1000))))


def _shuffle(random: Random, data: bytearray) -> None:
    lines = bytes(data).split(b"\n")
    for _ in range(random.choice((1, 2, 5))):
        line = random.choice(lines)
        place = random.randrange(len(lines) + 1)
        lines[place : place + random.randrange(2)] = [line] * random.randrange(3)
        lines = lines or [b""]
    data[:] = b"\n".join(lines)


DAMAGES: Final[Sequence[Damage]] = (_truncate, _flip, _insert, _replace, _multiply, _shuffle)


def damaged(random: Random, samples: Sequence[bytes]) -> bytes:
    """One of the samples, damaged once or a few times."""
    data = bytearray(random.choice(samples))
    for _ in range(random.choice((1, 1, 2, 4))):
        if data:
            random.choice(DAMAGES)(random, data)
    return bytes(data)


def outcomes(count: int, seed: int, samples: Sequence[bytes] = SAMPLES) -> Iterator[tuple[str, float]]:
    """What became of so many damaged files, `loaded` or `refused`, and how long it took, in seconds of CPU.

    Each is loaded with its format found from its content, and then as one of the formats. Any exception other than
    `HistoryError`, or one whose message is not one short line with the file's name, comes through.
    """
    random = Random(seed)
    with TemporaryDirectory() as folder:
        path = Path(folder, "history")
        for _ in range(count):
            path.write_bytes(damaged(random, samples))
            for format in (None, random.choice(tuple(FORMATS))):
                begun = time.process_time()
                try:
                    load(path, format)
                except HistoryError as error:
                    message = str(error)
                    assert message.startswith(str(path)), message
                    assert message.isprintable(), message
                    assert len(message) < 2000, message
                    yield "refused", time.process_time() - begun
                else:
                    yield "loaded", time.process_time() - begun


def verdicts(count: int, seed: int, samples: Sequence[bytes] = SAMPLES) -> Iterator[tuple[str, float]]:
    """What `splitbrain check` said of so many damaged files, and how long it took, in seconds of CPU.

    Its grade, or `refused`. Anything but that, or a grade that porcupine does not agree with, is an `AssertionError`.
    """
    random = Random(seed)
    with TemporaryDirectory() as folder:
        path = Path(folder, "history")
        for _ in range(count):
            path.write_bytes(damaged(random, samples))
            begun = time.process_time()
            found = _check(path)
            yield found.get("grade", "refused"), time.process_time() - begun
            if found.get("verdict") in ("valid", "invalid") and found["operations"] < 50:
                again = _check(path, "--engine", "porcupine", "--configurations", "10000")
                assert again["verdict"] in ("unknown", found["verdict"]), (path.read_bytes(), found, again)


def _check(path: Path, *options: str) -> dict[str, Any]:
    """What it said, in JSON; empty if it refused the file in one line."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run(["check", "--json", "--time", "2s", *options, str(path)])
    if code == 254:
        message = err.getvalue()
        assert out.getvalue() == "", path.read_bytes()
        assert message.startswith(f"splitbrain: {path}"), message
        assert message.endswith("\n"), message
        assert message[:-1].isprintable(), message
        assert len(message) < 2000, message
        return {}
    assert code in (0, 1, 2), (code, err.getvalue(), path.read_bytes())
    assert err.getvalue() == ""
    found: dict[str, Any] = json.loads(out.getvalue())
    assert code == {"valid": 0, "invalid": 1}.get(found["grade"], 2)
    return found


def main(count: str, seed: str, folder: str = "") -> None:
    """Has so many damaged files judged and prints what became of them."""
    files = sorted(each for each in Path(folder).rglob("*") if folder and each.is_file())
    samples = [*SAMPLES, *(each.read_bytes() for each in files if each.suffix not in (".md", ".tsv", ".json"))]
    found: Counter[str] = Counter()
    slowest = 0.0
    for outcome, seconds in verdicts(int(count), int(seed), [each for each in samples if len(each) < 40_000]):
        found[outcome] += 1
        slowest = max(slowest, seconds)
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{dict(found)}, the slowest took {slowest:.2f} s of CPU, at most {held:.0f} MB were held")  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
