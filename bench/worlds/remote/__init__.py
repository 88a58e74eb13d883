"""Servers as processes of other machines, which are reached over SSH."""

from importlib.util import find_spec

from ....errors import UsageError

if find_spec("paramiko") is None:
    raise UsageError("--world remote needs paramiko: pip install 'splitbrain[remote]'")
