"""A bank: `transfer` moves an amount from one account to another, `read` answers what accounts hold. No overdrafts."""

from ...errors import HistoryError
from ...histories.operation import Operation
from .model import ANY, Model, State, Step


def bank(accounts: int, balance: int) -> Model:
    """Accounts numbered from 0, each with that balance at first, as one object.

    `transfer` has the input (from, to, amount), `read` has the numbers of accounts as input.
    """
    return Model(
        name="bank",
        functions=frozenset({"transfer", "read"}),
        initial=(balance,) * accounts,
        step=step,
        is_read=lambda operation: operation.f == "read",
        partition=lambda _: None,
    )


def step(state: State, operation: Operation) -> tuple[Step, ...]:
    """What the bank does with the operation."""
    assert isinstance(state, tuple)
    numbers = arguments(operation, len(state))
    if operation.f == "read":
        return ((tuple(state[account] for account in numbers), state),)
    source, target, amount = numbers
    if state[source] < amount:
        return ()
    after = list(state)
    after[source] -= amount
    after[target] += amount
    return ((ANY, tuple(after)),)


def arguments(operation: Operation, accounts: int) -> tuple[int, ...]:
    """The input as whole numbers. Raises HistoryError if it is something else, or names an account there is not."""
    given = operation.input
    if isinstance(given, tuple):
        numbers = tuple(each for each in given if isinstance(each, int))
        named = numbers if operation.f == "read" else numbers[:2]
        whole = len(numbers) == len(given) and (operation.f == "read" or len(given) == 3)
        if whole and all(0 <= account < accounts for account in named):
            return numbers
    what = "account numbers" if operation.f == "read" else "two account numbers and an amount"
    raise HistoryError(f"operation {operation.index}: the input of a {operation.f} is {what}, not {given!r}")
