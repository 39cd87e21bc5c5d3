"""Does a member that moves go on serving, whatever happens on the way, and does it always end as one generation in one place?"""

import asyncio
from pathlib import Path

import pytest

from clocker_actors.drivers.simulated import SimulatedWorld
from clocker_actors.entities.members.moving import Moving
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.identity import EntityKind
from clocker_actors.model.messages import CancelActivity
from tests.flows.stories import cluster, new_world, one, ours, running, well
from tests.flows.support import PERSON, Driven, managed, placed_on
from tests.flows.test_manager_dies import killed


def hosts_of(world: SimulatedWorld) -> list[str]:
    """Where something of ours runs, one name per container."""
    return sorted(engine.name for engine, _ in running(world))


def host_of(driven: Driven, member: str) -> str:
    """Name of the member's host."""
    return driven.model.entry(str(driven.value(member, "container.host"))).name


class Least:
    """The smallest number of running containers ever seen between two steps of the loop."""

    def __init__(self, driven: Driven, world: SimulatedWorld) -> None:
        self.driven, self.world = driven, world
        self.up = self.most = len(running(world))

    def look(self) -> bool:
        """Always false, to be asked by `until`."""
        now = len(running(self.world))
        self.up, self.most = min(self.up, now), max(self.most, now)
        return False

    async def while_running(self, activity: str, within: float = 60.0) -> None:
        """Until the activity has ended."""
        await self.driven.until(lambda: self.look() or self.driven.model.activities.get(activity).state.ended, within)  # type: ignore[union-attr]


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_a_member_moves_start_first(tmp_path: Path, seed: int) -> None:
    world = new_world(3, seed)
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(3)))
        before = host_of(driven, "shop/web/1")
        least = Least(driven, world)
        moved = await driven.invoke("shop/web/1", "move")
        await least.while_running(moved)
        ended = await driven.ended(moved)
        assert ended.state is ActivityState.DONE, ended
        assert (least.up, least.most) == (3, 4)
        assert host_of(driven, "shop/web/1") != before
        assert "start-first" in " ".join(step.note for step in ended.steps)
        await well(driven, world)
        decided = [each for each in driven.model.decisions.of_subject(ended.entity, acted=True) if each.kind == "move"]
        assert decided[-1].action.startswith(f"move from {before} to ")


async def test_a_move_to_a_named_host_and_to_none_that_fits(tmp_path: Path) -> None:
    world = new_world(3)
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(one()))
        here = host_of(driven, "shop/web")
        there = next(name for name in world.engines if name != here)
        assert (await driven.ended(await driven.invoke("shop/web", "move", host=there))).state is ActivityState.DONE
        assert host_of(driven, "shop/web") == there
        again = await driven.ended(await driven.invoke("shop/web", "move", host=there))
        assert again.state is ActivityState.DONE
        nowhere = await driven.ended(await driven.invoke("shop/web", "move", host="mars"))
        assert nowhere.state is ActivityState.FAILED
        assert "is not mars, which was asked for" in nowhere.problem
        others = ",".join(world.engines)
        excluded = await driven.ended(await driven.invoke("shop/web", "move", exclude=others))
        assert excluded.state is ActivityState.FAILED
        assert "is to be left" in excluded.problem
        await well(driven, world)


async def test_what_must_not_be_there_twice_stops_first(tmp_path: Path) -> None:
    world = new_world(3)
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(one(keys="duplicate: never")))
        before = host_of(driven, "shop/web")
        least = Least(driven, world)
        moved = await driven.invoke("shop/web", "move")
        await least.while_running(moved)
        ended = await driven.ended(moved)
        assert ended.state is ActivityState.DONE, ended
        assert (least.up, least.most) == (0, 1)
        assert host_of(driven, "shop/web") != before
        assert "stop-first" in " ".join(step.note for step in ended.steps)
        assert driven.up("shop/web")
        await well(driven, world)


async def test_members_that_stop_first_go_one_by_one_as_the_quorum_wants(tmp_path: Path) -> None:
    world = new_world(3)
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(3, member="duplicate: never", keys="quorum: 2")))
        moves = [await driven.invoke(f"shop/web/{n}", "move") for n in (1, 2, 3)]
        least = Least(driven, world)
        states = []
        for move in moves:
            await least.while_running(move)
            states.append(await driven.ended(move))
        assert sorted(each.state for each in states) == [ActivityState.DONE, ActivityState.FAILED, ActivityState.FAILED]
        assert all("2 have to be" in each.problem for each in states if each.state is ActivityState.FAILED)
        assert least.up == 2
        await well(driven, world)


async def test_a_target_that_dies_during_the_move(tmp_path: Path) -> None:
    world = new_world(3)
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(one()))
        here = host_of(driven, "shop/web")
        moved = await driven.invoke("shop/web", "move")
        await driven.until(lambda: len({engine.name for engine, _ in ours(world)}) == 2, 10)
        there = next(engine for engine, _ in ours(world) if engine.name != here)
        there.crash()
        ended = await driven.ended(moved)
        assert ended.state is ActivityState.DONE, ended
        assert host_of(driven, "shop/web") not in {here, there.name}
        there.recover()
        await well(driven, world)


async def test_a_move_that_is_taken_back(tmp_path: Path) -> None:
    world = new_world(3)
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(one()))
        here = host_of(driven, "shop/web")
        moved = await driven.invoke("shop/web", "move")
        await driven.until(lambda: len(running(world)) == 2, 10)
        await driven.manager.kernel.ask(driven.model.resolve("shop/web"), CancelActivity(moved, PERSON), 5.0)
        assert (await driven.ended(moved)).state is ActivityState.CANCELLED
        await well(driven, world)
        assert hosts_of(world) == [here]


async def test_what_runs_dies_while_the_new_one_starts(tmp_path: Path) -> None:
    world = new_world(3)
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(one()))
        here = host_of(driven, "shop/web")
        old = next(seen for _, seen in running(world))
        moved = await driven.invoke("shop/web", "move")
        await driven.until(lambda: len(running(world)) == 2, 10)
        world.engines[here].die(old.name, exit_code=1)
        assert (await driven.ended(moved)).state is ActivityState.DONE
        await driven.until(lambda: driven.up("shop/web"), 20)
        assert host_of(driven, "shop/web") != here
        await well(driven, world)


@pytest.mark.parametrize("effector", ["stop", "restart", "delete", "start"])
async def test_another_order_crosses_the_move(tmp_path: Path, effector: str) -> None:
    world = new_world(3)
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(one()))
        moved = await driven.invoke("shop/web", "move")
        await driven.until(lambda: len(running(world)) == 2, 10)
        await driven.ended(await driven.invoke("shop/web", effector))
        assert (await driven.ended(moved)).state.ended
        await well(driven, world)
        assert len(running(world)) == (0 if effector in {"stop", "delete"} else 1)


@pytest.mark.parametrize("after", [0.0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 1.5, 2.0, 3.0])
@pytest.mark.parametrize("keys", ["", "duplicate: never"])
async def test_the_manager_dies_during_a_move(tmp_path: Path, after: float, keys: str) -> None:
    world = new_world(3)
    async with killed(tmp_path / "s", world) as driven:
        await driven.ended(await driven.deploy(one(keys=keys)))
        await driven.invoke("shop/web", "move")
        await asyncio.sleep(after)
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.until(lambda: not driven.gone("shop/web") and driven.up("shop/web"), 60)
        await well(driven, world)
        assert len(running(world)) == 1
        assert len(placed_on(driven, "shop")) == len(driven.entries(EntityKind.MEMBER, "shop")) == 1


async def test_an_answer_that_never_comes_is_asked_for_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = new_world(3)
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(one()))
        heard = Moving.heard
        monkeypatch.setattr(Moving, "heard", lambda self, message: None)
        moved = await driven.invoke("shop/web", "move")
        await asyncio.sleep(10)
        monkeypatch.setattr(Moving, "heard", heard)
        assert (await driven.ended(moved, 120)).state is ActivityState.DONE
        await well(driven, world)
