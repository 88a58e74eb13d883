"""Named streams of randomness: one seed, many independent sources that never disturb each other."""

import hashlib
import random


def stream(seed: int, *names: str) -> random.Random:
    """The source of randomness called `names` under `seed`, such as `stream(7, "workload", "c0")`.

    The same arguments give the same draws in every process, whatever its hash seed; drawing from one stream never
    changes another.
    """
    return random.Random(derive(seed, *names))


def derive(seed: int, *names: str) -> int:
    """The 64-bit seed of the stream called `names` under `seed`."""
    text = "\0".join((str(seed), *names))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
