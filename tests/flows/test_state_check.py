"""Does a look through a state know every kind of record that a manager writes, and find what does not fit together?"""

import asyncio
import sqlite3
from pathlib import Path

from clocker_actors.entities.recordcheck import check_records
from clocker_actors.model.identity import EntityKind
from clocker_actors.store.checking import Finding, check_state
from clocker_actors.store.keyring import make_keyring
from clocker_actors.store.sqlite import FILE, SqliteStore
from clocker_actors.store.strongbox import Strongbox
from tests.flows.stories import new_world
from tests.flows.support import managed

SHOP = """
name: shop
location: local
services:
- type: cluster
  id: web
  initialSize: 3
  memberSpec:
    type: docker:clocker/web:1
  policies:
  - type: autoscaler
    config: {metric: container.cpu, metricLowerBound: 10, metricUpperBound: 90, minPoolSize: 3, maxPoolSize: 4}
"""


async def story(state: Path) -> None:
    """A manager that has written every sort of thing, and was told to stop."""
    world = new_world()
    async with managed(state, world=world) as driven:
        await driven.ended(await driven.deploy(SHOP))
        await driven.ended(await driven.invoke("shop/web", "resize", size=4))
        engine = next(iter(world.engines.values()))
        engine.die(next(iter(engine.containers)).name, 1)
        await asyncio.sleep(700)
        await driven.ended(await driven.invoke("shop/web", "restart"))


def changed(state: Path, statement: str) -> list[Finding]:
    """What is found once a record was changed behind the manager's back."""
    there = sqlite3.connect(state / FILE)
    there.execute(statement)
    there.commit()
    there.close()
    return [finding for finding in check_state(state, check_records) if finding.fault]


async def test_a_state_that_a_manager_wrote_is_right_and_wholly_known(tmp_path: Path) -> None:
    await story(tmp_path / "s")
    assert check_state(tmp_path / "s", check_records) == []


async def test_what_does_not_fit_is_found(tmp_path: Path) -> None:
    state = tmp_path / "s"
    await story(state)
    (broken,) = changed(
        state, "UPDATE records SET body = substr(body, 1, 40) WHERE uid = (SELECT uid FROM records WHERE kind = 'host' LIMIT 1)"
    )
    assert broken.where.startswith("host h") and "cannot be read" in broken.what
    lost = changed(state, "DELETE FROM records WHERE kind = 'cluster'")
    assert sum("of which there is no record: nobody looks after it" in found.what for found in lost) == 4, "each member of it"
    assert all(found.advice for found in lost)
    assert EntityKind.CLUSTER not in {found.where.partition(" ")[0] for found in lost}


async def test_members_that_were_set_aside_have_somebody_who_knows_them(tmp_path: Path) -> None:
    async with managed(tmp_path / "s", world=new_world()) as driven:
        await driven.ended(await driven.deploy(SHOP))
    async with managed(tmp_path / "s", world=new_world()) as driven:  # engines that know nothing of it
        await asyncio.sleep(5)
        await driven.invoke("shop/web", "resize", size=4)
        await asyncio.sleep(60)
    records = check_state(tmp_path / "s", check_records)
    assert [found.what for found in records if "nobody looks after it" in found.what] == []


async def test_secrets_whose_key_is_not_there_are_found(tmp_path: Path) -> None:
    state = tmp_path / "s"
    store = await SqliteStore.open(state)
    box = await Strongbox.open(store, state, lambda: 1.0)
    await box.put("word", b"open sesame")
    await store.close()
    assert check_state(state, check_records) == []
    ring = (state / "secrets.key").read_bytes()
    (state / "secrets.key").unlink()
    (missing,) = check_state(state, check_records)
    assert missing.fault and missing.where == "secrets.key" and "missing" in missing.what and missing.advice
    make_keyring(state)
    (other,) = check_state(state, check_records)
    assert other.fault and "has no key" in other.what
    (state / "secrets.key").write_bytes(b"x" + ring)
    (damaged,) = check_state(state, check_records)
    assert damaged.fault and "damaged" in damaged.what
    (state / "secrets.key").chmod(0o644)
    (open_to_all,) = check_state(state, check_records)
    assert "others may use it" in open_to_all.what
