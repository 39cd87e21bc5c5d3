"""Engines to run the contract on: a simulated one, and a real one through each of its doors."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from clocker_actors.drivers.docker import connect
from clocker_actors.kernel import VirtualLoop
from clocker_actors.model.specs import EngineSpec
from clocker_actors.ports.engine import Engine
from tests.bed import Bed, BedHost
from tests.bed.image import WEB_TAG, build_web_image
from tests.contracts.engine.lab import Calls, Lab

REAL = ("docker-unix", "docker-tls", "docker-ssh")
KIND = pytest.StashKey[str]()


def pytest_asyncio_loop_factories(config: pytest.Config) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Virtual time on the simulated engine, real time on real ones: known only when a test is set up, so decided then."""

    def loop() -> asyncio.AbstractEventLoop:
        return VirtualLoop() if config.stash.get(KIND, "") == "simulated" else asyncio.new_event_loop()

    return {"either": loop}


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Note which engine the test is about to run on."""
    kind: str = item.callspec.params.get("kind", "") if hasattr(item, "callspec") else ""
    item.config.stash[KIND] = kind


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test that asks for a lab on every engine, those marked `real` on real ones only; a module's DOORS spares it the others."""
    if "lab" not in metafunc.fixturenames:
        return
    kinds = [pytest.param(kind, marks=pytest.mark.real) for kind in getattr(metafunc.module, "DOORS", REAL)]
    if metafunc.definition.get_closest_marker("real") is None:
        kinds.insert(0, pytest.param("simulated"))
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
    bed = Bed(1, tls=True)
    bed.open()
    try:
        asyncio.run(build_web_image(bed.hosts[0]))
        yield bed
    finally:
        bed.close()


@pytest.fixture
def host(kind: str, request: pytest.FixtureRequest) -> BedHost | None:
    """The real host, None for the simulated one; apart from `lab` because a bed is not opened inside a running loop."""
    if kind == "simulated":
        return None
    bed: Bed = request.getfixturevalue("contract_bed")
    return bed.hosts[0]


@pytest_asyncio.fixture
async def lab(kind: str, host: BedHost | None, tmp_path: Path) -> AsyncIterator[Lab]:
    """An engine without containers and volumes, made clean again afterwards."""
    made = _simulated() if host is None else await _real(kind, host, tmp_path)
    try:
        yield made
        await _clear(made)
    finally:
        await made.engine.close()


async def _real(kind: str, host: BedHost, tmp_path: Path) -> Lab:
    spec = await _spec(kind, host, tmp_path)
    calls = Calls()
    engine = connect(spec, calls, tmp_path / "run")
    address = "" if kind != "docker-unix" else host.address
    return Lab(
        kind,
        engine,
        WEB_TAG,
        address,
        RealWeather(host),
        calls,
        connect=lambda log: connect(spec, log, tmp_path / "run"),
        local=kind == "docker-unix",
    )


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


def _simulated() -> Lab:
    from clocker_actors.drivers.simulated import SimulatedEngine
    from tests.contracts.engine.pretended import PretendedWeather

    calls = Calls()
    engine = SimulatedEngine(name="sim", seed=1, calls=calls)

    def again(log: object) -> Engine:
        return engine

    return Lab("simulated", engine, "web", "127.0.0.1", PretendedWeather(engine), calls, connect=again, local=False)


async def _clear(lab: Lab) -> None:
    await lab.reachable()
    for left in await lab.engine.list({}):
        await lab.engine.remove(left.id)
    for name in await lab.engine.volumes({}):
        await lab.engine.remove_volume(name)
