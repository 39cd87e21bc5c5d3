"""The manager's own question to a container: does it answer? By HTTP, by a mere connection, or by a command inside it.

HTTP is spoken over a plain byte stream, so that the same few lines serve a direct connection and one through SSH.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol

from clocker_actors.drivers.docker.address import Address
from clocker_actors.drivers.ssh import Tunnel
from clocker_actors.errors import ClockerError, EngineUnavailable
from clocker_actors.model.containers import Observed, ProbeResult
from clocker_actors.model.specs import ProbeKind, ProbeSpec

Execute = Callable[[str, tuple[str, ...], float], Awaitable[tuple[int, str]]]
STATUS_LINE = 256


class Source(Protocol):
    """The reading half of a byte stream."""

    async def readline(self) -> bytes: ...


class Sink(Protocol):
    """The writing half."""

    def write(self, data: bytes) -> None: ...
    def close(self) -> None: ...
    async def wait_closed(self) -> None: ...


class Prober:
    """Probes containers of one engine from where the manager stands."""

    def __init__(self, address: Address, tunnel: Tunnel | None, execute: Execute) -> None:
        self._address = address
        self._tunnel = tunnel
        self._execute = execute

    async def probe(self, observed: Observed, address: str, probe: ProbeSpec) -> ProbeResult:
        """One probe, ended after `probe.timeout`; not being well is a result, not an error. EngineUnavailable says that nobody knows."""
        try:
            if probe.kind is ProbeKind.EXEC:
                return await self._by_command(observed, probe)
            async with asyncio.timeout(probe.timeout):
                return await self._by_network(observed, address, probe)
        except EngineUnavailable:
            raise
        except TimeoutError:
            return ProbeResult(False, f"no answer within {probe.timeout:g} s")
        except (ClockerError, OSError) as error:
            return ProbeResult(False, str(error) or type(error).__name__)

    async def _by_command(self, observed: Observed, probe: ProbeSpec) -> ProbeResult:
        code, output = await self._execute(observed.id, probe.command, probe.timeout)
        last = output.strip().splitlines()[-1:] or ["no output"]
        return ProbeResult(code == 0, f"{' '.join(probe.command)} ended with {code}: {last[0][:200]}")

    async def _by_network(self, observed: Observed, address: str, probe: ProbeSpec) -> ProbeResult:
        target = self._target(observed, address, probe.port)
        if target is None:
            return ProbeResult(False, f"port {probe.port} is not published and the engine's network is closed to us: publish it")
        host, port, through = target
        source, sink = await (through.connection.reach(host, port) if through else asyncio.open_connection(host, port))
        try:
            if probe.kind is ProbeKind.TCP:
                return ProbeResult(True, f"{host}:{port} accepts connections")
            return await _by_http(source, sink, f"{host}:{port}", probe.path)
        finally:
            sink.close()
            with suppress(OSError):
                await sink.wait_closed()

    def _target(self, observed: Observed, address: str, port: int) -> tuple[str, int, Tunnel | None] | None:
        """Where to knock: the published port, else the container's own, directly on this machine or through SSH."""
        here = address or self._address.host or "127.0.0.1"
        published = observed.ports.get(f"{port}/tcp")
        if published:
            return here, published, None
        if not observed.address:  # on the host's network
            return here, port, None
        if self._address.scheme == "unix":
            return observed.address, port, None
        return (observed.address, port, self._tunnel) if self._tunnel else None


async def _by_http(source: Source, sink: Sink, host: str, path: str) -> ProbeResult:
    sink.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: clocker\r\nConnection: close\r\n\r\n".encode())
    line = (await source.readline())[:STATUS_LINE].decode("latin-1").strip()
    protocol, _, rest = line.partition(" ")
    code = rest[:3]
    if not protocol.startswith("HTTP/") or not code.isdigit():
        return ProbeResult(False, f"{host}{path} does not speak HTTP: {line!r}")
    return ProbeResult(200 <= int(code) < 400, f"{host}{path} answered {rest}")
