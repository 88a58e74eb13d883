"""The same nodes as operating-system processes that talk over TCP."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from splitbrain.bench.worlds.tcp import TcpNode, codec_of
from splitbrain.histories.event import Invocation
from splitbrain.systems.ping_pong import system

LIMIT = 60
"""Seconds after which the test gives up; it takes a fraction of one."""

NAMES = ("s1", "s2")


@asynccontextmanager
async def cluster() -> AsyncIterator[tuple[TcpNode, list[asyncio.subprocess.Process]]]:
    """A client in this process, and two servers in processes of their own."""
    deployment = system.deploy(len(NAMES), None)
    client = TcpNode("c0", deployment.client, codec_of(deployment))
    ports = {"c0": await client.listen()}
    processes = []
    for name in NAMES:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "splitbrain.bench.worlds.tcp", "ping_pong", name, "--servers", "2"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        processes.append(process)
    for name, process in zip(NAMES, processes, strict=True):
        assert process.stdout is not None
        ports[name] = int(await process.stdout.readline())
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(json.dumps(ports).encode() + b"\n")
    client.start(ports)
    try:
        yield client, processes
    finally:
        await client.close()
        for process in processes:
            assert process.stdin is not None
            process.stdin.close()
            await process.wait()


async def ping(client: TcpNode, numbers: range) -> list[object]:
    answers: list[object] = []
    for number in numbers:
        op = Invocation(operation=number, process=0, f="ping", input=number, time=client.now)
        answers.append((await client.invoke(op)).output)
    return answers


async def check_pings() -> None:
    async with cluster() as (client, processes):
        assert await ping(client, range(100)) == list(range(100))
    assert [process.returncode for process in processes] == [0, 0]


async def check_pings_past_a_killed_server() -> None:
    async with cluster() as (client, processes):
        processes[0].kill()
        await processes[0].wait()
        assert await ping(client, range(20)) == list(range(20))
    assert processes[1].returncode == 0


def test_two_processes_answer_pings() -> None:
    asyncio.run(asyncio.wait_for(check_pings(), LIMIT))


def test_the_clients_retry_timer_runs_on_the_real_clock() -> None:
    asyncio.run(asyncio.wait_for(check_pings_past_a_killed_server(), LIMIT))
