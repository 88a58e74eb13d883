"""Hosts as users name them, and what the command line makes of them."""

import sys
from pathlib import Path

import pytest

from splitbrain.bench.command import command
from splitbrain.bench.hosts import Host, Remote, parse_host, read_hosts
from splitbrain.bench.run import run
from splitbrain.bench.test import Test, run_id
from splitbrain.errors import UsageError


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("one", Host(None, "one", 22)),
        ("root@one", Host("root", "one", 22)),
        ("me@10.0.0.1:2222", Host("me", "10.0.0.1", 2222)),
        ("one.example:23", Host(None, "one.example", 23)),
        ("a@b@c", Host("a@b", "c", 22)),
    ],
)
def test_a_host_is_named_as_ssh_does(text: str, host: Host) -> None:
    assert parse_host(text) == host


@pytest.mark.parametrize("text", ["", "@one", "one:", "one:x", "one:0", "one:65536", "::1", "[::1]:22", "a b", "a,b"])
def test_what_is_no_host_is_an_error(text: str) -> None:
    with pytest.raises(UsageError, match="is no host: give user@host:port"):
        parse_host(text)


def test_a_file_names_a_host_on_each_line_and_may_have_comments(tmp_path: Path) -> None:
    path = tmp_path / "hosts"
    path.write_text("# ours\nroot@one\n\n  two:2222   # the slow one\n")
    assert read_hosts(path) == ("root@one", "two:2222")
    path.write_text("one\ntwo:no\n")
    with pytest.raises(UsageError, match=f"{path}:2: 'two:no' is no host"):
        read_hosts(path)
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        read_hosts(tmp_path / "none")


REMOTE = Test(
    system="ping_pong",
    workload="ping",
    seed=1,
    world="remote",
    remote=Remote(hosts=("a", "b:23"), known_hosts="known", check=False, identity="key", python="/opt/python"),
)


def test_the_command_of_a_test_names_its_hosts_and_how_they_are_reached() -> None:
    words = " --host a --host b:23 --known-hosts known --identity key --no-host-key-check --remote-python /opt/python "
    assert words in command(REMOTE)


def test_hosts_are_part_of_the_name_of_a_run() -> None:
    other = Test(system="ping_pong", workload="ping", seed=1, world="remote", remote=Remote(hosts=("a",)))
    assert run_id(REMOTE) != run_id(other)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"world": "remote"}, "need each other"),
        ({"world": "local", "remote": Remote(hosts=("a",))}, "need each other"),
        ({"world": "remote", "remote": Remote(hosts=("a",)), "network": "proxies"}, "is for --world local"),
    ],
)
def test_hosts_and_the_remote_world_need_each_other(given: dict[str, object], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        run(Test(system="ping_pong", workload="ping", seed=1, **given))  # type: ignore[arg-type]


def test_without_paramiko_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("splitbrain.bench.worlds.remote")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "paramiko", None)
    with pytest.raises(UsageError, match=r"needs paramiko: pip install 'splitbrain\[remote\]'"):
        run(REMOTE)
