"""The name server is gone: what is said of engines and pages with names, and is all well again by itself when it is back?"""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from clocker_actors.drivers.docker import connect
from clocker_actors.drivers.http import AioHttp
from clocker_actors.errors import ClockerError, EngineUnavailable, HttpUnavailable
from clocker_actors.model.http import HttpQuestion
from clocker_actors.model.specs import EngineSpec
from tests.contracts.engine.lab import Calls

pytestmark = pytest.mark.real_loop

NAME = "build-7.example"


class Names:
    """What the machine makes of names; none is known at first."""

    def __init__(self) -> None:
        self.known = False

    async def look_up(self, host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        """In place of the loop's own."""
        if host == NAME and not self.known:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]


@pytest_asyncio.fixture
async def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    """No name server."""
    made = Names()
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", made.look_up)
    return made


@pytest_asyncio.fixture
async def port() -> AsyncIterator[int]:
    """Somebody who answers all questions with OK."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nConnection: close\r\nContent-Length: 2\r\n\r\nOK")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield int(server.sockets[0].getsockname()[1])


async def test_an_engine_by_its_name(names: Names, port: int, tmp_path: Path) -> None:
    engine = connect(EngineSpec(f"tcp://{NAME}:{port}"), Calls(), tmp_path)
    try:
        for _ in range(2):
            with pytest.raises(EngineUnavailable, match=f"the name {NAME} leads to no address"):
                await engine.ping()
        names.known = True
        await engine.ping()
    finally:
        await engine.close()


async def test_an_engine_by_ssh(names: Names, tmp_path: Path) -> None:
    engine = connect(EngineSpec(f"ssh://root@{NAME}"), Calls(), tmp_path)
    try:
        with pytest.raises(EngineUnavailable, match=NAME):
            await engine.ping()
    finally:
        await engine.close()


async def test_a_page(names: Names, port: int) -> None:
    http = AioHttp()
    try:
        with pytest.raises(HttpUnavailable, match=NAME) as refusal:
            await http.ask(HttpQuestion(f"http://{NAME}:{port}/"))
        assert isinstance(refusal.value, ClockerError)
        names.known = True
        assert (await http.ask(HttpQuestion(f"http://{NAME}:{port}/"))).status == 200
    finally:
        await http.close()
