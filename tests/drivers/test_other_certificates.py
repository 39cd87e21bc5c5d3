"""Does a connection go on with an engine that has certificates of another authority, and is nobody believed whose certificate is not the one?"""

import ssl
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from clocker_actors.drivers import docker
from clocker_actors.drivers.grounds import RealGrounds
from clocker_actors.drivers.installing import Authority, client_files
from clocker_actors.drivers.simulated import SimulatedWorld
from clocker_actors.drivers.simulated.grounds import SimulatedGrounds
from clocker_actors.errors import REFUSED, EngineUnavailable
from clocker_actors.model.locations import LocationKind, LocationSpec, MachineSpec
from clocker_actors.model.specs import EngineSpec
from clocker_actors.telemetry.calls import Calls

pytestmark = pytest.mark.real_loop

NAME = "127.0.0.1"


@asynccontextmanager
async def engine_of(authority: Authority, folder: Path, port: int = 0, name: str = NAME) -> AsyncIterator[int]:
    """Something that answers pings for clients of this authority; its port."""
    signed = authority.server([name])
    for file, content in (("cert.pem", signed.certificate), ("key.pem", signed.key), ("ca.pem", authority.ca)):
        (folder / file).write_bytes(content)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    context.load_verify_locations(folder / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED

    async def answer(request: web.Request) -> web.Response:
        return web.json_response({"ApiVersion": "1.43"} if request.path == "/version" else [])

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, NAME, port, ssl_context=context)
    await site.start()
    assert site._server is not None
    try:
        yield site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
    finally:
        await runner.cleanup()


def spec(port: int, folder: Path) -> EngineSpec:
    files = client_files(folder)
    return EngineSpec(f"https://{NAME}:{port}", str(files.ca), str(files.certificate), str(files.key))


async def test_an_engine_that_changed_its_authority_is_followed_and_no_other(tmp_path: Path) -> None:
    old, new = Authority(tmp_path / "old"), Authority(tmp_path / "new")
    async with engine_of(old, tmp_path) as port:
        engine = docker.connect(spec(port, tmp_path / "old"), Calls(), tmp_path)
        assert await engine.list({}) == []
    async with engine_of(new, tmp_path, port):
        with pytest.raises(EngineUnavailable, match="check tls_ca, tls_cert and tls_key") as caught:
            await engine.list({})
        assert caught.value.details["reason"] == REFUSED  # the host lives
        docker.readdress(engine, spec(port, tmp_path / "new"))
        assert await engine.list({}) == []
    async with engine_of(new, tmp_path, port, name="10.1.2.3"):  # signed by ours, for another host
        with pytest.raises(EngineUnavailable):
            await engine.list({})
    await engine.close()


def test_authorities_are_kept_apart_for_nobody_elses_eyes_and_forgotten_with_their_keys(tmp_path: Path) -> None:
    grounds = RealGrounds(tmp_path / "m", lambda _: "", Calls(), "unix:///x", SimulatedGrounds(SimulatedWorld()))
    location = LocationSpec(LocationKind.MACHINES, "yard", tls=True)
    for name in ("", "p1-1", "p2-1"):
        grounds._own_authority(name)
    first = grounds.engine(location, MachineSpec("one", "10.0.0.1"), "", "p1-1")
    assert Path(first.tls_ca).parent.name == "authority-p1-1" and Path(first.tls_ca).exists()
    assert first.tls_ca != grounds.engine(location, MachineSpec("one", "10.0.0.1"), "").tls_ca
    for file in (tmp_path / "m").rglob("*"):
        assert stat.S_IMODE(file.stat().st_mode) == (0o700 if file.is_dir() else 0o600), file
    assert grounds.expiry("p1-1") is not None and grounds.expiry("p9-1") is None
    grounds.keep_authorities(frozenset({"p1-1"}))
    assert [folder.name for folder in (tmp_path / "m").iterdir()] == ["authority-p1-1"]
    before = Path(first.tls_ca).read_bytes()
    grounds._own_authority("p1-1")
    assert Path(first.tls_ca).read_bytes() == before
    grounds._own_authority("p2-1")  # it is made anew, with another key
    assert grounds.expiry("p2-1") is not None
