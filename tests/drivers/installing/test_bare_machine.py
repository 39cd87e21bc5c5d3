"""Does a bare machine become a host, whatever happens on the way? One machine, from its worst day to its best, in this order."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from clocker_actors.drivers.docker import connect, readdress
from clocker_actors.drivers.installing import Authority, EngineInstaller, client_files
from clocker_actors.drivers.shell import SshShell, Trust
from clocker_actors.drivers.ssh import SshAddress
from clocker_actors.errors import EngineUnavailable, InstallFailed
from clocker_actors.model.containers import ContainerRequest, EngineState
from clocker_actors.model.specs import BuildSpec, ContainerSpec, EngineSpec, ImageSpec
from clocker_actors.ports.installer import Installed, InstallOptions
from tests.bed.cloud import BedCloud
from tests.bed.image import web_context
from tests.bed.node import USER
from tests.bed.visitor import Visitor, visit
from tests.contracts.engine.lab import Calls, until

pytestmark = pytest.mark.real

# apt's locks are those of fcntl, which the shell's flock does not take
_LOCK = (
    """setsid perl -e 'use Fcntl; open F, ">>/var/lib/dpkg/lock-frontend"; $l = pack("s s x4 q q i x4", F_WRLCK, 0, 0, 0, 0); """
    """fcntl(F, F_SETLK, $l) or die; """
    """sleep {seconds}' </dev/null >/dev/null 2>&1 &"""
)
_UNLOCK = "pkill -x perl || kill $(ps ax | awk '/perl -e/ {print $1}')"

_UNLOCK = "pkill -x perl || kill $(ps ax | awk '/perl -e/ {print $1}')"


@pytest.fixture(scope="module")
def bare(bed_cloud: BedCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    """A machine of this module's own."""
    visitor = visit(bed_cloud, tmp_path_factory.mktemp("key"), "to-be-a-host")
    yield visitor
    bed_cloud.destroy(next(made.id for made in bed_cloud.look() if made.machine is visitor.machine))


@pytest_asyncio.fixture
async def shell(bare: Visitor, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SshShell]:
    """In as an ordinary user with sudo, as on a cloud's image."""
    made = SshShell(SshAddress(bare.machine.address, 22, USER, str(bare.key)), Trust(_known(tmp_path_factory)))
    yield made
    await made.close()


def _known(factory: pytest.TempPathFactory) -> Path:
    return factory.getbasetemp() / "known-hosts-of-to-be-a-host"


async def _install(shell: SshShell, options: InstallOptions | None = None) -> tuple[Installed, list[str]]:
    said: list[str] = []
    return await EngineInstaller().install(shell, options or InstallOptions(), said.append), said


async def _install_when_unlocked(shell: SshShell) -> tuple[Installed, list[str]]:
    """Somebody else's lock goes when it was waited for."""
    await shell.run(_LOCK.format(seconds=120), 10)
    said: list[str] = []
    installing = asyncio.create_task(EngineInstaller().install(shell, InstallOptions(), said.append))

    async def waits() -> bool:
        return any("waiting for another package manager" in line for line in said)

    await until(waits, 100.0)
    await shell.run(_UNLOCK, 10)
    return await installing, said


async def _failure(shell: SshShell, options: InstallOptions | None = None) -> InstallFailed:
    with pytest.raises(InstallFailed) as failure:
        await _install(shell, options)
    return failure.value


async def test_no_way_to_a_package_mirror(bare: Visitor, shell: SshShell) -> None:
    with bare.cloud.mirror.closed():
        failed = await _failure(shell)
    assert (failed.step, failed.again) == ("refresh", True)
    assert "check the machine's network" in str(failed)
    assert "Could not connect" in failed.output or "Failed to fetch" in failed.output


async def test_a_disk_that_is_too_small(shell: SshShell) -> None:
    failed = await _failure(shell, InstallOptions(least_disk=1 << 50))
    assert failed.step == "look"
    assert "MiB are free" in str(failed)


async def test_a_disk_that_is_full(shell: SshShell) -> None:
    await shell.run("mount -t tmpfs -o size=64k tmpfs /var/cache/apt/archives && mkdir /var/cache/apt/archives/partial", 10)
    failed = await _failure(shell)
    await shell.run("umount /var/cache/apt/archives", 10)
    assert (failed.step, failed.again) == ("install", False)
    assert "free space on its disk" in str(failed)


async def test_another_package_manager_that_does_not_end(shell: SshShell) -> None:
    await shell.run(_LOCK.format(seconds=120), 10)
    failed = await _failure(shell, InstallOptions(lock_limit=1.0))
    assert failed.again
    assert "another package manager has been at work for 1 s" in str(failed)
    assert "lock" in failed.output
    await shell.run(_UNLOCK, 10)


async def test_it_is_installed_when_somebody_elses_lock_is_gone(shell: SshShell) -> None:
    await shell.run(_LOCK.format(seconds=120), 10)
    waits = asyncio.Event()

    def heard(line: str) -> None:
        if "waiting for another package manager" in line:
            waits.set()

    installing = asyncio.create_task(EngineInstaller().install(shell, InstallOptions(), heard))
    await asyncio.wait_for(waits.wait(), 60)
    await shell.run(_UNLOCK, 10)
    done = await installing
    assert done.changed
    assert done.engine_version


async def test_the_power_goes_in_the_middle(bare: Visitor, shell: SshShell) -> None:
    """And it goes on from there afterwards, waiting for somebody else's lock meanwhile."""
    await shell.run("apt-get purge -y docker.io containerd runc", 60)
    first = asyncio.create_task(_failure(shell))
    # Files have this name while their package is unpacked, which for these large ones takes a while: the power goes while one of them is.
    under_way = [bare.machine.disk / f"usr/{name}.dpkg-new" for name in ("bin/containerd", "bin/docker", "sbin/dockerd", "sbin/runc")]

    async def unpacking() -> bool:
        return any(path.exists() for path in under_way)

    await until(unpacking, 60.0)
    await asyncio.to_thread(bare.machine.power_cut)
    failed = await first
    assert (failed.step, failed.again) == ("install", True)
    assert "went away" in str(failed)
    await asyncio.to_thread(bare.machine.power_on)
    await asyncio.to_thread(bare.machine.await_sshd)
    assert (await shell.run("dpkg --audit", 10)).output, "the power went too late"

    done, said = await _install_when_unlocked(shell)
    assert done.changed
    assert done.engine_version
    assert [line.split(":")[0] for line in said][:2] == ["enter", "repair"]


async def test_whatever_a_power_cut_left_of_packages_is_mended(shell: SshShell) -> None:
    """The moments for each are short, so they are made here: unpacked or half-installed but to be installed anew, and dpkg's own files cut off."""
    await shell.run("kill $(cat /var/run/docker.pid); while [ -e /var/run/docker.pid ]; do sleep 0.1; done", 20)
    status, info = "/var/lib/dpkg/status", "/var/lib/dpkg/info"
    for package, state in (("libip4tc2", "unpacked"), ("iptables", "half-installed"), ("runc", "half-configured")):
        await shell.run(f"sed -i '/^Package: {package}$/,/^$/s/^Status: .*/Status: install reinstreq {state}/' {status}", 10)
    await shell.run(f"rm {info}/iptables.list; for f in {info}/libxtables12*.list; do head -c 20 $f >/tmp/cut; cp /tmp/cut $f; done", 10)
    await shell.run("printf 'Package: runc\nStatus: install ok unp' >/var/lib/dpkg/updates/0000", 10)
    assert "cannot be parsed" in (await shell.run("dpkg --audit || echo cannot be parsed", 10)).output

    done, _ = await _install(shell)
    assert done.changed
    left = await shell.run("dpkg --audit; dpkg-query -W -f '${db:Status-Abbrev}${binary:Package}\n' | grep -v '^ii ' | grep -v '^rc '", 10)
    assert left.output == ""
    assert (await shell.run(f"wc -l {info}/iptables.list {info}/libxtables12*.list | grep -c ' [0-3] '", 10)).output == "0\n"


async def test_a_host_is_left_alone(shell: SshShell) -> None:
    began = time.monotonic()
    done, said = await _install(shell)
    assert not done.changed
    assert len(said) == 1
    assert time.monotonic() - began < 3


@pytest.mark.parametrize("user", ["root", USER])
async def test_its_engine_answers_over_ssh(
    user: str, bare: Visitor, shell: SshShell, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    url = f"ssh://{user}@{bare.machine.address}"
    done, _ = await _install(shell, InstallOptions(user=user))
    assert done.changed == (user == USER)
    assert not (await _install(shell, InstallOptions(user=user)))[0].changed
    engine = connect(EngineSpec(url, ssh_key=str(bare.key), ssh_known_hosts=str(_known(tmp_path_factory))), Calls(), tmp_path / "run")
    info = await engine.info()
    await engine.close()
    assert info.name == bare.machine.name


async def test_after_a_boot_without_an_init_it_is_started_again(bare: Visitor, shell: SshShell) -> None:
    await asyncio.to_thread(bare.machine.power_cut)
    await asyncio.to_thread(bare.machine.power_on)
    await asyncio.to_thread(bare.machine.await_sshd)
    done, _ = await _install(shell)
    assert done.changed


async def test_over_the_network_with_certificates(bare: Visitor, shell: SshShell, tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    installer = EngineInstaller(lambda: authority)
    options = InstallOptions(tls_for=(bare.machine.address, bare.machine.name))
    done = await installer.install(shell, options, lambda line: None)
    assert done.changed
    again = await installer.install(shell, options, lambda line: None)
    assert not again.changed

    ours = client_files(tmp_path / "authority")
    url = f"https://{bare.machine.address}:{options.tls_port}"
    engine = connect(EngineSpec(url, tls_ca=str(ours.ca), tls_cert=str(ours.certificate), tls_key=str(ours.key)), Calls(), tmp_path)
    assert (await engine.info()).name == bare.machine.name
    await engine.close()
    stranger = connect(EngineSpec(url, tls_ca=str(ours.ca)), Calls(), tmp_path)
    with pytest.raises(EngineUnavailable):
        await stranger.ping()
    await stranger.close()
    await _with_another_authority(
        shell, options, EngineSpec(url, tls_ca=str(ours.ca), tls_cert=str(ours.certificate), tls_key=str(ours.key)), tmp_path
    )


async def _with_another_authority(shell: SshShell, options: InstallOptions, old: EngineSpec, folder: Path) -> None:
    """It is given other certificates while a container runs, which does not notice; the old ones hold no more."""
    engine = connect(old, Calls(), folder)
    await engine.build("web:1", BuildSpec(""), web_context(), {})
    await engine.create(ContainerRequest("web", "web:1", ContainerSpec(ImageSpec("web:1"), network="host"), {}))
    await engine.start("web")
    before = await engine.inspect("web")
    other = Authority(folder / "other")
    done = await EngineInstaller(lambda: other).install(shell, options, lambda line: None)
    assert done.changed
    with pytest.raises(EngineUnavailable):
        await engine.inspect("web")
    ours = client_files(folder / "other")
    readdress(engine, EngineSpec(old.url, str(ours.ca), str(ours.certificate), str(ours.key)))
    after = await engine.inspect("web")
    assert (after.state, after.started_at) == (EngineState.RUNNING, before.started_at)
    await engine.remove("web")
    await engine.close()


async def test_settings_that_nobody_can_read(bare: Visitor, shell: SshShell, tmp_path: Path) -> None:
    await shell.put("/etc/docker/daemon.json", b"{ half", 0o644)
    options = InstallOptions(tls_for=(bare.machine.address,))
    with pytest.raises(InstallFailed, match=r"mend or remove /etc/docker/daemon\.json") as failure:
        await EngineInstaller(lambda: Authority(tmp_path)).install(shell, options, lambda line: None)
    assert failure.value.step == "configure"


async def test_an_engine_that_will_not_start_says_why(shell: SshShell) -> None:
    """Its settings are still those of nobody."""
    await shell.run("kill $(cat /var/run/docker.pid); while [ -e /var/run/docker.pid ]; do sleep 0.1; done", 20)
    failed = await _failure(shell, InstallOptions(start_limit=3.0, least_disk=0))
    assert failed.step == "start"
    assert "daemon.json" in failed.output
