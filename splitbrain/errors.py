"""Every error that Splitbrain raises on purpose.

    SplitbrainError
    ├── UsageError            an argument that names nothing, or cannot be used: say it differently
    ├── HistoryError          a history that cannot be read or is not well formed: file, line and reason
    ├── ContractError         a node, client or model broke the contract it is written against
    └── RunDirectoryError     a run directory that cannot be written or read

The message of each is one line that says what is wrong, where, and what to do. The command line prints it and exits
with 254, except for `ContractError`, which is a defect in the system under test's code and exits with 255.
"""


class SplitbrainError(Exception):
    """Base of all errors raised on purpose."""


class UsageError(SplitbrainError):
    """An argument names something that does not exist, or cannot be used as asked."""


class HistoryError(SplitbrainError):
    """A history cannot be read, or breaks a rule that every history keeps.

    `path` and `line` (counted from 1) say where, when they are known. In `reason`, which may quote what is in a file,
    everything unprintable is escaped, and what is too long is cut.
    """

    def __init__(self, reason: str, path: str | None = None, line: int | None = None) -> None:
        self.reason = reason = _one_line(reason)
        self.path = path
        self.line = line
        where = "" if path is None else f"{path}: " if line is None else f"{path}:{line}: "
        super().__init__(where + reason)


class AnswerError(HistoryError):
    """An operation was answered by what is no answer to it. Whoever recorded the history knows whose fault that is."""


class ContractError(SplitbrainError):
    """Code of a system under test broke the node contract (systems/node.py)."""


class RunDirectoryError(SplitbrainError):
    """A run directory cannot be created, written or read."""


_LONGEST = 500
"""How many characters a reason may have."""


def _one_line(text: str) -> str:
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST - 1]}…"
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)
