"""An empty pool on a cloud whose machines really boot: an application makes it grow, Docker gets installed over SSH, and at the end nothing is left."""

import asyncio
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest

from clocker_actors.admin.types import type_table
from clocker_actors.blueprint import parse, with_blobs
from clocker_actors.daemon import Manager
from clocker_actors.drivers.docker import connect
from clocker_actors.errors import EngineUnavailable
from clocker_actors.model.identity import ROOT, EntityKind
from clocker_actors.model.locations import CloudSpec, LocationKind, LocationSpec, NodeTemplate, SecretRef
from clocker_actors.model.specs import Blueprint, EngineSpec
from clocker_actors.settings import load
from tests.bed.cloud import CREDENTIAL, IDENTITY, PROVIDER, BedCloud
from tests.bed.image import web_context
from tests.contracts.engine.lab import Calls
from tests.flows.bedside import done, said
from tests.flows.support import Driven, managed

pytestmark = pytest.mark.real

YARD = (
    "services:\n- type: docker-cloud\n  name: yard\n  location: simulated:bed\n  initialSize: 0\n  maxSize: 2\n"
    "  strategies: [{MaxContainers: {maxContainers: 2}}]\n"
)
SHOP = (
    "name: shop\nlocation: yard\nservices:\n- type: cluster\n  id: web\n  initialSize: 3\n  memberSpec:\n    type: container\n"
    "    build: ctx\n    ports: [8080]\n    stopTimeout: 1\n    startTimeout: 10m\n    readiness: {http: 8080/}\n"
)


def bed_location(cloud: BedCloud, *, tls: bool = False) -> LocationSpec:
    """The bed's cloud, which no blueprint can name since it is not among libcloud's."""
    template = NodeTemplate(image_regex="debian", min_ram=1 << 29)
    spec = CloudSpec(PROVIDER, cloud.name, SecretRef("bed.identity"), SecretRef("bed.credential"), template=template)
    return LocationSpec(LocationKind.CLOUD, "bed", cloud=spec, tls=tls)


async def deploy(driven: Driven, blueprint: Blueprint) -> str:
    return await driven.invoke(ROOT, "deploy", blueprint=msgspec.to_builtins(blueprint))


def environ() -> dict[str, str]:
    return {"CLOCKER_LOCATION_BED_IDENTITY": IDENTITY, "CLOCKER_LOCATION_BED_CREDENTIAL": CREDENTIAL}


def a_yard(cloud: BedCloud, text: str = YARD, *, tls: bool = False) -> Blueprint:
    """The pool of a blueprint, on the bed's cloud."""
    parsed = parse(text, "yard.yaml", type_table()).blueprint
    return replace(parsed, pools=tuple(replace(pool, location=bed_location(cloud, tls=tls)) for pool in parsed.pools))


def living(cloud: BedCloud) -> list[str]:
    return [made.name for made in cloud.look() if made.state != "terminated"]


async def test_a_manager_killed_while_docker_is_installed_goes_on_with_the_same_machine(bed_cloud: BedCloud, tmp_path: Path) -> None:
    flags = {"plane": "killed", "local_engine": f"unix://{tmp_path}/none.sock"}
    manager = Manager(load({"state": tmp_path / "s", **flags}, environ=environ()))
    await manager.start()
    driven = Driven(manager)
    await deploy(driven, a_yard(bed_cloud, YARD.replace("initialSize: 0", "initialSize: 1")))
    await driven.until(lambda: any("install:" in str(entry.facts.get("step")) for entry in driven.entries(EntityKind.HOST, "yard/")), 60)
    for root in reversed(tuple(manager.kernel.supervisor.roots.values())):
        manager.kernel.supervisor.abandon(root)
    await manager.stop()
    (machine,) = living(bed_cloud)
    began = asyncio.get_running_loop().time()
    async with managed(tmp_path / "s", environ=environ(), **flags) as driven:  # type: ignore[arg-type]
        await driven.until(lambda: any(driven.up(entry.uid) for entry in driven.entries(EntityKind.HOST, "yard/")), 200)
        said("killed while installing → its machine is a host", asyncio.get_running_loop().time() - began)
        assert living(bed_cloud) == [machine]
        await done(driven, await driven.invoke("yard", "delete"), 120)
    assert living(bed_cloud) == []


async def test_an_empty_pool_grows_carries_an_application_and_is_gone(bed_cloud: BedCloud, tmp_path: Path) -> None:
    state = tmp_path / "s"
    loop = asyncio.get_running_loop()
    async with managed(state, environ=environ(), plane="pool", local_engine=f"unix://{tmp_path}/none.sock") as driven:
        await done(driven, await deploy(driven, a_yard(bed_cloud)))
        sums = {"file:ctx": await driven.manager.blobs.put(web_context())}
        began = loop.time()
        await done(driven, await deploy(driven, with_blobs(parse(SHOP, "shop.yaml", type_table()), sums)), 400)
        said("empty pool → three containers on two machines that had no Docker", loop.time() - began)
        assert len(driven.entries(EntityKind.CONTAINER)) == 3
        assert len(living(bed_cloud)) == 2
        await done(driven, await driven.invoke("shop", "delete"), 60)
        began = loop.time()
        await done(driven, await driven.invoke("yard", "delete"), 120)
        said("pool deleted", loop.time() - began)
        assert living(bed_cloud) == []
        assert [kept.name for kept in (state / "machines").iterdir() if "known_hosts" in kept.name] == []


async def test_engines_are_reached_over_tls_where_the_location_says_so(bed_cloud: BedCloud, tmp_path: Path) -> None:
    state = tmp_path / "s"
    async with managed(state, environ=environ(), plane="tls", local_engine=f"unix://{tmp_path}/none.sock") as driven:
        one = YARD.replace("initialSize: 0", "initialSize: 1")
        await done(driven, await deploy(driven, a_yard(bed_cloud, one, tls=True)), 400)
        sums = {"file:ctx": await driven.manager.blobs.put(web_context())}
        small = SHOP.replace("initialSize: 3", "initialSize: 1")
        await done(driven, await deploy(driven, with_blobs(parse(small, "shop.yaml", type_table()), sums)), 400)
        (host,) = driven.entries(EntityKind.HOST, "yard/")
        url = urlsplit(str(host.facts["engine"]))
        assert (url.scheme, url.port) == ("https", 2376)
        own = {file.name: file.stat().st_mode & 0o777 for file in (state / "machines" / "authority").iterdir()}
        assert own == dict.fromkeys(("ca.pem", "ca-key.pem", "client.pem", "client-key.pem"), 0o600)
        stranger = connect(EngineSpec(url.geturl(), tls_ca=str(state / "machines/authority/ca.pem")), Calls(), tmp_path)
        with pytest.raises(EngineUnavailable):
            await stranger.ping()
        await stranger.close()
        await done(driven, await driven.invoke("shop", "delete"), 60)
        await done(driven, await driven.invoke("yard", "delete"), 120)
    assert living(bed_cloud) == []
