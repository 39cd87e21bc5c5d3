"""What of the blueprint's language needs a real engine: a build from an uploaded context, a volume that outlives its container, probes, TLS, SSH vitals."""

import asyncio
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from clocker_actors.admin.types import type_table
from clocker_actors.blueprint import parse
from clocker_actors.blueprint.blobs import with_blobs
from clocker_actors.model.identity import ROOT, EntityKind
from tests.bed.bed import Bed
from tests.bed.image import WEB_TAG, Variant, build_variant, build_web_image, write_context
from tests.bed.load import fetch
from tests.flows.bedside import cluster, containers, deleted, deployed, done, host_of, on_hosts, said, single, ssh, targets, tcp

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def tls_bed() -> Iterator[Bed]:
    """One host whose engine wants our certificate."""
    bed = Bed(1, tls=True)
    bed.open()
    try:
        asyncio.run(build_web_image(bed.hosts[0]))
        yield bed
    finally:
        bed.close()


def packed(folder: Path) -> bytes:
    """A folder as the tar that the CLI uploads."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.add(folder, arcname=".")
    return out.getvalue()


async def test_an_image_is_built_from_an_uploaded_context_on_each_engine(bed3: Bed, tmp_path: Path) -> None:
    folder = tmp_path / "ctx"
    folder.mkdir()
    write_context(folder)
    (folder / "root/www/page.txt").write_text("built here\n")
    text = cluster("made", 3).replace("type: docker:clocker/web:1", "type: container\n    build: ctx\n    readiness: {http: 8080/page.txt}")
    async with on_hosts(bed3.hosts, tmp_path, "build") as driven:
        sums = {"file:ctx": await driven.manager.blobs.put(packed(folder))}
        blueprint = with_blobs(parse(text, "test.yaml", type_table()), sums)
        await done(driven, await driven.invoke(ROOT, "deploy", blueprint=msgspec.to_builtins(blueprint)), 60)
        pages = await asyncio.gather(*(fetch(*target, "/page.txt") for target in targets(driven, "made/web")))
        assert pages == [(200, "built here\n")] * 3
        await deleted(driven, "made")


async def test_a_volume_outlives_its_container_and_goes_with_the_application(bed3: Bed, tmp_path: Path) -> None:
    text = single("keeper", f"type: docker:{WEB_TAG}", "volumes: ['pages:/data']", "readOnly: true", "tmpfs: [/tmp]", "stopTimeout: 1")
    async with on_hosts(bed3.hosts[:1], tmp_path, "volume") as driven:
        await deployed(driven, text)
        (first,) = containers(driven)
        await host_of(bed3, first).docker("exec", first.name, "sh", "-c", "echo kept >/data/note")
        await done(driven, await driven.invoke("keeper/web", "restart"), 20)
        (second,) = containers(driven)
        assert second.name != first.name
        assert await host_of(bed3, second).docker("exec", second.name, "cat", "/data/note") == "kept\n"
        assert [line.split()[0] for line in await bed3.hosts[0].leftovers("volume")] == ["container", "volume"]
        await deleted(driven, "keeper")


async def test_a_slow_service_is_ready_when_its_page_is_there(bed3: Bed, tmp_path: Path) -> None:
    host = bed3.hosts[1]
    await build_variant(host, Variant.SLOW_START)
    text = single("slow", f"type: docker:{Variant.SLOW_START.tag}", "ports: [8080]", "readiness: {http: 8080/}", "stopTimeout: 1")
    async with on_hosts([host], tmp_path, "slow") as driven:
        deploying = await driven.deploy(text)
        await driven.until(lambda: bool(containers(driven)) and not driven.up("slow/web"), 5, "it is starting")
        took = await driven.until(lambda: driven.up("slow/web"), 15, "it is ready")
        said("service that listens after 5 s → ready", took)
        await done(driven, deploying)
        (target,) = targets(driven, "slow/")
        assert (await fetch(*target))[0] == 200
        await deleted(driven, "slow")


async def test_a_pool_over_tls(tls_bed: Bed, tmp_path: Path) -> None:
    async with on_hosts(tls_bed.hosts, tmp_path, "tls", door=tcp) as driven:
        await deployed(driven, cluster("shop", 2, "readiness: {http: 8080/}"))
        assert driven.entries(EntityKind.HOST, "bed/")[0].facts["engine"] == tls_bed.hosts[0].tcp_url
        await deleted(driven, "shop")


async def test_a_pool_over_ssh_has_vitals(bed3: Bed, tmp_path: Path) -> None:
    """A port that is not published is probed through the tunnel."""
    async with on_hosts(bed3.hosts[:1], tmp_path, "ssh", door=ssh) as driven:
        await deployed(driven, cluster("shop", 2, "readiness: {http: 8080/}"))
        host = driven.entries(EntityKind.HOST, "bed/")[0].uid
        await driven.until(lambda: driven.value(host, "host.load") is not None, 10, "vitals")
        assert int(str(driven.value(host, "host.disk.free"))) > 0
        assert int(str(driven.value(host, "host.uptime"))) > 0
        await deleted(driven, "shop")
