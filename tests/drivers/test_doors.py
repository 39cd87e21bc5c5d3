"""Do the doors over the network let in only whom they should, say why not, and read a machine's vitals?"""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from clocker_actors.drivers.docker import connect
from clocker_actors.drivers.machine import LocalMachine, SshMachine
from clocker_actors.drivers.ssh import Connection, SshAddress
from clocker_actors.errors import BadRequest, EngineUnavailable
from clocker_actors.model.containers import ContainerRequest
from clocker_actors.model.specs import ContainerSpec, EngineSpec, ImageSpec, ProbeKind, ProbeSpec
from tests.bed import Bed, BedHost
from tests.bed.image import WEB_PORT, build_web_image
from tests.contracts.engine.lab import Calls, until


@pytest.fixture(scope="module")
def tls_host() -> Iterator[BedHost]:
    """A host whose engine wants certificates."""
    bed = Bed(1, tls=True)
    bed.open()
    try:
        yield bed.hosts[0]
    finally:
        bed.close()


async def _refusal(spec: EngineSpec, folder: Path) -> str:
    engine = connect(spec, Calls(), folder)
    with pytest.raises(EngineUnavailable) as refusal:
        await engine.ping()
    await engine.close()
    return str(refusal.value)


async def _ssh(host: BedHost, folder: Path) -> EngineSpec:
    door = await host.start_sshd()
    known = folder / "known_hosts"
    known.write_text(door.known_hosts + "\n")
    return EngineSpec(f"ssh://{door.user}@{door.host}", ssh_key=str(door.key), ssh_known_hosts=str(known), ssh_socket=door.socket)


@pytest.mark.real
async def test_tls_without_our_certificate(tls_host: BedHost, tmp_path: Path) -> None:
    held = tls_host.certificate
    assert held is not None
    said = await _refusal(EngineSpec(tls_host.tcp_url, tls_ca=str(held.ca)), tmp_path)
    assert tls_host.tcp_url in said


@pytest.mark.real
async def test_tls_of_an_unknown_authority(tls_host: BedHost, tmp_path: Path) -> None:
    assert "check tls_ca" in await _refusal(EngineSpec(tls_host.tcp_url), tmp_path)


@pytest.mark.real_loop
async def test_certificates_that_are_not_there(tmp_path: Path) -> None:
    engine = connect(EngineSpec("https://127.0.0.1:1", tls_ca=str(tmp_path / "no.pem")), Calls(), tmp_path)
    with pytest.raises(BadRequest, match=r"no\.pem"):
        await engine.ping()
    await engine.close()


@pytest.mark.real
async def test_a_host_key_we_do_not_know(tls_host: BedHost, tmp_path: Path) -> None:
    good = await _ssh(tls_host, tmp_path)
    other = tmp_path / "other"
    other.write_text("")
    said = await _refusal(replace(good, ssh_known_hosts=str(other)), tmp_path / "run")
    assert "host key" in said
    assert str(other) in said


@pytest.mark.real
async def test_a_key_the_host_does_not_know(tls_host: BedHost, tmp_path: Path) -> None:
    import asyncssh

    good = await _ssh(tls_host, tmp_path)
    key = tmp_path / "stranger"
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(key)
    assert "authorized_keys" in await _refusal(replace(good, ssh_key=str(key)), tmp_path / "run")
    assert "name one that the manager can read" in await _refusal(replace(good, ssh_key=str(tmp_path / "nowhere")), tmp_path / "run")


@pytest.mark.real
async def test_no_engine_behind_the_door(tls_host: BedHost, tmp_path: Path) -> None:
    good = await _ssh(tls_host, tmp_path)
    assert "does not answer ping" in await _refusal(replace(good, ssh_socket="/run/none.sock"), tmp_path / "run")
    assert list((tmp_path / "run").iterdir()) == []


@pytest.mark.real
async def test_the_tunnels_socket_is_ours_alone(tls_host: BedHost, tmp_path: Path) -> None:
    engine = connect(await _ssh(tls_host, tmp_path), Calls(), tmp_path / "run")
    await engine.ping()
    (folder,) = (tmp_path / "run").iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "docker.sock").is_socket()
    await engine.close()
    assert list((tmp_path / "run").iterdir()) == []


@pytest.mark.real
async def test_a_port_that_is_not_published_is_probed_through_ssh(tls_host: BedHost, tmp_path: Path) -> None:
    image = await build_web_image(tls_host)
    engine = connect(await _ssh(tls_host, tmp_path), Calls(), tmp_path / "run")
    identity = await engine.create(ContainerRequest("inner", image, ContainerSpec(ImageSpec(image)), {}))
    await engine.start(identity)
    seen = await engine.inspect(identity)

    async def ready() -> bool:
        return (await engine.probe(seen, "", ProbeSpec(ProbeKind.HTTP, WEB_PORT))).ok

    await until(ready, 10.0)
    assert not (await engine.probe(seen, "", ProbeSpec(ProbeKind.TCP, 9))).ok
    assert not (await engine.probe(seen, "", ProbeSpec(ProbeKind.HTTP, WEB_PORT, path="/none"))).ok
    await engine.remove(identity)
    await engine.close()


@pytest.mark.real
async def test_a_host_that_is_down_is_told_to_all_who_wait_at_once(tls_host: BedHost, tmp_path: Path) -> None:
    engine = connect(await _ssh(tls_host, tmp_path), Calls(), tmp_path / "run")
    tls_host.cut_cable()
    try:
        async with asyncio.timeout(8):
            ends = await asyncio.gather(*(engine.list({}) for _ in range(20)), return_exceptions=True)
    finally:
        tls_host.plug_cable()
    assert {type(end) for end in ends} == {EngineUnavailable}
    await engine.list({})
    await engine.close()


@pytest.mark.real
async def test_vitals_over_ssh_are_those_of_this_machine(tls_host: BedHost, tmp_path: Path) -> None:
    """The bed's host is this machine in other namespaces, so both ways must read nearly the same."""
    spec = await _ssh(tls_host, tmp_path)
    calls = Calls()
    far = SshMachine(Connection(SshAddress(tls_host.address, 22, "root", spec.ssh_key, spec.ssh_known_hosts)), calls, "/")
    here = LocalMachine("/")
    seen, own = await asyncio.gather(far.vitals(), here.vitals())
    await far.close()
    assert abs(seen.uptime - own.uptime) < 5
    assert abs(seen.load - own.load) < 2
    assert abs(seen.disk_free - own.disk_free) < 1 << 30
    assert calls.lines == [("vitals", "ok")]


@pytest.mark.real_loop
async def test_vitals_of_nobody() -> None:
    calls = Calls()
    far = SshMachine(Connection(SshAddress("127.0.0.1", 1, "root", "", "/dev/null")), calls)
    with pytest.raises(EngineUnavailable, match="check that the host is up"):
        await far.vitals()
    assert calls.lines == [("vitals", "EngineUnavailable")]


@pytest.mark.real_loop
async def test_vitals_of_a_machine_without_proc(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match="check that"):
        await LocalMachine("/", proc=tmp_path).vitals()
