"""The manager is killed while an order is carried out: does the next one go on with that very activity, and do people find what ended before?"""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from clocker_actors.entities.running import TAKEN_UP
from clocker_actors.model.activities import Activity, ActivityState
from clocker_actors.model.identity import ROOT
from clocker_actors.model.messages import CancelActivity, Invoke
from clocker_actors.model.values import Value
from clocker_actors.ports.store import Record
from clocker_actors.telemetry.explain import explain
from tests.flows.stories import cluster, new_world, running, tells_all, well
from tests.flows.support import PERSON, Driven, managed
from tests.flows.test_manager_dies import killed

MOMENTS = (0.003, 0.1, 0.6, 1.8)
ORDERS: Mapping[str, tuple[str, Mapping[str, Value]]] = {
    "resize": ("shop/web", {"size": 9}),
    "shrink": ("shop/web", {"size": 1}),
    "restart": ("shop/web", {}),
    "restart one": ("shop/web/2", {}),
    "replaceMember": ("shop/web", {"member": "shop/web/2"}),
    "stop": ("shop", {}),
    "delete": ("shop/web", {}),
    "move": ("shop/web/1", {}),
    "drain": ("local/sim-1", {}),
}


def effector(order: str) -> str:
    return {"shrink": "resize", "restart one": "restart"}.get(order, order)


def same(after: Activity, before: Activity) -> bool:
    """Whether it is the activity that was asked for, by whom it was."""
    return (after.entity, after.effector, after.cause, after.began, after.arguments) == (
        before.entity,
        before.effector,
        before.cause,
        before.began,
        before.arguments,
    )


def others(driven: Driven, known: Activity) -> list[Activity]:
    """Orders of the same sort on the same entity."""
    every = driven.model.activities.of_entity(known.entity)
    return [each for each in every if each.effector == known.effector and each.id != known.id]


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("order", ORDERS)
async def test_an_order_goes_on_under_its_id(tmp_path: Path, order: str, moment: float) -> None:
    world, (entity, arguments) = new_world(), ORDERS[order]
    async with killed(tmp_path / "s", world) as driven:
        await driven.ended(await driven.deploy(cluster(4)))
        await asyncio.sleep(8)
        asked = await driven.invoke(entity, effector(order), **arguments)
        await asyncio.sleep(moment)
        before = driven.model.activities.get(asked)
    assert before is not None
    async with managed(tmp_path / "s", world=world) as driven:
        after = await driven.ended(asked, 90)
        assert after.state is ActivityState.DONE, (after, driven.picture())
        assert same(after, before) and after.cause.principal == PERSON.principal
        assert not others(driven, after), "it is one order, however often the manager begins"
        await well(driven, world)
        assert before.state.ended or any(step.name == TAKEN_UP for step in after.steps)
        parts = driven.model.activities.parts_of(asked)
        assert len({(part.entity, part.effector) for part in parts}) == len(parts), "nobody was asked twice for the same"
        assert not [each for each in driven.model.activities.all() if not each.state.ended]


@pytest.mark.parametrize("moment", (0.0, *MOMENTS, 4.0))
async def test_a_deploy_goes_on_under_its_id(tmp_path: Path, moment: float) -> None:
    world = new_world()
    async with killed(tmp_path / "s", world) as driven:
        asked = await driven.deploy(cluster(5))
        await asyncio.sleep(moment)
    async with managed(tmp_path / "s", world=world) as driven:
        if driven.model.activities.get(asked) is None:
            assert moment == 0.0 and not driven.manager.store.all("application"), "what is not known was not begun"
            return
        after = await driven.ended(asked, 90)
        assert after.state is ActivityState.DONE and after.entity == ROOT and after.cause == PERSON
        starts = [each for each in driven.model.activities.parts_of(asked) if each.effector == "start"]
        assert len(starts) == 1
        await well(driven, world)
        assert len(running(world)) == 5


@pytest.mark.parametrize("again", [False, True])
async def test_a_deploy_of_what_is_gone_ends(tmp_path: Path, again: bool) -> None:
    """What it told was deleted, and the manager was killed before it was written that the deploy had ended."""
    world = new_world()
    async with killed(tmp_path / "s", world) as driven:
        asked = await driven.deploy(cluster(2))
        await driven.until(lambda: not driven.gone("shop"))
        if again:
            await driven.ended(asked)
            await driven.invoke("shop", "delete")
            asked = await driven.deploy(cluster(3))
        else:
            await driven.invoke("shop", "delete")
        await driven.until(lambda: not driven.manager.store.all("application"))
    async with managed(tmp_path / "s", world=world) as driven:
        after = await driven.ended(asked)
        assert after.state is ActivityState.FAILED, after
        assert "delete" in after.problem
        await asyncio.sleep(3)
        assert not running(world) and not [each for each in driven.model.activities.all() if not each.state.ended]


async def test_a_deploy_of_what_goes_while_it_is_written_ends(tmp_path: Path) -> None:
    """It was there as the deploy began, and is gone when it is to be told."""
    async with managed(tmp_path / "s", world=new_world()) as driven:
        await driven.ended(await driven.deploy(cluster(2)))
        store = driven.manager.store
        write, going = store.write, asyncio.Event()

        async def slowly(batch: Sequence[Record]) -> int:
            if any(each.kind == "application" and each.body is None for each in batch):
                going.set()
                await asyncio.sleep(0.05)
            elif any(each.kind == "root" for each in batch):
                await asyncio.sleep(0.2)
            return await write(batch)

        store.write = slowly  # type: ignore[method-assign]
        await driven.invoke("shop", "delete")
        await going.wait()
        after = await driven.ended(await driven.deploy(cluster(3)))
        assert after.state is ActivityState.FAILED and "deleted" in after.problem, after
        again = await driven.ended(await driven.deploy(cluster(3)))
        assert again.state is ActivityState.DONE, again


@pytest.mark.parametrize("moment", (*MOMENTS, 5.0))
async def test_an_update_goes_on_under_its_id(tmp_path: Path, moment: float) -> None:
    world = new_world()
    async with killed(tmp_path / "s", world) as driven:
        await driven.ended(await driven.deploy(cluster(4)))
        await asyncio.sleep(8)
        asked = await driven.deploy(cluster(4, member="env: {WORD: other}"))
        await asyncio.sleep(moment)
    async with managed(tmp_path / "s", world=world) as driven:
        after = await driven.ended(asked, 120)
        assert after.state is ActivityState.DONE and after.cause == PERSON
        assert after.result != "nothing to do"
        updates = [each for each in driven.model.activities.all() if each.effector == "update"]
        of_application = [each for each in updates if each.parent == asked]
        assert len(of_application) == 1 and of_application[0].state is ActivityState.DONE
        members = [each for each in updates if each.parent == of_application[0].id]
        assert len(members) == 4 and {each.cause.principal for each in members} == {PERSON.principal}
        assert len({each.entity for each in members}) == 4, "each member was updated once"
        await well(driven, world)


async def test_what_ended_is_found_after_a_restart(tmp_path: Path) -> None:
    world = new_world()
    async with killed(tmp_path / "s", world) as driven:
        deployed = await driven.ended(await driven.deploy(cluster(2)))
        resized = await driven.ended(await driven.invoke("shop/web", "resize", size=3))
        with pytest.raises(AssertionError):
            await driven.ended(await driven.invoke("shop/web", "resize", size=4), 0.0)
        gone = await driven.ended(await driven.invoke("shop", "delete"))
        await asyncio.sleep(3)
    async with managed(tmp_path / "s", world=world) as driven:
        for known in (deployed, resized, gone):
            assert driven.model.activities.get(known.id) == known
        assert driven.model.path(gone.entity) == "shop", "people know it by its name, though it is gone"
        assert not driven.model.activities.ended_by, "it is counted where it ended"


async def test_an_orderly_stop_interrupts_nothing(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        asked = await driven.deploy(cluster(5))
        await asyncio.sleep(0.2)
    async with managed(tmp_path / "s", world=world) as driven:
        assert (await driven.ended(asked)).state is ActivityState.DONE


async def test_what_cannot_go_on_is_interrupted_and_says_how_far_it_was(tmp_path: Path) -> None:
    world = new_world()
    keys = "brooklyn.initializers: [{type: exec-effector, name: nap, command: sleep 60, timeout: 90s}]"
    async with killed(tmp_path / "s", world) as driven:
        await driven.ended(await driven.deploy(cluster(1, member=keys)))
        await asyncio.sleep(3)
        ((engine, _),) = running(world)
        engine.hang()
        asked = await driven.invoke("shop/web/1", "nap")
        await asyncio.sleep(0.5)
    engine.resume()
    async with managed(tmp_path / "s", world=world) as driven:
        after = await driven.ended(asked)
        assert after.state is ActivityState.INTERRUPTED
        tells_all(after.problem, "the manager was restarted", "it had come to: in step exec", "give the command again")


async def test_an_older_order_does_not_undo_a_newer_one(tmp_path: Path) -> None:
    world = new_world()
    async with killed(tmp_path / "s", world) as driven:
        deployed = await driven.ended(await driven.deploy(cluster(3)))  # its end is not written yet when the manager dies
        stopped = await driven.invoke("shop/web", "stop")
        resized = await driven.invoke("shop/web", "resize", size=5)
        await asyncio.sleep(0.02)
    async with managed(tmp_path / "s", world=world) as driven:
        for each in (deployed.id, stopped, resized):
            assert (await driven.ended(each)).state is not ActivityState.FAILED
        await asyncio.sleep(20)
        assert not running(world)


class Dies:
    """A manager that dies in the middle of that many writes from now: before it is durable, or (`kept`) after, but before anybody hears of it."""

    def __init__(self, driven: Driven, at: int, *, kept: bool) -> None:
        self.dead = asyncio.Event()
        self._driven, self._at, self._kept = driven, at, kept
        self._write = driven.manager.store.write
        driven.manager.store.write = self._watched  # type: ignore[method-assign]

    async def _watched(self, batch: Sequence[Record]) -> int:
        self._at -= 1
        if self._at > 0:
            return await self._write(batch)
        if self._at == 0 and self._kept:
            await self._write(batch)
        supervisor = self._driven.manager.kernel.supervisor
        for root in reversed(tuple(supervisor.roots.values())):
            supervisor.abandon(root)
        self.dead.set()
        return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]  # it is never answered


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("write", [1, 2, 4, 8])
@pytest.mark.parametrize("order", ["resize", "replaceMember", "drain"])
async def test_killed_in_any_write(tmp_path: Path, order: str, write: int, kept: bool) -> None:
    world, (entity, arguments) = new_world(), ORDERS[order]
    async with killed(tmp_path / "s", world) as driven:
        await driven.ended(await driven.deploy(cluster(3)))
        await asyncio.sleep(6)
        uid = driven.model.resolve(entity)
        died = Dies(driven, write, kept=kept)
        driven.manager.kernel.tell(uid, Invoke(effector(order), arguments, PERSON))
        await asyncio.wait({dead := asyncio.ensure_future(died.dead.wait())}, timeout=20)
        dead.cancel()
        known = [each for each in driven.model.activities.of_entity(uid) if each.effector == effector(order) and each.cause == PERSON]
    async with managed(tmp_path / "s", world=world) as driven:
        await asyncio.sleep(1)
        found = driven.model.activities.get(known[0].id)
        if found is None:
            assert write == 1 and not kept, "only what was never written is not known"
        else:
            after = await driven.ended(found.id, 90)
            assert after.state is ActivityState.DONE and after.cause == PERSON and not others(driven, after)
        await well(driven, world)


async def test_an_update_that_failed_is_not_tried_again_by_the_next_manager(tmp_path: Path) -> None:
    world = new_world()
    async with killed(tmp_path / "s", world) as driven:
        await driven.ended(await driven.deploy(cluster(2)))
        await asyncio.sleep(5)
        failed = await driven.ended(await driven.deploy(cluster(2, member="memory: 2t")), 300)
        assert failed.state is ActivityState.FAILED
        told = [driven.model.entry(f"shop/web/{number}").facts.get("update_failed") for number in (1, 2)]
        assert any(told)
        await asyncio.sleep(3)
    tried = sum(engine.made["create"] for engine in world.engines.values())
    async with managed(tmp_path / "s", world=world) as driven:
        await asyncio.sleep(60)
        again = [driven.model.entry(f"shop/web/{number}").facts.get("update_failed") for number in (1, 2)]
        assert again == told and len(running(world)) == 2
        assert sum(engine.made["create"] for engine in world.engines.values()) == tried
        assert driven.model.activities.get(failed.id) == failed
        mended = await driven.ended(await driven.deploy(cluster(2, member="env: {WORD: other}")), 120)
        assert mended.state is ActivityState.DONE
        await well(driven, world)


async def test_an_update_that_somebody_cancelled_stays_so(tmp_path: Path) -> None:
    world = new_world()
    async with killed(tmp_path / "s", world) as driven:
        await driven.ended(await driven.deploy(cluster(3)))
        await asyncio.sleep(5)
        asked = await driven.deploy(cluster(3, member="env: {WORD: other}"))
        await asyncio.sleep(0.3)
        await driven.manager.kernel.ask(ROOT, CancelActivity(asked, PERSON), 5.0)
        await asyncio.sleep(20)
        before = {seen.id for _, seen in running(world)}
    async with managed(tmp_path / "s", world=world) as driven:
        await asyncio.sleep(40)
        assert {seen.id for _, seen in running(world)} == before
        assert (await driven.ended(asked)).state is ActivityState.CANCELLED


@pytest.mark.parametrize("moment", [0.002, 0.3, 1.5])
async def test_a_rebalancing_makes_the_moves_that_are_left(tmp_path: Path, moment: float) -> None:
    world = new_world()
    async with killed(tmp_path / "s", world) as driven:
        await driven.until(lambda: not driven.gone("local/sim-3") and driven.up("local/sim-3"))
        for host in ("local/sim-2", "local/sim-3"):
            await driven.ended(await driven.invoke(host, "cordon"))
        for number in range(4):
            one = cluster(2).replace("shop", f"shop{number}")
            await driven.ended(await driven.deploy(one))
        for host in ("local/sim-2", "local/sim-3"):
            await driven.ended(await driven.invoke(host, "uncordon"))
        await asyncio.sleep(6)
        asked = await driven.invoke("local", "rebalance", moves=10)
        await asyncio.sleep(moment)
        before = driven.model.activities.get(asked)
    assert before is not None
    async with managed(tmp_path / "s", world=world) as driven:
        after = await driven.ended(asked, 120)
        assert after.state is ActivityState.DONE and same(after, before), after
        assert after.done == after.total and (not before.total or after.total == before.total)
        moves = [each for each in driven.model.activities.parts_of(asked) if each.effector == "move"]
        assert len(moves) == after.total == len({each.entity for each in moves})
        await well(driven, world)


async def test_decisions_that_acted_are_explained_by_the_next_manager(tmp_path: Path) -> None:
    world = new_world()
    async with killed(tmp_path / "s", world) as driven:
        await driven.ended(await driven.deploy(cluster(2)))
        engine, seen = running(world)[0]
        engine.die(seen.name, 137)
        await asyncio.sleep(10)
        decided = [each for each in driven.model.decisions.all() if each.kind == "restart" and each.action]
        assert decided
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.until(lambda: not driven.gone("shop/web") and driven.up("shop/web"))
        lines = [line.text for _, line in explain(driven.model, decided[0].id, driven.manager.kernel.now()).flat()]
        assert any("restart" in line and "137" in line for line in lines)
        assert any(line.startswith("activity ") and "restart" in line and "done" in line for line in lines), lines
