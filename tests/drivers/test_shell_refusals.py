"""Does a shell over SSH say why it cannot enter, believe a machine's first key only once, and come back when the machine does?"""

import asyncio
from pathlib import Path

import pytest

from clocker_actors.drivers.shell import LocalShell, SshShell, Trust
from clocker_actors.drivers.ssh import SshAddress
from clocker_actors.errors import DENIED, HOST_KEY, NO_ROOT, REFUSED, SILENT, ShellFault, ShellUnavailable
from tests.bed.node import USER
from tests.bed.process import started_at
from tests.bed.visitor import Visitor, make_key
from tests.contracts.engine.lab import until

pytestmark = pytest.mark.real


def _shell(visitor: Visitor, folder: Path, user: str = "root", key: Path | None = None) -> SshShell:
    return SshShell(SshAddress(visitor.machine.address, 22, user, str(key or visitor.key)), Trust(folder / "known"))


async def _refusal(shell: SshShell, command: str = "true") -> ShellUnavailable:
    with pytest.raises(ShellUnavailable) as refusal:
        await shell.run(command, 20)
    await shell.close()
    return refusal.value


async def test_a_wrong_key(bare_node: Visitor, tmp_path: Path) -> None:
    stranger, _ = make_key(tmp_path, "stranger")
    said = await _refusal(_shell(bare_node, tmp_path, key=stranger))
    assert said.details["reason"] == DENIED
    assert "authorized_keys" in str(said)


async def test_a_wrong_user(bare_node: Visitor, tmp_path: Path) -> None:
    said = await _refusal(_shell(bare_node, tmp_path, user="nobody-here"))
    assert said.details["reason"] == DENIED
    assert f"nobody-here@{bare_node.machine.address}" in str(said)
    assert "that user's authorized_keys" in str(said)


async def test_a_user_who_may_not_become_root(bare_node: Visitor, tmp_path: Path) -> None:
    root = _shell(bare_node, tmp_path)
    await root.run("mv /etc/sudoers.d/90-cloud /etc/90-cloud", 10)
    said = await _refusal(_shell(bare_node, tmp_path, user=USER))
    await root.run("mv /etc/90-cloud /etc/sudoers.d/90-cloud", 10)
    await root.close()
    assert said.details["reason"] == NO_ROOT
    assert "sudo without a password" in str(said)


async def test_a_user_who_becomes_root_by_doas(bare_node: Visitor, tmp_path: Path) -> None:
    root = _shell(bare_node, tmp_path)
    try:
        assert (await root.run("apt-get -q update && apt-get -qy --no-install-recommends install opendoas", 60)).ok
        await root.run("mv /etc/sudoers.d/90-cloud /etc/90-cloud", 10)
        await root.put("/etc/doas.conf", f"permit nopass {USER}\n".encode(), 0o600)
        shell = _shell(bare_node, tmp_path, user=USER)
        assert (await shell.run('id -u; echo "it\'s $0"', 10)).output == "0\nit's sh\n"
        await shell.put("/root/by-doas", b"so", 0o600)
        assert (await root.run("cat /root/by-doas", 10)).output == "so"
        await shell.close()
    finally:
        await root.run("mv /etc/90-cloud /etc/sudoers.d/90-cloud; rm -f /etc/doas.conf", 10)
        await root.close()


async def test_the_first_key_is_believed_and_another_refused(bare_node: Visitor, tmp_path: Path) -> None:
    first = _shell(bare_node, tmp_path)
    assert (await first.run("true", 10)).ok
    await first.close()
    known = (tmp_path / "known").read_text()
    assert known.startswith(f"{bare_node.machine.address} ssh-ed25519 ")
    await asyncio.to_thread(bare_node.machine.renew_host_key)
    said = await _refusal(_shell(bare_node, tmp_path))
    assert said.details["reason"] == HOST_KEY
    assert "not the machine we met there first" in str(said)
    assert str(tmp_path / "known") in str(said)
    assert (tmp_path / "known").read_text() == known


async def test_sshd_down_and_up_again(bare_node: Visitor, tmp_path: Path) -> None:
    shell = _shell(bare_node, tmp_path)
    assert (await shell.run("true", 10)).ok

    async def refused() -> bool:
        with pytest.raises(ShellUnavailable) as refusal:  # at first that the old connection ended
            await shell.run("true", 10)
        return refusal.value.details["reason"] == REFUSED

    await asyncio.to_thread(bare_node.machine.stop_sshd)
    try:
        await until(refused, 10.0)
        newcomer = await _refusal(_shell(bare_node, tmp_path / "new"))
        assert newcomer.details["reason"] == REFUSED
        assert bare_node.machine.address in str(newcomer)
        assert "sshd runs" in str(newcomer)
    finally:
        await asyncio.to_thread(bare_node.machine.resume_sshd)
    assert (await shell.run("echo back", 10)).output == "back\n"
    await shell.close()


async def test_a_cable_cut_under_a_command_is_noticed(bare_node: Visitor, tmp_path: Path) -> None:
    shell = _shell(bare_node, tmp_path)
    await shell.run("true", 10)
    running = asyncio.create_task(shell.run("sleep 60", 90))
    await asyncio.sleep(0.2)
    bare_node.machine.cut_cable()
    try:
        async with asyncio.timeout(6):
            with pytest.raises(ShellUnavailable) as refusal:
                await running
    finally:
        bare_node.machine.plug_cable()
    assert refusal.value.details["reason"] == SILENT
    assert (await shell.run("true", 20)).ok
    await shell.close()


async def test_a_file_that_cannot_be_written(bare_node: Visitor, tmp_path: Path) -> None:
    shell = _shell(bare_node, tmp_path)
    await shell.run("mkdir -p /tiny && mount -t tmpfs -o size=64k tmpfs /tiny", 10)
    await shell.put("/tiny/file", b"as it was", 0o644)
    with pytest.raises(ShellFault, match=r"/tiny/file cannot be written .*No space left"):
        await shell.put("/tiny/file", b"x" * 200_000, 0o644)
    assert (await shell.run("cat /tiny/file; ls /tiny", 10)).output == "as it wasfile\n"
    await shell.run("umount /tiny", 10)
    await shell.close()


async def test_a_local_command_given_up_is_ended(tmp_path: Path) -> None:
    running = asyncio.create_task(LocalShell().run(f"(sleep 30; true) & echo $! >{tmp_path}/pid; wait", 60))
    while not (tmp_path / "pid").exists():  # noqa: ASYNC110 - a file does not tell
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.05)
    pid = int((tmp_path / "pid").read_text())
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await asyncio.sleep(0.1)
    assert started_at(pid) is None
