"""Is the manager's key made once, for its eyes only, and let in where a password was before?"""

from pathlib import Path

import pytest

from clocker_actors.drivers.keys import admit, manager_key
from clocker_actors.drivers.shell import SshShell, Trust
from clocker_actors.drivers.ssh import SshAddress
from clocker_actors.errors import DENIED, ShellFault, ShellUnavailable, StoreFault
from tests.bed.visitor import Visitor


def test_it_is_made_once(tmp_path: Path) -> None:
    key = manager_key(tmp_path / "ssh")
    assert manager_key(tmp_path / "ssh") == key
    assert key.public.startswith("ssh-ed25519 ")
    assert key.public.endswith(" clocker")
    assert key.file.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "ssh").stat().st_mode & 0o777 == 0o700


def test_one_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "id_ed25519").write_text("nonsense")
    with pytest.raises(StoreFault, match="check the folder"):
        manager_key(tmp_path)


@pytest.mark.real
async def test_from_a_password_to_a_key(bare_node: Visitor, tmp_path: Path) -> None:
    key, trust = manager_key(tmp_path / "ssh"), Trust(tmp_path / "known")
    host = bare_node.machine.address
    root = SshShell(SshAddress(host, 22, "root", str(bare_node.key)), trust)
    made = await root.run(
        "useradd -m -s /bin/sh passer && echo passer:open-sesame | chpasswd && echo 'passer ALL=(ALL) NOPASSWD:ALL' >/etc/sudoers.d/passer",
        10,
    )
    assert made.ok, made
    stranger = SshShell(SshAddress(host, 22, "passer", str(key.file), password="wrong"), trust)
    with pytest.raises(ShellUnavailable) as refusal:
        await stranger.run("true", 20)
    assert refusal.value.details["reason"] == DENIED
    by_password = SshShell(SshAddress(host, 22, "passer", str(key.file), password="open-sesame"), trust)
    assert (await by_password.run("id -u", 10)).output == "0\n"
    for _ in range(2):
        await admit(by_password, "passer", key.public)
    assert (await root.run("wc -l </home/passer/.ssh/authorized_keys", 10)).output == "1\n"
    with pytest.raises(ShellFault, match="no such user"):
        await admit(root, "nobody-here", key.public)
    by_key = SshShell(SshAddress(host, 22, "passer", str(key.file)), trust)
    assert (await by_key.run("id -u", 10)).output == "0\n"
    for shell in (root, stranger, by_password, by_key):
        await shell.close()
