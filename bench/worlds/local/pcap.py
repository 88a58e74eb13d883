"""Captured packets in a file that tcpdump and Wireshark read (pcap, Ethernet, times in nanoseconds)."""

import struct
from pathlib import Path
from typing import Final

_NANOSECONDS: Final = 0xA1B23C4D
_ETHERNET: Final = 1
_LONGEST: Final = 1 << 18
_HEADER: Final = struct.Struct("=IHHiIII")
_PACKET: Final = struct.Struct("=IIII")
_BILLION: Final = 1_000_000_000


class Capture:
    """A file of packets. Each is written at once, so that the file is whole whenever its writer is killed.

    Raises OSError if it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb", buffering=0)
        self._file.write(_HEADER.pack(_NANOSECONDS, 2, 4, 0, 0, _LONGEST, _ETHERNET))

    def write(self, frame: bytes, time: int) -> None:
        """Add a frame; `time` is nanoseconds since 1970."""
        self._file.write(_PACKET.pack(*divmod(time, _BILLION), len(frame), len(frame)) + frame)

    def close(self) -> None:
        self._file.close()
