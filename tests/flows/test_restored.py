"""A state is brought back from a backup that is older than what runs: known things are adopted, unknown ones shown and left alone, nothing runs twice."""

import asyncio
from pathlib import Path

from clocker_actors.drivers.simulated import SimulatedWorld
from clocker_actors.entities.recordcheck import check_records, moved_on
from clocker_actors.model.identity import LABEL_GENERATION, LABEL_MEMBER, EntityKind
from clocker_actors.store.checking import check_state
from clocker_actors.store.restoring import install, prepare
from tests.flows.stories import cluster, new_world, running, well
from tests.flows.support import Driven, managed

LATER = "name: later\nlocation: local\nservices:\n- type: docker:clocker/web:1\n  id: one\n  volumes: [pages:/data]\n"


async def backed_up(driven: Driven, to: Path) -> None:
    backups = driven.manager.context().backups
    assert backups is not None
    _, pieces = await backups.make()
    to.write_bytes(b"".join([piece async for piece in pieces]))  # noqa: ASYNC240 - in virtual time nobody waits


def restored(file: Path, state: Path) -> None:
    install(prepare(file, state, moved_on), state, force=True, stamp="now")
    assert not [finding for finding in check_state(state, check_records) if finding.fault]


def whose(world: SimulatedWorld) -> dict[str, list[str]]:
    """Generations that run, by member."""
    found: dict[str, list[str]] = {}
    for _, seen in running(world):
        found.setdefault(seen.labels[LABEL_MEMBER], []).append(seen.labels[LABEL_GENERATION])
    return found


async def test_what_was_started_after_the_backup_is_shown_and_left_alone(tmp_path: Path) -> None:
    world, state, file = new_world(), tmp_path / "s", tmp_path / "a.backup"
    async with managed(state, world=world) as driven:
        await driven.ended(await driven.deploy(cluster(3)))
        await backed_up(driven, file)
        before = whose(world)
        await driven.ended(await driven.deploy(LATER))
        await driven.ended(await driven.invoke("shop/web", "resize", size=5))
        later = whose(world).keys() - before.keys()
        assert len(later) == 3
    restored(file, state)
    async with managed(state, world=world) as driven:
        assert driven.manager.store.epoch > 1000
        await driven.until(lambda: not driven.gone("shop/web") and driven.up("shop/web"), 60)
        await asyncio.sleep(120)
        assert whose(world).keys() == before.keys() | later, "unknown ones are not touched"
        assert {member: whose(world)[member] for member in before} == before, "known ones are adopted, not started anew"
        assert any("pages" in name for engine in world.engines.values() for name in engine.volume_names), "nor is what they wrote"
        shown = [entry for entry in driven.entries(EntityKind.CONTAINER) if entry.facts.get("managed") is False]
        assert len(shown) == 3, "people see them"
        await driven.ended(await driven.invoke("shop/web", "resize", size=6))
        assert len(whose(world)) == 9 and all(len(each) == 1 for each in whose(world).values()), "new members share no id with those"
        await driven.ended(await driven.invoke("shop", "delete"))
        assert whose(world).keys() == later


async def test_a_member_that_moved_on_after_the_backup_does_not_run_twice(tmp_path: Path) -> None:
    world, state, file = new_world(), tmp_path / "s", tmp_path / "a.backup"
    async with managed(state, world=world) as driven:
        await driven.ended(await driven.deploy(cluster(3)))
        await backed_up(driven, file)
        await driven.ended(await driven.invoke("shop/web", "restart"))
    assert all(each == ["2"] for each in whose(world).values())
    restored(file, state)
    async with managed(state, world=world) as driven:
        for _ in range(600):
            await asyncio.sleep(0.1)
            assert all(len(each) == 1 for each in whose(world).values())
        await well(driven, world)
        assert driven.up("shop/web") and len(whose(world)) == 3
