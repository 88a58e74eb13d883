"""A node's durable store as a pure data structure: what the node sees, what would survive a kill, what lies between."""

from collections.abc import Callable, Sequence

from .codec import check_value

_DELETED = object()


class Disk:
    """One node's store. Writes are visible at once, in order, and durable up to a mark once its sync has finished."""

    def __init__(self) -> None:
        self.visible: dict[str, object] = {}
        self._durable: dict[str, object] = {}
        self._unsynced: list[tuple[str, object]] = []
        self._finished = 0

    def put(self, key: str, value: object) -> None:
        """Write a value."""
        self.visible[key] = value
        self._unsynced.append((key, value))

    def delete(self, key: str) -> None:
        """Remove a key; no error if there is none."""
        self.visible.pop(key, None)
        self._unsynced.append((key, _DELETED))

    def mark(self) -> int:
        """The point in the sequence of writes that a sync begun now makes durable."""
        return self._finished + len(self._unsynced)

    def finish(self, mark: int) -> None:
        """A sync is done: all writes before its mark are durable."""
        count = mark - self._finished
        if count > 0:
            self._apply(self._unsynced[:count])
            del self._unsynced[:count]
            self._finished = mark

    @property
    def unsynced(self) -> int:
        """How many writes a kill might lose."""
        return len(self._unsynced)

    def crash(self, keep_prefix: int) -> None:
        """A kill: of the unsynced writes only the first `keep_prefix` are kept."""
        self.crash_keeping([number < keep_prefix for number in range(len(self._unsynced))])

    def crash_keeping(self, kept: Sequence[bool], torn: float | None = None) -> None:
        """A kill that keeps any of the unsynced writes, in their order: those for which `kept` is true.

        Of the last one kept only the first part is written if `torn` is given, as a fraction of its length: of a text,
        bytes or a tuple; any other value is as it was before.
        """
        survivors = [write for write, is_kept in zip(self._unsynced, kept, strict=True) if is_kept]
        if survivors and torn is not None:
            key, value = survivors.pop()
            if isinstance(value, str | bytes | tuple):
                survivors.append((key, value[: int(len(value) * torn)]))
        self._finished += len(self._unsynced)
        self._apply(survivors)
        self._unsynced.clear()
        self.visible = dict(self._durable)

    def _apply(self, writes: Sequence[tuple[str, object]]) -> None:
        for key, value in writes:
            if value is _DELETED:
                self._durable.pop(key, None)
            else:
                self._durable[key] = value


class NodeStorage:
    """What a handler sees of its disk (systems/node.py: Storage); keys of a nested node are kept under its prefix.

    `sync` is what the world does when the handler asks for one.
    """

    __slots__ = ("_disk", "_prefix", "sync")

    def __init__(self, disk: Disk, prefix: str, sync: Callable[[], None]) -> None:
        self._disk = disk
        self._prefix = prefix
        self.sync = sync

    def get(self, key: str, default: object = None) -> object:
        """The value last written under the key, durable or not."""
        return self._disk.visible.get(self._prefix + key, default)

    def put(self, key: str, value: object) -> None:
        """Write a value: one that a message field might have."""
        check_value(value, f"the value stored under {key!r}")
        self._disk.put(self._prefix + key, value)

    def delete(self, key: str) -> None:
        """Remove a key; no error if there is none."""
        self._disk.delete(self._prefix + key)

    def keys(self, prefix: str = "") -> list[str]:
        """The keys that begin with the prefix, sorted."""
        whole = self._prefix + prefix
        start = len(self._prefix)
        return sorted(key[start:] for key in self._disk.visible if key.startswith(whole))
