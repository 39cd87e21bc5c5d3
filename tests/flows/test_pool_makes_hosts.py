"""A pool with a location: machines are made, become hosts, carry containers, and are given back. In virtual time, on a simulated cloud."""

import asyncio
from pathlib import Path

import pytest

from clocker_actors.drivers.simulated import SimulatedWorld
from clocker_actors.drivers.simulated.grounds import SimulatedGrounds
from clocker_actors.errors import BadRequest
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.identity import EntityKind
from tests.flows.poolside import begun, hosts_up, nodes, records, shop, yard
from tests.flows.stories import new_world, ours, running, tells_all
from tests.flows.support import managed


@pytest.fixture
def world() -> SimulatedWorld:
    return new_world()


@pytest.fixture
def grounds(world: SimulatedWorld) -> SimulatedGrounds:
    return SimulatedGrounds(world)


async def test_two_hosts_come_up_carry_an_application_and_go(tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds) -> None:
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await begun(driven, yard(2))
        took = await driven.until(lambda: hosts_up(driven) == 2, 120)
        assert took < 60, "machines are made beside each other"
        made = next(each for each in driven.model.activities.all() if each.effector == "resize")
        await driven.until(lambda: driven.model.activities.get(made.id).state is ActivityState.DONE, 5)  # type: ignore[union-attr]
        assert len(nodes(grounds)) == 2 and all(name.startswith("clocker-main-") for name in nodes(grounds))
        deployed = await driven.ended(await driven.deploy(shop(4)), 120)
        assert deployed.state is ActivityState.DONE and len(ours(world)) == 4
        assert (await driven.ended(await driven.invoke("shop", "delete"))).state is ActivityState.DONE
        assert (await driven.ended(await driven.invoke("yard", "delete"), 120)).state is ActivityState.DONE
        assert not nodes(grounds) and driven.gone("yard") and not driven.entries(EntityKind.HOST, "yard/")
        assert not records(driven)


async def test_sizes_supersede_each_other_and_the_last_one_counts(tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds) -> None:
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await begun(driven, yard(1, keys="minSize: 0; maxSize: 6"))
        up = await driven.invoke("yard", "resize", size=6)
        await asyncio.sleep(10)  # some are booting
        down = await driven.invoke("yard", "resize", size=2)
        assert (await driven.ended(up)).state is ActivityState.SUPERSEDED
        assert (await driven.ended(down, 120)).state is ActivityState.DONE
        assert hosts_up(driven) == 2 and len(nodes(grounds)) == 2
        with pytest.raises(BadRequest, match="takes 0 to 6 made hosts, not 7"):
            await driven.invoke("yard", "resize", size=7)
        assert (await driven.ended(await driven.invoke("yard", "resize", size=0), 60)).state is ActivityState.DONE
        assert not nodes(grounds)


async def test_a_pool_that_shrinks_drains_first(tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds) -> None:
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await begun(driven, yard(3, keys="minSize: 0"))
        await driven.until(lambda: hosts_up(driven) == 3, 120)
        await driven.ended(await driven.deploy(shop(6)), 60)
        resize = await driven.invoke("yard", "resize", size=1)
        least = 6

        def ended() -> bool:
            nonlocal least
            least = min(least, len(running(world)))
            found = driven.model.activities.get(resize)
            return found is not None and found.state.ended

        await driven.until(ended, 90)
        assert (await driven.ended(resize)).state is ActivityState.DONE
        assert least == 6 and len(nodes(grounds)) == 1 and len(ours(world)) == 6
        drains = [each for each in driven.model.activities.all() if each.effector == "drain"]
        assert len(drains) == 2 and all(each.parent == resize for each in drains)


async def test_a_drain_makes_the_host_that_it_needs(tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds) -> None:
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await begun(driven, yard(1, keys="minSize: 0; maxSize: 3"))
        await driven.until(lambda: hosts_up(driven) == 1, 120)
        await driven.ended(await driven.deploy(shop(4)), 60)
        (host,) = driven.entries(EntityKind.HOST, "yard/")
        drained = await driven.ended(await driven.invoke(host.uid, "drain"), 200)
        assert drained.state is ActivityState.DONE, drained
        assert len(nodes(grounds)) == 2 and len(ours(world)) == 4
        assert {engine.name for engine, _ in running(world)} != {host.name}


async def test_hosts_that_cannot_be_emptied_stay_and_the_order_says_so(
    tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds
) -> None:
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await begun(driven, yard(2, keys="minSize: 0"))
        await driven.until(lambda: hosts_up(driven) == 2, 120)
        await driven.ended(await driven.deploy(shop(4)), 60)
        ended = await driven.ended(await driven.invoke("yard", "resize", size=0), 120)
        assert ended.state is ActivityState.FAILED
        tells_all(ended.problem, "docker-2", "cannot be emptied", "cordoned")
        assert len(nodes(grounds)) == 2 and len(running(world)) == 4
        await driven.ended(await driven.invoke("shop", "delete"))
        await driven.until(lambda: len(nodes(grounds)) == 0, 60, "they go once nothing is on them")


async def test_a_pool_that_is_to_be_larger_again_takes_its_hosts_back(
    tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds
) -> None:
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await begun(driven, yard(2, keys="minSize: 0"))
        await driven.until(lambda: hosts_up(driven) == 2, 120)
        await driven.ended(await driven.deploy(shop(12)), 60)
        await driven.invoke("yard", "resize", size=1)
        await asyncio.sleep(0.7)
        assert any(entry.facts["cordoned"] for entry in driven.entries(EntityKind.HOST, "yard/"))
        assert (await driven.ended(await driven.invoke("yard", "resize", size=2), 60)).state is ActivityState.DONE
        await driven.until(lambda: not any(entry.facts["cordoned"] for entry in driven.entries(EntityKind.HOST, "yard/")), 10)
        assert len(nodes(grounds)) == 2 and len(running(world)) >= 12


async def test_machines_that_exist_are_lent_and_come_back(tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds) -> None:
    byon = "'byon:(hosts=\"10.9.0.{1..3}\")'"
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await begun(driven, yard(2, location=byon, keys="minSize: 0"))
        await driven.until(lambda: hosts_up(driven) == 2, 60)
        assert sorted(grounds.machines) == ["10.9.0.1", "10.9.0.2"]
        assert (await driven.ended(await driven.invoke("yard", "resize", size=0), 60)).state is ActivityState.DONE
        assert (await driven.ended(await driven.invoke("yard", "resize", size=3), 60)).state is ActivityState.DONE
        await driven.ended(await driven.deploy(shop(3)), 60)
        await driven.ended(await driven.invoke("shop", "delete"), 60)
        assert (await driven.ended(await driven.invoke("yard", "delete"), 60)).state is ActivityState.DONE
        assert not ours(world)


async def test_several_locations_are_used_in_order(tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds) -> None:
    several = "['byon:(hosts=\"10.9.0.{1..2}\")', 'simulated:paris']"
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await begun(driven, yard(4, location=several))
        await driven.until(lambda: hosts_up(driven) == 4, 100)
        assert len(grounds.machines) == 2 and len(nodes(grounds)) == 2


async def test_an_empty_pool_grows_for_an_application_by_as_many_hosts_as_it_needs(
    tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds
) -> None:
    keys = "minSize: 0; maxSize: 5; strategies: [{MaxContainers: {maxContainers: 4}}]"
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await begun(driven, yard(0, keys=keys))
        deployed = await driven.ended(await driven.deploy(shop(10)), 200)
        assert deployed.state is ActivityState.DONE and len(ours(world)) == 10
        assert len(nodes(grounds)) == 3, "ceil(10 / 4), asked for at once"
        grown = [each for each in driven.model.decisions.of_subject(driven.model.resolve("yard")) if each.kind == "grow"]
        assert [each.action for each in grown] == ["make 3 hosts more"]
        await driven.ended(await driven.invoke("shop/web", "resize", size=12), 60)
        assert len(nodes(grounds)) == 3
        await driven.ended(await driven.invoke("shop/web", "resize", size=13), 100)
        assert len(nodes(grounds)) == 4 and len(ours(world)) == 13
        beyond = await driven.ended(await driven.invoke("shop/web", "resize", size=25), 200)
        assert beyond.state is ActivityState.FAILED
        tells_all(beyond.problem, "most hosts that it may have, 5")
        assert len(nodes(grounds)) == 5 and len(ours(world)) == 20


async def test_what_no_new_host_could_take_makes_none(tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds) -> None:
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await begun(driven, yard(1, keys="maxSize: 5"))
        await driven.until(lambda: hosts_up(driven) == 1, 100)
        ended = await driven.ended(await driven.deploy(shop(2, member="memory: 64g")), 60)
        assert ended.state is ActivityState.FAILED and len(nodes(grounds)) == 1
        tells_all(ended.problem, "no new host would do: a new host has", "68,719 MB wanted")


async def test_this_machine_is_a_location_too(tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds) -> None:
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await begun(driven, yard(1, location="localhost"))
        await driven.until(lambda: hosts_up(driven) == 1, 60)
        assert (await driven.ended(await driven.invoke("yard", "delete"), 60)).state is ActivityState.DONE


async def test_a_location_that_nobody_knows_and_passwords_are_refused(
    tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds
) -> None:
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        with pytest.raises(BadRequest, match="'ireland' is not in the settings"):
            await driven.deploy(yard(1, location="ireland"))
        with pytest.raises(BadRequest, match="has the hosts that its blueprint lists"):
            await driven.invoke("local", "resize", size=2)


async def test_keys_are_forgotten_with_the_last_pool_that_makes_machines(
    tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds, monkeypatch: pytest.MonkeyPatch
) -> None:
    forgotten: list[int] = []
    monkeypatch.setattr(grounds, "forget_key", lambda: forgotten.append(len(nodes(grounds))))
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await begun(driven, yard(1))
        await driven.ended(await driven.deploy(yard(1).replace("name: yard", "name: other")))
        await driven.until(lambda: hosts_up(driven) == 1 and hosts_up(driven, "other") == 1, 100)
        assert (await driven.ended(await driven.invoke("yard", "delete"), 60)).state is ActivityState.DONE
        assert not forgotten
        assert (await driven.ended(await driven.invoke("other", "delete"), 60)).state is ActivityState.DONE
        assert forgotten == [0]
