"""What the remote world costs, on hosts that are network namespaces of this machine, each with an sshd. As root.

    python benchmarks/remote.py [SECONDS]

How long a world of five hosts takes to be made and removed, what a command to an agent takes, and runs without faults:
ping_pong with one client that asks as fast as it is answered, and Raft with five servers and five clients.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

import click

from splitbrain.bench.registry import system
from splitbrain.bench.run import run
from splitbrain.bench.test import SECOND, Test
from splitbrain.bench.worlds.remote.machines import Hosts

sys.path.append(str(Path(__file__).parents[1] / "tests" / "helpers"))
import sshd

COMMANDS = 1000
AS_FAST_AS_POSSIBLE = 1_000_000


def agents(made: sshd.Hosts) -> None:
    """Start and end five agents, and command one."""
    servers = [f"s{number}" for number in range(1, 6)]
    begin = time.perf_counter()
    machines = Hosts(sshd.reached(made), system("raft"), servers, "nftables", None)
    click.echo(f"{'five agents, started':28}{(time.perf_counter() - begin) * 1e3:8.0f} ms")
    agent = machines.agents[0]
    for verb, more in (("clock", {}), ("cut", {"cuts": [["0", "10.255.255.1"]]})):
        times = []
        for _ in range(COMMANDS):
            begin = time.perf_counter()
            agent.ask(verb, **more)
            times.append(time.perf_counter() - begin)
        click.echo(f"{f'a command ({verb})':28}{statistics.median(times) * 1e6:8.0f} us")
    begin = time.perf_counter()
    machines.close()
    click.echo(f"{'five agents, ended':28}{(time.perf_counter() - begin) * 1e3:8.0f} ms")


def requests(made: sshd.Hosts, name: str, workload: str, clients: int, seconds: int) -> str:
    """The median latency of operations without faults, and how many there are each second."""
    tested = system(name)
    test = Test(
        system=name,
        workload=workload,
        seed=1,
        faults="none",
        world="remote",
        remote=sshd.reached(made),
        servers=tested.servers,
        clients=clients,
        operations=10**9,
        time=seconds * SECOND,
        rate=AS_FAST_AS_POSSIBLE,
    )
    result = run(test)
    done = [one for one in result.history.operations if one.completed is not None]
    latency = statistics.median(one.completed - one.invoked for one in done if one.completed is not None)
    return f"{latency / 1e3:8.0f} us {len(done) / seconds:8.0f} operations/s  {result.record.grade}"


def main() -> None:
    """Measure, and print a line for each."""
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    if reason := sshd.missing():
        sys.exit(f"no hosts to reach over SSH: {reason}")
    with tempfile.TemporaryDirectory() as place, sshd.hosts(Path(place), 5) as made:
        agents(made)
        click.echo(f"{'ping_pong, 1 client':28}{requests(made, 'ping_pong', 'ping', 1, seconds)}")
        click.echo(f"{'raft, 5 servers, 5 clients':28}{requests(made, 'raft', 'register', 5, seconds)}")


if __name__ == "__main__":
    main()
