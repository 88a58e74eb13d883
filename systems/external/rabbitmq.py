"""RabbitMQ: a quorum queue, which is replicated by Raft."""

import time
from collections.abc import Mapping, Sequence

from ...errors import UsageError
from ...histories.event import Invocation
from ...histories.operation import Value
from ..database import Connection, Database, Program, Refused, Site, Unknown
from .amqp import BEAT, Channel, Closed
from .declare import SECOND, external

PORT = 5672
QUEUE = "splitbrain"
MISSING = 404
EARLIER = 0.8
"""A client gives up after this part of the time of an operation: before the bench does, to say what it knows."""


class RabbitMQ(Database):
    """Nodes of one cluster."""

    programs = {
        "rabbitmq": Program(  # the program on the PATH of Debian changes the user, and cannot be started twice
            install="install RabbitMQ (Debian: rabbitmq-server)",
            places=("/usr/lib/rabbitmq/bin/rabbitmq-server", "rabbitmq-server"),
            version=(),
        )
    }

    def prepare(self, site: Site) -> None:
        if site.address.startswith("127."):
            raise UsageError("nodes of RabbitMQ find each other on a port that all have: use --network namespaces")
        nodes = enumerate(site.addresses.values(), 1)
        lines = [
            f"listeners.tcp.1 = {site.address}:{PORT}",
            "loopback_users = none",
            "cluster_formation.peer_discovery_backend = classic_config",
            *(f"cluster_formation.classic_config.nodes.{number} = rabbit@{address}" for number, address in nodes),
        ]
        (site.directory / "rabbitmq.conf").write_text("\n".join(lines) + "\n")
        (site.directory / "plugins").write_text("[].\n")
        cookie = site.directory / ".erlang.cookie"
        cookie.write_text("SPLITBRAIN")
        cookie.chmod(0o400)

    def environment(self, site: Site) -> Mapping[str, str]:
        place = site.directory
        return {
            "HOME": str(place),
            "RABBITMQ_USE_LONGNAME": "true",
            "RABBITMQ_NODENAME": f"rabbit@{site.address}",
            "RABBITMQ_MNESIA_BASE": str(place / "mnesia"),
            "RABBITMQ_LOG_BASE": str(place / "log"),
            "RABBITMQ_CONFIG_FILE": str(place / "rabbitmq.conf"),
            "RABBITMQ_FEATURE_FLAGS_FILE": str(place / "feature_flags"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(place / "plugins"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none -kernel net_ticktime 8",
            "ERL_CRASH_DUMP": "/dev/null",
        }

    def commands(self, site: Site) -> Sequence[Sequence[str]]:
        return [[site.binary("rabbitmq")]]

    def ready(self, site: Site) -> bool:
        """It answers, and so does the queue if it is there."""
        try:
            channel = opened(site)
            try:
                channel.declare(QUEUE, None)
            finally:
                channel.close()
        except Closed as error:
            return error.code == MISSING
        return True

    def set_up(self, site: Site) -> None:
        channel = opened(site)
        try:
            channel.declare(QUEUE, {"x-queue-type": "quorum"})
        except Closed as error:
            raise OSError(f"no queue: {error}") from None
        finally:
            channel.close()

    def connect(self, site: Site) -> Connection:
        return Client(site)


def opened(site: Site) -> Channel:
    """A channel to the node. Raises OSError if there is none."""
    try:
        return Channel(site.connect(PORT), EARLIER * site.timeout)
    except Closed as error:
        raise ConnectionAbortedError(str(error)) from None


class Client:
    """A connection to a node. What it takes out of the queue is taken when it says so, and put back if it never does.

    So a dequeue that got nothing has certainly taken nothing.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._confirms = site.options.get("confirms") != "off"
        self._channel: Channel | None = None
        self._used = time.monotonic()
        self._open()

    def close(self) -> None:
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.close()

    def invoke(self, op: Invocation) -> Value:
        match op.f, op.input:
            case "enqueue", int() as element:
                self._enqueue(element)
                return None
            case "dequeue", None:
                taken = self._take(1)
                return taken[0] if taken else None
            case "drain", None:
                return self._take(None)
            case _:
                raise Refused(f"RabbitMQ is not asked to {op.f}")

    def _enqueue(self, element: int) -> None:
        channel = self._open()
        try:
            channel.publish(QUEUE, str(element).encode())
            if self._confirms and not channel.confirmed():
                raise Unknown("not confirmed")
        except Closed as error:
            raise Unknown(str(error)) from None

    def _take(self, most: int | None) -> tuple[int, ...]:
        """Take so many elements at most, or all (None)."""
        taken: list[int] = []
        try:
            channel = self._open()
            while most is None or len(taken) < most:
                message = channel.get(QUEUE)
                if message is None:
                    break
                tag, body = message
                taken.append(int(body))
        except (Closed, OSError) as error:
            self.close()
            raise Refused(f"nothing taken: {error}") from None
        if taken:
            try:
                channel.acknowledge(tag)
            except OSError:
                self.close()  # the elements will be handed out once more
        return tuple(taken)

    def _open(self) -> Channel:
        """The channel, made anew after it was closed, and after a silence for which the server may have closed it."""
        now = time.monotonic()
        if now - self._used > BEAT:
            self.close()
        self._used = now
        if self._channel is None:
            channel = opened(self._site)
            try:
                if self._confirms:
                    channel.confirm()
            except (Closed, OSError) as error:
                channel.close()
                raise ConnectionAbortedError(str(error)) from None
            self._channel = channel
        return self._channel


system = external(
    "rabbitmq",
    "message broker with a quorum queue on Raft (RabbitMQ 3.8 to 4)",
    RabbitMQ(),
    note="a majority of nodes must be up and connected; without publisher confirms messages may be lost; a message may "
    "be handed out more than once, as RabbitMQ documents",
    workloads=("queue",),
    options={"confirms": ("on", "off")},
    tempo=6.0,
    liveness=60 * SECOND,
    defaults={"rate": 100, "time": 60 * SECOND, "timeout": 5 * SECOND},
)
