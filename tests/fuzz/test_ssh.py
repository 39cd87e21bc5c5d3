"""Whatever answers by SSH: bytes that are no text, output without end, another host key than before. Errors of ours, soon, and nothing said to a stranger."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncssh
import pytest

from clocker_actors.drivers.machine import SshMachine
from clocker_actors.drivers.shell import SshShell, Trust
from clocker_actors.drivers.ssh import LONGEST_SAID, Connection, SshAddress
from clocker_actors.errors import HOST_KEY, EngineUnavailable, ShellUnavailable
from clocker_actors.telemetry.calls import Calls

pytestmark = pytest.mark.real_loop
GOOD = b"0.5 0.4 0.3 1/200 99\n12345.6 999\nFilesystem 1024-blocks Used Available\n/dev/sda 10 4 6 40% /\n"


class Someone(asyncssh.SSHServer):
    """Lets everybody in."""

    def __init__(self, there: list[asyncssh.SSHServerConnection]) -> None:
        self._there = there

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._there.append(conn)

    def begin_auth(self, username: str) -> bool:
        return False


@asynccontextmanager
async def answering(answers: list[tuple[bytes, int]], heard: list[str], port: int = 0) -> AsyncIterator[int]:
    """A server that gives these outputs and exit codes one after the other, the last one for ever; its port. Each has a new host key."""

    async def handle(process: asyncssh.SSHServerProcess[bytes]) -> None:
        heard.append(str(process.command))
        output, code = answers.pop(0) if len(answers) > 1 else answers[0]
        try:
            while True:
                process.stdout.write(output)
                await process.stdout.drain()
                if code >= 0:
                    break
            process.exit(code)
        except (BrokenPipeError, ConnectionError, asyncssh.Error):
            pass

    there: list[asyncssh.SSHServerConnection] = []
    key = asyncssh.generate_private_key("ssh-ed25519")
    server = await asyncssh.listen(
        "127.0.0.1", port, server_factory=lambda: Someone(there), server_host_keys=[key], process_factory=handle, encoding=None
    )
    try:
        yield server.get_port()
    finally:
        server.close()
        await server.wait_closed()
        for connection in there:
            connection.abort()
            await connection.wait_closed()


async def met(port: int, folder: Path) -> Connection:
    """A connection to it, whose host key was met before."""
    address = SshAddress("127.0.0.1", port, "root", known_hosts=str(folder / "known"))
    shell = SshShell(address, Trust(folder / "known"))
    await shell.run("true", 5.0)
    await shell.close()
    return Connection(address)


async def test_vitals_of_all_kinds(tmp_path: Path) -> None:
    said = [(b"", 0), (GOOD, 0), (b"\xff\xfe\n" * 5, 0), (GOOD[:20], 0), (b"no", 3), (b"x" * (LONGEST_SAID * 4), 0), (b"y" * 65_536, -1)]
    async with answering(list(said), [], 0) as port:
        machine = SshMachine(await met(port, tmp_path), Calls())
        assert (await machine.vitals()).load == 0.5
        for _ in said[2:]:
            with pytest.raises(EngineUnavailable):
                await asyncio.wait_for(machine.vitals(), 8)
        await machine.close()


async def test_another_key_than_at_first_is_not_spoken_to(tmp_path: Path) -> None:
    heard: list[str] = []
    async with answering([(GOOD, 0)], heard) as port:
        connection = await met(port, tmp_path)
        await connection.close()
    said = len(heard)
    async with answering([(GOOD, 0)], heard, port):
        shell = SshShell(connection.address, Trust(tmp_path / "known"))
        with pytest.raises(ShellUnavailable, match=r"not the machine we met there first.*remove that file if you know why") as refused:
            await shell.run("true", 5.0)
        assert refused.value.details["reason"] == HOST_KEY
        with pytest.raises(EngineUnavailable, match="nothing was sent to it: verify the host"):
            await connection.run("true", 5.0)
        await shell.close()
        await connection.close()
    assert len(heard) == said


async def test_a_machine_nobody_asked_to_believe_is_not_believed(tmp_path: Path) -> None:
    heard: list[str] = []
    (tmp_path / "known").write_text("")
    async with answering([(GOOD, 0)], heard) as port:
        shell = SshShell(SshAddress("127.0.0.1", port, "root", known_hosts=str(tmp_path / "known")))
        with pytest.raises(ShellUnavailable, match="put its key there"):
            await shell.run("true", 5.0)
        await shell.close()
    assert not heard
