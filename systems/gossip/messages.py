"""What clients and servers say to each other, in all of these systems."""

from ..node import Message
from ..replicated import Data


class Ask(Message):
    """Do `f`. `number` grows with every operation of a client."""

    number: int
    f: str
    key: Data
    value: Data


class Answer(Message):
    """It is done, and gave `output`."""

    number: int
    output: Data
