"""Do the examples of links and of labels do what they say, on simulated engines?"""

from pathlib import Path

import msgspec

from clocker_actors.admin.types import type_table
from clocker_actors.blueprint import parse
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.identity import LABEL_MEMBER, ROOT
from tests.flows.stories import new_world, running
from tests.flows.support import Driven, managed

BLUEPRINTS = Path(__file__).parents[2] / "blueprints"


async def deploy(driven: Driven, example: str) -> None:
    """Deploy an example, with what its types bring along."""
    parsed = parse((BLUEPRINTS / example).read_bytes(), example, type_table())
    for content in parsed.inline.values():
        await driven.manager.blobs.put(content)
    ended = await driven.ended(await driven.invoke(ROOT, "deploy", blueprint=msgspec.to_builtins(parsed.blueprint)), 600)
    assert ended.state is ActivityState.DONE, ended.problem


async def test_linked_containers_know_each_other_by_name(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await deploy(driven, "25-linked.yaml")
        front = driven.model.resolve("pictures/front")
        spec = next(engine.asked_of(seen.name).spec for engine, seen in running(world) if seen.labels[LABEL_MEMBER] == front)
        port = driven.value("pictures/cache", "docker.port.6379")
        assert spec.env["REDIS_PORT_6379_TCP_PORT"] == str(port)
        assert spec.env["PAINTER_PORT_8080_TCP_ADDR"] == driven.value("pictures/painter", "host.subnet.address")
        assert set(spec.hosts) == {"painter", "redis"}
        await driven.until(lambda: driven.value("pictures", "main.uri") is not None, 10, "the address")
        assert driven.value("pictures", "main.uri") == f"http://{driven.value('pictures/front', 'mapped.port.8080')}/"


async def test_labels_say_where_services_run(tmp_path: Path) -> None:
    async with managed(tmp_path / "s", world=new_world()) as driven:
        await deploy(driven, "26-labels.yaml")
        assert driven.value("library/store", "host.name") == "fast"
        assert [driven.value(f"library/readers/{each}", "host.name") for each in (1, 2)] == ["slow", "slow"]
