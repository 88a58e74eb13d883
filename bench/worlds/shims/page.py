"""A file that this process and others have in memory: what one writes, the others see at once."""

import mmap
import os
from pathlib import Path
from typing import Final

WORD: Final = 8


class Page:
    """A new file of so many bytes, all zero, which every user may change: programs under test may run as another.

    `words` are its signed 64-bit numbers, each read and written as a whole. Raises OSError.
    """

    def __init__(self, path: Path, size: int) -> None:
        self.path = path.resolve()
        self.path.unlink(missing_ok=True)  # whoever has an older one in memory keeps it
        file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        try:
            os.fchmod(file, 0o666)
            os.ftruncate(file, size)
            self.memory = mmap.mmap(file, size)
        finally:
            os.close(file)
        self.words = memoryview(self.memory).cast("q")

    def close(self) -> None:
        """Forget the file, which stays as it is. Nothing happens the second time."""
        self.words.release()
        self.memory.close()
