"""Rules of nftables, by its own library, in the namespace in which `Rules` was made."""

import ctypes
import re
from typing import Final

LIBRARY: Final = "libnftables.so.1"
TABLES: Final = (
    "table bridge u0 { chain faults { type filter hook prerouting priority 0; numgen random mod 9 < 1 drop; }; }"
)
"""Something that can be done only where the kernel has all that `table` needs."""
_COUNTER: Final = re.compile(r"table bridge u(\d+) \{\s+counter hits \{\s+packets (\d+)")


class Rules:
    """Carries out commands of nft(8). Raises OSError if the library is not here, or a command fails."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(LIBRARY)
        self._library.nft_ctx_new.restype = ctypes.c_void_p
        for name in ("nft_ctx_get_output_buffer", "nft_ctx_get_error_buffer"):
            getattr(self._library, name).restype = ctypes.c_char_p
        self._context = ctypes.c_void_p(self._library.nft_ctx_new(0))
        self._library.nft_ctx_buffer_output(self._context)
        self._library.nft_ctx_buffer_error(self._context)

    def run(self, commands: str) -> str:
        """Carry out commands, all of them or none; returns what they print."""
        failed = self._library.nft_run_cmd_from_buffer(self._context, commands.encode())
        said: bytes = self._library.nft_ctx_get_output_buffer(self._context)
        error: bytes = self._library.nft_ctx_get_error_buffer(self._context)
        if failed:
            raise OSError(0, f"nft: {error.decode().strip().partition(chr(10))[0]}")
        return said.decode()


def table(unit: int, selected: str) -> str:
    """A table for what one unit does to packets of bridged links (`link`): it drops those that are `selected`.

    Each is dropped before the bridge chooses where it goes to, so that it is counted once.
    """
    return f"""table bridge u{unit} {{
        counter hits {{}}
        set links {{ type ipv4_addr . ipv4_addr; }}
        set meters {{ type ipv4_addr . ipv4_addr; flags dynamic; size 65535; }}
        chain faults {{
            type filter hook prerouting priority 0;
            ip saddr . ip daddr @links {selected} counter name hits drop;
        }}
    }}"""


def counters(listed: str) -> dict[int, int]:
    """How many packets each unit has dropped, from what `list counters` prints."""
    return {int(unit): int(packets) for unit, packets in _COUNTER.findall(listed)}
