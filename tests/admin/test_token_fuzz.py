"""Tokens and headers of any bytes: nothing but the token opens the door, and nothing that is sent breaks it."""

import asyncio
import itertools
import string
from pathlib import Path

import h11
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from uvicorn import Config
from uvicorn.server import ServerState

from clocker_actors.admin.app import create_app
from clocker_actors.admin.auth import _bearer
from clocker_actors.admin.peers import PeerProtocol
from clocker_actors.admin.tokens import PREFIX
from tests.admin.house import open_house

Header = tuple[bytes, bytes]
NEAR = st.text(alphabet=string.ascii_letters + string.digits + "-_ \t=,", max_size=60).map(str.encode)
ANY = st.binary(max_size=80)
SCHEMES = st.sampled_from([b"Bearer ", b"bearer ", b"BEARER\t", b"Basic ", b"", b"Bearer", b"Bearer  "])


@given(st.lists(st.tuples(st.sampled_from([b"authorization", b"cookie", b"x-forwarded-for"]), SCHEMES, st.one_of(NEAR, ANY)), max_size=3))
def test_what_is_no_single_bearer_token_is_none(sent: list[tuple[bytes, bytes, bytes]]) -> None:
    headers = [(name, scheme + text) for name, scheme, text in sent]
    given_ = [value for name, value in headers if name == b"authorization"]
    found = _bearer({"headers": headers})
    assert isinstance(found, str)
    if len(given_) != 1 or not given_[0].lower().startswith(b"bearer "):
        assert found == ""


async def asked(app: object, headers: list[Header], path: str, method: str) -> int:
    """The status of one request, given to the application as a server gives it."""
    sent: list[dict[str, object]] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "raw_path": path.encode("utf-8", "surrogateescape"), "query_string": b"", "headers": headers, "client": (f"10.0.0.{next(_last) % 250}", 1), "server": ("x", 80), "scheme": "http", "root_path": "", "http_version": "1.1", "asgi": {"version": "3.0", "spec_version": "2.3"}}  # fmt: skip
    await app(scope, receive, send)  # type: ignore[operator]
    return int(str(sent[0]["status"]))


_last = itertools.count()


@pytest.mark.real_loop
async def test_nothing_but_the_token_opens_the_door(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        token = (await house.token()).encode()
        app = create_app(house.context)
        loop = asyncio.get_running_loop()
        cut = st.integers(0, len(token) - 1).map(lambda at: token[:at] + bytes([token[at] ^ 1]) + token[at + 1 :])
        shorter = st.integers(0, len(token) - 1).map(lambda at: token[:at])
        texts = st.one_of(cut, shorter, ANY, NEAR, st.sampled_from([token + b"\x00", PREFIX.encode(), token.swapcase(), token[::-1]]))
        paths = st.one_of(st.sampled_from(["/v1/events", "/v1/entities/c2", "/", "//v1/applications", "/v1/../healthz", "/healthz/", "/v1/tokens"]), st.text(max_size=30).map("/".__add__))  # fmt: skip
        methods = st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "nonsense"])

        @settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
        @given(
            texts,
            paths,
            methods,
            st.lists(st.tuples(st.sampled_from([b"host", b"origin", b"x-forwarded-for", b"content-length"]), ANY), max_size=2),
        )
        def tried(text: bytes, path: str, method: str, more: list[Header]) -> None:
            running = asyncio.run_coroutine_threadsafe(asked(app, [(b"authorization", b"Bearer " + text), *more], path, method), loop)
            assert running.result(10) in {401, 429}, (text, path, method)

        await asyncio.to_thread(tried)
        assert await asked(app, [(b"authorization", b"Bearer " + token)], "/v1/applications", "GET") == 200
        assert not house.invoked


@settings(max_examples=200)
@given(st.lists(st.one_of(st.binary(min_size=1, max_size=80), st.sampled_from([b"GET / HTTP/1.1\r\n", b"Host: x\r\n", b"\r\n", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"Upgrade: h2c\r\n", b"Connection: upgrade\r\n"])), max_size=12))  # fmt: skip
def test_bytes_that_are_no_http_are_answered_400_or_not_at_all(pieces: list[bytes]) -> None:
    """The connection itself, without a network: any bytes, in any pieces."""
    loop = asyncio.new_event_loop()
    try:
        transport = _Transport()
        config = Config(_nobody, http=PeerProtocol, ws="none", lifespan="off", log_config=None, log_level="critical")
        config.load()
        protocol = PeerProtocol(config, ServerState(), {}, _loop=loop)
        protocol.connection_made(transport)
        for piece in pieces:
            if not transport.is_closing():
                protocol.data_received(piece)
            loop.run_until_complete(asyncio.sleep(0))
        loop.run_until_complete(asyncio.sleep(0))
        statuses = [line.split(b" ")[1] for line in bytes(transport.written).split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]
        assert set(statuses) <= {b"200", b"400"}
        protocol.connection_lost(None)
        assert protocol._waiting is None
        assert protocol.conn.our_state in {h11.IDLE, h11.CLOSED, h11.ERROR, h11.MUST_CLOSE, h11.SEND_RESPONSE, h11.DONE, h11.SEND_BODY}
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()


async def _nobody(scope: object, receive: object, send: object) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})  # type: ignore[operator]
    await send({"type": "http.response.body", "body": b""})  # type: ignore[operator]


class _Transport(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = bytearray()
        self._closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return self._closed

    def close(self) -> None:
        self._closed = True

    def abort(self) -> None:
        self._closed = True

    def pause_reading(self) -> None:
        """Nothing comes by itself."""

    def resume_reading(self) -> None:
        """Nothing comes by itself."""
