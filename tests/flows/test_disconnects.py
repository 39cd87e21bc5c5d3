"""What leads to an engine (sessions, sockets, watches): does it go with the last host that has it, and not before?"""

import asyncio
import gc
from pathlib import Path

import pytest
from aiohttp import web

from clocker_actors.drivers.simulated.engine import SimulatedEngine
from clocker_actors.entities.hosts.host import Host
from clocker_actors.model.identity import EntityKind
from tests.flows.crashing import Poison, faulty
from tests.flows.stories import cluster, new_world, well
from tests.flows.support import Driven, managed


def pool(name: str, *hosts: str) -> str:
    """A blueprint of one pool; its hosts are engines' urls."""
    lines = [f"name: {name}", "services:", "- type: docker-cloud", f"  id: {name}", "  hosts:"]
    return "\n".join([*lines, *(f"  - {{name: h{n}, engine: '{url}', address: 127.0.0.1}}" for n, url in enumerate(hosts))])


def connected(driven: Driven) -> set[str]:
    """Urls of the engines that something leads to."""
    return {spec.url for spec in driven.manager._engines}


def watches(engine: SimulatedEngine) -> int:
    """Subscriptions to its statistics that are open."""
    return sum(1 for watch in engine._watches if not watch._closed)


async def test_connections_go_with_the_last_pool_that_has_the_engine(tmp_path: Path) -> None:
    async with managed(tmp_path / "s", world=new_world()) as driven:
        await driven.ended(await driven.deploy(pool("one", "simulated://a", "simulated://b")))
        await driven.ended(await driven.deploy(pool("two", "simulated://b")))
        await driven.until(lambda: {"simulated://a", "simulated://b"} <= connected(driven), 5)
        await driven.ended(await driven.invoke("one", "delete"))
        await asyncio.sleep(1)
        assert "simulated://a" not in connected(driven) and "simulated://b" in connected(driven)
        await driven.until(lambda: driven.value("two", "docker.hosts.up") == 1, 5)
        await driven.ended(await driven.invoke("two", "delete"))
        await asyncio.sleep(1)
        assert "simulated://b" not in connected(driven)
        await driven.ended(await driven.deploy(pool("three", "simulated://a", "simulated://b")))
        await driven.until(lambda: driven.value("three", "docker.hosts.up") == 2, 5)


async def test_a_host_that_crashes_leaves_no_watch_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    faulty(monkeypatch, Host)
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(cluster(3)))
        for host in driven.entries(EntityKind.HOST):
            driven.manager.kernel.tell(host.uid, Poison())
        await asyncio.sleep(3)
        await well(driven, world)
        assert [watches(engine) for engine in world.engines.values()] == [1, 1, 1]


async def answer(request: web.Request) -> web.Response:
    """As much of an engine as a host asks of one that it has just met."""
    name = request.path.rpartition("/")[2]
    if name == "version":
        return web.json_response({"ApiVersion": "1.41", "MinAPIVersion": "1.12", "Version": "20.10"})
    return web.json_response({"message": "this engine answers nothing else"}, status=500)


@pytest.mark.real_loop
async def test_no_session_is_left_open_to_a_real_socket(tmp_path: Path) -> None:
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.UnixSite(runner, str(tmp_path / "docker.sock")).start()
    try:
        async with managed(tmp_path / "s", local_engine=f"unix://{tmp_path}/none.sock") as driven:
            await driven.ended(await driven.deploy(pool("real", f"unix://{tmp_path}/docker.sock")))
            await asyncio.sleep(1.5)
            server = runner.server
            assert server is not None and server.connections
            await driven.ended(await driven.invoke("real", "delete"))
            await driven.until(lambda: not server.connections, 5, "connections to the engine are open")
            gc.collect()  # a session that was forgotten instead of closed warns now, and warnings are errors
    finally:
        await runner.cleanup()
