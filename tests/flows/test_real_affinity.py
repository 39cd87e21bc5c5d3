"""Do rules of services, of a host and of the pool hold together on real engines, at every moment that these tell of, and does each refusal say which?

The engines themselves are looked at all the while, as somebody would who knows nothing of the manager: what runs where, by the labels of containers.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from clocker_actors.admin.weighing import WeighedView, weigh
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.identity import EntityKind
from clocker_actors.telemetry.explain import explain
from tests.bed.bed import Bed
from tests.bed.host import BedHost
from tests.bed.image import WEB_TAG
from tests.flows.bedside import deleted, done, members_up
from tests.flows.support import Driven, managed

pytestmark = pytest.mark.real

PLANE = "rules"
DB, CACHE, WEB = "clocker/db:1", "clocker/cache:1", WEB_TAG
ZONES = ("east", "east", "west")
MOST = 4
SHOP = f"""
name: shop
location: yard
services:
- {{type: "docker:{DB}", id: db, stopTimeout: 1, affinity: NOT TYPE web}}
- type: cluster
  id: web
  initialSize: 2
  affinity: [NOT TYPE db, SPREAD OVER ZONE]
  memberSpec: {{type: "docker:{WEB}", ports: [8080], stopTimeout: 1, affinity: AT MOST 2 CLUSTER PER HOST}}
- {{type: "docker:{CACHE}", id: cache, stopTimeout: 1, affinity: [REQUIRE TYPE db PER ZONE, NOT TYPE db]}}
"""
Found = dict[str, list[tuple[str, str]]]
"""By host what runs there, as (image, member)."""
T = TypeVar("T")


def yard(hosts: Sequence[BedHost]) -> str:
    """Three hosts in two zones; on the last no database may be."""
    lines = [
        "services:",
        "- type: docker-cloud",
        "  name: yard",
        f"  affinity: [AT MOST {MOST} ANY, AT MOST 1 TYPE db PER ZONE]",
        "  hosts:",
    ]
    for host, zone in zip(hosts, ZONES, strict=True):
        own = ", affinity: NOT TYPE db" if host is hosts[-1] else ""
        lines.append(f"  - {{name: {host.name}, engine: '{host.docker_host}', address: {host.address}, zone: {zone}{own}}}")
    return "\n".join(lines)


def broken(found: Found, hosts: Sequence[BedHost]) -> list[str]:
    """The rules that what runs there breaks. A member may run twice while its new container takes over: it counts once."""
    said = []
    images = {name: [image for image, _ in dict.fromkeys(there)] for name, there in found.items()}
    by_zone = {zone: [image for host, of in zip(hosts, ZONES, strict=True) if of == zone for image in images[host.name]] for zone in ZONES}
    for host, zone in zip(hosts, ZONES, strict=True):
        there = images[host.name]
        said += [f"{host.name} has {there}"] * (len(there) > MOST or there.count(WEB) > 2 or (DB in there and len(set(there)) > 1))
        said += [f"a cache in {zone}, the database elsewhere"] * (CACHE in there and DB not in by_zone[zone] and _anywhere(DB, images))
    said += [f"{zone} has two databases" for zone, there in by_zone.items() if there.count(DB) > 1]
    return said + [f"a database on {hosts[-1].name}"] * (DB in images[hosts[-1].name])


def _anywhere(image: str, images: dict[str, list[str]]) -> bool:
    return any(image in there for there in images.values())


async def what_runs(hosts: Sequence[BedHost]) -> Found:
    form = '{{.Image}}|{{.Label "clocker.member"}}'
    told = await asyncio.gather(*(host.docker("ps", "--filter", f"label=clocker.plane={PLANE}", "--format", form) for host in hosts))
    return {host.name: [_pair(line) for line in lines.splitlines()] for host, lines in zip(hosts, told, strict=True)}


def _pair(line: str) -> tuple[str, str]:
    image, _, member = line.partition("|")
    return image, member


class Watch:
    """Looks at the engines all the while."""

    def __init__(self, hosts: Sequence[BedHost]) -> None:
        self._hosts = hosts
        self.looks = 0
        self.faults: dict[str, None] = {}

    async def run(self) -> None:
        while True:
            self.faults.update(dict.fromkeys(broken(await what_runs(self._hosts), self._hosts)))
            self.looks += 1
            await asyncio.sleep(0.1)

    async def during(self, deed: Awaitable[T]) -> T:
        """The outcome of a deed, after which no rule may have been broken."""
        result = await deed
        assert not self.faults, list(self.faults)
        return result


@asynccontextmanager
async def ruled(hosts: Sequence[BedHost], folder: Path) -> AsyncIterator[tuple[Driven, Watch]]:
    """A manager with these hosts and rules, watched; nothing is left afterwards."""
    for host in hosts:
        for name in (DB, CACHE):
            await host.docker("tag", WEB_TAG, name)
    watch = Watch(hosts)
    try:
        async with managed(folder / "s", plane=PLANE, local_engine=f"unix://{folder}/none.sock") as driven:
            await done(driven, await driven.deploy(yard(hosts)))
            await driven.until(lambda: driven.value("yard", "docker.hosts.up") == len(hosts), 20, "all hosts up")
            watching = asyncio.create_task(watch.run())
            try:
                yield driven, watch
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)
        for host in hosts:
            assert await host.leftovers(PLANE) == []
    except BaseException:
        for host in hosts:
            await host.clear()
        raise
    finally:
        for host in hosts:
            await host.docker("rmi", DB, CACHE)


def where(driven: Driven, below: str) -> list[str]:
    """The hosts of the members below a path, by name."""
    return sorted(str(driven.model.entry(entry.uid).facts["host_name"]) for entry in driven.entries(EntityKind.MEMBER, below))


def generations(driven: Driven, below: str) -> int:
    """How many containers the members below a path have had in all."""
    return sum(int(str(driven.value(entry.uid, "generation") or 0)) for entry in driven.entries(EntityKind.MEMBER, below))


async def asked(driven: Driven, name: str) -> WeighedView:
    return await weigh(driven.manager.context(), name)


def told(driven: Driven, name: str) -> str:
    """What `explain` says."""
    return " ".join(line.text for _, line in explain(driven.model, name, driven.manager.kernel.now()).flat())


async def test_no_rule_is_ever_broken_while_clusters_live(bed3: Bed, tmp_path: Path) -> None:
    hosts = bed3.hosts
    one, two, three = (host.name for host in hosts)
    async with ruled(hosts, tmp_path) as (driven, watch):
        await watch.during(_deploys(driven, one, two))
        await watch.during(_grows_until_no_host_will_do(driven, one, two, three))
        await watch.during(_replaces(driven, hosts))
        await watch.during(_drains(driven, two))
        await deleted(driven, "shop")
        assert watch.looks > 20
        await done(driven, await driven.invoke("yard", "delete"))


async def _deploys(driven: Driven, one: str, two: str) -> None:
    await done(driven, await driven.deploy(SHOP))
    assert where(driven, "shop/db") == [one], "the first of those where no web is to be"
    assert where(driven, "shop/cache") == [two], "in the zone of db, beside it on no host"
    view = await asked(driven, "shop/cache")
    assert view.refused == {"affinity: NOT TYPE db": 1, "affinity: REQUIRE TYPE db PER ZONE": 1}
    assert "AT MOST 4 ANY" in view.strategies or "AT MOST 4 ANY" in view.affinity


async def _grows_until_no_host_will_do(driven: Driven, one: str, two: str, three: str) -> None:
    await done(driven, await driven.invoke("shop/web", "resize", size=4))
    assert where(driven, "shop/web") == sorted([two, two, three, three])
    failed = await driven.ended(await driven.invoke("shop/web", "resize", size=5))
    assert failed.state is ActivityState.FAILED
    for words in ("AT MOST 2 CLUSTER PER HOST", "NOT TYPE db", "3 of 3 hosts refused"):
        assert words in failed.problem
    why = told(driven, "shop/web")
    assert "AT MOST 2 CLUSTER PER HOST" in why and "NOT TYPE db" in why
    view = await asked(driven, "shop/web")
    rules = {row.name: row.rule for row in view.items}
    assert rules == {
        one: "affinity: NOT TYPE db",
        two: "affinity: AT MOST 2 CLUSTER PER HOST",
        three: "affinity: AT MOST 2 CLUSTER PER HOST",
    }
    assert all(row.reason for row in view.items)
    view = await asked(driven, "shop/db")
    assert {row.name: row.rule for row in view.items if not row.accepted} == {
        two: "affinity: NOT TYPE web",
        three: "affinity: NOT TYPE web",
    }
    await done(driven, await driven.invoke("shop/web", "resize", size=4))


async def _replaces(driven: Driven, hosts: Sequence[BedHost]) -> None:
    """What is killed, and what is replaced by hand, comes where the rules have it."""
    for path, host in (("shop/web", hosts[1]), ("shop/db", hosts[0])):
        image = DB if path.endswith("db") else WEB
        (victim, *_) = (await host.docker("ps", "-q", "--filter", f"ancestor={image}", "--filter", f"label=clocker.plane={PLANE}")).split()
        before = generations(driven, path)
        await host.docker("kill", victim)
        await driven.until(lambda before=before, path=path: generations(driven, path) == before + 1, 30, "another one was started")  # type: ignore[misc]
        await driven.until(lambda: driven.up("shop") and members_up(driven, "shop/web") == 4, 30, f"{path} is mended")
    await done(driven, await driven.invoke("shop/web", "resize", size=3))
    member = driven.entries(EntityKind.MEMBER, "shop/web/")[0]
    await done(driven, await driven.invoke("shop/web", "replaceMember", member=member.path))
    await driven.until(lambda: members_up(driven, "shop/web") == 3, 10, "the old one is gone")
    assert hosts[0].name not in where(driven, "shop/web")


async def _drains(driven: Driven, two: str) -> None:
    """What lives there and may be nowhere else blocks it, and it says so."""
    await done(driven, await driven.invoke("shop/web", "resize", size=2))
    drained = await driven.ended(await driven.invoke(f"yard/{two}", "drain"), 90)
    assert drained.state is ActivityState.FAILED
    assert "shop/cache" in drained.problem
    assert "REQUIRE TYPE db PER ZONE" in told(driven, "shop/cache")
    assert two not in where(driven, "shop/web")
    assert where(driven, "shop/cache") == [two]
    await done(driven, await driven.invoke(f"yard/{two}", "uncordon"))
