"""How fast the local world is: a request to a process and back, and Raft as fast as clients ask.

    python benchmarks/local.py [SECONDS]

The first line is plain loopback: two sockets, one byte there and back. Raft syncs to files in the directory for
temporary files, and once more to memory, in /dev/shm.
"""

import os
import socket
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

import click

from splitbrain.bench.run import RunResult, run
from splitbrain.bench.test import SECOND, Test

REQUESTS = 2000
AS_FAST_AS_POSSIBLE = 1_000_000


def loopback() -> float:
    """The median time of a byte there and back over TCP on the loopback interface, in microseconds."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        answering = threading.Thread(target=echo, args=(server,))
        answering.start()
        with socket.create_connection(server.getsockname()) as client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            times = []
            for _ in range(REQUESTS):
                begin = time.perf_counter()
                client.sendall(b"x")
                client.recv(1)
                times.append(time.perf_counter() - begin)
        answering.join()
    return statistics.median(times) * 1e6


def echo(server: socket.socket) -> None:
    """Send back what the first client sends."""
    connection, _ = server.accept()
    with connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while data := connection.recv(1):
            connection.sendall(data)


def measured(system: str, workload: str, clients: int, seconds: int) -> RunResult:
    """A run without faults in which clients ask as fast as they are answered."""
    return run(
        Test(
            system=system,
            workload=workload,
            seed=1,
            faults="none",
            world="local",
            clients=clients,
            operations=10**9,
            time=seconds * SECOND,
            rate=AS_FAST_AS_POSSIBLE,
        )
    )


def line(what: str, result: RunResult) -> str:
    """Operations a second, from the first answer to the last, and the median latency."""
    times = sorted(one.completed - one.invoked for one in result.history.operations if one.completed is not None)
    ends = [one.completed for one in result.history.operations if one.completed is not None]
    rate = len(times) / (max(ends) - min(ends)) * SECOND
    return f"{what:50} {statistics.median(times) / 1e3:8.0f} us {rate:8.0f} operations/s  {result.record.grade}"


def main() -> None:
    """Measure, and print a line for each."""
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    click.echo(f"{'loopback, a byte there and back':50} {loopback():8.0f} us")
    click.echo(line("ping_pong, 1 client", measured("ping_pong", "ping", 1, seconds)))
    for memory in (False, True):
        if memory and not os.access("/dev/shm", os.W_OK):
            continue
        tempfile.tempdir = "/dev/shm" if memory else None
        where = "memory" if memory else str(Path(tempfile.gettempdir()))
        for clients in (5, 20):
            click.echo(
                line(f"raft, {clients} clients, disks in {where}", measured("raft", "register", clients, seconds))
            )


if __name__ == "__main__":
    main()
