"""MariaDB Galera Cluster: every node takes writes, which are certified everywhere before they are committed."""

import json
import shutil
from collections.abc import Sequence

from ...histories.event import Invocation
from ...histories.operation import Value
from ..database import Connection, Database, Program, Refused, Site, Unknown
from ..system import Tolerance
from .commands import run, unprivileged
from .declare import SECOND, external
from .mysqlwire import Answer, Failed, Session

PORT, GROUP = 3306, 4567
INSTALL = "install MariaDB and Galera (Debian: mariadb-server galera-4 rsync lsof)"
ACCOUNTS, BALANCE = 6, 10
"""Of the bank, as the workload expects it."""
TABLES = (
    "create database splitbrain",
    "create table splitbrain.registers (name varchar(64) primary key, value text)",
    "create table splitbrain.elements (element bigint primary key)",
    "create table splitbrain.accounts (number int primary key, balance int not null)",
    "insert into splitbrain.accounts values " + ", ".join(f"({number}, {BALANCE})" for number in range(ACCOUNTS)),
)
TIMES = "evs.keepalive_period=PT0.5S;evs.suspect_timeout=PT2S;evs.inactive_timeout=PT4S;evs.install_timeout=PT4S"
"""How long nodes wait for each other: the keepalive must be shorter than a third of the suspicion."""
NOT_DONE = (1040, 1047, 1049, 1062, 1146, 1205, 1213)
"""Errors after which a transaction has certainly not happened: too many connections, a node that is not ready, no such
database, the key is there already, no such table, a lock, a deadlock (also: not certified)."""


class Galera(Database):
    """Nodes of one cluster."""

    programs = {
        "mariadbd": Program(install=INSTALL, places=("/usr/sbin/mariadbd",)),
        "mariadb-install-db": Program(install=INSTALL, version=()),
        "galera": Program(install=INSTALL, places=("/usr/lib/galera/libgalera_smm.so",), version=()),
    }

    def prepare(self, site: Site) -> None:
        """Make the first node's tables, which the others copy."""
        data = site.directory / "data"
        if site.first:
            how = ("--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db")
            run(
                [
                    *unprivileged(),
                    site.binary("mariadb-install-db"),
                    *how,
                    f"--datadir={data}",
                    "--innodb-log-file-size=8M",
                ]
            )
        else:
            shutil.copytree(site.directory.parent / next(iter(site.addresses)) / "data", data)

    def commands(self, site: Site) -> Sequence[Sequence[str]]:
        data = site.directory / "data"
        begins = site.first and not (data / "grastate.dat").exists()
        own = f"gmcast.listen_addr=tcp://{site.address}:{GROUP};pc.wait_prim_timeout=PT90S;gcache.size=16M"
        return [
            [
                *(
                    *unprivileged(),
                    site.binary("mariadbd"),
                    "--no-defaults",
                    f"--datadir={data}",
                    "--skip-grant-tables",
                ),
                *(f"--socket={site.directory}/s", f"--pid-file={site.directory}/pid", f"--bind-address={site.address}"),
                *("--binlog-format=ROW", "--innodb-autoinc-lock-mode=2", "--innodb-log-file-size=8M"),
                *("--innodb-buffer-pool-size=32M", "--wsrep-on=ON", f"--wsrep-provider={site.binary('galera')}"),
                f"--wsrep-cluster-address=gcomm://{'' if begins else ','.join(site.addresses.values())}",
                *(f"--wsrep-node-address={site.address}", f"--wsrep-node-name={site.name}", "--wsrep-sst-method=rsync"),
                f"--wsrep-provider-options={own};{TIMES}",
            ]
        ]

    def ready(self, site: Site) -> bool:
        """Whether it is a member that has caught up."""
        names = "'wsrep_ready', 'wsrep_local_state_comment', 'wsrep_cluster_status'"
        rows = asked(site, f"show global status where variable_name in ({names})").rows
        return {value for _, value in rows} == {"ON", "Synced", "Primary"}

    def set_up(self, site: Site) -> None:
        for statement in TABLES:
            asked(site, statement)

    def connect(self, site: Site) -> Connection:
        return Client(site)

    def differences(self, sites: Sequence[Site]) -> str:
        """All nodes must have the same rows."""
        tables = ", ".join(f"splitbrain.{name}" for name in ("registers", "elements", "accounts"))
        sums = {site.name: asked(site, f"checksum table {tables}").rows for site in sites}
        if len(set(sums.values())) == 1:
            return ""
        return "nodes differ: " + ", ".join(f"{n} has checksums {[value for _, value in r]}" for n, r in sums.items())


def session(site: Site) -> Session:
    """A session with the node. Raises OSError if there is none."""
    opened: Session | None = None
    try:
        opened = Session(site.connect(PORT), "root")
        opened.ask(f"set session wsrep_sync_wait = {site.options.get('wsrep_sync_wait', '7')}")
    except (Failed, Unknown) as error:
        if opened is not None:
            opened.close()
        raise ConnectionRefusedError(str(error)) from None
    return opened


def asked(site: Site, statement: str) -> Answer:
    """The answer to a statement in a session of its own. Raises OSError if there is none."""
    opened = session(site)
    try:
        return opened.ask(statement)
    except (Failed, Unknown) as error:
        raise ConnectionAbortedError(str(error)) from None
    finally:
        opened.close()


class Client:
    """A connection to a node. Every operation is a transaction."""

    def __init__(self, site: Site) -> None:
        self._session = session(site)
        self.close = self._session.close

    def invoke(self, op: Invocation) -> Value:
        try:
            return self._carry_out(op)
        except Failed as error:
            raise (Refused if error.code in NOT_DONE else Unknown)(str(error)) from None

    def _carry_out(self, op: Invocation) -> Value:
        ask = self._session.ask
        name = f"'{op.key}'"
        match op.f, op.input:
            case "read", None if op.key is None:
                return tuple(int(row[0] or 0) for row in ask("select element from splitbrain.elements").rows)
            case "read", None:
                rows = ask(f"select value from splitbrain.registers where name = {name}").rows
                return json.loads(rows[0][0] or "null") if rows else None
            case "write", value:
                row = f"({name}, '{json.dumps(value)}') on duplicate key update value = values(value)"
                ask(f"insert into splitbrain.registers values {row}")
                return None
            case "cas", (None, new):
                row = f"({name}, '{json.dumps(new)}')"
                return ask(f"insert ignore into splitbrain.registers values {row}").affected == 1
            case "cas", (old, new):
                which = f"name = {name} and value = '{json.dumps(old)}'"
                return ask(f"update splitbrain.registers set value = '{json.dumps(new)}' where {which}").affected == 1
            case "add", int() as element:
                ask(f"insert into splitbrain.elements values ({element})")
                return None
            case "read", tuple():
                rows = ask("select balance from splitbrain.accounts order by number").rows
                return tuple(int(row[0] or 0) for row in rows)
            case "transfer", (int() as source, int() as target, int() as amount):
                self._transfer(source, target, amount)
                return None
            case _:
                raise Refused(f"Galera is not asked to {op.f}")

    def _transfer(self, source: int, target: int, amount: int) -> None:
        """Read and lock both balances, then write both."""
        ask = self._session.ask
        which = f"from splitbrain.accounts where number in ({source}, {target}) for update"
        try:
            ask("begin")
            balances = {int(number or 0): int(balance or 0) for number, balance in ask(f"select * {which}").rows}
            if balances[source] < amount:
                ask("rollback")
                raise Refused("not enough there")
            for account, balance in ((source, balances[source] - amount), (target, balances[target] + amount)):
                ask(f"update splitbrain.accounts set balance = {balance} where number = {account}")
        except Failed as error:
            ask("rollback")
            raise Refused(str(error)) from None
        ask("commit")


system = external(
    "galera",
    "relational database, every node takes writes (MariaDB Galera Cluster)",
    Galera(),
    note="a majority of the last primary component must stay up and connected: after kills amid partitions nodes may "
    "need pc.bootstrap by hand; with wsrep_sync_wait=0 reads may be stale, as Galera documents",
    tolerance=Tolerance(pause=1, cut=True),
    workloads=("register", "bank", "set"),
    options={"wsrep_sync_wait": ("7", "0")},
    tempo=6.0,
    liveness=60 * SECOND,
    defaults={"timeout": 5 * SECOND},
)
