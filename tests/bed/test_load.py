"""Does the load generator keep its bounds, follow its targets and count what failed? (No real hosts needed.)"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.bed.load import Target, apply_load, fetch

pytestmark = pytest.mark.real_loop


@asynccontextmanager
async def _server(status: int = 200) -> AsyncIterator[Target]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.0 {status} so\r\n\r\nbody".encode())
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1")
    async with server:
        host, port = server.sockets[0].getsockname()
        yield host, port


async def test_it_stops_at_the_number_of_requests_and_spreads_them() -> None:
    async with _server() as one, _server() as two:
        report = await apply_load([one, two], seconds=10, clients=3, requests=20)
    assert dict(report.answered) == {one: 10, two: 10}
    assert (report.good, report.failed, len(report.times)) == (20, 0, 20)
    assert report.seconds < 5


async def test_it_stops_at_the_time() -> None:
    async with _server() as target:
        report = await apply_load([target], seconds=0.2)
    assert report.good > 0
    assert 0.2 <= report.seconds < 2


async def test_faults_are_counted_by_kind() -> None:
    async with _server(503) as sick:
        report = await apply_load([sick, ("127.0.0.1", 1)], seconds=10, clients=1, requests=4)
    assert dict(report.faults) == {"status 503": 2, "ConnectionRefusedError": 2}


async def test_targets_may_appear_while_it_runs() -> None:
    async with _server() as target:
        known: list[Target] = []
        load = asyncio.create_task(apply_load(lambda: known, seconds=5, requests=5, clients=1))
        await asyncio.sleep(0.12)
        known.append(target)
        report = await load
    assert report.good > 0


async def test_fetch_gives_status_and_body() -> None:
    async with _server(404) as target:
        assert await fetch(*target) == (404, "body")
