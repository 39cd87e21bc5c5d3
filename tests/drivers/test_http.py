"""HTTP as feeds ask it, against real servers on loopback: what is no good answer is a fault in bounded time and memory."""

import asyncio
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio

from clocker_actors.drivers.http import AioHttp
from clocker_actors.errors import HttpFault, HttpUnavailable
from clocker_actors.model.http import HttpQuestion

pytestmark = pytest.mark.real_loop
Serve = Callable[[asyncio.StreamWriter], Awaitable[None]]


@pytest_asyncio.fixture
async def http() -> AsyncIterator[AioHttp]:
    client = AioHttp()
    yield client
    await client.close()


async def ask(http: AioHttp, serve: Serve, **how: object) -> object:
    """The answer of a server that does this with each connection."""
    wrote: list[asyncio.Task[None]] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        wrote.append(task)
        try:
            await reader.readuntil(b"\r\n\r\n")
            await serve(writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        return await http.ask(HttpQuestion(f"http://127.0.0.1:{port}/x", **how))  # type: ignore[arg-type]
    finally:
        server.close()
        for task in wrote:
            task.cancel()
        await asyncio.gather(*wrote, return_exceptions=True)
        await server.wait_closed()


def says(*pieces: bytes) -> Serve:
    async def serve(writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()

    return serve


def page(body: bytes, status: str = "200 OK", more: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n{more}\r\n".encode() + body


async def test_any_status_is_an_answer_with_its_time(http: AioHttp) -> None:
    for status in ("200 OK", "404 Not Found", "500 Oops", "302 Found"):
        answer = await ask(http, says(page(b"hello", status, "Location: http://127.0.0.1:1/\r\n")))
        assert (answer.status, answer.body, answer.kind) == (int(status[:3]), b"hello", "text/plain")  # type: ignore[attr-defined]
        assert 0 < answer.seconds < 5  # type: ignore[attr-defined]


async def test_a_hundred_megabytes_are_neither_taken_nor_kept(http: AioHttp) -> None:
    megabyte = bytes(1 << 20)
    endless = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
    tracemalloc.start()
    try:
        with pytest.raises(HttpFault, match="more than the 1000 bytes allowed"):
            await ask(http, says(endless, *[megabyte] * 100), most=1000)
        with pytest.raises(HttpFault, match="answers with 104857600 bytes, more than the 1000"):
            await ask(http, says(b"HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n", *[megabyte] * 100), most=1000)
        assert tracemalloc.get_traced_memory()[1] < 20 << 20
    finally:
        tracemalloc.stop()


async def test_a_packed_answer_is_not_unpacked(http: AioHttp) -> None:
    with pytest.raises(HttpFault, match="packed"):
        await ask(http, says(page(b"\x1f\x8b", more="Content-Encoding: gzip\r\n")))


@pytest.mark.parametrize(
    ("serve", "error", "words"),
    [
        (says(), HttpUnavailable, "does not answer"),
        (says(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), HttpFault, "does not speak HTTP"),
        (says(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nshort"), HttpUnavailable, "does not answer"),
        (says(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n"), HttpFault, "does not speak HTTP"),
    ],
)
async def test_what_is_no_answer_is_said(http: AioHttp, serve: Serve, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        await ask(http, serve)


async def test_one_that_says_a_little_now_and_then_ends_in_time(http: AioHttp) -> None:
    async def drips(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        while True:
            writer.write(b".")
            await writer.drain()
            await asyncio.sleep(0.02)

    with pytest.raises(HttpUnavailable, match=r"did not answer within 0\.3 s"):
        await ask(http, drips, limit=0.3)


async def test_nobody_there_and_urls_that_cannot_be(http: AioHttp) -> None:
    with pytest.raises(HttpUnavailable, match="does not answer"):
        await http.ask(HttpQuestion("http://127.0.0.1:1/"))
    for url in ("http://", "ftp://x/", "http://127.0.0.1:99999/", "nonsense"):
        with pytest.raises((HttpFault, HttpUnavailable)):
            await http.ask(HttpQuestion(url, limit=1))
