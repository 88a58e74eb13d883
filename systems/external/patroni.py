"""PostgreSQL with streaming replication, and Patroni on etcd, which decides who is the primary."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..database import Connection, Database, Program, Site
from .commands import unprivileged
from .declare import SECOND, external
from .etcd import CLIENTS, Etcd
from .postgres import ISOLATION, PORT, TABLES, USER, Client, asked, program

REST = 8008
SOON = 0.5
"""Seconds within which a server is found, or another one is asked."""
LEASE: Mapping[str, Any] = {"ttl": 10, "loop_wait": 2, "retry_timeout": 3}
"""Seconds: how long a primary is one without saying so again, how often it says so, and how long it tries."""


class Patroni(Database):
    """Servers of PostgreSQL, each with a Patroni and a member of etcd beside it."""

    programs = {
        **Etcd.programs,
        "postgres": program("postgres"),
        "patroni": Program(install="install Patroni (Debian: patroni; PyPI: patroni[etcd3])"),
    }

    def prepare(self, site: Site) -> None:
        (site.directory / "patroni.json").write_text(json.dumps(_settings(site)))

    def commands(self, site: Site) -> Sequence[Sequence[str]]:
        etcd = replace(site, directory=site.directory / "etcd")
        etcd.directory.mkdir(exist_ok=True)
        return [
            *Etcd().commands(etcd),
            [*unprivileged(), site.binary("patroni"), str(site.directory / "patroni.json")],
        ]

    def environment(self, site: Site) -> Mapping[str, str]:
        return {"HOME": str(site.directory)}

    def ready(self, site: Site) -> bool:
        """It answers, and the primary sends what it writes to all others."""
        asked(site, "select 1")
        answer = asked(primary(site), "select count(*) from pg_stat_replication where state = 'streaming'")
        return int(answer.rows[0][0] or 0) == len(site.addresses) - 1

    def set_up(self, site: Site) -> None:
        asked(primary(site), TABLES)

    def role(self, site: Site) -> str:
        return "follower" if _follows(site) else "leader"

    def connect(self, site: Site) -> Connection:
        return Client(primary(site))


def primary(site: Site) -> Site:
    """The first server that takes writes, this one or another, as a client asks who is given all addresses.

    Raises OSError if none is found.
    """
    problem = ""
    for each in (site, *site.others):
        try:
            each.dial(each.address, PORT, SOON).close()
            if not _follows(each):
                return each
        except OSError as error:
            problem = f": {error}"
    raise ConnectionRefusedError(f"no primary{problem}")


def _follows(site: Site) -> bool:
    return asked(site, "select pg_is_in_recovery()").rows == (("t",),)


def _settings(site: Site) -> dict[str, Any]:
    sync = site.options.get("replication", "sync") == "sync"
    user = {"username": USER, "password": "splitbrain"}
    return {
        "scope": "splitbrain",
        "name": site.name,
        "etcd3": {"hosts": [f"{address}:{CLIENTS}" for address in site.addresses.values()]},
        "restapi": {"listen": f"{site.address}:{REST}", "connect_address": f"{site.address}:{REST}"},
        "bootstrap": {
            "dcs": {
                **LEASE,
                "maximum_lag_on_failover": 1 << 30,
                "synchronous_mode": sync,
                "synchronous_mode_strict": sync,
                "postgresql": {"use_pg_rewind": True},
            },
            "initdb": [{"encoding": "UTF8"}, {"locale": "C"}, "no-sync"],
        },
        "postgresql": {
            "listen": f"{site.address}:{PORT}",
            "connect_address": f"{site.address}:{PORT}",
            "data_dir": str(site.directory / "data"),
            "bin_dir": str(Path(site.binary("postgres")).resolve().parent),
            "pgpass": str(site.directory / "pgpass"),
            "pg_hba": ["host all all all trust", "host replication all all trust", "local all all trust"],
            "authentication": {"superuser": user, "replication": user, "rewind": user},
            "remove_data_directory_on_diverged_timelines": True,
            "remove_data_directory_on_rewind_failure": True,
            "basebackup": [{"checkpoint": "fast"}],
            "parameters": {
                "unix_socket_directories": str(site.directory),
                "dynamic_shared_memory_type": "mmap",
                "shared_buffers": "16MB",
            },
        },
    }


system = external(
    "patroni",
    "PostgreSQL with streaming replication, failed over by Patroni on etcd",
    Patroni(),
    note="a majority of servers must be up and connected; with asynchronous replication a failover may lose the last "
    "transactions, as PostgreSQL and Patroni document",
    workloads=("register", "bank", "set"),
    options={"replication": ("sync", "async"), "isolation": tuple(ISOLATION)},
    tempo=20.0,
    liveness=90 * SECOND,
    defaults={"timeout": 5 * SECOND, "time": 90 * SECOND, "rate": 100},
)
