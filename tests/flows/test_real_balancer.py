"""On a real engine: does nobody who asks notice that a cluster behind the balancer grows, shrinks, and loses members; and do Tomcat and nginx do what they say?"""

import asyncio
import io
import json
import sys
import zipfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from subprocess import PIPE

import pytest

from clocker_actors.model.activities import ActivityState
from clocker_actors.model.identity import EntityKind
from tests.bed.bed import Bed
from tests.bed.host import BedHost
from tests.bed.load import Target, fetch
from tests.bed.software import with_debian
from tests.flows.bedside import POOL, deleted, done, on_hosts, targets
from tests.flows.serviceside import RUNS_WITHIN, all_sensors, deploy_example, deploy_text, effect
from tests.flows.support import Driven

pytestmark = pytest.mark.real

RATE = 220
SECONDS = 61


@pytest.fixture(scope="module")
def debian(bed3: Bed) -> Iterator[Bed]:
    """The bed with Debian's image on the host that these tests use."""
    with with_debian(bed3, bed3.hosts[:1]):
        yield bed3


class Load:
    """New clients at a balancer, in a process of their own; their report when they are over."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def report(self, *, early: bool = False) -> dict[str, object]:
        """What came of them, when they are over; `early` ends them now."""
        if early:
            self._process.terminate()
        output, _ = await asyncio.wait_for(self._process.communicate(), SECONDS + 30)
        found: dict[str, object] = json.loads(output)
        print(f"measured: {found}")
        return found


@asynccontextmanager
async def newcomers(target: Target, path: str, seconds: float, rate: int = RATE) -> AsyncIterator[Load]:
    """Load for so long; whatever happens, the process ends."""
    words = ("-m", "tests.flows.newcomers", target[0], str(target[1]), path, str(rate), str(seconds))
    process = await asyncio.create_subprocess_exec(sys.executable, *words, stdout=PIPE, cwd=Path(__file__).parents[2])
    try:
        yield Load(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def members(driven: Driven) -> list[str]:
    """Paths of the members that serve, in no order."""
    return [entry.path for entry in driven.entries(EntityKind.MEMBER, "shop/web") if driven.value(entry.uid, "service.isServing") is True]


async def known(driven: Driven, count: int) -> None:
    """The balancer has so many servers, and finds them well."""
    sensors = ("haproxy.servers.up", "haproxy.servers.total")
    await driven.until(lambda: [driven.value("shop/balancer", name) for name in sensors] == [count, count], RUNS_WITHIN, f"{count} servers")


async def test_a_cluster_grows_and_changes_under_load_with_no_request_lost(debian: Bed, tmp_path: Path) -> None:
    (host, *_) = debian.hosts
    async with on_hosts([host], tmp_path, "balanced") as driven:
        await deploy_example(driven, "15-balanced-web.yaml")
        (target,) = targets(driven, "shop/balancer")
        assert (await fetch(*target))[1].startswith("hello from tomcat on ")
        async with newcomers(target, "/", SECONDS) as load:
            await driven.until(lambda: driven.value("shop/web", "group.members.up") == 3, 45, "the autoscaler has made it three")
            await known(driven, 3)
            assert (
                "haproxy.requests.perServer" in driven.model.decisions.of_subject(driven.model.entry("shop/web").uid, acted=True)[-1].reason
            )
            await done(driven, await driven.invoke("shop/web", "suspend_policy", policy="autoscaler"))
            await done(driven, await driven.invoke("shop/web", "replaceMember", member="shop/web/1"))
            await done(driven, await driven.invoke("shop/web/2", "restart"))
            await done(driven, await driven.invoke("shop/web", "resize", size=1))
            await done(driven, await driven.invoke("shop/web", "resize", size=2))
            await known(driven, 2)
            await _by_hand(driven, target)
            report = await load.report()
        assert report["faults"] == {}, report
        assert int(str(report["good"])) >= 200 * 60
        await _bad_days(driven, host, target)
        await deleted(driven, "shop")


def _servers(driven: Driven) -> int:
    listed = driven.value("shop/balancer", "haproxy.servers")
    return len(listed) if isinstance(listed, list) else 0


async def _bad_days(driven: Driven, host: BedHost, target: Target) -> None:
    """Members are killed and hang; all go, and come back; the balancer itself is restarted."""
    first, second = members(driven)
    async with newcomers(target, "/alive.txt", 30, rate=50) as load:
        await asyncio.sleep(2)
        await host.docker("kill", str(driven.model.entry(first).facts["container"]))
        await driven.until(lambda: _servers(driven) == 1, 10, "it is told that one is gone")
        await driven.until(lambda: _servers(driven) == 2, RUNS_WITHIN, "it is told that it is back")
        report = await load.report(early=True)
        assert report["faults"] == {}, report  # what was asked of the one that was killed was asked of the other
    await known(driven, 2)
    hung = str(driven.model.entry(second).facts["container"])
    await host.docker("kill", "--signal", "STOP", hung)
    await driven.until(lambda: driven.value("shop/balancer", "haproxy.servers.up") == 1, 10, "it finds out by itself that one hangs")
    for _ in range(4):
        assert (await fetch(*target, "/alive.txt", 2))[0] == 200
    await host.docker("kill", "--signal", "CONT", hung)
    await known(driven, 2)
    await done(driven, await driven.invoke("shop/web", "stop"))
    assert (await fetch(*target))[0] == 503
    await done(driven, await driven.invoke("shop/balancer", "restart"))
    assert (await fetch(*targets(driven, "shop/balancer")[0]))[0] == 503
    await done(driven, await driven.invoke("shop/web", "start"))
    await known(driven, 2)
    assert (await fetch(*targets(driven, "shop/balancer")[0]))[0] == 200


async def _by_hand(driven: Driven, target: Target) -> None:
    """What people can have the balancer do, and what it and its servers tell."""
    name = f"web-{members(driven)[0].rpartition('/')[2]}"
    assert "is drain" in await effect(driven, "shop/balancer", "drain", server=name)
    assert "has taken over" in await effect(driven, "shop/balancer", "reload")
    answers = {(await fetch(*target))[1] for _ in range(6)}
    assert len(answers) == 1  # also after the reload
    assert "is ready" in await effect(driven, "shop/balancer", "enable", server=name)
    assert len({(await fetch(*target))[1] for _ in range(6)}) == 2
    assert "FRONTEND" in await effect(driven, "shop/balancer", "statistics")
    values = await all_sensors(driven, "shop/balancer", "haproxy")
    assert isinstance(values["haproxy.servers"], list) and len(values["haproxy.servers"]) == 2
    values = await all_sensors(driven, members(driven)[0], "tomcat")
    assert int(str(values["tomcat.requests"])) > 0 and int(str(values["tomcat.heap.bytes"])) > 1 << 20


async def test_nginx_serves_pages_and_passes_on_the_rest_and_tomcat_fetches_what_it_serves(debian: Bed, tmp_path: Path) -> None:
    async with on_hosts(debian.hosts[:1], tmp_path, "site") as driven:
        await deploy_example(driven, "14-nginx.yaml", **{"/app/": "/cgi-bin/"})
        (target,) = targets(driven, "site/front")
        assert "A page from next to the blueprint" in (await fetch(*target))[1]
        assert "Written in the blueprint" in (await fetch(*target, "/about.html"))[1]
        assert (await fetch(*target, "/none.html"))[0] == 404
        await driven.until(lambda: bool(driven.value("site/front", "nginx.servers")), 10, "it knows the other service")
        await asyncio.sleep(1)
        assert "spun 1" in (await fetch(*target, "/cgi-bin/spin?1"))[1]
        async with newcomers(target, "/cgi-bin/index.cgi", 20, rate=100) as load:
            await asyncio.sleep(1)
            await effect(driven, "site/front", "reload")
            await asyncio.sleep(2)
            report = await load.report(early=True)
        assert report["faults"] == {}, report
        await done(driven, await driven.invoke("site/app", "stop"))
        await driven.until(lambda: driven.value("site/front", "nginx.servers") == [], 10, "it knows that the other service is gone")
        await asyncio.sleep(1)
        assert (await fetch(*target, "/cgi-bin/spin?1"))[0] == 503
        assert "upstream" not in await effect(driven, "site/front", "configuration")
        assert int(str((await all_sensors(driven, "site/front", "nginx"))["nginx.requests"])) > 100
        await _a_war_from_elsewhere(driven, debian.gateway)
        await deleted(driven, "site", "guests")


async def _a_war_from_elsewhere(driven: Driven, address: str) -> None:
    """Tomcat fetches a WAR, and later another one."""
    text = "name: guests\nlocation: {}\nservices:\n- type: tomcat\n  id: web\n  warUrl: http://{}:{}/guests.war\n  contextPath: /guests\n"
    async with _served("/guests.war", _war("hello <%= 6 * 7 %>"), address) as port:
        ended = await deploy_text(driven, text.format(POOL, address, port) + "  serviceUpPath: /guests/\n  memory: 300m\n")
        assert ended.state is ActivityState.DONE, ended.problem
        (target,) = targets(driven, "guests/web")
        assert (await fetch(*target, "/guests/"))[1] == "hello 42"
        url = f"http://{address}:{port}/guests.war"
        assert "more#all is put there" in await effect(driven, "guests/web", "deployWar", url=url, path="/more/all")
        for _ in range(60):
            if (await fetch(*target, "/more/all/"))[0] == 200:
                break
            await asyncio.sleep(0.5)
        assert (await fetch(*target, "/more/all/"))[1] == "hello 42"
        assert "more#all is removed" in await effect(driven, "guests/web", "undeployWar", path="/more/all")
    await effect(driven, "guests/web", "collectGarbage")
    await effect(driven, "guests/web", "threads")


def _war(page: str) -> bytes:
    """A web application of one page."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("index.jsp", page)
    return made.getvalue()


@asynccontextmanager
async def _served(path: str, content: bytes, address: str) -> AsyncIterator[int]:
    """A server of one file, as far as the bed's hosts are concerned; its port."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readuntil(b"\r\n\r\n")
        there = asked.startswith(f"GET {path} ".encode())
        writer.write(b"HTTP/1.0 200 OK\r\n\r\n" + content if there else b"HTTP/1.0 404 Not Found\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, address, 0)
    async with server:
        yield int(server.sockets[0].getsockname()[1])
