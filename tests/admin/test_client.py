"""The client: over both doors, with the daemon's errors as they were there, and with whoever is no daemon."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from clocker_actors import errors
from clocker_actors.admin.client import Client
from tests.admin.house import House, open_house

pytestmark = pytest.mark.real_loop


@pytest_asyncio.fixture
async def both(tmp_path: Path) -> AsyncIterator[House]:
    """A daemon with both doors."""
    async with open_house(tmp_path, listen="127.0.0.1:0") as house:
        yield house


@pytest.mark.parametrize("tcp", [False, True])
async def test_it_speaks_over_both_doors(both: House, tcp: bool) -> None:
    url = f"http://127.0.0.1:{both.door.port}" if tcp else f"unix://{both.socket}"
    token = await both.token()

    def use() -> list[object]:
        with Client(url, token) as client:
            client.upload(hashlib.sha256(b"x").hexdigest(), b"x")
            client.upload(hashlib.sha256(b"x").hexdigest(), b"x")
            past = [event.kind for event in client.events(latest=2, follow=False)]
            return [client.items("/v1/entities", path="shop")[0]["uid"], len(past), *client.lines("/v1/entities/m3/logs")]

    assert await asyncio.to_thread(use) == ["a1", 2, "one", "two"]


@pytest.mark.parametrize(
    ("path", "query", "kind"),
    [
        ("/v1/entities/nobody", None, errors.NotFound),
        ("/v1/entities", "nothing", errors.BadRequest),
        ("/nowhere", None, errors.NotFound),
    ],
)
async def test_errors_are_what_they_were_at_the_daemon(both: House, path: str, query: str | None, kind: type[errors.ClockerError]) -> None:
    def use() -> None:
        with Client(f"unix://{both.socket}") as client:
            client.get(path, kind=query)

    with pytest.raises(kind):
        await asyncio.to_thread(use)


async def test_a_wrong_token_is_said(both: House) -> None:
    def use() -> None:
        with Client(f"http://127.0.0.1:{both.door.port}", "wrong") as client:
            client.get("/v1/applications")

    with pytest.raises(errors.ClockerError, match="CLOCKER_TOKEN"):
        await asyncio.to_thread(use)


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", errors.ClockerError, "CLOCKER_URL"),
        (b"HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\nhi", errors.ClockerError, "answered 500"),
        (b"SSH-2.0-OpenSSH\r\n", errors.NoDaemon, "broke off"),
        (b"", errors.NoDaemon, "broke off"),
    ],
)
async def test_whoever_is_no_daemon_is_called_that(answer: bytes, kind: type[errors.ClockerError], words: str) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    def use() -> None:
        with Client(f"http://127.0.0.1:{port}") as client:
            client.get("/v1/applications")

    async with server:
        with pytest.raises(kind, match=words):
            await asyncio.to_thread(use)
