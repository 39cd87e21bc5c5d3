"""Is nothing that was built left on a real engine: the image, its stages, the steps of a build that failed, while all that is not ours stays?"""

import asyncio
import io
import tarfile
from pathlib import Path

import msgspec
import pytest

from clocker_actors.admin.types import type_table
from clocker_actors.blueprint import parse, with_blobs
from clocker_actors.drivers.docker import connect
from clocker_actors.errors import EngineFault
from clocker_actors.model.identity import ROOT
from clocker_actors.model.specs import BuildSpec, EngineSpec
from tests.bed.bed import Bed
from tests.bed.host import BedHost
from tests.bed.image import WEB_TAG
from tests.contracts.engine.lab import Calls
from tests.flows.bedside import cluster, deleted, done, on_hosts, said, single, ssh, unix
from tests.flows.support import Driven

pytestmark = pytest.mark.real

STAGES = (
    f"FROM {WEB_TAG} AS one\nENV stage=1\nRUN echo made >/made\nFROM {WEB_TAG}\nENV stage=2\nCOPY --from=one /made /www/made\nRUN true\n"
)


def context(dockerfile: str) -> bytes:
    """A tar with this Dockerfile."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        entry = tarfile.TarInfo("Dockerfile")
        entry.size = len(dockerfile)
        archive.addfile(entry, io.BytesIO(dockerfile.encode()))
    return out.getvalue()


async def everything(host: BedHost) -> set[str]:
    """All images, the nameless ones too."""
    return set((await host.docker("images", "-aq", "--no-trunc")).split())


async def ours(host: BedHost) -> list[str]:
    """Names of images that were built for this manager."""
    listed = await host.docker("images", "--filter", "label=clocker.plane=images", "--format", "{{.Repository}}:{{.Tag}}")
    return listed.split()


async def deployed(driven: Driven, name: str, *lines: str) -> None:
    text = single(name, "type: container", "build: ctx", "ports: [8080]", "stopTimeout: 1", *lines)
    sums = {"file:ctx": await driven.manager.blobs.put(context(STAGES))}
    blueprint = with_blobs(parse(text, "test.yaml", type_table()), sums)
    await done(driven, await driven.invoke(ROOT, "deploy", blueprint=msgspec.to_builtins(blueprint)), 60)


async def test_nothing_is_left_of_an_application_that_was_built(bed3: Bed, tmp_path: Path) -> None:
    host = bed3.hosts[0]
    before = await everything(host)
    async with on_hosts([host], tmp_path, "images") as driven:
        await deployed(driven, "shop", "readiness: {http: 8080/}", "volumes: ['pages:/data']")
        (image,) = await ours(host)
        assert await everything(host) > before
        began = asyncio.get_running_loop().time()
        await deleted(driven, "shop")
        said("application with an image and a volume deleted", asyncio.get_running_loop().time() - began)
        assert await host.leftovers("images") == []
        assert await everything(host) == before, f"{image}, its stages and steps are gone, what it was built on is there"


async def test_it_is_built_on_one_host_and_copied_to_the_others(bed3: Bed, tmp_path: Path) -> None:
    """By every door; 64 MiB that cannot be compressed."""
    before = [await everything(host) for host in bed3.hosts]
    text = f"FROM {WEB_TAG}\nRUN dd if=/dev/urandom of=/www/large bs=1M count=64 && sleep 3\n"
    for number, door in enumerate((unix, ssh)):
        (folder := tmp_path / str(number)).mkdir()
        async with on_hosts(bed3.hosts, folder, "images", door=door) as driven:
            blueprint = cluster("shop", 3).replace("type: docker:clocker/web:1", "type: container\n    build: ctx")
            sums = {"file:ctx": await driven.manager.blobs.put(context(text))}
            whole = with_blobs(parse(blueprint, "test.yaml", type_table()), sums)
            began = asyncio.get_running_loop().time()
            await done(driven, await driven.invoke(ROOT, "deploy", blueprint=msgspec.to_builtins(whole)), 90)
            said(f"an image of 64 MiB on 3 hosts, {door.__name__}", asyncio.get_running_loop().time() - began)
            assert len({(await host.docker("images", "-q", "--no-trunc", (await ours(host))[0])).strip() for host in bed3.hosts}) == 1
            await deleted(driven, "shop")
        assert [await everything(host) for host in bed3.hosts] == before


async def test_an_image_with_a_container_or_a_name_of_others_stays(bed3: Bed, tmp_path: Path) -> None:
    host = bed3.hosts[0]
    before = await everything(host)
    async with on_hosts([host], tmp_path, "images") as driven:
        await deployed(driven, "shop")
        (image,) = await ours(host)
        await host.docker("create", "--name", "theirs", image)
        ended = await done(driven, await driven.invoke("shop", "delete"), 45)
        assert any(step.name == "left behind" and image in step.note and "using its referenced image" in step.note for step in ended.steps)
        assert await ours(host) == [image]
        await host.docker("rm", "theirs")

        await deployed(driven, "shop")
        await host.docker("tag", image, "theirs:1")
        await deleted(driven, "shop")
        assert await ours(host) == ["theirs:1"], "it is theirs now, labels or not"
        await host.docker("rmi", "theirs:1")
    assert await everything(host) == before


async def test_a_build_leaves_nothing_but_its_image(bed3: Bed, tmp_path: Path) -> None:
    host = bed3.hosts[0]
    engine = connect(EngineSpec(host.docker_host), Calls(), tmp_path)
    await engine.build("theirs:1", BuildSpec(""), context(f"FROM {WEB_TAG}\nENV whose=theirs\n"), {})
    before, dangling = await everything(host), await host.docker("images", "-q", "--filter", "dangling=true")
    theirs = (await host.docker("images", "-q", "theirs:1")).strip()
    try:
        for _ in range(2):
            await engine.build("gone:1", BuildSpec(""), context(STAGES), {"clocker.plane": "images"})
        assert await host.docker("images", "-q", "--filter", "dangling=true") == dangling
        lies = f"FROM {WEB_TAG}\nENV stage=3\nRUN echo ' ---> {theirs}'\nRUN exit 9\n"
        with pytest.raises(EngineFault):
            await engine.build("never:1", BuildSpec(""), context(lies), {})
        assert await host.docker("images", "-q", "--filter", "dangling=true") == dangling
        assert await engine.image("gone:1")
        await engine.remove_image("gone:1")
        assert await everything(host) == before
        await engine.remove_image("theirs:1")
    finally:
        await engine.close()
