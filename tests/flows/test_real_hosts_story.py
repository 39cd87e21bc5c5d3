"""From no machine to an application under load, through a power cut and a drain, and back to no machine: on a cloud whose machines really boot.

Docker is installed over SSH, the load is real, the drain is ordered with the `clocker` command. 60 s of work for two cores, plus the machines' root (25 s).
"""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from clocker_actors.admin.app import create_app
from clocker_actors.admin.door import Door
from clocker_actors.admin.types import type_table
from clocker_actors.blueprint import parse, with_blobs
from clocker_actors.entities.hosts.machinework import node_name
from clocker_actors.telemetry.readmodel import Entry
from tests.bed.cgroups import groups_of
from tests.bed.cloud import BedCloud
from tests.bed.image import spin_path, web_context
from tests.bed.load import apply_load
from tests.bed.network import NAMESPACES
from tests.bed.node import BareNode
from tests.flows.bedside import done, said, targets
from tests.flows.hosts_story import Land, Pace, shop, whole_day, yard
from tests.flows.support import Driven, managed
from tests.flows.test_real_pool import a_yard, deploy, environ, living

pytestmark = pytest.mark.real

PLANE = "day"
BUILT = "build: ctx, stopTimeout: 1, startTimeout: 10m"
PACE = Pace("5s", "15s", lower=2, upper=6, web=f'{BUILT}, cpus: 0.1, readiness: {{http: "8080/"}}', data=BUILT)
LISTINGS = (
    ("ps", "-a", "--format", "{{.Names}}"),
    ("volume", "ls", "-q"),
    ("network", "ls", "--filter", "type=custom", "--format", "{{.Name}}"),
)


class BedLand(Land):
    """The bed's cloud."""

    def __init__(self, cloud: BedCloud) -> None:
        self._cloud = cloud

    def living(self) -> list[str]:
        return living(self._cloud)

    def _machine(self, host: Entry) -> BareNode:
        return self._cloud.machine(node_name(PLANE, host.uid))

    async def cut_power(self, host: Entry) -> None:
        machine = self._machine(host)
        machine.cut_cable()  # without it the network of the machine would go on refusing, as one whose engine alone ended
        await asyncio.to_thread(machine.power_cut)

    async def give_power(self, host: Entry) -> None:
        machine = self._machine(host)
        machine.plug_cable()
        await asyncio.to_thread(machine.power_on, services=True)

    async def on_engine(self, host: Entry) -> list[str]:
        machine = self._machine(host)
        found = [await asyncio.to_thread(machine.inside, "docker", *words) for words in LISTINGS]
        return [line for lines in found for line in lines.splitlines()]

    @asynccontextmanager
    async def load(self, driven: Driven) -> AsyncIterator[None]:
        clients = asyncio.create_task(apply_load(lambda: targets(driven, "shop/web"), spin_path(3000), seconds=300, clients=6))
        try:
            yield
        finally:
            clients.cancel()
            await asyncio.gather(clients, return_exceptions=True)


@asynccontextmanager
async def door(driven: Driven) -> AsyncIterator[None]:
    """The manager can be talked to from outside."""
    manager = driven.manager
    opened = Door(create_app(context := manager.context()), manager.settings.socket, closing=context.close)
    await opened.open()
    try:
        yield
    finally:
        await opened.close()


async def clocker(state: Path, *words: str) -> str:
    """A command, which must succeed; what it said."""
    command = (sys.executable, "-m", "clocker_actors", *words)
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=STDOUT, env={**os.environ, "CLOCKER_STATE": str(state)})
    out, _ = await asyncio.wait_for(process.communicate(), 90)
    assert process.returncode == 0, out.decode()
    return out.decode()


async def test_a_whole_day_of_a_pool_that_begins_with_nothing(bed_cloud: BedCloud, tmp_path: Path) -> None:
    state = tmp_path / "s"
    began = asyncio.get_running_loop().time()
    async with managed(state, environ=environ(), plane=PLANE, local_engine=f"unix://{tmp_path}/none.sock") as driven, door(driven):
        await done(driven, await deploy(driven, a_yard(bed_cloud, yard("simulated:bed", PACE))))
        sums = {"file:ctx": await driven.manager.blobs.put(web_context())}

        async def begin() -> str:
            return await deploy(driven, with_blobs(parse(shop(PACE), "shop.yaml", type_table()), sums))

        async def drain(host: str) -> None:
            told = await clocker(state, "drain", host)
            assert ": done in" in told, told

        try:
            await whole_day(driven, BedLand(bed_cloud), PACE, begin, drain)
            assert list((state / "machines").iterdir()) == [], "no key is left, of theirs or of ours"
        except BaseException:
            bed_cloud.clear()  # the next test shares the bed
            raise
    for made in bed_cloud.made.values():
        assert not groups_of(made.machine.name) and not (NAMESPACES / made.machine.name).exists()
    said("the whole day", asyncio.get_running_loop().time() - began)
