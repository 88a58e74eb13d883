"""One offline HTML page that shows how far a history could be linearized, and where it could not.

The page has no time of generation and nothing random: the same input gives the same bytes. What comes from the system
under test reaches it as escaped JSON and is shown as text, never as HTML. Its size is bounded: partitions that are not
shown and operations left out are counted in it.
"""

from __future__ import annotations

import json
from os import PathLike
from pathlib import Path
from typing import Any, TextIO

from .info import LinearizationInfo
from .layout import MAX_ANNOTATIONS, picture, shorten
from .model import Model
from .result import CheckResult

_MAX_OPERATIONS = 1_000  # in one partition
_MAX_OPERATIONS_IN_ALL = 5_000
_STATIC = Path(__file__).parent / "static"
_ORDER = (CheckResult.ILLEGAL, CheckResult.UNKNOWN, CheckResult.OK, None)


def visualize(model: Model, info: LinearizationInfo, file: TextIO) -> None:
    """Write the page for the result of a verbose check to an open text file, whose encoding has to be UTF-8."""
    page = (_STATIC / "page.html").read_text(encoding="utf-8")
    for place in ("visualization.css", "visualization.js"):
        page = page.replace(f"{{{{{place}}}}}", (_STATIC / place).read_text(encoding="utf-8"))
    file.write(page.replace("{{data}}", _inline(_page(model, info))))


def visualize_path(model: Model, info: LinearizationInfo, path: str | PathLike[str]) -> None:
    """Write the page to a path."""
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        visualize(model, info, file)


def _page(model: Model, info: LinearizationInfo) -> dict[str, Any]:
    numbered = sorted(enumerate(info.partitions), key=lambda item: _ORDER.index(item[1].result))
    pictures, left = [], _MAX_OPERATIONS_IN_ALL
    for number, partition in numbered:
        if left > 0:
            shown = picture(model, partition, info.annotations, min(left, _MAX_OPERATIONS))
            left -= len(shown["operations"])
            result = "Not searched" if partition.result is None else str(partition.result)
            pictures.append({"number": number, "result": result, **shown})
    return {
        "result": str(next((partition.result for _, partition in numbered), CheckResult.OK)),
        "reason": None if info.reason is None else shorten(info.reason),
        "steps": str(info.statistics.steps),
        "configurations": str(info.statistics.configurations),
        "partitions": pictures,
        "hidden_partitions": len(info.partitions) - len(pictures),
        "hidden_annotations": max(0, len(info.annotations) - MAX_ANNOTATIONS),
    }


def _inline(value: Any) -> str:
    """JSON that is safe inside a script element: nothing in it can end the element or a line of it."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
