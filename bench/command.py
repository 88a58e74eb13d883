"""A test in words: its facts, and the command that runs it."""

import shlex

from ..nemesis.families import NONE
from .hosts import PYTHON, Remote
from .test import MILLISECOND, SECOND, Test


def command(test: Test) -> str:
    """The command line that runs exactly this test, to be pasted into a shell."""
    words = ["splitbrain", "run", test.system]
    if test.bug is not None:
        words += ["--bug", test.bug]
    words += ["--workload", test.workload, "--faults", test.faults, "--world", test.world, "--seed", str(test.seed)]
    for name in ("servers", "clients", "keys", "operations"):
        words += [f"--{name}", str(getattr(test, name))]
    if test.network != "loopback":
        words += ["--network", test.network]
    for name, value in test.options:
        words += ["--option", f"{name}={value}"]
    for name, path in test.binaries:
        words += ["--binary", f"{name}={path}"]
    if test.rate is not None:
        words += ["--rate", str(test.rate)]
    if test.remote is not None:
        words += _reached(test.remote)
    words += ["--time", duration(test.time), "--timeout", duration(test.timeout)]
    if test.beyond_tolerance:
        words.append("--beyond-tolerance")
    if test.stop_on_violation:
        words.append("--stop-on-violation")
    return shlex.join(words)


def _reached(remote: Remote) -> list[str]:
    """The options that say which hosts there are, and how they are reached."""
    words = [word for host in remote.hosts for word in ("--host", host)]
    for option, value in (("--known-hosts", remote.known_hosts), ("--identity", remote.identity)):
        words += [option, value] if value is not None else []
    words += [] if remote.check else ["--no-host-key-check"]
    return words + (["--remote-python", remote.python] if remote.python != PYTHON else [])


def again(test: Test) -> str:
    """What the command promises, after "this": in the simulated world the very same run."""
    return "replays it exactly" if test.world == "simulated" else "runs the same test again"


def facts(test: Test) -> tuple[tuple[str, str], ...]:
    """The test's parameters in the order in which people want to know them."""
    bug = () if test.bug is None else (("bug", test.bug),)
    asked = f"{_counted(test.operations, 'operation')} on {_counted(test.keys, 'key')}"
    network = (
        ""
        if test.network == "loopback"
        else f" with {test.network}"
        if test.world == "remote"
        else f" in {test.network}"
    )
    network += "" if test.remote is None else f", {_counted(len(test.remote.hosts), 'host')}"
    beyond = ", beyond the fault model" if test.beyond_tolerance and test.faults != NONE else ""
    return (
        ("system", test.system),
        *bug,
        ("workload", f"{test.workload}, {_counted(test.clients, 'client')}, {asked}"),
        ("faults", test.faults + beyond),
        ("world", f"{test.world}{network}, {_counted(test.servers, 'server')}"),
        *((("options", ", ".join(f"{name}={value}" for name, value in test.options)),) if test.options else ()),
        ("seed", str(test.seed)),
    )


def duration(nanoseconds: int) -> str:
    """A length of time as the command line takes it: `20s`, `500ms`, `7ns`."""
    for unit, size in (("s", SECOND), ("ms", MILLISECOND), ("us", 1000)):
        if nanoseconds % size == 0:
            return f"{nanoseconds // size}{unit}"
    return f"{nanoseconds}ns"


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
