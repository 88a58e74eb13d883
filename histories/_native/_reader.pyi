# Columns as bytes, in the order of those of histories.columns.Columns; places where other lines begin and end, of type
# `q`; the values as one list in JSON.
Columns = tuple[bytes, ...]
# Of operations that went onto fresh processes: how many, the line and the process of the first.
Split = tuple[int, int, int]
# Columns; for each value, as what it stands somewhere (1 a function, 2 a node, 4 an error); those after one of unknown
# outcome, and those while another one was open; and how many connect-errors there are.
Foreign = tuple[Columns, bytes, Split, Split, int]

# An empty tuple if the file is not plain.
def read_ours(data: bytes, begin: int, /) -> Columns: ...
def read_events(data: bytes, begin: int, /) -> Foreign | tuple[()]: ...
def read_paired(data: bytes, begin: int, /) -> Foreign | tuple[()]: ...
