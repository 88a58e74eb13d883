"""What the bench's own processes are started with."""

import os
import sys
from typing import Final

PATIENCE: Final = 30.0
"""Seconds that a server has to answer the bench. It takes a millisecond, or more where the machine is busy."""


def search_path() -> str:
    """Where this process looks for modules, for one that it starts."""
    return os.pathsep.join(os.path.abspath(entry) for entry in sys.path)
