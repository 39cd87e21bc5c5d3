"""What a request may cost: slow, large and many ones end, without hurting anybody else; failures to come in are answered more and more slowly. On real sockets."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
import pytest_asyncio

from clocker_actors.admin import failures, gates, limits, peers, tcp
from clocker_actors.admin.failures import Bucket, Failures, network
from clocker_actors.errors import SettingsError
from tests.admin.house import House, open_house
from tests.telemetry.samples import entity

pytestmark = pytest.mark.real_loop


@pytest_asyncio.fixture
async def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    """A daemon that listens on TCP and has little patience."""
    monkeypatch.setattr(limits, "PAUSE", 0.3)
    monkeypatch.setattr(limits, "WRITE_LIMIT", 0.5)
    monkeypatch.setattr(peers, "HEADERS_LIMIT", 0.3)
    async with open_house(tmp_path, listen="127.0.0.1:0") as house:
        yield house


class Line:
    """A connection on which anything may be said."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def to(cls, house: House, said: bytes = b"", *, source: str = "127.0.0.1") -> "Line":
        line = cls(*await asyncio.open_connection("127.0.0.1", house.door.port, local_addr=(source, 0)))
        line.writer.write(said)
        return line

    async def heard(self) -> bytes:
        """All until the other end closes."""
        try:
            async with asyncio.timeout(5):
                return await self.reader.read()
        except ConnectionError:
            return b""
        finally:
            self.close()

    def close(self) -> None:
        self.writer.close()


async def nobody_is_left(house: House) -> None:
    """All connections of the TCP door have ended."""
    assert house.door.tcp is not None
    for _ in range(500):
        if not house.door.tcp.crowd:
            return
        await asyncio.sleep(0.01)
    pytest.fail(f"{house.door.tcp.crowd} connections are still there")


def post(token: str, rest: bytes) -> bytes:
    """The head of a plan."""
    return b"POST /v1/plan HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token.encode() + b"\r\n" + rest


async def test_heads_that_do_not_come_are_not_waited_for(door: House) -> None:
    silent, slow = await Line.to(door), await Line.to(door, b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
    again = await Line.to(door, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b"200 OK" in await again.reader.readuntil(b"}")
    again.writer.write(b"GET /hea")
    assert b"".join(await asyncio.gather(silent.heard(), slow.heard(), again.heard())) == b""


async def test_bodies_that_are_slow_or_too_large_end_the_connection(door: House) -> None:
    token = await door.token()
    most = gates.TABLE["POST", "/v1/plan"].body
    slow = await Line.to(door, post(token, b"Content-Length: 10\r\n\r\nab"))
    announced = await Line.to(door, post(token, b"Content-Length: %d\r\n\r\n" % (most + 1)))
    absurd = await Line.to(door, post(token, b"Content-Length: %s\r\n\r\n" % (b"9" * 19)))
    stranger = await Line.to(door, post("wrong", b"Content-Length: 1000000\r\n\r\n"))
    grows = await Line.to(door, post(token, b"Transfer-Encoding: chunked\r\n\r\n"))
    chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"

    async def grow() -> bytes:
        with suppress(ConnectionError):
            for _ in range(most // 0x100000 + 2):
                grows.writer.write(chunk)
                await grows.writer.drain()
        return b""

    _, *said = await asyncio.gather(grow(), *(line.heard() for line in (slow, announced, absurd, stranger, grows)))
    assert [each[9:12] for each in said[:4]] == [b"408", b"413", b"413", b"401"]
    assert all(b"connection: close" in each.lower() for each in said[:4])
    assert said[4][9:12] in {b"413", b""}  # who still sends while the other end closes may not hear why
    assert door.context.limits.held == 0
    assert not door.invoked


async def test_who_is_refused_hears_why_also_while_he_sends(door: House) -> None:
    reader = await door.token("reader", "read")
    head = b"POST /v1/plan HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + reader.encode() + b"\r\nContent-Length: 50000\r\n\r\n"
    line = await Line.to(door, head)
    for _ in range(5):
        await asyncio.sleep(0.02)
        line.writer.write(b"x" * 10_000)
    assert b"403" in await line.reader.readuntil(b"\r\n")
    line.close()


async def test_all_bodies_together_are_bounded(door: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BODIES", 100)
    async with door.visitor(await door.token()) as http:
        answer = await http.post("/v1/plan", content=b"x" * 200)
    assert (answer.status_code, answer.headers.get("retry-after")) == (503, "10"), answer.text


async def test_who_does_not_read_events_costs_so_much_and_is_cut_off(door: House) -> None:
    token = await door.token()
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(raw, ("127.0.0.1", door.door.port))
    await loop.sock_sendall(raw, b"GET /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token.encode() + b"\r\n\r\n")
    assert await loop.sock_recv(raw, 100)
    (listener,) = door.model.events.listeners
    waiting = 0
    for number in range(400):  # some 5 kB each: the sockets' buffers are full soon
        for each in range(10):
            door.model.note(entity("a9", "blog", "root", word="x" * 5_000, number=number * 10 + each), 0.0)
        waiting = max(waiting, len(listener._queue))
        if listener.dropped:
            break
        await asyncio.sleep(0.001)
    assert listener.dropped and waiting <= 1_000
    assert not door.model.events.listeners
    await nobody_is_left(door)
    raw.close()
    async with door.visitor(token) as http:
        assert (await http.get("/v1/applications")).status_code == 200


async def test_one_token_follows_only_so_much(door: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clocker_actors.admin.auth.MOST_STREAMS", 1)
    async with door.visitor(await door.token("one")) as one, door.visitor(await door.token("two")) as two, one.stream("GET", "/v1/events"):
        assert (await one.get("/v1/events")).status_code == 503
        async with two.stream("GET", "/v1/events") as answer:
            assert answer.status_code == 200


async def test_nobody_takes_all_the_room(door: House, monkeypatch: pytest.MonkeyPatch) -> None:
    assert door.door.tcp is not None
    monkeypatch.setattr(door.door.tcp, "_each", 3)
    monkeypatch.setattr(door.door.tcp, "_most", 5)
    lines = [await Line.to(door, source=source) for source in ("127.0.0.2",) * 5 + ("127.0.0.3",) * 5]
    await asyncio.sleep(0.05)
    assert door.door.tcp.crowd == 5
    await asyncio.gather(*(line.heard() for line in lines))  # heads that do not come are not waited for
    await nobody_is_left(door)
    async with door.visitor(await door.token(), source="127.0.0.2") as http:
        assert (await http.get("/v1/applications")).status_code == 200


async def test_who_fails_too_often_is_told_to_wait_and_nobody_else(door: House) -> None:
    token = await door.token()
    async with (
        door.visitor("wrong", source="127.0.0.2") as bad,
        door.visitor(token, source="127.0.0.2") as good,
        door.visitor("wrong") as other,
    ):
        statuses = [(await bad.get("/v1/applications")).status_code for _ in range(failures.BURST + 5)]
        assert statuses == [401] * failures.BURST + [429] * 5
        answer = await bad.get("/v1/applications")
        assert answer.json()["error"]["kind"] == "TooMany" and 1 <= int(answer.headers["retry-after"]) <= failures.EACH
        assert (await good.get("/v1/applications")).status_code == 200  # it may be a proxy's address
        assert (await other.get("/v1/applications")).status_code == 401
        assert (await bad.get("/healthz")).status_code == 200


def test_failures_are_forgiven_and_forgotten() -> None:
    now = 0.0
    found = Failures(lambda: now, burst=2, each=10.0, addresses=3)
    assert [found.failed("192.0.2.1") for _ in range(3)] == [0.0, 0.0, 10.0]
    now = 10.0
    assert [found.failed("192.0.2.1") for _ in range(2)] == [0.0, 10.0]
    for number in range(2, 50):
        found.failed(f"192.0.2.{number}")
    assert len(found) == 3
    bucket = Bucket(1, 1.0, 5.0)
    assert bucket.take(5.0) == 0.0 and bucket.take(0.0) == 1.0  # a clock that went back gives nothing


@pytest.mark.parametrize(
    ("source", "counts"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("unix", "unix"),
    ],
)
def test_an_address_counts_with_its_neighbours(source: str, counts: str) -> None:
    assert network(source) == counts


@pytest.mark.parametrize("listen", ["0.0.0.0:0", "[::]:0"])
async def test_without_a_certificate_the_door_stays_on_this_machine(tmp_path: Path, listen: str) -> None:
    with pytest.raises(SettingsError, match="set tls_cert and tls_key, or listen on 127"):
        async with open_house(tmp_path, listen=listen):
            pass
    assert not (tmp_path / "clocker.sock").exists()
    for inner in ("127.0.0.1:0", "localhost:0", "[::1]:0", "127.9.9.9:0"):
        found = tcp.TcpDoor(inner)
        try:
            found.bind()
        except SettingsError as error:
            assert "cannot listen" in str(error)  # where there is no IPv6
        await found.close()
