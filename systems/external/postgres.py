"""PostgreSQL: a single server, which is killed and started again."""

import json
from collections.abc import Sequence

from ...errors import UsageError
from ...histories.event import Invocation
from ...histories.operation import Value
from ..database import Connection, Database, Program, Refused, Site, Unknown
from .commands import run, unprivileged
from .declare import external
from .pgwire import Answer, Failed, Session

PORT = 5432
USER = "postgres"
PLACES = [f"/usr/lib/postgresql/{version}/bin" for version in range(18, 12, -1)]
INSTALL = "install PostgreSQL (Debian: postgresql; PyPI: pgserver)"
ISOLATION = {
    "serializable": "serializable",
    "repeatable_read": "repeatable read",
    "read_committed": "read committed",
}
ACCOUNTS, BALANCE = 6, 10
"""Of the bank, as the workload expects it."""
TABLES = f"""
create table registers (key text primary key, value text);
create table elements (element bigint primary key);
create table accounts (number int primary key, balance int not null);
insert into accounts select number, {BALANCE} from generate_series(0, {ACCOUNTS - 1}) number;
"""
NOT_DONE = ("40001", "40P01", "55P03", "57P03", "53300", "25006", "23")
"""Beginnings of SQLSTATEs after which a transaction has certainly not happened: it could not be serialized, a
deadlock, a lock, a server that starts, too many connections, a server that only reads, a broken constraint."""


def program(name: str) -> Program:
    """One of PostgreSQL's programs."""
    wheel = f"pgserver:pginstall/bin/{name}"
    return Program(install=INSTALL, places=(*(f"{place}/{name}" for place in PLACES), wheel))


class Postgres(Database):
    """One server of PostgreSQL."""

    programs = {name: program(name) for name in ("postgres", "initdb")}

    def prepare(self, site: Site) -> None:
        if len(site.addresses) > 1:
            raise UsageError("postgres is a single server: leave --servers at 1")
        initialize(site)

    def commands(self, site: Site) -> Sequence[Sequence[str]]:
        return [server(site, {"synchronous_commit": site.options.get("synchronous_commit", "on")})]

    def ready(self, site: Site) -> bool:
        answer = asked(site, "select pg_is_in_recovery()")
        return answer.rows == (("f",),)

    def set_up(self, site: Site) -> None:
        asked(site, TABLES)

    def connect(self, site: Site) -> Connection:
        return Client(site)


def initialize(site: Site) -> None:
    """Make a database in the server's directory, which everybody may use."""
    data = site.directory / "data"
    how = ("--auth", "trust", "--username", USER, "--encoding", "UTF8", "--locale", "C", "--no-sync")
    run([*unprivileged(), site.binary("initdb"), "--pgdata", str(data), *how])
    with (data / "pg_hba.conf").open("a") as rules:
        rules.write("host all all all trust\nhost replication all all trust\n")


def server(site: Site, settings: dict[str, str]) -> Sequence[str]:
    """The command of a server with these settings, and others that suit a short run."""
    given = {
        "listen_addresses": site.address,
        "port": str(PORT),
        "unix_socket_directories": "",
        "dynamic_shared_memory_type": "mmap",
        "shared_buffers": "16MB",
        "log_checkpoints": "off",
        **settings,
    }
    data = site.directory / "data"
    chosen = [word for name, value in given.items() for word in ("-c", f"{name}={value}")]
    return [*unprivileged(), site.binary("postgres"), "-D", str(data), *chosen]


def session(site: Site) -> Session:
    """A session with the server. Raises OSError if there is none."""
    try:
        return Session(site.connect(PORT), USER, "postgres")
    except (Failed, Unknown) as error:
        raise ConnectionRefusedError(str(error)) from None


def asked(site: Site, statements: str) -> Answer:
    """The answer to statements in a session of their own. Raises OSError if there is none."""
    opened = session(site)
    try:
        return opened.ask(statements)
    except (Failed, Unknown) as error:
        raise ConnectionAbortedError(str(error)) from None
    finally:
        opened.close()


class Client:
    """A connection to the server. Every operation is a transaction."""

    def __init__(self, site: Site) -> None:
        self._session = session(site)
        level = ISOLATION[site.options.get("isolation", "serializable")]
        try:
            self._session.ask(f"set default_transaction_isolation = '{level}'")
        except (Failed, Unknown) as error:
            self._session.close()
            raise ConnectionAbortedError(str(error)) from None

    def close(self) -> None:
        self._session.close()

    def invoke(self, op: Invocation) -> Value:
        try:
            return self._carry_out(op)
        except Failed as error:
            raise (Refused if error.code.startswith(NOT_DONE) else Unknown)(str(error)) from None

    def _carry_out(self, op: Invocation) -> Value:
        ask = self._session.ask
        match op.f, op.input:
            case "read", None if op.key is None:
                return tuple(int(row[0] or 0) for row in ask("select element from elements order by element").rows)
            case "read", None:
                rows = ask(f"select value from registers where key = {_text(op.key)}").rows
                return json.loads(rows[0][0] or "null") if rows else None
            case "write", value:
                row = f"values ({_text(op.key)}, {_text(json.dumps(value))})"
                ask(f"insert into registers {row} on conflict (key) do update set value = excluded.value")
                return None
            case "cas", (old, new):
                return self._compare_and_set(_text(op.key), old, _text(json.dumps(new)))
            case "add", int() as element:
                ask(f"insert into elements values ({element})")
                return None
            case "read", tuple():
                rows = ask("select balance from accounts order by number").rows
                return tuple(int(row[0] or 0) for row in rows)
            case "transfer", (int() as source, int() as target, int() as amount):
                self._transfer(source, target, amount)
                return None
            case _:
                raise Refused(f"PostgreSQL is not asked to {op.f}")

    def _compare_and_set(self, key: str, old: Value, new: str) -> bool:
        if old is None:
            statement = f"insert into registers values ({key}, {new}) on conflict (key) do nothing"
        else:
            statement = f"update registers set value = {new} where key = {key} and value = {_text(json.dumps(old))}"
        return self._session.ask(statement).affected == 1

    def _transfer(self, source: int, target: int, amount: int) -> None:
        """Read both balances, then write both: what an application does, and what isolation is for."""
        ask = self._session.ask
        ask("begin")
        try:
            rows = ask(f"select number, balance from accounts where number in ({source}, {target})").rows
            balances = {int(number or 0): int(balance or 0) for number, balance in rows}
            if balances[source] < amount:
                ask("rollback")
                raise Refused("not enough there")
            for account, balance in ((source, balances[source] - amount), (target, balances[target] + amount)):
                ask(f"update accounts set balance = {balance} where number = {account}")
        except Failed as error:
            ask("rollback")
            raise Refused(str(error)) from None
        except (OSError, Unknown) as error:
            raise Refused(f"before commit: {error}") from None
        ask("commit")


def _text(value: Value) -> str:
    """A literal. What the bench writes has no backslashes to be afraid of."""
    return "'" + str(value).replace("'", "''") + "'"


system = external(
    "postgres",
    "relational database, a single server (PostgreSQL 13 to 18)",
    Postgres(),
    note="one server, down while it restarts; without synchronous commit the last transactions may be lost, and weaker "
    "isolation than serializable allows anomalies, as PostgreSQL documents",
    workloads=("register", "bank", "set"),
    options={"synchronous_commit": ("on", "off"), "isolation": tuple(ISOLATION)},
    tempo=1.0,
    servers=1,
)
