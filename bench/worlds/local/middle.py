"""What stands between the nodes of a network, as a process of its own that the bench commands.

Its argument is the number of a file descriptor, a packet socket to the bench: pickled tuples both ways, an answer to
each command.
"""

import pickle
import socket
import sys
from collections.abc import Callable
from typing import Any, Protocol

from ....nemesis.fault import Fault
from .channel import LARGEST
from .owned import die_with


class Middle(Protocol):
    """What faults can be done to; see `Network` (network.py) for the commands."""

    def places(self) -> Any:
        """What the bench must know to find the nodes."""
        ...

    def new_socket(self, name: str) -> socket.socket:
        """A TCP socket where a node is."""
        ...

    def cut(self, src: str, dst: str, unit: int) -> None: ...
    def disturb(self, src: str, dst: str, fault: Fault) -> None: ...
    def mend(self, src: str, dst: str, unit: int) -> None: ...
    def take_counts(self) -> dict[int, int]: ...


def opened(make: Callable[..., Middle]) -> tuple[socket.socket, Middle] | None:
    """Make what the bench asks for; this process then ends with the bench. Nothing if it cannot be made."""
    control = socket.socket(fileno=int(sys.argv[1]))
    data = control.recv(LARGEST)
    if not data:
        return None
    parent, *arguments = pickle.loads(data)
    die_with(parent)
    try:
        middle = make(*arguments)
    except OSError as error:
        control.send(pickle.dumps(("failed", error.strerror or str(error))))
        return None
    control.send(pickle.dumps(("ready", middle.places())))
    return control, middle


def obey(control: socket.socket, middle: Middle) -> bool:
    """Wait for a command and carry it out; False if nobody is there to give any."""
    data = control.recv(LARGEST)
    if not data:
        return False
    verb, *arguments = pickle.loads(data)
    if verb == "new_socket":
        with middle.new_socket(*arguments) as made:
            socket.send_fds(control, [b"socket"], [made.fileno()])
    else:
        control.send(pickle.dumps(getattr(middle, verb)(*arguments)))
    return True
