"""Does a balancer know at each moment whom it may send to: a member that is to go is taken out first and serves for a while yet, whatever else happens?"""

import asyncio
from pathlib import Path

import msgspec
import pytest

from clocker_actors.admin.types import type_table
from clocker_actors.blueprint import parse
from clocker_actors.drivers.simulated import SimulatedWorld
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.identity import LABEL_MEMBER, ROOT
from tests.flows.slowness import slow_store
from tests.flows.stories import engine_of, new_world, running, well
from tests.flows.support import Driven, managed

DELAY = 5.0
SHOP = f"""
name: shop
location: local
services:
- type: cluster
  id: web
  initialSize: 2
  memberSpec: {{type: "docker:web", ports: [8080], health: {{http: 8080, period: 1s}}, leaveDelay: {DELAY:g}s}}
- type: docker:web
  id: lb
  changeDelay: 0s
  onChange: keep
  enrichers: [{{type: member-endpoints, config: {{producer: web, targetSensor: servers}}}}]
  files:
    /lb.cfg:
      reload: [reload]
      content:
        $brooklyn:template:
        - "{{% for each in servers %}}{{{{ each.name }}}}={{{{ each.host }}}}:{{{{ each.port }}}} {{% endfor %}}"
        - servers: '$brooklyn:attributeWhenReady("servers", {{wait_for_truthy: false}})'
"""


def told(driven: Driven, world: SimulatedWorld) -> list[str]:
    """The servers in the balancer's file."""
    uid = driven.model.entry("shop/lb").uid
    (text,) = [engine.files_of(seen.id)["/lb.cfg"].content for engine, seen in running(world) if seen.labels[LABEL_MEMBER] == uid]
    return [server.partition("=")[0] for server in text.split()]


def address(driven: Driven, path: str) -> str:
    """Where a member is reached."""
    return f"{driven.value(path, 'host.address')}:{driven.value(path, 'docker.port.8080')}"


def runs(driven: Driven, world: SimulatedWorld, *uids: str) -> int:
    """How many containers of these members run."""
    return sum(1 for _, seen in running(world) if seen.labels[LABEL_MEMBER] in uids)


def puts(world: SimulatedWorld) -> int:
    """How often files were put into containers."""
    return sum(engine.made["put"] for engine in world.engines.values())


async def shop(driven: Driven, world: SimulatedWorld) -> None:
    """Both services are up, and the balancer knows both members."""
    assert (await driven.ended(await driven.deploy(SHOP))).state is ActivityState.DONE
    await driven.until(lambda: told(driven, world) == ["web-1", "web-2"], within=5)


async def test_who_comes_is_told_of_at_once_and_who_goes_serves_on_until_the_balancer_knows(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await shop(driven, world)
        assert (await driven.ended(await driven.invoke("shop/web", "resize", size=3))).state is ActivityState.DONE
        assert await driven.until(lambda: told(driven, world) == ["web-1", "web-2", "web-3"]) < 1
        third = driven.model.entry("shop/web/3").uid
        began = asyncio.get_running_loop().time()
        activity = await driven.invoke("shop/web", "resize", size=2)
        assert await driven.until(lambda: told(driven, world) == ["web-1", "web-2"]) < 1
        assert runs(driven, world, third) == 1
        assert driven.value("shop/web", "service.state") == "running" and not driven.value(third, "service.isServing")
        await driven.until(lambda: not runs(driven, world, third))
        assert DELAY <= asyncio.get_running_loop().time() - began < DELAY + 1
        assert (await driven.ended(activity)).state is ActivityState.DONE
        await well(driven, world)


async def test_a_member_that_moves_is_told_of_where_it_is_now_and_serves_on_where_it_was(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await shop(driven, world)
        before, uid = address(driven, "shop/web/1"), driven.model.entry("shop/web/1").uid
        activity = await driven.invoke("shop/web/1", "move")
        await driven.until(lambda: address(driven, "shop/web/1") != before)
        switched = asyncio.get_running_loop().time()
        assert await driven.until(lambda: told(driven, world) == ["web-1", "web-2"] and _at(driven, world, "web-1", "shop/web/1")) < 1
        assert runs(driven, world, uid) == 2
        assert (await driven.ended(activity)).state is ActivityState.DONE
        assert DELAY <= asyncio.get_running_loop().time() - switched < DELAY + 1
        await well(driven, world)


def _at(driven: Driven, world: SimulatedWorld, name: str, path: str) -> bool:
    uid = driven.model.entry("shop/lb").uid
    return any(
        f"{name}={address(driven, path)} " in engine.files_of(seen.id)["/lb.cfg"].content
        for engine, seen in running(world)
        if seen.labels[LABEL_MEMBER] == uid
    )


async def test_the_time_to_leave_is_neither_lost_nor_begun_anew_when_the_manager_is(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await shop(driven, world)
        second = driven.model.entry("shop/web/2").uid
        began = asyncio.get_running_loop().time()
        await driven.invoke("shop/web", "resize", size=1)
        await driven.until(lambda: told(driven, world) == ["web-1"])
        await asyncio.sleep(1)
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.until(lambda: not driven.gone("shop/web/1") and driven.up("shop/web/1"))
        assert runs(driven, world, second) == 1
        await driven.until(lambda: not runs(driven, world, second))
        assert DELAY <= asyncio.get_running_loop().time() - began < DELAY + 1
        await well(driven, world)


async def test_a_manager_that_begins_anew_takes_nobody_out_of_the_list(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await shop(driven, world)
        before = puts(world)
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.until(lambda: not driven.gone("shop/web/2") and driven.up("shop/web") and driven.up("shop/lb"))
        await asyncio.sleep(10)
        assert told(driven, world) == ["web-1", "web-2"] and puts(world) == before
        assert isinstance(driven.value("shop/lb", "servers"), list)
        await driven.ended(await driven.invoke("shop/web", "resize", size=3))
        await driven.until(lambda: told(driven, world) == ["web-1", "web-2", "web-3"], within=2)


async def test_who_is_wanted_back_while_one_leaves_is_a_new_one(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await shop(driven, world)
        second = driven.model.entry("shop/web/2").uid
        began = asyncio.get_running_loop().time()
        await driven.invoke("shop/web", "resize", size=1)
        await asyncio.sleep(1)
        assert (await driven.ended(await driven.invoke("shop/web", "resize", size=2))).state is ActivityState.DONE
        assert await driven.until(lambda: told(driven, world) == ["web-1", "web-3"]) < 1
        await driven.until(lambda: not runs(driven, world, second))
        assert asyncio.get_running_loop().time() - began < DELAY + 1
        await well(driven, world)


async def test_who_has_died_or_is_unwell_is_not_waited_for(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await shop(driven, world)
        first, second = (driven.model.entry(f"shop/web/{number}").uid for number in (1, 2))
        name = next(seen.name for _, seen in running(world) if seen.labels[LABEL_MEMBER] == first)
        engine_of(world, name).sicken(name)
        assert await driven.until(lambda: told(driven, world) == ["web-2"]) < 5
        await driven.until(lambda: told(driven, world) == ["web-1", "web-2"])  # it was restarted
        await asyncio.sleep(1)
        name = next(seen.name for _, seen in running(world) if seen.labels[LABEL_MEMBER] == second)
        engine_of(world, name).die(name)
        assert await driven.until(lambda: told(driven, world) == ["web-1"]) < 1
        assert await driven.until(lambda: told(driven, world) == ["web-1", "web-2"]) < 3
        await well(driven, world)


async def test_to_delete_all_takes_the_time_to_leave_once(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await shop(driven, world)
        began = asyncio.get_running_loop().time()
        await driven.invoke("shop/web", "resize", size=1)
        await asyncio.sleep(2)
        assert (await driven.ended(await driven.invoke("shop", "delete"))).state is ActivityState.DONE
        assert asyncio.get_running_loop().time() - began < 2 + DELAY + 1
        assert not running(world)


async def test_a_cluster_of_nobody_is_an_empty_list(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await shop(driven, world)
        await driven.ended(await driven.invoke("shop/web", "resize", size=0))
        assert told(driven, world) == [] and driven.up("shop/lb")
        await driven.ended(await driven.invoke("shop/web", "resize", size=1))
        await driven.until(lambda: told(driven, world) == ["web-3"], within=2)


@pytest.mark.parametrize("times", [1, 9, 12, 15, 40])
async def test_what_changes_while_files_are_being_put_is_put_after_that(times: int, tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await shop(driven, world)
        await asyncio.sleep(1)
        for engine in world.engines.values():
            engine.slow(times)
        async with slow_store(driven):  # that files were put may be said while it is being written that others are wanted
            await driven.invoke("shop/web/1", "stop")
            await asyncio.sleep(0.1)
            await driven.invoke("shop/web/2", "stop")
            assert await driven.until(lambda: not told(driven, world)) < DELAY
        for engine in world.engines.values():
            engine.slow(1)
        await well(driven, world)


async def test_a_service_alone_and_one_that_is_made_anew_are_served_too(tmp_path: Path) -> None:
    world = new_world()
    text = SHOP.replace("- type: cluster\n  id: web\n  initialSize: 2\n  memberSpec: {", "- {id: web, ").replace("5s}\n", "5s}\n")
    async with managed(tmp_path / "s", world=world) as driven:
        assert (await driven.ended(await driven.deploy(text))).state is ActivityState.DONE
        await driven.until(lambda: told(driven, world) == ["web"], within=5)
        await driven.ended(await driven.invoke("shop/web", "restart"))
        await driven.until(lambda: told(driven, world) == ["web"] and _at(driven, world, "web", "shop/web"), within=5)


async def test_a_service_that_was_deleted_and_is_made_anew_is_found_again(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await shop(driven, world)
        await driven.ended(await driven.invoke("shop/web", "delete"))
        assert told(driven, world) == []
        activity = await driven.deploy(SHOP.replace("initialSize: 2", "initialSize: 3"))
        assert (await driven.ended(activity)).state is ActivityState.DONE
        await driven.until(lambda: told(driven, world) == ["web-1", "web-2", "web-3"], within=15)


async def test_a_host_that_falls_silent_stays_in_the_list_until_it_is_given_up(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await shop(driven, world)
        uid = driven.model.entry("shop/lb").uid
        own = next(engine.name for engine, seen in running(world) if seen.labels[LABEL_MEMBER] == uid)
        away = next(engine for engine, seen in running(world) if engine.name != own and seen.labels[LABEL_MEMBER] != uid)
        before = address(driven, "shop/web/1"), address(driven, "shop/web/2")
        away.partition()
        await asyncio.sleep(1)
        assert told(driven, world) == ["web-1", "web-2"]
        await driven.until(lambda: (address(driven, "shop/web/1"), address(driven, "shop/web/2")) != before)
        await driven.until(lambda: _at(driven, world, "web-1", "shop/web/1") and _at(driven, world, "web-2", "shop/web/2"), within=10)
        away.heal()
        await well(driven, world)


async def test_a_plain_nginx_serves_without_a_cluster_behind_it(tmp_path: Path) -> None:
    async with managed(tmp_path / "s", world=new_world()) as driven:
        text = "name: shop\nlocation: local\nservices: [{type: nginx, id: web}]\n"
        parsed = parse(text, "shop.yaml", type_table())
        blobs = [await driven.manager.blobs.put(content) for content in parsed.inline.values()]
        assert blobs
        await driven.ended(await driven.invoke(ROOT, "deploy", blueprint=msgspec.to_builtins(parsed.blueprint)))
        await driven.until(lambda: driven.up("shop"), 60)
