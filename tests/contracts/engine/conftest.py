"""Engines to run the contract on: a simulated one, a current one's recorded answers, and a real one through each of its doors.

With CLOCKER_BED_ROOT, a folder with another Debian in it, the real engine is that Debian's, and refuses old clients. With CLOCKER_RECORD
the suite runs once, on that engine, and what passes is recorded in that file. `python -m tests.contracts.engine.record` sets both.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cache
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from clocker_actors.drivers.docker import connect
from clocker_actors.model.specs import BuildSpec, EngineSpec
from clocker_actors.ports.engine import Engine
from tests.bed import Bed, BedHost, Make
from tests.bed.image import WEB_TAG, web_context
from tests.contracts.either import loops, note_kind
from tests.contracts.engine.lab import Calls, Lab, is_engine_only, is_live
from tests.contracts.engine.recorded import tape
from tests.contracts.engine.recorded.labs import PLAYED, playing, recording

REAL = ("docker-unix", "docker-tls", "docker-ssh")
ROOT = os.environ.get("CLOCKER_BED_ROOT", "")
RECORD = os.environ.get("CLOCKER_RECORD", "")
IN_TIME = (*REAL, PLAYED) if RECORD else REAL
"""Kinds that are, or stand before, a real engine; the others live in virtual time."""


def pytest_asyncio_loop_factories(config: pytest.Config) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Virtual time but on real engines: known only when a test is set up, so decided then."""
    return loops(config, lambda kind: kind in IN_TIME)


pytest_runtest_setup = note_kind


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test that asks for a lab on every engine; a module's DOORS spares it some doors of the real one."""
    if "lab" not in metafunc.fixturenames:
        return
    real = [pytest.param(kind, marks=pytest.mark.real) for kind in getattr(metafunc.module, "DOORS", REAL)]
    if RECORD:
        kinds = [pytest.param(PLAYED)]
    elif ROOT:
        kinds = real
    else:
        kinds = [pytest.param(PLAYED), *real]
        if not is_engine_only(metafunc.function):
            kinds.insert(0, pytest.param("simulated"))
    if is_live(metafunc.function):
        kinds = [kind for kind in kinds if PLAYED not in kind.values]
    metafunc.parametrize("kind", kinds)


class RealWeather:
    """A host of the bed."""

    def __init__(self, host: BedHost) -> None:
        self._host = host
        self.hang, self.resume = host.hang, host.resume
        self.cut, self.plug = host.cut_cable, host.plug_cable

    async def restart(self) -> None:
        await self._host.restart_engine()

    @asynccontextmanager
    async def away(self) -> AsyncIterator[None]:
        """No engine, but a living host."""
        async with self._host.without_engine():
            yield

    def work(self, name: str) -> None:
        """Its containers do work."""


@pytest.fixture(scope="package")
def contract_bed() -> Iterator[Bed]:
    """One host with TLS and the web image, for all real engines of this suite."""
    bed = Bed(1, tls=True, make=current(Path(ROOT)) if ROOT else None)
    bed.open()
    try:
        asyncio.run(_with_image(bed.hosts[0]))
        yield bed
    finally:
        bed.close()


def current(root: Path) -> Make:
    """An engine from another Debian that, like those from 29.0 on, refuses clients below 1.44 and keeps its images in containerd."""
    settings = {"ip6tables": False, "features": {"containerd-snapshotter": True}}
    return Make(root=root, environment={"DOCKER_MIN_API_VERSION": "1.44"}, settings=settings)


async def _with_image(host: BedHost) -> None:
    engine = connect(EngineSpec(host.docker_host), Calls(), Path())  # this machine's docker command may be too old for it
    await engine.build(WEB_TAG, BuildSpec(""), web_context(), {})
    await engine.close()


@pytest.fixture
def host(kind: str, request: pytest.FixtureRequest) -> BedHost | None:
    """The real host, None where there is none; apart from `lab` because a bed is not opened inside a running loop."""
    if kind not in IN_TIME:
        return None
    bed: Bed = request.getfixturevalue("contract_bed")
    return bed.hosts[0]


@pytest.fixture(scope="package")
def tracks(contract_bed: Bed) -> Iterator[dict[str, list[tape.Exchange]]]:
    """What is being recorded, by test; written at the end."""
    made: dict[str, list[tape.Exchange]] = {}
    yield made
    engine = asyncio.run(_introduced(contract_bed.hosts[0]))
    tape.save(tape.Tape(engine, made), Path(RECORD))


@cache
def _played() -> tape.Tape:
    return tape.load()


@pytest_asyncio.fixture
async def lab(kind: str, host: BedHost | None, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Lab]:
    """An engine without containers and volumes, made clean again afterwards."""
    async with _opened(kind, host, tmp_path, request) as made:
        yield made
        await _clear(made)


def _opened(kind: str, host: BedHost | None, folder: Path, request: pytest.FixtureRequest) -> AbstractAsyncContextManager[Lab]:
    test = f"{request.node.path.stem}::{request.node.name}"
    if kind == "simulated":
        return _simulated()
    if host is None:
        return playing(_played().tracks.get(test, ()), folder)
    if kind == PLAYED:
        track: list[tape.Exchange] = []
        request.getfixturevalue("tracks")[test] = track
        return recording(host, RealWeather(host), track, folder)
    return _real(kind, host, folder)


async def _introduced(host: BedHost) -> dict[str, str]:
    async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(host.socket))) as session:
        version = await (await session.get("http://docker/version")).json()
        info = await (await session.get(f"http://docker/v{version['ApiVersion']}/info")).json()
    told = {"engine": version["Version"], "api": version["ApiVersion"], "least_api": version["MinAPIVersion"]}
    return told | {"system": info["OperatingSystem"], "images": info["Driver"]}


@asynccontextmanager
async def _real(kind: str, host: BedHost, tmp_path: Path) -> AsyncIterator[Lab]:
    spec = await _spec(kind, host, tmp_path)
    calls = Calls()
    engine = connect(spec, calls, tmp_path / "run")
    address = "" if kind != "docker-unix" else host.address
    try:
        yield Lab(
            kind,
            engine,
            WEB_TAG,
            address,
            RealWeather(host),
            calls,
            connect=lambda log: connect(spec, log, tmp_path / "run"),
            local=kind == "docker-unix",
            gateway=host.gateway,
        )
    finally:
        await engine.close()


async def _spec(kind: str, host: BedHost, tmp_path: Path) -> EngineSpec:
    if kind == "docker-unix":
        return EngineSpec(host.docker_host)
    if kind == "docker-tls":
        assert host.certificate is not None
        held = host.certificate
        return EngineSpec(host.tcp_url, tls_ca=str(held.ca), tls_cert=str(held.certificate), tls_key=str(held.key))
    door = await host.start_sshd()
    known = tmp_path / "known_hosts"
    known.write_text(door.known_hosts + "\n")
    return EngineSpec(
        f"ssh://{door.user}@{door.host}:{door.port}", ssh_key=str(door.key), ssh_known_hosts=str(known), ssh_socket=door.socket
    )


@asynccontextmanager
async def _simulated() -> AsyncIterator[Lab]:
    from clocker_actors.drivers.simulated import SimulatedEngine
    from tests.contracts.engine.pretended import PretendedWeather

    calls = Calls()
    engine = SimulatedEngine(name="sim", seed=1, calls=calls)

    def again(log: object) -> Engine:
        return engine

    yield Lab("simulated", engine, "web", "127.0.0.1", PretendedWeather(engine), calls, connect=again, local=False)
    await engine.close()


async def _clear(lab: Lab) -> None:
    await lab.reachable()
    for left in await lab.engine.list({}):
        await lab.engine.remove(left.id)
    for name in await lab.engine.volumes({}):
        await lab.engine.remove_volume(name)
