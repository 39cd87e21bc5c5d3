"""Do containers find their secrets in files of memory, whatever was restarted, moved or killed meanwhile, and does nothing of them stay behind?"""

import logging
from pathlib import Path

import msgspec
import pytest

from clocker_actors.drivers.simulated import SimulatedEngine, SimulatedWorld
from clocker_actors.errors import BadRequest, EngineFault
from clocker_actors.masking import HIDDEN
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


PLAIN = "name: shop\nservices:\n- {type: docker:web, id: web, env: {DB_PASSWORD: hunter2-plain}}\n"


async def test_what_is_in_plain_text_is_refused_where_the_settings_say_so(tmp_path: Path) -> None:
    async with managed(tmp_path / "s", world=new_world(), plain_secrets="refuse") as driven:
        with pytest.raises(BadRequest, match=r"shop/web: env\.DB_PASSWORD is a secret in plain text") as caught:
            await driven.deploy(PLAIN)
        assert "hunter2" not in str(caught.value)
    async with managed(tmp_path / "t", world=new_world(), plain_secrets="allow") as driven:
        assert (await driven.ended(await driven.deploy(PLAIN))).state is ActivityState.DONE


STORY = """
name: shop
services:
- type: docker:db
  id: db
  initializers:
  - {type: create-password-sensor, config: {name: db.password, length: 24}}
  secrets:
    made: $brooklyn:attributeWhenReady("db.password")
    own: $brooklyn:external("clocker", "own")
    file: $brooklyn:external("shop", "db")
  env: {VARIABLE: '$brooklyn:external("shop", "tls")'}
  files:
    /etc/app.conf: $brooklyn:formatString("key = %s", external("clocker", "own"))
"""
OWN = "a value that people gave"


async def test_no_value_is_anywhere_in_what_is_kept_told_or_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A start that fails with the value in the engine's words, a restart of the manager, a new key: then everything is searched, the freed pages of files too."""
    caplog.set_level(logging.DEBUG)
    world, state = new_world(), tmp_path / "s"
    values = {DB, TLS, OWN}
    for number in range(2):
        async with managed(state, world=world, environ=settings(tmp_path)) as driven:
            if number == 0:
                await driven.manager.own.put("own", OWN.encode())
                for engine in world.engines.values():
                    engine.fail("start", EngineFault(f"cannot run with VARIABLE={TLS} and {OWN}"), 1)
                ended = await driven.ended(await driven.deploy(STORY), 120)
                while ended.state is not ActivityState.DONE:
                    assert f"cannot run with VARIABLE={HIDDEN} and {HIDDEN}" in ended.problem
                    ended = await driven.ended(await driven.invoke("shop/db", "restart"), 120)
            else:
                await driven.until(lambda: not driven.gone("shop") and driven.up("shop"), 60)
                await driven.manager.own.box.rotate()
                await driven.ended(await driven.invoke("shop/db", "restart"), 120)
            (read,) = found(world)
            values.add(read["/run/secrets/made"])
            assert (read["/run/secrets/own"], read["/run/secrets/file"]) == (OWN, DB)
            seen = "".join(repr(msgspec.to_builtins([dict(entry.sensors), dict(entry.facts)])) for entry in driven.model.all())
            seen += repr(driven.model.events.latest(10_000)) + repr(driven.model.activities.all())
            assert HIDDEN in seen or number, "the engine's words are told, but for the values"
            seen += repr([box.request.labels for engine in world.engines.values() for box in engine._core.boxes.values()])
            assert not [value for value in values if value in seen]
        kept = b"".join(path.read_bytes() for path in state.rglob("*") if path.is_file())
        assert not [value for value in values if value.encode() in kept]
    assert len(values) == 4, "the made password is the same after a restart and with a new key"
    assert not [value for value in values if value in caplog.text]
