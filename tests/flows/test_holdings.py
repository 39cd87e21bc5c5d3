"""Does a pool know which images and volumes its hosts have, also those it did not see coming?"""

import asyncio
from pathlib import Path

import pytest

from clocker_actors.errors import EngineFault
from tests.flows.stories import new_world
from tests.flows.support import Driven, managed

TWO = """
name: shop
location: local
services:
- {type: "docker:tool:7", id: tool, strategies: [BreadthFirst, ImagePresent]}
"""
PAIR = """
name: shop
location: local
services:
- {type: "docker:web:1", id: first, memory: 4g, strategies: [Hostname: {hostname: sim-2}], volumes: ["data:/data"]}
- {type: "docker:web:1", id: second, memory: 7g, strategies: [DepthFirst], volumes: ["data:/data"]}
"""


def host_of(driven: Driven, path: str) -> object:
    return driven.model.entry(driven.model.resolve(path)).facts["host_name"]


async def test_an_image_that_was_there_before_the_manager_is_known(tmp_path: Path) -> None:
    world = new_world()
    await world.engine("sim-3").pull("tool:7")
    async with managed(tmp_path, world=world) as driven:
        await driven.ended(await driven.deploy(TWO))
        assert host_of(driven, "shop/tool") == "sim-3"


async def test_a_volume_is_known_though_nothing_stands_with_it(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path, world=world) as driven:
        await driven.ended(await driven.deploy(PAIR))  # there is no room for the second where their volume is
        await driven.until(lambda: driven.up("shop/first"))
        assert (host_of(driven, "shop/first"), host_of(driven, "shop/second")) == ("sim-2", "")
        await driven.ended(await driven.invoke("shop/second", "stop"))
        await driven.ended(await driven.invoke("shop/first", "stop"))
    async with managed(tmp_path, world=world) as driven:
        await driven.until(lambda: not driven.gone("local/sim-2") and driven.up("local/sim-2"), what="its hosts have been looked at")
        await driven.ended(await driven.invoke("shop/second", "start"))
        assert host_of(driven, "shop/second") == "sim-2"


@pytest.mark.parametrize("operation", ["images", "volumes"])
async def test_an_engine_that_cannot_list_them_is_used_all_the_same(tmp_path: Path, operation: str) -> None:
    world = new_world(1)
    world.engine("sim-1").fail(operation, EngineFault(f"{operation} cannot be listed"), 10**5)
    async with managed(tmp_path, world=world) as driven:
        await driven.ended(await driven.deploy(TWO))
        assert host_of(driven, "shop/tool") == "sim-1"


async def test_a_volume_that_was_removed_is_known_no_more(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path, world=world) as driven:
        await driven.ended(await driven.deploy(PAIR))
        await asyncio.sleep(40)  # a look has seen it
        assert world.engine("sim-2").volume_names
        await driven.ended(await driven.invoke("shop", "delete"))
        assert not world.engine("sim-2").volume_names
        await driven.ended(await driven.deploy(PAIR))
        assert host_of(driven, "shop/first") == "sim-2"
