"""Faults of packets: what becomes of frames, without a network, and what comes of it on a real one."""

import random
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from splitbrain.bench.worlds.local.packets import BILLION, DAMAGEABLE, LONGEST, Way
from splitbrain.bench.worlds.local.pcap import Capture
from splitbrain.nemesis.fault import Family, Fault

MILLISECOND = 1_000_000
FRAMES = [bytes([number % 256]) * 1000 for number in range(2000)]


def way(family: Family, unit: int = 0, seed: int = 1, **amounts: Any) -> Way:
    made = Way()
    made.disturb(Fault(unit=unit, family=family, at=0, lasts=1, **amounts), random.Random(seed))
    return made


def fates(made: Way, every: int = MILLISECOND) -> Iterator[list[tuple[int, bytes]]]:
    """What becomes of each frame, where one is sent each millisecond: how late it is, and what it is then."""
    for number, frame in enumerate(FRAMES):
        now = number * every
        yield [(due - now, what) for due, what in made.fates(frame, now)]


@pytest.mark.parametrize("rate", [0.01, 0.3, 1.0])
def test_packets_are_lost_at_the_rate_and_counted(rate: float) -> None:
    made = way("packets.loss", rate=rate)
    lost = sum(not fate for fate in fates(made))
    assert lost == pytest.approx(rate * len(FRAMES), rel=0.3)
    assert made.take_counts() == {0: lost}
    assert made.take_counts() == {}


def test_packets_are_late_by_no_more_than_the_jitter_and_keep_their_order() -> None:
    made = way("packets.delay", delay=20 * MILLISECOND, jitter=5 * MILLISECOND)
    came = [late + number * MILLISECOND for number, ((late, _),) in enumerate(fates(made))]
    delays = [due - number * MILLISECOND for number, due in enumerate(came)]
    assert came == sorted(came)
    assert 15 * MILLISECOND <= min(delays) < 18 * MILLISECOND
    assert 22 * MILLISECOND < max(delays) <= 25 * MILLISECOND
    assert made.take_counts() == {0: len(FRAMES)}


def test_packets_are_doubled() -> None:
    made = way("packets.duplicate", rate=0.25)
    lengths = [len(fate) for fate in fates(made)]
    assert set(lengths) == {1, 2}
    assert made.take_counts() == {0: lengths.count(2)}


def test_packets_that_are_kept_are_overtaken() -> None:
    made = way("packets.reorder", rate=0.1, delay=10 * MILLISECOND)
    lates = [late for ((late, _),) in fates(made)]
    kept = [late for late in lates if late]
    assert made.take_counts() == {0: len(kept)}
    assert all(5 * MILLISECOND <= late <= 10 * MILLISECOND for late in kept)
    assert lates.count(0) == len(FRAMES) - len(kept)


def test_packets_that_are_damaged_differ_in_one_bit_of_what_they_carry() -> None:
    made = way("packets.corrupt", rate=1.0)
    for frame, ((_, what),) in zip(FRAMES, fates(made), strict=True):
        assert what[:DAMAGEABLE] == frame[:DAMAGEABLE]
        assert sum((one ^ other).bit_count() for one, other in zip(frame, what, strict=True)) == 1


def test_bandwidth_is_what_passes_and_a_queue_is_not_endless() -> None:
    made = way("packets.bandwidth", bandwidth=10_000)
    came = [late + number * MILLISECOND for number, fate in enumerate(fates(made)) for late, _ in fate]
    assert came == [passed * BILLION // 10 for passed in range(1, len(came) + 1)]
    assert all(late <= LONGEST + BILLION // 10 for fate in fates(made) for late, _ in fate)
    assert len(came) < len(FRAMES)


def test_units_are_added_up_and_end_one_by_one() -> None:
    made = way("packets.delay", unit=0, delay=3)
    made.disturb(Fault(unit=1, family="packets.delay", at=0, lasts=1, delay=4), random.Random(1))
    assert made.fates(b"x", 100) == ((107, b"x"),)
    made.mend(0)
    assert made.fates(b"x", 200) == ((204, b"x"),)
    made.cut(2)
    assert made.fates(b"x", 300) == ()
    assert made.drops()
    made.mend(1)
    made.mend(2)
    assert not made.drops()
    assert made.fates(b"x", 203) == ((204, b"x"),), "what is late is not overtaken when the fault has ended"
    assert made.faulty
    assert made.fates(b"x", 400) == ((400, b"x"),)
    assert not made.faulty
    assert made.take_counts() == {0: 1, 1: 2, 2: 2}


def test_the_seed_decides() -> None:
    first, again, other = (list(fates(way("packets.loss", rate=0.5, seed=seed))) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_a_capture_is_a_file_of_packets(tmp_path: Path) -> None:
    capture = Capture(tmp_path / "network.pcap")
    capture.write(b"frame one", 5_000_000_007)
    capture.close()
    data = (tmp_path / "network.pcap").read_bytes()
    assert struct.unpack_from("=IHH", data) == (0xA1B23C4D, 2, 4)
    assert struct.unpack_from("=IIII", data, 24) == (5, 7, 9, 9)
    assert data[40:] == b"frame one"
