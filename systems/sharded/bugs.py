"""Planted bugs."""

from typing import Any

PLANTED: dict[str, tuple[Any, Any, Any]] = {}
