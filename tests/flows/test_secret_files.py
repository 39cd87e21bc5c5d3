"""Do containers find their secrets in files of memory, whatever was restarted, moved or killed meanwhile, and does nothing of them stay behind?"""

from pathlib import Path

from clocker_actors.drivers.simulated import SimulatedEngine, SimulatedWorld
from clocker_actors.model import sensors
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.containers import KeptFile
from clocker_actors.model.identity import LABEL_KEEPER, LABEL_PLANE, LABEL_STATE, EntityKind, keeper_name
from tests.flows.stories import new_world, ours
from tests.flows.support import Driven, managed

TEXT = """
name: shop
services:
- type: cluster
  id: web
  initialSize: 3
  memberSpec:
    type: docker:web
    secrets:
      db-password: $brooklyn:external("shop", "db")
      tls-key: {content: '$brooklyn:external("shop", "tls")', path: /etc/shop/tls/key.pem, mode: "0400", uid: 33}
    env: {DB_PASSWORD_FILE: /run/secrets/db-password}
- {type: docker:web, id: other}
"""
DB, TLS = "correct horse battery", "staple-key-of-tls"


def settings(folder: Path, db: str = DB) -> dict[str, str]:
    """Variables of a daemon that knows these secrets: one by itself, one in a file."""
    file = folder / "db.secret"
    file.write_text(db + "\n")
    file.chmod(0o600)
    return {"CLOCKER_EXTERNAL_SHOP_DB_FILE": str(file), "CLOCKER_EXTERNAL_SHOP_TLS": TLS}


def found(world: SimulatedWorld) -> list[dict[str, str]]:
    """What each container of the cluster reads."""
    boxes = [box for engine, _ in ours(world) for box in engine._core.boxes.values() if box.running and box.request.kept]
    return [{path: file.content for path, file in box.kept.items()} for box in {box.id: box for box in boxes}.values()]


def folders(driven: Driven, world: SimulatedWorld) -> list[str]:
    """What keepers have, on all hosts."""
    name = keeper_name(driven.manager.plane)
    return sorted(folder for engine in world.engines.values() for folder in engine._keepers.kept(name))


def left(world: SimulatedWorld) -> list[str]:
    """Containers and volumes of any kind."""
    return [
        name
        for engine in world.engines.values()
        for name in (*(box.request.name for box in engine._core.boxes.values()), *engine._core.volumes)
    ]


def a_keeper(driven: Driven, world: SimulatedWorld) -> SimulatedEngine:
    """An engine that has one."""
    name = keeper_name(driven.manager.plane)
    return next(engine for engine in world.engines.values() if engine._keepers.kept(name))


async def test_they_are_there_before_it_starts_and_gone_after_it(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world, environ=settings(tmp_path)) as driven:
        assert (await driven.ended(await driven.deploy(TEXT))).state is ActivityState.DONE
        assert found(world) == [{"/run/secrets/db-password": DB, "/etc/shop/tls/key.pem": TLS}] * 3
        assert len(folders(driven, world)) == 3
        assert all(driven.value(entry.uid, sensors.HOST_FOREIGN.name) == 0 for entry in driven.entries(EntityKind.HOST)), "keepers are ours"
        await driven.ended(await driven.invoke("shop/web", "resize", size=1))
        await driven.until(lambda: len(folders(driven, world)) == 1, 30, "secrets of those that went are gone")
        await driven.ended(await driven.invoke("shop", "delete"))
        await driven.until(lambda: not left(world), 60, "nothing is left, keepers neither")


async def test_a_new_value_is_taken_at_the_next_start(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world, environ=settings(tmp_path)) as driven:
        await driven.ended(await driven.deploy(TEXT))
        settings(tmp_path, "another value")
        await driven.ended(await driven.invoke("shop/web", "restart"), 120)
        await driven.until(lambda: {each["/run/secrets/db-password"] for each in found(world)} == {"another value"}, 60)


async def test_they_are_written_anew_after_an_engine_has_restarted(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world, environ=settings(tmp_path)) as driven:
        await driven.ended(await driven.deploy(TEXT))
        engine = a_keeper(driven, world)
        engine.crash()
        assert not engine._keepers.kept(keeper_name(driven.manager.plane)), "what was in memory is gone"
        engine.recover()
        await driven.until(lambda: len(found(world)) == 3 and driven.up("shop/web"), 120)
        await driven.until(lambda: len(folders(driven, world)) == 3, 120)


async def test_what_somebody_left_who_was_killed_is_found_and_taken_away(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world, environ=settings(tmp_path)) as driven:
        await driven.ended(await driven.deploy(TEXT))
        engine, name = a_keeper(driven, world), keeper_name(driven.manager.plane)
        labels = {LABEL_PLANE: driven.manager.plane, LABEL_STATE: driven.manager.store.identity, LABEL_KEEPER: "1"}
        await engine.keep(name, labels, "m999.g1", [KeptFile("0/old", "old")])
    async with managed(tmp_path / "s", world=world, environ=settings(tmp_path)) as driven:
        await driven.until(lambda: "m999.g1" not in folders(driven, world), 60)
        assert len(found(world)) == len(folders(driven, world)) == 3, "what is in use stays"
        await driven.until(lambda: driven.up("shop/web"), 60)


async def test_without_its_secret_nothing_starts_and_it_is_said_why(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        done = await driven.ended(await driven.deploy(TEXT), 600)
        assert done.state is ActivityState.FAILED
        assert "no secret db of external provider shop" in driven.picture()
        assert not found(world)
