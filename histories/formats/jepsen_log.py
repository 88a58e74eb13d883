"""The format `jepsen-log`: what Jepsen prints while it runs, in its log and in history.txt.

    INFO  jepsen.util - 3	:invoke	:cas	[1 5]
    INFO  jepsen.util - 3	:info	:cas	:timed-out

One line per invocation and completion: what the logger puts first, then process, type, function, value in EDN, and
sometimes an error. Other lines are passed over. For what it all means see `ops`; there are no times.
"""

import re
from typing import Final

from ...errors import HistoryError
from ..history import History
from . import edn
from .atoms import MAX_KNOWN
from .head import Head
from .jepsen import text_of
from .lines import Source
from .ops import Op, Ops, history, op
from .recording import NEMESIS

_LINE: Final = re.compile(r"(?:^|(?<=\s))(-?[0-9]{1,18}|:nemesis)\s+:(invoke|ok|fail|info)\s+:(\S+)(?:\s+(.*))?$")
_ALMOST: Final = re.compile(r"(?:^|\s):(?:invoke|ok|fail|info)\s")


def recognises(head: Head) -> bool:
    """Whether a file that begins like this is in this format."""
    return any(_LINE.search(line) for line in head.text.split("\n"))


def read(path: str, data: bytes) -> History:
    """The history in the file's bytes. A last line that may be torn is left out with a warning.

    Raises `HistoryError` with path, line and reason.
    """
    source = Source(path)
    *lines, last = text_of(path, data).split("\n")
    ops: Ops = []
    others: list[int] = []
    forms: dict[str, list[edn.Form]] = {}
    try:
        for number, line in enumerate(lines, 1):
            source.number = number
            if found := _LINE.search(line):
                ops.append((number, _op(source, found, forms)))
            elif _ALMOST.search(line):
                raise HistoryError("an operation is `process :type :f value`")
            elif line.strip():
                others.append(number)
    except HistoryError as error:
        raise (error if error.path else source.blame(error.reason)) from None
    if not ops:
        raise HistoryError("no line is an operation, `process :type :f value`", path)
    if last.strip():
        source.warnings.append(f"line {len(lines) + 1}, the last, has no end: it may be torn and was left out")
    if others:
        source.warnings.append(f"lines that are no operations were left out: {len(others)}, the first is {others[0]}")
    return history(source, ops)


def _op(source: Source, found: re.Match[str], known: dict[str, list[edn.Form]]) -> Op:
    process, kind, f, text = found.groups()
    forms = known.get(text)
    if forms is None:
        forms = edn.read(source.path, source.number, text or "")
        if len(known) < MAX_KNOWN:
            known[text] = forms
    if len(forms) > 2:
        raise HistoryError("more than value and error follow the function")
    fields = {
        ":process": NEMESIS if process == ":nemesis" else int(process),
        ":type": kind,
        ":f": f,
    }
    return op(fields | dict(zip((":value", ":error"), forms, strict=False)))
