"""A day of a pool that begins with no machine: one story, told on simulated machines and on real ones.

An application comes and machines are made for it, placed by its rules. Load lets it grow, and the pool with it. A machine loses its power: what ran there
starts elsewhere, on a new machine if there is no room; its power is back. A person drains another. The load ends and all of it shrinks; at the end nothing is left.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from clocker_actors.model.identity import EntityKind, Uid
from clocker_actors.telemetry.readmodel import Entry
from tests.flows.bedside import done, members_up, said
from tests.flows.support import Driven

LEAST, MOST = 3, 4
"""Members of the cluster before the load and under it."""
LIMIT = 150.0
"""Seconds for a machine to be made and become a host, and what follows from that."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How long each thing has to be so before something is done about it, as a blueprint writes it; above a load of `upper` the cluster grows. `web` and `data`
    are what its containers are made of."""

    idle: str
    down: str
    lower: float
    upper: float
    web: str
    data: str
    calm: float = 0.0
    """Seconds in which nothing happens, before each thing that does."""


def yard(location: str, pace: Pace) -> str:
    """A pool without a machine, which keeps room for one container more and gives back what it does not need."""
    return (
        f"services:\n- type: docker-cloud\n  name: yard\n  location: {location}\n  initialSize: 0\n  maxSize: 5\n"
        f"  removeEmpty: true\n  idleTime: {pace.idle}\n  headroom: 1\n  coldEnabled: true\n"
        f"  resizeUpStabilizationDelay: 1h\n  resizeDownStabilizationDelay: {pace.down}\n"
        "  strategies: [{MaxContainers: {maxContainers: 3}}]\n"
    )


def shop(pace: Pace) -> str:
    """`web` is kept away from `db`, `cache` is where that is."""
    return (
        "name: shop\nlocation: yard\nservices:\n"
        f"- {{type: container, id: cache, {pace.data}, affinity: REQUIRE NAME db}}\n"
        f"- {{type: container, id: db, {pace.data}}}\n"
        f"- type: cluster\n  id: web\n  initialSize: {LEAST}\n  affinity: [NOT NAME db]\n"
        f"  memberSpec: {{type: container, ports: [8080], {pace.web}}}\n"
        "  brooklyn.policies:\n  - type: autoscaler\n    name: scale\n    config:\n      metric: cpu.mean.average\n"
        f"      metricLowerBound: {pace.lower:g}\n      metricUpperBound: {pace.upper:g}\n      minPoolSize: {LEAST}\n      maxPoolSize: {MOST}\n"
        "      resizeDownStabilizationDelay: 3s\n"
    )


class Land(ABC):
    """Where the machines are: what the story does to them, and asks about them, without the manager."""

    @abstractmethod
    def living(self) -> list[str]:
        """Names of the machines that the cloud has."""

    @abstractmethod
    async def cut_power(self, host: Entry) -> None:
        """Everything on the machine of a host ends at once."""

    @abstractmethod
    async def give_power(self, host: Entry) -> None:
        """It boots again, with its disk."""

    @abstractmethod
    async def on_engine(self, host: Entry) -> list[str]:
        """Containers, networks and volumes of ours that its engine has, as it says itself."""

    @abstractmethod
    def load(self, driven: Driven) -> AbstractAsyncContextManager[None]:
        """The cluster has work to do."""


class Story:
    """Told step by step; each checks what must be so at its end."""

    def __init__(self, driven: Driven, land: Land) -> None:
        self.driven = driven
        self.land = land
        self._loop = asyncio.get_running_loop()

    # --- what there is

    def hosts(self) -> list[Entry]:
        return self.driven.entries(EntityKind.HOST, "yard/")

    def standing(self) -> dict[str, list[str]]:
        """Services by the host on which they are up."""
        found: dict[str, list[str]] = {}
        for entry in self.driven.entries(EntityKind.MEMBER, "shop/"):
            if self.driven.up(entry.uid):
                found.setdefault(str(self.driven.value(entry.uid, "container.host")), []).append(entry.path.split("/")[1])
        return {host: sorted(services) for host, services in found.items()}

    def with_web(self) -> list[Uid]:
        """Hosts that the cluster is on, those with most of it first."""
        counts = {Uid(host): services.count("web") for host, services in self.standing().items()}
        return sorted((host for host in counts if counts[host]), key=lambda host: -counts[host])

    def as_ruled(self) -> None:
        """Every rule holds, on every host."""
        for services in self.standing().values():
            assert services == ["cache", "db"] or set(services) == {"web"}, self.standing()
            assert len(services) <= 3, self.standing()

    def whole(self, web: int) -> bool:
        """All are up that should be."""
        driven = self.driven
        return members_up(driven, "shop/web") == web and all(driven.up(f"shop/{name}") for name in ("web", "db", "cache"))

    async def until(self, test: Callable[[], bool], what: str, within: float = LIMIT) -> None:
        said(what, await self.driven.until(test, within, what))

    # --- what happens

    async def begin(self, deploy: Callable[[], Awaitable[str]]) -> None:
        """The application on no machine at all."""
        assert self.land.living() == [] and self.hosts() == []
        began = self._loop.time()
        await done(self.driven, await deploy(), LIMIT)
        said("no machine → all containers run", self._loop.time() - began)
        assert self.whole(LEAST)
        assert sorted(self.standing().values()) == [["cache", "db"], ["web"] * LEAST]
        assert len(self.land.living()) == 2 and len(self.hosts()) == 2, "as many machines as it takes, and no more"

    async def grow(self) -> None:
        """Under load, the cluster and its pool."""
        await self.until(lambda: self.whole(MOST), "load → one member more, on a machine more")
        self.as_ruled()
        assert len(self.land.living()) == 3
        grown = [each.reason for each in self.driven.model.decisions.all() if each.kind == "grow"]
        assert grown and "found no room" in grown[-1], grown

    async def lose_power(self) -> Entry:
        """The machine with most on it."""
        host = self.driven.model.entry(self.with_web()[0])
        await self.land.cut_power(host)
        await self.until(lambda: not self.whole(MOST), "power cut → noticed", 10)
        await self.until(lambda: self.whole(MOST) and host.uid not in self.standing(), "power cut noticed → all is up elsewhere")
        self.as_ruled()
        assert len(self.land.living()) == 4, "a machine more, and the dead one is not forgotten"
        return host

    async def regain_power(self, host: Entry) -> None:
        """It is a host again, and nothing is there twice; unless it was given back meanwhile, since nobody missed it."""
        if host not in self.hosts():
            assert len(self.land.living()) == 3
            return
        await self.land.give_power(host)
        await self.until(lambda: self.driven.up(host.uid), "power back → a host again")
        began = self._loop.time()
        while left := await self.land.on_engine(host):
            assert self._loop.time() - began < 30, left
            await asyncio.sleep(0.1)
        said("a host again → its former containers are gone", self._loop.time() - began)
        assert self.whole(MOST)

    async def drain(self, order: Callable[[str], Awaitable[None]]) -> None:
        """By hand, the host with most members, which never are fewer for it."""
        host = self.driven.model.entry(self.with_web()[0])
        least = MOST
        began = self._loop.time()
        drained = asyncio.ensure_future(order(host.path))
        while not drained.done():
            least = min(least, members_up(self.driven, "shop/web"))
            await asyncio.sleep(0.02)
        await drained
        said("drain of the host with most of it", self._loop.time() - began)
        assert least == MOST and self.whole(MOST)
        assert host.uid not in self.standing() and await self.land.on_engine(host) == []
        self.as_ruled()

    async def shrink(self) -> None:
        """After the load: the cluster, and the pool to what that needs."""
        await self.until(lambda: self.driven.value("shop/web", "group.members.count") == LEAST, "load ended → the cluster is small again")
        await self.until(lambda: len(self.land.living()) == 2 and len(self.hosts()) == 2, "its pool, too", 3 * LIMIT)
        await self.until(lambda: self.whole(LEAST), "all is up", 10)
        assert sorted(self.standing().values()) == [["cache", "db"], ["web"] * LEAST]

    async def end(self) -> None:
        """All is deleted, and nothing is left."""
        hosts = self.hosts()
        await done(self.driven, await self.driven.invoke("shop", "delete"), LIMIT)
        assert [await self.land.on_engine(host) for host in hosts if host in self.hosts()] in ([], [[]], [[], []])
        await done(self.driven, await self.driven.invoke("yard", "delete"), LIMIT)
        assert self.land.living() == [] and self.driven.gone("yard") and not self.hosts()
        assert not [entry.path for entry in self.driven.entries(EntityKind.CONTAINER) if not entry.path.startswith("local/")]


async def whole_day(
    driven: Driven, land: Land, pace: Pace, deploy: Callable[[], Awaitable[str]], order: Callable[[str], Awaitable[None]]
) -> None:
    """The story from its beginning to its end; `order` drains a host as a person does."""
    story = Story(driven, land)
    await story.begin(deploy)
    await asyncio.sleep(pace.calm)
    async with land.load(driven):
        await story.grow()
        await asyncio.sleep(pace.calm)
        dead = await story.lose_power()
        await asyncio.sleep(pace.calm)
        await story.regain_power(dead)
        await story.drain(order)
        await asyncio.sleep(pace.calm)
    await story.shrink()
    await story.end()
