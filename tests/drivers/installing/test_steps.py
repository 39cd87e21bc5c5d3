"""Does the runner take the right way on machines that the bed has not: other distributions, other inits, other faults? (A scripted shell.)"""

import asyncio
import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from clocker_actors.drivers.installing import Authority, EngineInstaller
from clocker_actors.drivers.installing.starting import WHICH
from clocker_actors.errors import SILENT, InstallFailed, ShellUnavailable, TimedOut
from clocker_actors.ports.installer import Installed, InstallOptions
from clocker_actors.ports.shell import Ran

RELEASES = {
    "debian": "ID=debian\nPRETTY_NAME=Debian\n",
    "fedora": "ID=fedora\nPRETTY_NAME=Fedora\n",
    "rocky": "ID=rocky\nID_LIKE='rhel fedora'\nPRETTY_NAME=Rocky\n",
    "alpine": "ID=alpine\nPRETTY_NAME=Alpine\n",
    "arch": "ID=arch\nPRETTY_NAME=Arch\n",
}
OFFERED = {"debian": "docker.io", "fedora": "moby-engine\ndocker-cli", "rocky": "", "alpine": "docker", "arch": ""}


@dataclass
class Scripted:
    """A machine whose answers are by the first pattern that the command matches; the engine runs after a start."""

    distribution: str = "debian"
    init: str = "systemd"
    version: str = "24.0.5 1.43"
    answers: list[tuple[str, Ran | Exception]] = field(default_factory=list)
    ran: list[str] = field(default_factory=list)
    up: bool = False
    starts: bool = True

    async def run(self, command: str, limit: float, stdin: bytes = b"") -> Ran:
        await asyncio.sleep(0.1)
        command = command.rpartition("/bin; ")[2]
        self.ran.append(command)
        for place, (pattern, answer) in enumerate(self.answers):
            if re.search(pattern, command):
                del self.answers[place]
                if isinstance(answer, Exception):
                    raise answer
                return answer
        return Ran(*self._usual(command))

    def _usual(self, command: str) -> tuple[int, str, str]:
        if command.startswith("cat /etc/os-release"):
            return 0, RELEASES[self.distribution], ""
        if "Server.Version" in command:
            return (0, f"{self.version}\n", "") if self.up else (1, "", "Cannot connect")
        if command == WHICH:
            return 0, f"{self.init}\n", ""
        if "docker" in command and ("apt-cache" in command or "info $p" in command or "search" in command):
            return 0, OFFERED[self.distribution], ""
        if re.search("systemctl.* (re)?start docker|rc-service docker|setsid dockerd|^service docker", command):
            self.up = self.starts
        if command.startswith("df"):
            return 0, "Filesystem 1024-blocks Used Available Capacity Mounted\n/dev/vda 9 1 9000000 1% /\n", ""
        return 0, "", ""

    async def put(self, path: str, content: bytes, mode: int) -> None:
        raise AssertionError(f"nothing is to be written, but {path} is")

    async def close(self) -> None:
        """Nothing is open."""


async def _install(machine: Scripted, **options: float) -> Installed:
    return await EngineInstaller().install(machine, InstallOptions(**options), lambda line: None)  # type: ignore[arg-type]


async def _failure(machine: Scripted, **options: float) -> InstallFailed:
    with pytest.raises(InstallFailed) as failure:
        await _install(machine, **options)
    assert failure.value.remedy in str(failure.value)
    return failure.value


@pytest.mark.parametrize(
    ("distribution", "command"),
    [
        ("debian", r"apt-get -y .*--no-upgrade --no-remove install docker\.io$"),
        ("fedora", r"\$pm -y --exclude='kernel\*' install moby-engine docker-cli$"),
        ("alpine", r"apk add --no-interactive docker$"),
    ],
)
async def test_each_family_by_its_own_packages(distribution: str, command: str) -> None:
    machine = Scripted(distribution)
    done = await _install(machine)
    assert (done.engine_version, done.changed) == ("24.0.5", True)
    assert any(re.search(command, ran) for ran in machine.ran)


@pytest.mark.parametrize(
    ("init", "command"),
    [
        ("systemd", "systemctl enable docker.service; systemctl start docker.service"),
        ("openrc", "rc-update add docker default; rc-service docker start"),
        ("sysv", "service docker start"),
        ("none", "setsid dockerd"),
    ],
)
async def test_each_init_in_its_own_way(init: str, command: str) -> None:
    machine = Scripted(init=init)
    await _install(machine)
    assert any(command in ran for ran in machine.ran)


async def test_a_distribution_nobody_knows() -> None:
    failed = await _failure(Scripted("arch"))
    assert failed.step == "enter"
    assert "this is Arch, we know Debian, Ubuntu, Fedora" in str(failed)
    assert "by hand" in failed.remedy


async def test_an_engine_on_a_distribution_nobody_knows_is_taken() -> None:
    assert not (await _install(Scripted("arch", up=True))).changed


async def test_a_distribution_without_the_engine() -> None:
    failed = await _failure(Scripted("rocky"))
    assert (failed.step, failed.again) == ("refresh", False)
    assert "Podman" in failed.remedy
    assert "moby-engine, docker, docker-ce" in failed.output


async def test_sources_that_do_not_answer_though_the_command_says_yes() -> None:
    warned = Ran(0, "W: Failed to fetch http://x  Could not connect", "")
    failed = await _failure(Scripted(answers=[("update$", warned), ("apt-cache", Ran(0, "", ""))]))
    assert (failed.step, failed.again) == ("refresh", True)
    assert "network" in failed.remedy


async def test_a_lock_that_goes_away() -> None:
    locked = Ran(100, "", "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 1")
    said: list[str] = []
    machine = Scripted(answers=[("update$", locked)] * 3)
    await EngineInstaller().install(machine, InstallOptions(), said.append)
    assert sum("waiting for another package manager" in line for line in said) == 1


async def test_a_lock_that_stays() -> None:
    locked = Ran(100, "", "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 1")
    began = asyncio.get_running_loop().time()
    failed = await _failure(Scripted(answers=[("update$", locked)] * 99), lock_limit=60.0)
    assert 60 <= asyncio.get_running_loop().time() - began < 65
    assert failed.again


async def test_a_machine_lost_on_the_way() -> None:
    gone = ShellUnavailable("m1 went away", reason=SILENT)
    failed = await _failure(Scripted(answers=[("install docker", gone)]))
    assert (failed.step, failed.again) == ("install", True)


async def test_a_machine_that_cannot_be_entered_is_no_failed_installation() -> None:
    with pytest.raises(ShellUnavailable):
        await _install(Scripted(answers=[("os-release", ShellUnavailable("no", reason=SILENT))]))


async def test_a_step_without_end() -> None:
    failed = await _failure(Scripted(answers=[("dpkg --audit", TimedOut("no end"))]))
    assert (failed.step, failed.again) == ("repair", True)


async def test_an_engine_that_is_too_old() -> None:
    failed = await _failure(Scripted(version="18.09.1 1.39", up=True))
    assert "18.09.1 speaks API 1.39" in str(failed)


async def test_an_engine_that_does_not_start() -> None:
    log = Ran(0, "failed to start daemon: no storage driver", "")
    failed = await _failure(Scripted(starts=False, answers=[("journalctl", log)]), start_limit=5.0)
    assert (failed.step, "no storage driver" in failed.output) == ("start", True)


async def test_a_user_nobody_knows() -> None:
    unknown = Ran(1, "", "id: 'passer': no such user")
    with pytest.raises(InstallFailed, match="no such user") as failure:
        await EngineInstaller().install(
            Scripted(up=True, answers=[("id -nG passer", unknown)]), InstallOptions(user="passer"), lambda line: None
        )
    assert failure.value.step == "configure"


async def test_certificates_without_an_authority() -> None:
    with pytest.raises(InstallFailed, match="give the installer an authority"):
        await EngineInstaller().install(Scripted(), InstallOptions(tls_for=("h",)), lambda line: None)


@dataclass
class Writable(Scripted):
    """One that takes files; the write of `lost` ends with the connection, once."""

    files: dict[str, bytes] = field(default_factory=dict)
    lost: str = ""

    def _usual(self, command: str) -> tuple[int, str, str]:
        if command.startswith("test -s"):
            key, certificate = command.split()[2], command.rsplit(maxsplit=1)[-1]
            return (0, self.files[certificate].decode(), "") if {key, certificate} <= self.files.keys() else (1, "", "")
        if command.startswith("rm -f /etc/docker/clocker"):
            self.files.pop(command.rsplit(maxsplit=1)[-1], None)
            return 0, "", ""
        if command.startswith(("cat /etc/docker", "sha256sum")):
            content = self.files.get(command.rsplit(maxsplit=1)[-1])
            said = b"" if content is None else content if command.startswith("cat") else hashlib.sha256(content).hexdigest().encode()
            return int(content is None), said.decode(), ""
        return (0, "/usr/sbin/dockerd\n", "") if command == "command -v dockerd" else super()._usual(command)

    async def put(self, path: str, content: bytes, mode: int) -> None:
        if path.endswith(self.lost or "nothing"):
            self.lost = ""
            raise ShellUnavailable("the machine went away", reason=SILENT)
        assert path not in self.files or path.endswith((".json", "key.pem")), "an old certificate goes before its key does"
        self.files[path] = content


async def _over_tls(machine: Writable, folder: Path, *names: str) -> Installed:
    return await EngineInstaller(lambda: Authority(folder)).install(machine, InstallOptions(tls_for=names), lambda line: None)


def _kept_in(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


@pytest.mark.parametrize("lost", ["ca.pem", "cert.pem", "key.pem", "clocker.conf", "daemon.json"])
async def test_certificates_are_made_once_and_whole_wherever_it_is_interrupted(tmp_path: Path, lost: str) -> None:
    machine = Writable(lost=lost)
    with pytest.raises(InstallFailed, match="went away") as failure:
        await _over_tls(machine, tmp_path, "198.18.0.11", "h1")
    assert (failure.value.step, failure.value.again) == ("configure", True)
    assert (await _over_tls(machine, tmp_path, "198.18.0.11", "h1")).changed
    ours = Authority(tmp_path)
    certificate, key = machine.files["/etc/docker/clocker/cert.pem"], machine.files["/etc/docker/clocker/key.pem"]
    assert ours.knows(certificate, ["198.18.0.11", "h1"]) and ours.ca == machine.files["/etc/docker/clocker/ca.pem"]
    public = serialization.load_pem_private_key(key, None).public_key()
    assert public == x509.load_pem_x509_certificate(certificate).public_key()
    before = dict(machine.files)
    assert not (await _over_tls(machine, tmp_path, "198.18.0.11", "h1")).changed
    assert machine.files == before
    assert (await _over_tls(machine, tmp_path, "198.18.0.12", "h1")).changed, "it has another address now"
    assert _kept_in(tmp_path) == ["ca-key.pem", "ca.pem", "client-key.pem", "client.pem"], "keys of engines are on their machines alone"
