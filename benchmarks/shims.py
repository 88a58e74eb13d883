"""What the shims cost a program that is not ours: Python reading its clock, and redis-server with `appendfsync always`.

    python benchmarks/shims.py [REQUESTS]

Nothing goes wrong here, but in the lines `wrong`: there every clock is off and runs fast, and some syncs lie.
"""

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import click

from splitbrain.bench.worlds.shims import ClockShim, DiskShim, together

CLOCK = """
import time
def loop(read):
    begin = time.perf_counter_ns()
    for _ in range(200_000):
        read()
    return (time.perf_counter_ns() - begin) / 200_000
print(min(loop(time.monotonic_ns) for _ in range(5)))
"""


def clock(environment: Mapping[str, str], rate: float = 1.0) -> float:
    """What one reading of a clock takes in Python, in nanoseconds of the machine."""
    command = [sys.executable, "-c", CLOCK]
    return float(subprocess.run(command, env={**os.environ, **environment}, stdout=-1, check=True).stdout) / rate


def redis(directory: Path, environment: Mapping[str, str], requests: int) -> float:
    """The median time that one client's SET takes, in microseconds."""
    path = directory / "socket"
    command = ["redis-server", "--port", "0", "--unixsocket", str(path), "--dir", str(directory), "--save", ""]
    command += ["--appendonly", "yes", "--appendfsync", "always"]
    with subprocess.Popen(command, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            assert any("ready to accept connections" in line.lower() for line in server.stdout)
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(path))
                return statistics.median(_asked(client) for _ in range(requests)) / 1000
        finally:
            server.kill()


def _asked(client: socket.socket) -> int:
    begin = time.monotonic_ns()
    client.sendall(b"SET key value\r\n")
    assert client.recv(100) == b"+OK\r\n"
    return time.monotonic_ns() - begin


def main() -> None:
    requests = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
    with tempfile.TemporaryDirectory() as made:
        directory = Path(made)
        (directory / "data").mkdir()
        clocks, disk = ClockShim(directory / "clock"), DiskShim(directory / "disk", directory / "data")
        both = together(clocks.environment(), disk.environment())
        lines = [("plain", {}, 1.0), ("right", both, 1.0), ("wrong", both, 2.0)]
        for name, environment, rate in lines:
            clocks.set(0 if rate == 1 else 10**9, rate)
            if rate != 1:
                disk.set(syncs="lie", rate=0.001)
            reading = clock(environment, rate)
            asked = redis(directory / "data", environment, requests)
            click.echo(f"{name}   a reading of the clock {reading:6.0f} ns   SET in redis {asked:6.1f} us")
        clocks.close()
        disk.close()


if __name__ == "__main__":
    main()
