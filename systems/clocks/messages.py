"""What clients ask, and what is answered."""

from ..node import Message
from ..replicated import Data


class Ask(Message):
    """Carry out the operation. A client repeats it, under the same number, until it is answered."""

    number: int
    f: str
    value: Data


class Answer(Message):
    """What the request of that number led to."""

    number: int
    output: Data
