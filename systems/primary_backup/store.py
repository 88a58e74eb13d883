"""The replicated state: a key-value store that remembers its last reply to every client."""

from .messages import Reply, Request, Scalar, Transfer, View

READS = frozenset(("read", "get"))


class Store:
    """Values by key, and the duplicate table: the reply to the newest request of each client.

    Clients have one request open at a time, and number them upwards, so that one reply for each is enough to carry
    out every request at most once.
    """

    def __init__(self) -> None:
        self.data: dict[Scalar, Scalar] = {}
        self.replies: dict[str, Reply] = {}

    def newest(self, client: str) -> int:
        """The number of the newest request of the client that was carried out, -1 if there is none."""
        reply = self.replies.get(client)
        return -1 if reply is None else reply.operation

    def execute(self, client: str, request: Request) -> None:
        """Carry out the request and put the reply into the duplicate table."""
        self.replies[client] = Reply(request.operation, self.apply(request))

    def apply(self, request: Request) -> Scalar:
        """Carry out the request and give its output, past the duplicate table."""
        key, value = request.key, request.value
        match request.f:
            case "read":
                return self.data.get(key)
            case "write":
                self.data[key] = value
                return None
            case "cas":
                if self.data.get(key) != request.expected:
                    return False
                self.data[key] = value
                return True
            case "get":
                return self.data.get(key, "")
            case "put":
                self.data[key] = value
                return None
            case "append":
                self.data[key] = appended = f"{self.data.get(key, '')}{value}"
                return appended
        raise ValueError(f"the store has no operation {request.f}")

    def transfer(self, view: View) -> Transfer:
        """Everything, as a message."""
        return Transfer(view, tuple(self.data.items()), tuple(self.replies.items()))

    def load(self, transfer: Transfer) -> None:
        """Take over what was transferred, and forget the rest."""
        self.data = dict(transfer.data)
        self.replies = dict(transfer.replies)
