"""A virtual day: the whole manager on a loop whose time jumps, with its clients and followers; what its memory does from hour to hour."""

from __future__ import annotations

import asyncio
import gc
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

import httpx
from starlette.types import ASGIApp, Receive, Scope, Send

from clocker_actors.admin.app import create_app
from clocker_actors.drivers.simulated import SimulatedWorld
from clocker_actors.kernel import VirtualLoop
from clocker_actors.model.identity import EntityKind
from clocker_actors.telemetry.events import Listener
from tests.flows.support import Driven, managed
from tests.load.ground import POOL, Size, application, pool, resident, slope

LOOKS = 4
"""In an hour."""
FIRST = 1.0
"""Hours whose growth does not count: histories and rings fill."""
ASKS = 600.0
"""Virtual seconds between two questions of a client."""
DEPLOYED_WITHIN = 7200.0


@dataclass(slots=True)
class Day:
    """Hours and MiB; how many questions were answered and events heard."""

    memory: list[tuple[float, float]]
    answers: int
    events: int
    resizes: int

    @property
    def grows(self) -> float:
        """MiB in a virtual hour, after the first."""
        return slope([point for point in self.memory if point[0] >= FIRST])

    def __str__(self) -> str:
        marks = ", ".join(f"{hour:g} h: {size:.1f}" for hour, size in self.memory if hour == int(hour))
        return (
            f"{self.memory[-1][0]:g} virtual hours: {self.answers} answers, {self.events} events heard, {self.resizes} resizes\n"
            f"  memory (MiB) {marks}\n  slope after the first hour {self.grows:+.3f} MiB a virtual hour"
        )


def run(size: Size, hours: float, said: Callable[[str], object] | None = None) -> Day:
    """The whole of it, on a loop of its own."""
    loop = VirtualLoop()
    try:
        with tempfile.TemporaryDirectory(prefix="day-") as folder:
            return loop.run_until_complete(_day(Path(folder), size, hours, said or (lambda _: None)))
    finally:
        loop.close()


async def _day(folder: Path, size: Size, hours: float, said: Callable[[str], object]) -> Day:
    async with managed(folder / "s", world=SimulatedWorld()) as driven:
        await _fill(driven, size)
        found = Day([], 0, 0, 0)
        transport = httpx.ASGITransport(_by_the_owner(create_app(driven.manager.context())))
        async with httpx.AsyncClient(transport=transport, base_url="http://clocker") as http:
            tasks = [asyncio.create_task(_client(http, driven, number, found)) for number in range(size.clients)]
            tasks += [
                asyncio.create_task(_follower(driven.model.events.listen(readings=number % 5 == 0), found))
                for number in range(size.streams)
            ]
            tasks.append(asyncio.create_task(_operator(driven, found)))
            for look in range(int(hours * LOOKS) + 1):
                gc.collect()
                found.memory.append((look / LOOKS, resident()))
                said(f"{look / LOOKS:g} h: {found.memory[-1][1]:.1f} MiB")
                if look < int(hours * LOOKS):
                    await asyncio.sleep(3600 / LOOKS)
            broken = [each for each in tasks if each.done()]
            for each in tasks:
                each.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        assert not broken, broken
        return found


def _by_the_owner(app: ASGIApp) -> ASGIApp:
    async def called(scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"] = {"principal": "uid:0"}
        await app(scope, receive, send)

    return called


async def _fill(driven: Driven, size: Size) -> None:
    await driven.deploy(pool(size))
    await driven.until(lambda: not driven.gone(POOL) and driven.value(POOL, "docker.hosts.up") == size.hosts, DEPLOYED_WITHIN)
    orders = [await driven.deploy(application(size, number)) for number in range(size.applications)]
    for order in orders:
        await driven.ended(order, DEPLOYED_WITHIN)
    up = sum(driven.up(entry.uid) for entry in driven.entries(EntityKind.MEMBER, "app"))
    assert up == size.applications * (size.containers // size.applications), up


async def _client(http: httpx.AsyncClient, driven: Driven, number: int, found: Day) -> None:
    random = Random(number)
    await asyncio.sleep(random.random() * ASKS)
    while True:
        members = driven.entries(EntityKind.MEMBER, "app")
        uid = members[random.randrange(len(members))].uid
        for path in (f"/v1/entities/{uid}", f"/v1/entities/{uid}/explain", "/v1/applications", "/v1/hosts"):
            answer = await http.get(path)
            assert answer.status_code == 200, answer.text
            found.answers += 1
        await asyncio.sleep(ASKS)


async def _follower(listener: Listener, found: Day) -> None:
    async for event in listener:
        found.events += event is not None


async def _operator(driven: Driven, found: Day) -> None:
    """Somebody who changes the size of a cluster again and again, so that containers, activities and decisions come and go."""
    random = Random(0)
    while True:
        await asyncio.sleep(120)
        cluster = random.choice(driven.entries(EntityKind.CLUSTER, "app"))
        usual = int(str(driven.value(cluster.uid, "group.members.desired") or 1))
        await driven.ended(await driven.invoke(cluster.path, "resize", size=max(1, usual + random.choice([-3, 3]))), 600)
        found.resizes += 1
