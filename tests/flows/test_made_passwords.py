"""Does a password that the manager makes reach whom it is for, the same after a restart, and stand nowhere else: no record, reading, event or log?"""

import logging
from pathlib import Path

import msgspec
import pytest

from clocker_actors.drivers.simulated import SimulatedWorld
from clocker_actors.model.activities import ActivityState
from tests.flows.stories import new_world, ours
from tests.flows.support import Driven, managed

TEXT = """
name: shop
services:
- type: docker:db
  id: db
  initializers:
  - {type: create-password-sensor, config: {name: db.password, length: 24}}
  env: {ROOT_PASSWORD: $brooklyn:attributeWhenReady("db.password")}
- type: docker:web
  id: web
  env: {URL: {$brooklyn:formatString: ["pg://app:%s@db", $brooklyn:component("db").attributeWhenReady("db.password")]}}
"""


def given(world: SimulatedWorld) -> dict[str, str]:
    """What containers were made with."""
    found: dict[str, str] = {}
    for engine, seen in ours(world):
        for box in engine._core.boxes.values():
            if box.id == seen.id:
                found |= box.request.spec.env
    return found


def everything(driven: Driven, state: Path) -> str:
    """All that people read, and all that is kept, but for the one key."""
    read = "".join(repr(msgspec.to_builtins(dict(entry.sensors))) for entry in driven.model.all())
    events = repr(driven.model.events.latest(10_000))
    kept = "".join(path.read_bytes().decode(errors="replace") for path in state.rglob("*") if path.is_file())
    return read + events + kept


async def test_it_is_for_whom_it_is_made_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    world, passwords = new_world(), set()
    for number in range(2):
        async with managed(tmp_path / "s", world=world) as driven:
            if number == 0:
                done = await driven.ended(await driven.deploy(TEXT))
                assert done.state is ActivityState.DONE, done.problem
            else:
                await driven.until(lambda: not driven.gone("shop") and driven.up("shop"), 30)
                await driven.ended(await driven.invoke("shop/db", "restart"))
            env = given(world)
            password = env["ROOT_PASSWORD"]
            passwords.add(password)
            assert len(password) == 24 and env["URL"] == f"pg://app:{password}@db"
            assert str(driven.value("shop/db", "db.password")).startswith("secret:24:")
            assert password not in everything(driven, tmp_path / "s")
    assert len(passwords) == 1
    assert not any(password in caplog.text for password in passwords)


async def test_nobody_gets_that_of_another_application_by_saying_its_name(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(TEXT))
        said = str(driven.value("shop/db", "db.password"))
        password = given(world)["ROOT_PASSWORD"]
        for stolen in (
            '$brooklyn:attributeWhenReady("stolen")',
            f'$brooklyn:external("clocker.password", "{said.removeprefix("secret:")}")',
        ):
            await driven.deploy(f"""
name: thief
services:
- type: docker:web
  id: web
  enrichers: [{{type: static-sensor, targetSensor: stolen, value: '{said}'}}]
  env: {{STOLEN: '{stolen}'}}
""")
            await driven.until(lambda: not driven.gone("thief/web") and driven.value("thief/web", "stolen") is not None, 30)
            with pytest.raises(AssertionError):
                await driven.until(lambda: "STOLEN" in given(world), 20)
            assert password not in given(world).get("STOLEN", "")
