"""HTTP load for flow tests and the demo: bounded in time, in requests and in clients, over plain asyncio streams.

Targets may be a function, asked before each request, so that load follows a cluster as it grows.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

Target = tuple[str, int]
Targets = Sequence[Target] | Callable[[], Sequence[Target]]


@dataclass(slots=True)
class LoadReport:
    """What came of a load: answers with status 200 by target, faults by kind, and each good request's time in seconds."""

    answered: Counter[Target] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    times: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def good(self) -> int:
        return self.answered.total()

    @property
    def failed(self) -> int:
        return self.faults.total()


async def apply_load(
    targets: Targets, path: str = "/", *, seconds: float, clients: int = 4, requests: int = 100_000, timeout: float = 5.0
) -> LoadReport:
    """Send GETs round robin from `clients` at once until `seconds` or `requests` are used up; cancelling ends it at once.

    `timeout` (seconds) bounds one request. With no target it waits for one.
    """
    loop = asyncio.get_running_loop()
    report, turn, left = LoadReport(), itertools.count(), iter(range(requests))
    begin = loop.time()

    async def client() -> None:
        for _ in left:
            if loop.time() >= begin + seconds:
                return
            now = list(targets() if callable(targets) else targets)
            if not now:
                await asyncio.sleep(0.05)
                continue
            await _one(now[next(turn) % len(now)], path, timeout, report)

    async with asyncio.TaskGroup() as group:
        for _ in range(clients):
            group.create_task(client())
    report.seconds = loop.time() - begin
    return report


async def fetch(host: str, port: int, path: str = "/", timeout: float = 5.0) -> tuple[int, str]:
    """One GET: status and body. OSError or TimeoutError when there is no answer within `timeout` seconds."""
    async with asyncio.timeout(timeout):
        reader, writer = await asyncio.open_connection(host, port)
        try:
            writer.write(f"GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        finally:
            writer.close()
    if not head.startswith(b"HTTP/"):
        raise ConnectionError(f"{host}:{port} closed without an answer")
    return int(head.split()[1]), body.decode(errors="replace")


async def _one(target: Target, path: str, timeout: float, report: LoadReport) -> None:
    loop = asyncio.get_running_loop()
    begin = loop.time()
    try:
        status, _ = await fetch(*target, path, timeout)
    except (OSError, TimeoutError) as fault:
        report.faults[type(fault).__name__] += 1
        await asyncio.sleep(0.01)  # a refused connection takes no time: without this a dead target becomes a busy loop
        return
    if status == 200:
        report.answered[target] += 1
        report.times.append(loop.time() - begin)
    else:
        report.faults[f"status {status}"] += 1
