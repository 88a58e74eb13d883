"""What a network costs: a request that does nothing, over each network of the local world and over plain loopback.

    python benchmarks/backends.py [SECONDS]

The first lines are two sockets and one byte there and back, without any nodes. The others are runs of ping_pong with
one client that asks as fast as it is answered, and of Raft with five. Networks that this machine cannot have are named.
"""

import socket
import statistics
import sys
import threading
import time

import click

from splitbrain.bench.run import run
from splitbrain.bench.test import SECOND, Test
from splitbrain.bench.worlds.local.network import NETWORKS, Network, missing, network_of

REQUESTS = 2000
AS_FAST_AS_POSSIBLE = 1_000_000


def bytes_back_and_forth(network: Network) -> float:
    """The median time of a byte from one node to another and back over TCP, in microseconds."""
    with network.new_socket("two") as server, network.new_socket("one") as client:
        server.bind((network.address("two"), 0))
        server.listen()
        answering = threading.Thread(target=echo, args=(server,))
        answering.start()
        client.connect(network.route("one", "two", server.getsockname()))
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        times = []
        for _ in range(REQUESTS):
            begin = time.perf_counter()
            client.sendall(b"x")
            client.recv(1)
            times.append(time.perf_counter() - begin)
        client.shutdown(socket.SHUT_RDWR)
        answering.join()
    return statistics.median(times) * 1e6


def echo(server: socket.socket) -> None:
    """Send back what the first client sends."""
    connection, _ = server.accept()
    with connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while data := connection.recv(1):
            connection.sendall(data)


def requests(network: str, system: str, workload: str, clients: int, seconds: int) -> str:
    """The median latency of operations without faults, and how many there are each second."""
    test = Test(
        system=system,
        workload=workload,
        seed=1,
        faults="none",
        world="local",
        network=network,
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
    for name in NETWORKS:
        if reason := missing(name):
            click.echo(f"{name:12}: {reason}")
            continue
        begin = time.perf_counter()
        network = network_of(name, ("one", "two"), lambda _: None)
        made = (time.perf_counter() - begin) * 1e3
        try:
            click.echo(f"{name:12}{'two nodes, made':26}{made:8.0f} ms")
            click.echo(f"{name:12}{'a byte there and back':26}{bytes_back_and_forth(network):8.0f} us")
        finally:
            network.close()
        click.echo(f"{name:12}{'ping_pong, 1 client':26}{requests(name, 'ping_pong', 'ping', 1, seconds)}")
        click.echo(f"{name:12}{'raft, 5 clients':26}{requests(name, 'raft', 'register', 5, seconds)}")


if __name__ == "__main__":
    main()
