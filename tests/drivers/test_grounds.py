"""Where machines really come from: keys, host keys, and how a machine and its engine are reached."""

import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from clocker_actors.drivers.grounds import RealGrounds
from clocker_actors.drivers.shell import SshShell, Trust
from clocker_actors.drivers.simulated import SimulatedWorld
from clocker_actors.drivers.simulated.grounds import SimulatedGrounds
from clocker_actors.errors import SettingsError
from clocker_actors.model.identity import Uid
from clocker_actors.model.locations import CloudSpec, LocationKind, LocationSpec, MachineSpec, NodeTemplate, SecretRef
from tests.contracts.engine.lab import Calls

HOST = Uid("h7")


def cloud(**template: object) -> LocationSpec:
    nobody = SecretRef("nobody.identity")
    spec = CloudSpec("ec2", "eu-west-1", nobody, nobody, template=NodeTemplate(**template))  # type: ignore[arg-type]
    return LocationSpec(LocationKind.CLOUD, "ec2", cloud=spec)


@pytest.fixture
def grounds(tmp_path: Path) -> RealGrounds:
    return RealGrounds(tmp_path, lambda ref: f"the-{ref.name}", Calls(), "unix:///here.sock", SimulatedGrounds(SimulatedWorld()))


def test_the_managers_own_key_is_made_once_whoever_asks_at_a_time(grounds: RealGrounds, tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        lines = set(threads.map(lambda _: grounds.public_key(cloud()), range(16)))
    (line,) = lines
    assert line.startswith("ssh-ed25519 ")
    private = tmp_path / "id_ed25519"
    assert stat.S_IMODE(private.stat().st_mode) == 0o600 and b"PRIVATE KEY" in private.read_bytes()
    assert grounds.entry(HOST, cloud(), "10.0.0.9").key_file == str(private)


def test_the_way_in_is_said_without_making_anything(grounds: RealGrounds, tmp_path: Path) -> None:
    """It is asked for by an actor, which may not wait."""
    assert grounds.entry(HOST, cloud(), "10.0.0.9").key_file == str(tmp_path / "id_ed25519")
    assert grounds.entry(HOST, cloud(public_key="/keys/k.pub"), "10.0.0.9").key_file == "", "that of an agent"
    assert list(tmp_path.iterdir()) == []


def test_a_key_of_ones_own_is_read_and_one_that_is_not_there_is_said(grounds: RealGrounds, tmp_path: Path) -> None:
    (tmp_path / "mine.pub").write_text("ssh-rsa AAA me\n")
    assert grounds.public_key(cloud(key_file=str(tmp_path / "mine"))) == "ssh-rsa AAA me"
    with pytest.raises(SettingsError, match="publicKeyFile"):
        grounds.public_key(cloud(public_key=str(tmp_path / "absent.pub")))


def test_engines_are_reached_over_ssh_with_the_key_the_machine_first_showed(grounds: RealGrounds, tmp_path: Path) -> None:
    way = grounds.entry(HOST, cloud(user="admin", key_file="/keys/k"), "10.0.0.9")
    spec = grounds.engine(cloud(), way, "/var/run/docker.sock")
    assert spec.url == "ssh://admin@10.0.0.9:22" and spec.ssh_key == "/keys/k" and spec.ssh_known_hosts == str(tmp_path / "h7.known_hosts")
    (tmp_path / "h7.known_hosts").write_text("10.0.0.9 ssh-ed25519 AAA\n")
    grounds.forget(HOST)
    grounds.forget(HOST)
    assert not (tmp_path / "h7.known_hosts").exists()
    tls = grounds.engine(replace(cloud(), tls=True), way, "/var/run/docker.sock")
    files = [str(tmp_path / "authority" / name) for name in ("ca.pem", "client.pem", "client-key.pem")]
    assert [tls.url, tls.tls_ca, tls.tls_cert, tls.tls_key] == ["https://10.0.0.9:2376", *files] and not tls.ssh_key
    six = grounds.engine(LocationSpec(LocationKind.MACHINES, "byon"), MachineSpec("six", "fd00::9", port=2222), "/s")
    assert six.url == "ssh://root@[fd00::9]:2222"
    here = grounds.engine(LocationSpec(LocationKind.LOCAL, "localhost"), MachineSpec("localhost", "127.0.0.1"), "/s")
    assert here.url == "unix:///here.sock"


def test_the_managers_own_key_goes_with_the_last_pool_that_made_machines_and_another_is_made(grounds: RealGrounds, tmp_path: Path) -> None:
    grounds.forget_key()
    first = grounds.public_key(cloud())
    grounds.forget_key()
    assert not list(tmp_path.glob("id_*"))
    assert grounds.public_key(cloud()) != first


def test_a_machine_that_exists_is_believed_at_first_only_where_that_is_asked_for(grounds: RealGrounds, tmp_path: Path) -> None:
    byon = LocationSpec(LocationKind.MACHINES, "byon")
    way = MachineSpec("one", "10.0.0.1", port=2222, known_hosts="/known")
    assert grounds.engine(byon, way, "/s").ssh_known_hosts == "/known"
    shell = grounds.shell(byon, way)
    assert isinstance(shell, SshShell) and shell._trust is None
    asked = replace(way, known_hosts="", trust_first=True)
    file = tmp_path / "first-10.0.0.1-2222.known_hosts"
    assert grounds.engine(byon, asked, "/s").ssh_known_hosts == str(file)
    trusting = grounds.shell(byon, asked)
    assert isinstance(trusting, SshShell) and trusting._trust == Trust(file)
