"""Is it said that a file of ours keeps us out of a machine, instead of the machine being blamed?"""

from pathlib import Path

import asyncssh
import pytest

from clocker_actors.drivers.shell import SshShell
from clocker_actors.drivers.ssh import SshAddress
from clocker_actors.errors import NO_FILE, ShellUnavailable

pytestmark = pytest.mark.real_loop


async def _refusal(address: SshAddress) -> ShellUnavailable:
    shell = SshShell(address)
    with pytest.raises(ShellUnavailable) as refusal:
        await shell.run("true", 5)
    await shell.close()
    return refusal.value


@pytest.mark.parametrize("content", [None, "nonsense", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n"])
async def test_a_key_that_cannot_be_used(tmp_path: Path, content: str | None) -> None:
    key = tmp_path / "id"
    if content is not None:
        key.write_text(content)
    said = await _refusal(SshAddress("127.0.0.1", 1, "me", str(key)))
    assert said.details["reason"] == NO_FILE
    assert str(said).startswith(f"ssh://me@127.0.0.1:1: our key {key} cannot be used (")
    assert "name one that the manager can read" in str(said)


async def test_known_hosts_that_cannot_be_read(tmp_path: Path) -> None:
    key = tmp_path / "id"
    key.write_bytes(asyncssh.generate_private_key("ssh-ed25519").export_private_key())
    server = await asyncssh.listen("127.0.0.1", 0, server_host_keys=[asyncssh.generate_private_key("ssh-ed25519")])
    said = await _refusal(SshAddress("127.0.0.1", server.get_port(), "me", str(key), str(tmp_path / "absent")))
    server.close()
    await server.wait_closed()
    assert said.details["reason"] == NO_FILE
    assert f"its host key is looked up in {tmp_path / 'absent'}, which cannot be read" in str(said)
