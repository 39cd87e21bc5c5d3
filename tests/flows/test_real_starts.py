"""Is everyone told what, where and one thing to do when a container cannot start on a real engine, and does the rest go on?"""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from clocker_actors.model.activities import Activity, ActivityState
from clocker_actors.model.identity import EntityKind
from tests.bed.bed import Bed
from tests.bed.image import WEB_TAG, Variant, build_variant
from tests.flows.bedside import containers, deleted, deployed, done, on_hosts, single
from tests.flows.support import Driven

pytestmark = pytest.mark.real


@pytest_asyncio.fixture
async def driven(bed3: Bed, tmp_path: Path) -> AsyncIterator[Driven]:
    """A manager with a healthy service, which must be untouched by all that goes wrong beside it."""
    async with on_hosts(bed3.hosts, tmp_path, "starts") as driven:
        await deployed(driven, single("well", f"type: docker:{WEB_TAG}", "stopTimeout: 1"))
        (container,) = containers(driven)
        yield driven
        assert driven.up("well/web")
        assert container.name in {entry.name for entry in containers(driven)}
        applications = [entry.path for entry in driven.entries(EntityKind.APPLICATION)]
        await deleted(driven, *applications)


async def refused(driven: Driven, text: str, *words: str, within: float = 20.0) -> Activity:
    """Deploying this fails, and its problem has all these words (regular expressions)."""
    ended = await driven.ended(await driven.deploy(text), within)
    assert ended.state is ActivityState.FAILED, driven.picture()
    for word in words:
        assert re.search(word, ended.problem), ended.problem
    assert "Traceback" not in ended.problem
    return ended


async def test_an_image_that_cannot_be_had(driven: Driven, bed3: Bed) -> None:
    await refused(
        driven, single("bad", "type: docker:nowhere/nothing:1"), "nowhere/nothing:1", "engine unix://.*docker.sock", "load the image"
    )


async def test_an_image_of_a_registry_that_is_not_there(driven: Driven, bed3: Bed) -> None:
    await refused(
        driven, single("bad", "type: docker:127.0.0.1:1/team/app:2"), "127.0.0.1:1", "engine unix://", "registry cannot be reached"
    )


async def test_a_container_that_exits_at_once(driven: Driven, bed3: Bed) -> None:
    for host in bed3.hosts:
        await build_variant(host, Variant.EXITS_AT_ONCE)
    text = single("bad", f"type: docker:{Variant.EXITS_AT_ONCE.tag}", "ports: [8080]", "readiness: {tcp: 8080}", "startTimeout: 10")
    await refused(driven, text, "exit code 3", "correct its command", "giving up")


async def test_a_healthcheck_that_never_passes(driven: Driven, bed3: Bed) -> None:
    for host in bed3.hosts:
        await build_variant(host, Variant.NEVER_HEALTHY)
    text = single("bad", f"type: docker:{Variant.NEVER_HEALTHY.tag}", "startTimeout: 3")
    await refused(driven, text, "not ready within 3 s", "unhealthy", "longer startTimeout")


async def test_a_readiness_probe_that_never_succeeds(driven: Driven, bed3: Bed) -> None:
    text = single("bad", f"type: docker:{WEB_TAG}", "ports: [8080]", "readiness: {http: 8080/none}", "startTimeout: 2")
    await refused(driven, text, "not ready within 2 s", "404", "longer startTimeout")


async def test_a_taken_port_is_avoided_where_it_is_taken(driven: Driven, bed3: Bed) -> None:
    """Something foreign holds the port on two hosts; the third is found."""
    text = single("bad", f"type: docker:{WEB_TAG}", "portBindings: {18080: 8080}", "stopTimeout: 1")
    for host in bed3.hosts[:2]:
        await host.docker("run", "-d", "--name", "squatter", "-p", "18080:8080", WEB_TAG)
    try:
        await deployed(driven, text)
        (member,) = driven.entries(EntityKind.MEMBER, "bad/")
        assert driven.model.entry(str(driven.value(member.uid, "container.host"))).name == bed3.hosts[2].name
    finally:
        for host in bed3.hosts[:2]:
            await host.docker("rm", "-f", "squatter")


async def test_a_port_that_is_taken_everywhere(driven: Driven, bed3: Bed) -> None:
    text = single("bad", f"type: docker:{WEB_TAG}", "portBindings: {18081: 8080}")
    for host in bed3.hosts:
        await host.docker("run", "-d", "--name", "squatter", "-p", "18081:8080", WEB_TAG)
    try:
        await refused(driven, text, "18081", "engine unix://", "stop what uses the port")
    finally:
        for host in bed3.hosts:
            await host.docker("rm", "-f", "squatter")


async def test_a_name_that_somebody_else_took(driven: Driven, bed3: Bed) -> None:
    await deployed(driven, single("bad", f"type: docker:{WEB_TAG}", "stopTimeout: 1"))
    (member,) = driven.entries(EntityKind.MEMBER, "bad/")
    name = f"clocker.starts.{member.uid}.g2"
    for host in bed3.hosts:
        await host.docker("create", "--name", name, WEB_TAG)
    try:
        ended = await driven.ended(await driven.invoke("bad/web", "restart"), 20)
        assert ended.state is ActivityState.FAILED
        assert re.search(rf"{re.escape(name)}.*not ours.*remove it by hand", ended.problem), ended.problem
        for host in bed3.hosts:
            assert name in await host.docker("ps", "-a", "--format", "{{.Names}}"), "a foreign one is never touched"
    finally:
        for host in bed3.hosts:
            await host.docker("rm", "-f", name)
    await done(driven, await driven.invoke("bad/web", "restart"), 20)


async def test_a_container_that_ends_whenever_it_is_started_stops_being_tried(driven: Driven, bed3: Bed) -> None:
    """Without a probe it counts as started when it runs; that it died is then a failure, which is healed once and no more."""
    for host in bed3.hosts:
        await build_variant(host, Variant.EXITS_AT_ONCE)
    await driven.deploy(single("bad", f"type: docker:{Variant.EXITS_AT_ONCE.tag}"))

    def given_up() -> bool:
        problems = "" if driven.gone("bad/web") else str(driven.value("bad/web", "service.problems"))
        return "exit code 3" in problems and "giving up" in problems

    await driven.until(given_up, 15, "it is on fire, with its last words")
    tried = driven.value("bad/web", "generation")
    assert tried in {1, 2}
    await asyncio.sleep(2)
    assert driven.value("bad/web", "generation") == tried
