"""The way to one engine: opened at the first call, opened again after a loss, every call bounded in time and reported.

Two connection pools: commands, and readings (statistics, events, logs), so that a thousand readings never hold up a start. The API
version is the highest both sides know, asked for again after every loss, since the engine may come back as another version.
"""

import asyncio
import io
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import aiohttp
import msgspec
from aiodocker import Docker
from yarl import URL

from clocker_actors.drivers.docker import wire
from clocker_actors.drivers.docker.address import Address, connector, parse
from clocker_actors.drivers.docker.faults import fault
from clocker_actors.drivers.docker.silence import why
from clocker_actors.drivers.ssh import Tunnel, ssh_address
from clocker_actors.errors import REFUSED, ClockerError, EngineFault, EngineUnavailable
from clocker_actors.model.specs import EngineSpec
from clocker_actors.ports.calls import CallLog

LOWEST = (1, 41)
HIGHEST = (1, 51)
COMMANDS = 64
READINGS = 256
CLOSE_LIMIT = 0.5
CONNECT_LIMIT = 2.5
"""Seconds for a connection to be made; a cut cable shows here first."""
LONGEST_ANSWER = 64 << 20
"""Bytes of one answer; a list of ten thousand containers has some 15 million."""
LONGEST_REFUSAL = 64 << 10

T = TypeVar("T")
Json = Mapping[str, object]


class Sent:
    """A body that is sent as it comes. `failure` is what ended it, which the way out of here would hide behind a broken connection."""

    __slots__ = ("_content", "failure")

    def __init__(self, content: AsyncIterator[bytes]) -> None:
        self._content = content
        self.failure: ClockerError | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._content:
                yield piece
        except ClockerError as error:
            self.failure = error
            raise


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `limit` bounds all of it in seconds, None only for streams without end; `quiet` bounds each wait for more of the answer.

    `about` is what a refusal is about, where the engine's own words do not say it.
    """

    operation: str
    method: str
    path: str
    limit: float | None
    query: Mapping[str, str] | None = None
    body: Json | bytes | Sent | None = None
    fine: tuple[int, ...] = ()
    versioned: bool = True
    reading: bool = False
    quiet: float | None = None
    about: str = ""
    headers: Mapping[str, str] | None = field(default=None, repr=False)


class Link:
    """Requests to one engine. Errors: EngineUnavailable when it does not answer, EngineFault and its kinds or NotFound when it refuses."""

    def __init__(self, spec: EngineSpec, calls: CallLog, runtime_dir: Path) -> None:
        self.where = spec.url
        self.address: Address = parse(spec)
        self.tunnel: Tunnel | None = None
        if self.address.scheme == "ssh":
            self.tunnel = Tunnel(ssh_address(spec), self.address.socket, runtime_dir)
        self._spec = spec
        self._calls = calls
        self._clients: dict[bool, Docker] = {}
        self._api: tuple[int, int] | None = None
        self._closed = False
        self._closing: set[asyncio.Task[None]] = set()

    async def ask(self, call: Call, answer: type[T]) -> T:
        """Make the call and decode its answer as JSON of that type."""
        with self._reported(call.operation):
            return await self._decoded(call, answer)

    async def tell(self, call: Call) -> int:
        """Make the call; its status comes back, the body is thrown away."""
        with self._reported(call.operation):
            async with self._opened(call) as response:
                if await _whole(response, LONGEST_ANSWER) is None:
                    raise self._garbled(call, ValueError(f"more than {LONGEST_ANSWER >> 20} MiB"))
                return response.status

    @asynccontextmanager
    async def stream(self, call: Call) -> AsyncIterator[aiohttp.ClientResponse]:
        """Make the call and hand out the answer as it comes. Reported when the block ends; losing the connection inside it is an error."""
        with self._reported(call.operation):
            async with self._opened(call) as response:
                try:
                    yield response
                except msgspec.DecodeError as error:
                    raise self._garbled(call, error) from error

    @asynccontextmanager
    async def socket(self, call: Call) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """A web socket of the engine, bytes both ways. Raises NotFound and EngineUnavailable, also when it breaks inside the block."""
        with self._reported(call.operation):
            try:
                async with asyncio.timeout(CONNECT_LIMIT):
                    client = await self._client(call.reading)
                    url = (await self._url(call)).with_query(call.query)
                    socket = await client.session.ws_connect(url, timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_LIMIT))
            except aiohttp.WSServerHandshakeError as error:
                raise fault(
                    self.where, call.operation, error.status, f"no such container: {call.path}" if error.status == 404 else str(error)
                ) from error
            except (aiohttp.ClientError, OSError) as error:
                self._api = None
                raise self._unavailable(call, error) from error
            try:
                yield socket
            except (aiohttp.ClientError, OSError) as error:
                raise self._unavailable(call, error) from error
            finally:
                await socket.close()

    async def api(self, operation: str = "version") -> tuple[int, int]:
        """The API version to speak: the highest both know. Raises EngineFault naming both ranges when there is none.

        `operation` is what wants to know: an engine that does not answer this question does not answer that call.
        """
        if self._api is None:
            theirs = await self._decoded(Call(operation, "GET", "version", 5.0, versioned=False), wire.Version)
            self._api = self._agree(theirs)
        return self._api

    def use(self, spec: EngineSpec) -> None:
        """Be known there by the certificates of this spec from now on; what is under way goes on as it began."""
        self._spec = spec
        before, self._clients = list(self._clients.values()), {}
        if before:
            task = asyncio.get_running_loop().create_task(_close(before), name=f"close old connections to {self.where}")
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """Close all connections; calls after it raise EngineUnavailable."""
        self._closed = True
        clients, self._clients = list(self._clients.values()), {}
        await _close(clients)
        await asyncio.gather(*self._closing)
        if self.tunnel is not None:
            await self.tunnel.close()

    async def _decoded(self, call: Call, answer: type[T]) -> T:
        async with self._opened(call) as response:
            body = await _whole(response, LONGEST_ANSWER)
            if body is None:
                raise self._garbled(call, ValueError(f"more than {LONGEST_ANSWER >> 20} MiB"))
        try:
            return wire.decode(body, answer)
        except msgspec.DecodeError as error:
            raise self._garbled(call, error) from error

    @asynccontextmanager
    async def _opened(self, call: Call) -> AsyncIterator[aiohttp.ClientResponse]:
        try:
            async with asyncio.timeout(call.limit):
                client = await self._client(call.reading)
                url = await self._url(call)
                waits = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_LIMIT, sock_read=call.quiet)
                data, headers = _encoded(call.body)
                headers = {**headers, **(call.headers or {})}
                async with client.session.request(
                    call.method, url, params=call.query, data=data, headers=headers, timeout=waits
                ) as response:
                    if response.status >= 400 and response.status not in call.fine:
                        way = response.connection and response.connection.transport
                        words = await _message(response)
                        if way and isinstance(call.body, bytes | Sent):
                            way.abort()  # the rest of a context that the engine did not want would keep it open
                        raise fault(self.where, call.operation, response.status, f"{call.about}: {words}" if call.about else words)
                    yield response
        except (aiohttp.ClientError, OSError) as error:  # TimeoutError is an OSError
            self._api = None
            raise self._unavailable(call, error) from error

    async def _client(self, reading: bool) -> Docker:
        if self._closed:
            raise EngineUnavailable(f"the connection to engine {self.where} was closed: make a new one", engine=self.where)
        path = self.address.socket if self.tunnel is None else str(await self.tunnel.open())
        client = self._clients.get(reading)
        if client is None:
            ways = connector(self.address, self._spec, path, READINGS if reading else COMMANDS)
            client = self._clients[reading] = Docker(self.address.base, connector=ways, api_version="v1.41")
        return client

    async def _url(self, call: Call) -> URL:
        path = quote(call.path, safe="/:@")
        if not call.versioned:
            return URL(f"{self.address.base}/{path}", encoded=True)
        major, minor = await self.api(call.operation)
        return URL(f"{self.address.base}/v{major}.{minor}/{path}", encoded=True)

    def _agree(self, theirs: wire.Version) -> tuple[int, int]:
        newest, oldest = _numbers(theirs.api_version), _numbers(theirs.min_api_version or "1.12")
        if newest is None or oldest is None:
            words = f"engine {self.where} says that it speaks API {theirs.min_api_version[:40]!r} to {theirs.api_version[:40]!r}"
            raise EngineFault(f"{words}, which is no version: check what listens there", operation="version", engine=self.where)
        agreed = min(newest, HIGHEST)
        if agreed < max(oldest, LOWEST):
            ours = f"{LOWEST[0]}.{LOWEST[1]} to {HIGHEST[0]}.{HIGHEST[1]}"
            words = f"engine {self.where} ({theirs.version}) speaks API {theirs.min_api_version} to {theirs.api_version}, we speak {ours}"
            raise EngineFault(f"{words}: use an engine from 20.10 on, or a newer clocker", operation="version", engine=self.where)
        return agreed

    def _garbled(self, call: Call, error: Exception) -> EngineFault:
        words = f"engine {self.where} answered {call.operation} with something else than engines do ({error}): check what listens there"
        return EngineFault(words, operation=call.operation, engine=self.where)

    def _unavailable(self, call: Call, error: Exception) -> EngineUnavailable:
        advice = self.address.advice
        if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):
            advice = "check tls_ca, tls_cert and tls_key against the engine's certificates"
        words = f"engine {self.where} does not answer {call.operation}: {why(error, call.limit, CONNECT_LIMIT)}; {advice}"
        reason = REFUSED if self._refused(error) else None
        return EngineUnavailable(words, retry_after=1.0, operation=call.operation, engine=self.where, reason=reason)

    def _refused(self, error: Exception) -> bool:
        """Whether the host lives and only the engine is not there; a way through SSH shows it by an end without an answer."""
        if self.tunnel is not None:
            return self.tunnel.alive and isinstance(error, aiohttp.ServerDisconnectedError | ConnectionResetError)
        if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):  # who shows a certificate lives
            return True
        cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
        return isinstance(cause, ConnectionRefusedError | FileNotFoundError)

    @contextmanager
    def _reported(self, operation: str) -> Iterator[None]:
        clock = asyncio.get_running_loop().time
        began, result = clock(), "ok"
        try:
            yield
        except (ClockerError, asyncio.CancelledError) as error:
            result = type(error).__name__
            raise
        finally:
            self._calls.record(self.where, operation, result, clock() - began)


def _encoded(body: Json | bytes | Sent | None) -> tuple[bytes | io.BytesIO | Sent | None, Mapping[str, str]]:
    match body:
        case None:
            return None, {}
        case Sent():
            return body, {"Content-Type": "application/x-tar"}
        case bytes():
            # Sent in slices: as plain bytes a large context would go to the socket in one piece and hold the loop.
            return io.BytesIO(body), {"Content-Type": "application/x-tar"}
        case _:
            return msgspec.json.encode(body), {"Content-Type": "application/json"}


async def _close(clients: Sequence[Docker]) -> None:
    for client in clients:
        await client.close()
        await client.connector.close()


async def _message(response: aiohttp.ClientResponse) -> str:
    body = await _whole(response, LONGEST_REFUSAL)
    if body is None:
        return f"status {response.status}, with more words than can be read"
    try:
        return wire.decode(body, wire.Message).message[:LONGEST_REFUSAL]
    except msgspec.DecodeError:
        return body.decode(errors="replace")[:1000]


async def _whole(response: aiohttp.ClientResponse, most: int) -> bytes | None:
    """The body; None when it is longer, and then nothing of it is kept."""
    pieces = bytearray()
    async for piece in response.content.iter_any():
        pieces += piece
        if len(pieces) > most:
            response.close()
            return None
    return bytes(pieces)


def _numbers(version: str) -> tuple[int, int] | None:
    """Major and minor; None for what is no version."""
    major, _, minor = version.partition(".")
    first, second = wire.number(major), wire.number(minor or "0")
    return None if first is None or second is None else (first, second)
