"""How many hosts may go silent before it is the manager that is doubted, and what happens then? In virtual time, with several seeds."""

import asyncio
from pathlib import Path

import pytest

from clocker_actors.drivers.simulated import SimulatedWorld
from clocker_actors.entities.pools.pool import Pool
from clocker_actors.model.identity import EntityKind
from clocker_actors.telemetry.explain import explain
from tests.flows.crashing import Poison, faulty
from tests.flows.stories import WEB, running, well
from tests.flows.support import Driven, managed
from tests.flows.test_disconnects import pool

SEEDS = (1, 2, 3)
MEMBERS = 10
SHOP = f"name: shop\nlocation: yard\nservices:\n- type: cluster\n  id: web\n  initialSize: {MEMBERS}\n  memberSpec: {{type: '{WEB}'}}\n"


async def begun(driven: Driven, hosts: int) -> None:
    """Ten members on a pool of so many hosts."""
    await driven.ended(await driven.deploy(pool("yard", *(f"simulated://h{n}" for n in range(hosts)))))
    await driven.ended(await driven.deploy(SHOP))


def cut(world: SimulatedWorld, *hosts: int) -> None:
    for host in hosts:
        world.engine(f"h{host}").partition()


def heal(world: SimulatedWorld, *hosts: int) -> None:
    for host in hosts:
        world.engine(f"h{host}").heal()


def there(world: SimulatedWorld) -> set[str]:
    """Names of what runs, on all engines."""
    return {seen.name for _, seen in running(world)}


def stopped(driven: Driven) -> str:
    """Why the pool replaces nothing, "" if it does."""
    problems = driven.value("yard", "service.problems")
    return str(problems.get("healing", "")) if isinstance(problems, dict) else ""


def elsewhere(driven: Driven, *lost: int) -> bool:
    """All members are up, none on these hosts."""
    if driven.value("shop/web", "group.members.up") != MEMBERS:
        return False
    names = {str(entry.facts["host_name"]) for entry in driven.entries(EntityKind.MEMBER)}
    return names.isdisjoint(f"h{host}" for host in lost)


@pytest.mark.parametrize("seed", SEEDS)
async def test_one_silent_host_is_lost_after_three_misses(tmp_path: Path, seed: int) -> None:
    world = SimulatedWorld(seed)
    async with managed(tmp_path / "s", world=world) as driven:
        await begun(driven, 3)
        cut(world, 1)
        assert 2.5 <= await driven.until(lambda: elsewhere(driven, 1), 10) <= 6.0
        assert not stopped(driven)
        heal(world, 1)
        await well(driven, world)


@pytest.mark.parametrize("seed", SEEDS)
async def test_the_only_host_of_a_pool_keeps_what_runs_there_while_it_is_silent(tmp_path: Path, seed: int) -> None:
    world = SimulatedWorld(seed)
    async with managed(tmp_path / "s", world=world) as driven:
        await begun(driven, 1)
        before = there(world)
        cut(world, 0)
        await driven.until(lambda: bool(stopped(driven)), 10)
        await asyncio.sleep(15)
        heal(world, 0)
        await driven.until(lambda: not stopped(driven) and driven.value("shop/web", "group.members.up") == MEMBERS, 30)
        await well(driven, world)
        assert there(world) == before


async def test_an_engine_that_refuses_has_its_grace(tmp_path: Path) -> None:
    world = SimulatedWorld(1)
    async with managed(tmp_path / "s", world=world) as driven:
        await begun(driven, 3)
        world.engine("h1").crash()
        assert 30.0 <= await driven.until(lambda: elsewhere(driven, 1), 40) <= 36.0
        world.engine("h1").recover()
        await well(driven, world)


async def test_a_host_that_goes_silent_while_its_engine_is_waited_for_is_lost(tmp_path: Path) -> None:
    world = SimulatedWorld(1)
    async with managed(tmp_path / "s", world=world) as driven:
        await begun(driven, 3)
        world.engine("h1").crash()
        await asyncio.sleep(8)
        cut(world, 1)
        assert await driven.until(lambda: elsewhere(driven, 1), 15) <= 7.0
        heal(world, 1)
        world.engine("h1").recover()
        await well(driven, world)


@pytest.mark.parametrize("seed", SEEDS)
async def test_half_of_a_pool_is_replaced(tmp_path: Path, seed: int) -> None:
    world = SimulatedWorld(seed)
    async with managed(tmp_path / "s", world=world) as driven:
        await begun(driven, 4)
        cut(world, 0, 3)
        await driven.until(lambda: elsewhere(driven, 0, 3), 10)
        assert not stopped(driven)
        heal(world, 0, 3)
        await well(driven, world)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("hosts", "lost"), [(5, (0, 2, 4)), (3, (0, 1)), (2, (0, 1)), (3, (0, 1, 2))])
async def test_most_of_a_pool_is_not(tmp_path: Path, hosts: int, lost: tuple[int, ...], seed: int) -> None:
    """Nothing is replaced, a person is told; and when the cable is back, what ran there has gone on."""
    world = SimulatedWorld(seed)
    async with managed(tmp_path / "s", world=world) as driven:
        await begun(driven, hosts)
        before = there(world)
        cut(world, *lost)
        assert await driven.until(lambda: bool(stopped(driven)), 10) <= 6.0
        await asyncio.sleep(300)
        assert there(world) == before
        assert driven.value("yard", "service.state") == "on-fire"
        reached = sum(engine.name not in {f"h{host}" for host in lost} for engine, _ in running(world))
        assert driven.value("shop/web", "group.members.up") == reached, "of the others nobody knows"
        assert f"of {hosts} hosts went silent" in stopped(driven) and "resumeHealing" in stopped(driven)
        told = [line.text for _, line in explain(driven.model, "yard", driven.manager.kernel.now()).flat()]
        assert any("nothing is replaced until they are back" in line for line in told), told
        heal(world, *lost)
        await driven.until(lambda: not stopped(driven), 20)
        await well(driven, world)
        assert there(world) == before
        await driven.until(lambda: driven.value("shop/web", "group.members.up") == MEMBERS and driven.up("shop"), 5)


async def test_enough_are_back_and_the_rest_is_replaced(tmp_path: Path) -> None:
    world = SimulatedWorld(1)
    async with managed(tmp_path / "s", world=world) as driven:
        await begun(driven, 5)
        cut(world, 0, 2, 4)
        await driven.until(lambda: bool(stopped(driven)), 10)
        heal(world, 2)
        await driven.until(lambda: elsewhere(driven, 0, 4), 20)
        assert not stopped(driven)
        heal(world, 0, 4)
        await well(driven, world)


async def test_one_after_the_other_within_a_minute_counts(tmp_path: Path) -> None:
    """The first is replaced, the second is one too many; time alone does not make replacing go on."""
    world = SimulatedWorld(1)
    async with managed(tmp_path / "s", world=world) as driven:
        await begun(driven, 3)
        cut(world, 0)
        await driven.until(lambda: elsewhere(driven, 0), 10)
        await asyncio.sleep(30)
        before = there(world)
        cut(world, 1)
        await driven.until(lambda: bool(stopped(driven)), 10)
        await asyncio.sleep(120)
        assert stopped(driven) and there(world) == before
        heal(world, 0, 1)
        await well(driven, world)


async def test_one_after_the_other_at_leisure_does_not(tmp_path: Path) -> None:
    world = SimulatedWorld(1)
    async with managed(tmp_path / "s", world=world) as driven:
        await begun(driven, 3)
        cut(world, 0)
        await driven.until(lambda: elsewhere(driven, 0), 10)
        await asyncio.sleep(70)
        cut(world, 1)
        await driven.until(lambda: elsewhere(driven, 0, 1), 10)
        assert not stopped(driven)
        heal(world, 0, 1)
        await well(driven, world)


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_person_says_so_and_it_stays_said(tmp_path: Path, seed: int) -> None:
    world = SimulatedWorld(seed)
    async with managed(tmp_path / "s", world=world) as driven:
        await begun(driven, 3)
        cut(world, 0, 1)
        await driven.until(lambda: bool(stopped(driven)), 10)
        await driven.ended(await driven.invoke("yard", "resumeHealing"))
        await driven.until(lambda: elsewhere(driven, 0, 1), 10)
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.until(lambda: not driven.gone("shop/web") and elsewhere(driven, 0, 1), 40)
        await asyncio.sleep(60)
        assert not stopped(driven)
        heal(world, 0, 1)
        await well(driven, world)
        cut(world, 0, 1)  # what was said held for that time only
        await driven.until(lambda: bool(stopped(driven)), 10)
        heal(world, 0, 1)
        await well(driven, world)


async def test_it_stays_stopped_when_the_manager_or_the_pool_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    faulty(monkeypatch, Pool)
    world = SimulatedWorld(1)
    async with managed(tmp_path / "s", world=world) as driven:
        await begun(driven, 3)
        before = there(world)
        cut(world, 0, 1)
        await driven.until(lambda: bool(stopped(driven)), 10)
        driven.manager.kernel.tell(driven.model.resolve("yard"), Poison())
        await asyncio.sleep(60)
        assert stopped(driven) and there(world) == before
    async with managed(tmp_path / "s", world=world) as driven:
        await asyncio.sleep(60)
        assert stopped(driven) and there(world) == before
        heal(world, 0, 1)
        await driven.until(lambda: not stopped(driven), 20)
        await well(driven, world)
        assert there(world) == before
