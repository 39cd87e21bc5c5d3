"""A manager that finds many members in its store: ready soon, everything adopted, nothing written or made anew. The full size is the report `waking` of `make bench`."""

import time
from pathlib import Path

from clocker_actors.model.identity import EntityKind
from tests.flows.support import managed
from tests.store.many import fill

MEMBERS, HOSTS, CLUSTERS = 800, 20, 4
EACH = 0.01
"""Seconds of processor for each member: ten times what it takes alone on a machine, since nobody is alone here. Quadratic work would not fit."""


async def test_many_members_are_taken_up_as_they_are(tmp_path: Path) -> None:
    world = await fill(tmp_path / "s", members=MEMBERS, hosts=HOSTS, clusters=CLUSTERS)
    made = {engine.name: (engine.made["create"], engine.made["start"]) for engine in world.engines.values()}
    began = time.process_time()
    async with managed(tmp_path / "s", world=world) as driven:
        not_ready = driven.manager.context().ready
        await driven.until(lambda: not not_ready(), 60)
        assert time.process_time() - began < MEMBERS * EACH
        await driven.until(
            lambda: all(driven.value(f"shop{number}/web", "group.members.up") == MEMBERS // CLUSTERS for number in range(CLUSTERS)), 60
        )
        assert driven.model.count(EntityKind.MEMBER) == MEMBERS
        assert {engine.name: (engine.made["create"], engine.made["start"]) for engine in world.engines.values()} == made
        assert driven.manager.store.counters.records < MEMBERS // 4, "what is as it was is not written again"
