"""What tests of the services that ship share: an example deployed as the command does it, with its files, and words run inside of what it started."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from clocker_actors.admin.types import type_table
from clocker_actors.blueprint import parse, with_blobs
from clocker_actors.blueprint.blobs import combined
from clocker_actors.blueprint.catalogue import catalogue_of
from clocker_actors.cli.packing import pack, pack_file
from clocker_actors.model.activities import Activity, ActivityState
from clocker_actors.model.identity import ROOT
from clocker_actors.model.values import Value
from tests.bed.host import BedHost
from tests.flows.bedside import POOL, done
from tests.flows.support import Driven

BLUEPRINTS = Path(__file__).parents[2] / "blueprints"
BUILT_WITHIN = 400.0
"""Seconds for a first start: images are built of packages, while other tests run."""
RUNS_WITHIN = 60.0


async def deploy_text(driven: Driven, text: str, within: float = BUILT_WITHIN, beside: Path = BLUEPRINTS) -> Activity:
    """Deploy a blueprint with what stands beside it; the activity, ended."""
    parsed = parse(text, "shop.yaml", type_table())
    for content in parsed.inline.values():
        await driven.manager.blobs.put(content)
    sums = {}
    for each in parsed.files:
        path = beside / each.path
        packed = pack_file(path) if path.is_file() else pack(path)
        sums[each.placeholder] = await driven.manager.blobs.put(combined(each.inline, packed) if each.inline else packed)
    blueprint = msgspec.to_builtins(with_blobs(parsed, sums))
    return await driven.ended(await driven.invoke(ROOT, "deploy", blueprint=blueprint), within)


async def deploy_example(driven: Driven, name: str, **changes: str) -> None:
    """Deploy a file of `blueprints/` to the bed, with some of its words changed; it has to start."""
    text = (BLUEPRINTS / name).read_text()
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    ended = await deploy_text(driven, f"{text}location: {POOL}\n")
    assert ended.state is ActivityState.DONE, f"{ended.problem}\n{driven.picture()}"


async def inside(driven: Driven, entity: str, script: str, within: float = RUNS_WITHIN) -> tuple[int, str]:
    """Exit code and output of a shell's lines in the container of a service."""
    host = driven.model.entry(str(driven.value(entity, "container.host")))
    engine = next(known for spec, known in driven.manager._engines.items() if spec.url == host.facts["engine"])
    return await engine.execute(str(driven.model.entry(entity).facts["container"]), ("sh", "-c", script), within)


async def effect(driven: Driven, entity: str, effector: str, **arguments: Value) -> str:
    """What an effector writes; it has to succeed."""
    ended = await done(driven, await driven.invoke(entity, effector, **arguments))
    assert isinstance(ended.result, Mapping), ended
    return str(ended.result["output"])


async def killed(driven: Driven, host: BedHost, entity: str) -> None:
    """The container of a service dies, and the next one serves."""
    before = driven.model.entry(entity).facts["container"]
    await host.docker("kill", str(before))
    await driven.until(lambda: driven.model.entry(entity).facts["container"] not in {before, ""}, RUNS_WITHIN, "another container")
    await driven.until(lambda: driven.up(entity), RUNS_WITHIN, "it serves again")


async def all_sensors(driven: Driven, entity: str, type_id: str) -> dict[str, Value]:
    """Values of all sensors that a type says it has, once it has them."""
    (names,) = ([name for name, _ in each.sensors] for each in catalogue_of(type_table().catalogue) if each.id == type_id)
    await driven.until(lambda: None not in _values(driven, entity, names).values(), RUNS_WITHIN, f"values of {names}")
    return _values(driven, entity, names)


def _values(driven: Driven, entity: str, names: Iterable[str]) -> dict[str, Value]:
    return {name: driven.value(entity, name) for name in names}


def told(driven: Driven, state: Path, secret: str) -> list[str]:
    """Where a secret stands in clear: files of the state, sensors, problems, activities."""
    files = [str(path) for path in state.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
    sensors = [entry.path for entry in driven.model.all() if secret in repr((entry.sensors, entry.facts))]
    return files + sensors
