"""What a server's process is told first."""

import msgspec

from ....nemesis.fault import Family
from ....systems.codec import Codec
from ....systems.system import Deployment
from ..simulated.host import nested
from .node import Links


class Boot(msgspec.Struct, frozen=True, kw_only=True):
    """What a server must know: whose node it is, and what it is like.

    `address` is that of its network, `epoch` how often it was started before, `parent` the process that started it,
    `died` the family of faults that killed it last, which its disk has yet to suffer.
    """

    parent: int
    system: str
    servers: int
    bug: str | None
    name: str
    address: str
    epoch: int
    seed: int
    links: Links
    disk: str
    died: Family | None


def codec_of(deployment: Deployment) -> Codec:
    """The codec for all messages of a deployment."""
    admin = () if deployment.admin is None else (deployment.admin,)
    makers = (*deployment.servers.values(), deployment.client, *admin)
    return Codec({type(node) for make in makers for _, node in nested("", make())})
