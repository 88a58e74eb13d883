"""A disk in a file is what it would be in memory."""

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from splitbrain.bench.worlds.local.disk import FileDisk, read, save
from splitbrain.systems.storage import Disk

KEYS = st.sampled_from("abc")
STEPS = st.lists(
    st.one_of(st.tuples(st.just("put"), KEYS, st.integers()), st.tuples(st.just("delete"), KEYS), st.none())
)


def carry_out(steps: list[tuple[str, ...] | None], disk: Disk) -> None:
    for step in steps:
        if step is None:
            disk.finish(disk.mark())
        else:
            getattr(disk, step[0])(*step[1:])


@given(STEPS)
def test_what_is_read_back_is_what_was_written(steps: list[tuple[str, ...] | None]) -> None:
    in_memory = Disk()
    carry_out(steps, in_memory)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "disk"
        in_file = FileDisk(path)
        carry_out(steps, in_file)
        in_file.write()
        in_file.close()
        found = read(path)
        assert (found.visible, found.unsynced) == (in_memory.visible, in_memory.unsynced)
        for disk in (found, in_memory):
            disk.crash(disk.unsynced // 2)
        assert found.visible == in_memory.visible
        save(path, found)
        assert (read(path).visible, read(path).unsynced) == (in_memory.visible, 0)


def test_a_write_that_was_cut_short_is_none(tmp_path: Path) -> None:
    path = tmp_path / "disk"
    disk = FileDisk(path)
    disk.put("a", 1)
    disk.finish(disk.mark())
    disk.put("b", 2)
    disk.write()
    disk.close()
    path.write_bytes(path.read_bytes()[:-1])
    assert read(path).visible == {"a": 1}


def test_there_may_be_no_file(tmp_path: Path) -> None:
    assert read(tmp_path / "disk").visible == {}
