"""A node's durable store as a pure data structure: what the node sees, what would survive a kill, what lies between."""

from collections.abc import Callable

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
            self._apply(count)
            del self._unsynced[:count]
            self._finished = mark

    @property
    def unsynced(self) -> int:
        """How many writes a kill might lose."""
        return len(self._unsynced)

    def crash(self, keep_prefix: int) -> None:
        """A kill: of the unsynced writes only the first `keep_prefix` are kept."""
        self._apply(keep_prefix)
        self._finished += len(self._unsynced)
        self._unsynced.clear()
        self.visible = dict(self._durable)

    def _apply(self, count: int) -> None:
        for key, value in self._unsynced[:count]:
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
