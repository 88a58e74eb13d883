"""A history as a pandas data frame."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from .history import History


def to_pandas(history: "History") -> "pd.DataFrame":
    """One row per operation, in the order of the invocations.

    Columns: `index`, `process`, `f`, `key`, `input`, `output`, `outcome`, `call` and `return` (positions in the order
    of events), `invoked` and `completed` (nanoseconds), `node`, `error`. Missing numbers and strings are `pd.NA`;
    `key`, `input` and `output` hold the values themselves, so None there is null. Imports pandas.
    """
    import pandas as pd

    operations = history.operations
    columns = {
        "index": pd.Series([op.index for op in operations], dtype="int64"),
        "process": pd.Series([op.process for op in operations], dtype="int64"),
        "f": pd.Series([op.f for op in operations], dtype="string").astype("category"),
        "key": pd.Series([op.key for op in operations], dtype="object"),
        "input": pd.Series([op.input for op in operations], dtype="object"),
        "output": pd.Series([op.output for op in operations], dtype="object"),
        "outcome": pd.Series(pd.Categorical([op.outcome for op in operations], categories=["ok", "fail", "info"])),
        "call": pd.Series([op.call for op in operations], dtype="int64"),
        "return": pd.Series([op.return_ for op in operations], dtype="Int64"),
        "invoked": pd.Series([op.invoked for op in operations], dtype="int64"),
        "completed": pd.Series([op.completed for op in operations], dtype="Int64"),
        "node": pd.Series([op.node for op in operations], dtype="string"),
        "error": pd.Series([op.error for op in operations], dtype="string"),
    }
    return pd.DataFrame(columns)
