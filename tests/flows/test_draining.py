"""Is a host emptied without anybody noticing, and does a drain that cannot finish say so and end?"""

import asyncio
from pathlib import Path

import pytest

from clocker_actors.admin.moves import drain_plan
from clocker_actors.admin.planner import plan_of
from clocker_actors.admin.types import type_table
from clocker_actors.blueprint import parse
from clocker_actors.drivers.simulated import SimulatedWorld
from clocker_actors.entities.hosts.host import Host
from clocker_actors.entities.members.member import Member
from clocker_actors.entities.pools.pool import Pool
from clocker_actors.errors import EngineFault
from clocker_actors.kernel import Actor
from clocker_actors.model.activities import Activity, ActivityState
from clocker_actors.model.messages import CancelActivity
from tests.flows.crashing import Poison, faulty
from tests.flows.stories import cluster, new_world, running, tells_all, well
from tests.flows.support import PERSON, Driven, managed
from tests.flows.test_manager_dies import killed

POOL = "name: yard\nlocation:\n- type: docker-cloud\n"


def yard(hosts: int) -> str:
    """A blueprint with a pool of so many hosts and nothing else."""
    listed = "".join(f"  - {{name: h{n}, engine: 'simulated://h{n}'}}\n" for n in range(1, hosts + 1))
    return f"name: land\nservices:\n- type: docker-cloud\n  name: yard\n  hosts:\n{listed}"


async def prepared(driven: Driven, hosts: int, size: int, **more: str) -> None:
    """A pool `yard`, and a cluster `shop/web` on it."""
    await driven.ended(await driven.deploy(yard(hosts)))
    text = cluster(size, **more).replace("location: local", "location: docker:yard")
    done = await driven.ended(await driven.deploy(text))
    assert done.state is ActivityState.DONE, done.problem


def on(world: SimulatedWorld, name: str) -> int:
    """How many of ours run there."""
    return sum(engine.name == name for engine, _ in running(world))


class Watch:
    """Fewest members up, and fewest containers that run, ever seen while an activity ran; and the most that were there at a time."""

    def __init__(self, driven: Driven, world: SimulatedWorld) -> None:
        self.driven, self.world = driven, world
        self.least_up, self.least_running, self.most_running = 10_000, 10_000, 0
        self.notes: list[str] = []

    def _look(self) -> None:
        up = self.driven.value("shop/web", "group.members.up")
        count = len(running(self.world))
        self.least_up = min(self.least_up, int(str(up)))
        self.least_running, self.most_running = min(self.least_running, count), max(self.most_running, count)

    async def over(self, activity: str, within: float = 120.0) -> Activity:
        """Wait for its end, watching."""

        def ended() -> bool:
            self._look()
            found = self.driven.model.activities.get(activity)
            if found is not None and found.note not in self.notes:
                self.notes.append(found.note)
            return found is not None and found.state.ended

        await self.driven.until(ended, within, activity)
        return await self.driven.ended(activity)


async def cancel(driven: Driven, entity: str, activity: str) -> None:
    """Take an activity back."""
    await driven.manager.kernel.ask(driven.model.resolve(entity), CancelActivity(activity, PERSON), 5.0)


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
async def test_a_drain_moves_all_and_nobody_is_ever_down(tmp_path: Path, seed: int) -> None:
    world = SimulatedWorld(seed)
    async with managed(tmp_path / "s", world=world) as driven:
        await prepared(driven, 3, 9)
        assert on(world, "h1") == 3
        watch = Watch(driven, world)
        ended = await watch.over(await driven.invoke("yard/h1", "drain"))
        assert ended.state is ActivityState.DONE, ended
        assert (ended.done, ended.total, ended.result) == (3, 3, 3)
        assert (watch.least_up, watch.least_running) == (9, 9)
        assert watch.most_running <= 12
        assert on(world, "h1") == 0
        assert ended.ended is not None and ended.ended - ended.began < 5
        assert driven.model.entry("yard/h1").facts["cordoned"] is True
        await driven.ended(await driven.invoke("shop/web", "resize", size=12))
        assert on(world, "h1") == 0, "a cordoned host takes nothing"
        await driven.ended(await driven.invoke("yard/h1", "uncordon"))
        assert driven.model.entry("yard/h1").facts["cordoned"] is False
        await driven.ended(await driven.invoke("shop/web", "resize", size=15))
        assert on(world, "h1") == 3
        await well(driven, world)


async def test_at_most_surge_move_at_a_time(tmp_path: Path) -> None:
    world = SimulatedWorld()
    async with managed(tmp_path / "s", world=world) as driven:
        await prepared(driven, 3, 15)
        watch = Watch(driven, world)
        ended = await watch.over(await driven.invoke("yard/h2", "drain", surge=2))
        assert ended.state is ActivityState.DONE and ended.total == 5
        assert watch.most_running <= 17 and watch.least_running == 15
        assert any(note.startswith(("2 of 5 moved", "3 of 5 moved")) for note in watch.notes)
        await well(driven, world)


async def test_evacuating_is_at_once(tmp_path: Path) -> None:
    world = SimulatedWorld()
    async with managed(tmp_path / "s", world=world) as driven:
        await prepared(driven, 3, 15)
        watch = Watch(driven, world)
        ended = await watch.over(await driven.invoke("yard/h2", "evacuate"))
        assert ended.state is ActivityState.DONE
        assert watch.most_running > 17 and watch.least_running == 15
        await well(driven, world)


async def test_the_last_host_cannot_be_drained_and_it_is_said_why(tmp_path: Path) -> None:
    world = SimulatedWorld()
    async with managed(tmp_path / "s", world=world) as driven:
        await prepared(driven, 1, 3)
        watch = Watch(driven, world)
        ended = await watch.over(await driven.invoke("yard/h1", "drain"))
        assert ended.state is ActivityState.FAILED
        assert ended.ended is not None and ended.ended - ended.began < 60
        assert "0 of 3 moved" in ended.problem and "cordoned" in ended.problem and "shop/web/1" in ended.problem
        assert watch.least_up == 3
        assert driven.model.entry("yard/h1").facts == {**driven.model.entry("yard/h1").facts, "cordoned": True, "draining": False}
        await well(driven, world)


async def test_what_blocks_a_drain_may_go_away_in_time(tmp_path: Path) -> None:
    world = SimulatedWorld()
    async with managed(tmp_path / "s", world=world) as driven:
        await prepared(driven, 2, 4)
        await driven.ended(await driven.invoke("yard/h2", "cordon"))
        drain = await driven.invoke("yard/h1", "drain")
        await asyncio.sleep(10)
        assert on(world, "h1") == 2
        await driven.ended(await driven.invoke("yard/h2", "uncordon"))
        assert (await driven.ended(drain)).state is ActivityState.DONE
        assert on(world, "h1") == 0
        await well(driven, world)


async def test_a_drain_taken_back_leaves_the_host_cordoned(tmp_path: Path) -> None:
    world = SimulatedWorld()
    async with managed(tmp_path / "s", world=world) as driven:
        await prepared(driven, 3, 15)
        drain = await driven.invoke("yard/h1", "drain", surge=1)
        await driven.until(lambda: on(world, "h1") == 4, 20)
        await cancel(driven, "yard/h1", drain)
        ended = await driven.ended(drain)
        assert ended.state is ActivityState.CANCELLED and "h1 is cordoned" in ended.note
        await asyncio.sleep(20)
        assert on(world, "h1") in {3, 4}
        assert driven.model.entry("yard/h1").facts["cordoned"] is True
        await well(driven, world)


async def test_a_target_dies_during_the_drain(tmp_path: Path) -> None:
    world = SimulatedWorld()
    async with managed(tmp_path / "s", world=world) as driven:
        await prepared(driven, 4, 8)
        drain = await driven.invoke("yard/h1", "drain")
        await asyncio.sleep(0.2)
        world.engine("h2").crash()
        assert (await driven.ended(drain, 120)).state is ActivityState.DONE
        assert on(world, "h1") == on(world, "h2") == 0
        await driven.until(lambda: driven.value("shop/web", "group.members.up") == 8, 60)
        world.engine("h2").recover()
        await well(driven, world)


async def test_two_drains_at_once(tmp_path: Path) -> None:
    world = SimulatedWorld()
    async with managed(tmp_path / "s", world=world) as driven:
        await prepared(driven, 4, 12)
        watch = Watch(driven, world)
        drains = [await driven.invoke("yard/h1", "drain"), await driven.invoke("yard/h2", "drain")]
        for drain in drains:
            assert (await watch.over(drain)).state is ActivityState.DONE
        assert on(world, "h1") == on(world, "h2") == 0
        assert (watch.least_up, watch.least_running) == (12, 12)
        await well(driven, world)


@pytest.mark.parametrize("size", [3, 14])
async def test_a_resize_during_a_drain(tmp_path: Path, size: int) -> None:
    world = SimulatedWorld()
    async with managed(tmp_path / "s", world=world) as driven:
        await prepared(driven, 3, 9)
        drain = await driven.invoke("yard/h1", "drain", surge=1)
        await asyncio.sleep(0.3)
        resize = await driven.invoke("shop/web", "resize", size=size)
        assert (await driven.ended(drain)).state is ActivityState.DONE
        assert (await driven.ended(resize)).state is ActivityState.DONE
        assert on(world, "h1") == 0 and len(running(world)) == size
        await well(driven, world)


@pytest.mark.parametrize("after", [0.0, 0.05, 0.2, 0.5, 1.0, 1.6, 2.2, 3.0])
async def test_the_manager_dies_during_a_drain(tmp_path: Path, after: float) -> None:
    world = SimulatedWorld()
    async with killed(tmp_path / "s", world) as driven:
        await prepared(driven, 3, 9)
        await driven.invoke("yard/h1", "drain", surge=1)
        await asyncio.sleep(after)
    least = len(running(world))
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.until(lambda: not driven.gone("yard/h1") and on(world, "h1") == 0, 60)
        await driven.until(lambda: driven.value("shop/web", "group.members.up") == 9, 60)
        assert least >= 9
        await well(driven, world)
        resumed = [each for each in driven.model.activities.all() if each.effector == "drain"]
        assert all(each.state is ActivityState.DONE for each in resumed)


async def test_members_that_stop_first_are_drained_one_by_one(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await prepared(driven, 3, 9, member="duplicate: never", keys="quorum: 8")
        watch = Watch(driven, world)
        ended = await watch.over(await driven.invoke("yard/h1", "drain"))
        assert ended.state is ActivityState.DONE, ended
        assert watch.least_up == 8
        assert on(world, "h1") == 0
        await well(driven, world)


async def test_an_uncordon_ends_the_drain(tmp_path: Path) -> None:
    world = SimulatedWorld()
    async with managed(tmp_path / "s", world=world) as driven:
        await prepared(driven, 3, 15)
        drain = await driven.invoke("yard/h1", "drain", surge=1)
        await asyncio.sleep(0.5)
        await driven.ended(await driven.invoke("yard/h1", "uncordon"))
        assert (await driven.ended(drain)).state is ActivityState.SUPERSEDED
        await asyncio.sleep(10)
        assert on(world, "h1") >= 4
        await well(driven, world)


async def test_a_plan_says_where_each_would_go_and_then_they_go_there(tmp_path: Path) -> None:
    world = SimulatedWorld()
    async with managed(tmp_path / "s", world=world) as driven:
        await prepared(driven, 4, 12)
        await driven.ended(await driven.invoke("yard/h3", "cordon"))
        host = driven.model.entry("yard/h1")
        before = len(driven.model.activities.all())
        found = drain_plan(host, driven.manager.store, driven.model, type_table())
        assert found.possible and len(found.moves) == 3
        assert {move.to for move in found.moves} == {"h2", "h4"}
        assert all(move.manner == "start-first" and move.reason and move.why for move in found.moves)
        assert len(driven.model.activities.all()) == before and on(world, "h1") == 3
        assert (await driven.ended(await driven.invoke("yard/h1", "drain"))).state is ActivityState.DONE
        went = {move.path: driven.model.entry(str(driven.value(move.path, "container.host"))).name for move in found.moves}
        assert went == {move.path: move.to for move in found.moves}


async def test_a_plan_of_a_drain_that_cannot_finish(tmp_path: Path) -> None:
    world = SimulatedWorld()
    async with managed(tmp_path / "s", world=world) as driven:
        await prepared(driven, 1, 2)
        found = drain_plan(driven.model.entry("yard/h1"), driven.manager.store, driven.model, type_table())
        assert not found.possible
        assert all(not move.to and "cordoned" in move.reason for move in found.moves)


@pytest.mark.parametrize(("quorum", "moves"), [(3, 0), (2, 1)])
async def test_a_plan_asks_whether_enough_others_are_up(tmp_path: Path, quorum: int, moves: int) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await prepared(driven, 4, 3, member="duplicate: never", keys=f"quorum: {quorum}")
        found = drain_plan(driven.model.entry("yard/h1"), driven.manager.store, driven.model, type_table())
        (move,) = found.moves
        assert found.possible == bool(move.to) == bool(moves)
        assert move.manner == "stop-first" and "duplicate: never" in move.why
        drained = await driven.ended(await driven.invoke("yard/h1", "drain"))
        assert (drained.state is ActivityState.DONE) == bool(moves), drained
        if not moves:
            assert "2 other members of shop/web would be up, and 3 have to be" in move.reason
            assert "2 other members of shop/web would be up, and 3 have to be" in drained.problem


async def test_a_plan_of_a_blueprint_leaves_cordoned_hosts_out(tmp_path: Path) -> None:
    world = SimulatedWorld()
    async with managed(tmp_path / "s", world=world) as driven:
        await prepared(driven, 2, 2)
        await driven.ended(await driven.invoke("yard/h1", "cordon"))
        more = parse(cluster(4).replace("name: shop", "name: more").replace("location: local", "location: yard"), "more.yaml", type_table())
        found = plan_of(more.blueprint, driven.manager.store, driven.model, type_table())
        assert {step.host for plan in found.plans for step in plan.steps if step.host} == {"h2"}


@pytest.mark.parametrize("after", [0.02, 0.3, 0.7, 1.2, 1.7])
@pytest.mark.parametrize("kind", [Member, Pool, Host])
async def test_an_entity_crashes_during_a_drain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[Actor], after: float) -> None:
    faulty(monkeypatch, kind)
    world = SimulatedWorld()
    async with managed(tmp_path / "s", world=world) as driven:
        await prepared(driven, 3, 9)
        await driven.invoke("yard/h1", "drain", surge=2)
        await asyncio.sleep(after)
        victim = {Member: "shop/web/1", Pool: "yard", Host: "yard/h1"}[kind]
        driven.manager.kernel.tell(driven.model.resolve(victim), Poison())
        await driven.until(lambda: on(world, "h1") == 0 and len(running(world)) == 9, 90)
        await well(driven, world)
        assert driven.value("shop/web", "group.members.up") == 9
        assert driven.model.entry("yard/h1").facts == {**driven.model.entry("yard/h1").facts, "cordoned": True, "draining": False}


async def test_remains_that_the_engine_does_not_remove_end_a_drain_in_time(tmp_path: Path) -> None:
    world = SimulatedWorld()
    async with managed(tmp_path / "s", world=world) as driven:
        await prepared(driven, 3, 9)
        engine = world.engine("h1")
        engine.fail("remove", EngineFault("device or resource busy", status=500), 500)
        kept = [seen.name for seen in engine.containers]
        ended = await driven.ended(await driven.invoke("yard/h1", "drain"), 120)
        assert ended.state is ActivityState.FAILED and ended.ended is not None
        assert 30 < ended.ended - ended.began < 60
        tells_all(ended.problem, "h1", "does not remove", kept[0], "cordoned", "clocker uncordon yard/h1")
        assert on(world, "h1") == 0 and len(running(world)) == 9


async def test_a_long_stop_is_waited_for(tmp_path: Path) -> None:
    world = SimulatedWorld()
    async with managed(tmp_path / "s", world=world) as driven:
        await prepared(driven, 3, 3, image="docker:clocker/ignores-term:1", member="stopTimeout: 50s")
        ended = await driven.ended(await driven.invoke("yard/h1", "drain"), 120)
        assert ended.state is ActivityState.DONE and ended.ended is not None, ended
        assert ended.ended - ended.began > 50
        await well(driven, world)
