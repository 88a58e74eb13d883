"""The disk of a node as a data structure, against a simple reference."""

from hypothesis import given
from hypothesis import strategies as st

from splitbrain.systems.storage import Disk, NodeStorage

Write = tuple[str, int | None]
writes = st.lists(st.tuples(st.sampled_from("abc"), st.none() | st.integers(0, 9)), max_size=12)


def write(disk: Disk, change: Write) -> None:
    key, value = change
    if value is None:
        disk.delete(key)
    else:
        disk.put(key, value)


def after(changes: list[Write]) -> dict[str, int]:
    """What a store holds after these writes."""
    state: dict[str, int] = {}
    for key, value in changes:
        if value is None:
            state.pop(key, None)
        else:
            state[key] = value
    return state


@given(synced=writes, unsynced=writes, keep=st.integers(0, 12), again=writes)
def test_a_crash_keeps_what_was_synced_and_a_prefix(
    synced: list[Write], unsynced: list[Write], keep: int, again: list[Write]
) -> None:
    disk = Disk()
    for change in synced:
        write(disk, change)
    mark = disk.mark()
    for change in unsynced:
        write(disk, change)
    disk.finish(mark)
    assert disk.visible == after(synced + unsynced)
    assert disk.unsynced == len(unsynced)
    survivors = synced + unsynced[:keep]
    disk.crash(min(keep, len(unsynced)))
    assert disk.visible == after(survivors)
    for change in again:
        write(disk, change)
    disk.finish(disk.mark())
    disk.crash(0)
    assert disk.visible == after(survivors + again)


def test_an_earlier_sync_that_finishes_later_changes_nothing() -> None:
    disk = Disk()
    disk.put("a", 1)
    early = disk.mark()
    disk.put("a", 2)
    disk.finish(disk.mark())
    disk.finish(early)
    disk.crash(0)
    assert disk.visible == {"a": 2}


def test_a_prefix_keeps_keys_apart() -> None:
    disk = Disk()
    calls: list[int] = []
    outer = NodeStorage(disk, "", lambda: calls.append(1))
    inner = NodeStorage(disk, "inner/", lambda: calls.append(2))
    outer.put("b", 1)
    outer.put("a", (1, "x", None))
    inner.put("a", 2)
    assert outer.get("a") == (1, "x", None)
    assert inner.get("a") == 2
    assert inner.keys() == ["a"]
    assert outer.keys() == ["a", "b", "inner/a"]
    assert outer.keys("b") == ["b"]
    inner.delete("a")
    assert inner.get("a", 0) == 0
    inner.sync()
    assert calls == [2]
