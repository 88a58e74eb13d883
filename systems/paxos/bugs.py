"""Planted bugs."""

from ..system import Bug
from .server import Server

PLANTED: dict[str, tuple[type[Server], Bug]] = {}
