"""A registry says no, a disk is full: is it told with what, where and one thing to do, is nothing left behind, and does the rest go on?"""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from clocker_actors.drivers.docker import connect
from clocker_actors.errors import OutOfDisk
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.specs import BuildSpec, EngineSpec
from tests.bed import Bed, BedError, BedHost, Make
from tests.bed.fixtures import made
from tests.bed.image import WEB_TAG, web_context
from tests.bed.registry import Mood, refusing
from tests.flows.bedside import cluster, containers, deleted, deployed, done, members_up, on_hosts, single
from tests.flows.support import Driven

pytestmark = pytest.mark.real

FILL = "/fill"


@pytest.fixture(scope="module")
def small_bed() -> Iterator[Bed]:
    """Two hosts whose disks hold little more than the web image."""
    yield from made(2, Make(disk="40m"))


@asynccontextmanager
async def full(host: BedHost) -> AsyncIterator[None]:
    """Not a byte is free on the host's disk while in the block: a container of somebody else took them all."""
    await host.docker("run", "-d", "--name", "glutton", WEB_TAG)
    with pytest.raises(BedError, match="No space left on device"):
        await host.docker("exec", "glutton", "sh", "-c", f"cat /dev/zero >{FILL}")
    try:
        yield
    finally:
        await host.docker("exec", "glutton", "sh", "-c", f": >{FILL}")
        await host.docker("rm", "-f", "glutton")


async def refused(driven: Driven, text: str, *words: str) -> None:
    """Deploying this fails, its problem has all these words (regular expressions), and deleting it leaves nothing."""
    ended = await driven.ended(await driven.deploy(text), 20.0)
    assert ended.state is ActivityState.FAILED, driven.picture()
    for word in words:
        assert re.search(word, ended.problem), ended.problem
    assert "Traceback" not in ended.problem
    await deleted(driven, "bad")


@pytest.mark.parametrize(
    ("mood", "advice"), [(Mood.PASSWORD, "log the engine in"), (Mood.TOKEN, "log the engine in"), (Mood.ABSENT, "check name and tag")]
)
async def test_a_registry_that_refuses(bed3: Bed, tmp_path: Path, mood: Mood, advice: str) -> None:
    host = bed3.hosts[0]
    async with on_hosts([host], tmp_path, "denied") as driven, refusing(host.gateway, mood) as registry:
        await deployed(driven, single("well", f"type: docker:{WEB_TAG}", "stopTimeout: 1"))
        image = f"{registry}/team/app:1"
        await refused(driven, single("bad", f"type: docker:{image}"), re.escape(image), "engine unix://.*docker.sock", advice)
        assert driven.up("well/web")
        await deleted(driven, "well")


async def test_what_a_full_host_cannot_take_runs_on_another(small_bed: Bed, tmp_path: Path) -> None:
    crowded, roomy = small_bed.hosts
    async with on_hosts(small_bed.hosts, tmp_path, "crowded") as driven:
        await deployed(driven, cluster("shop", 2))
        (kept,) = containers(driven, crowded)
        async with full(crowded):
            await done(driven, await driven.invoke("shop/web", "resize", size=4), 20)
            assert members_up(driven, "shop/web") == 4
            assert len(containers(driven, roomy)) == 3
            listed = await crowded.docker("ps", "-a", "--filter", "label=clocker.plane=crowded", "--format", "{{.Names}}")
            assert listed.split() == [kept.name], "what could not be made is not left half made"
        await deleted(driven, "shop")


async def test_no_disk_has_room(small_bed: Bed, tmp_path: Path) -> None:
    async with on_hosts(small_bed.hosts, tmp_path, "full") as driven:
        await deployed(driven, single("well", f"type: docker:{WEB_TAG}", "stopTimeout: 1"))
        async with full(small_bed.hosts[0]), full(small_bed.hosts[1]):
            text = single("bad", f"type: docker:{WEB_TAG}")
            await refused(driven, text, "no space left on device", "engine unix://.*docker.sock", "free disk space")
            assert driven.up("well/web")
        await deployed(driven, single("later", f"type: docker:{WEB_TAG}", "stopTimeout: 1"))
        await deleted(driven, "well", "later")


async def test_a_build_without_room(small_bed: Bed, tmp_path: Path) -> None:
    host = small_bed.hosts[0]
    engine = connect(EngineSpec(host.docker_host), Unheard(), tmp_path)
    async with full(host):
        with pytest.raises(OutOfDisk) as refusal:
            await engine.build("clocker/never:1", BuildSpec(""), web_context(), {"clocker.plane": "built"})
        assert await engine.image("clocker/never:1") is None
        await engine.close()
    assert host.docker_host in str(refusal.value) and "free disk space" in str(refusal.value)
    assert await host.leftovers("built") == []


class Unheard:
    """A call log that nobody reads."""

    def record(self, target: str, operation: str, result: str, seconds: float) -> None:
        """Not here."""
