"""SSH to a host: one watched connection, host keys always checked, and a local socket that leads to the engine's.

Keepalive is 1 s x 2, so a cut cable is noticed in 2.5 s; without it, never. The local socket stands in a folder only we may enter,
because asyncssh makes it 0755 and leaves it behind. asyncssh is imported when first used: it costs 15 MB.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from clocker_actors.errors import NO_FILE, REFUSED, EngineUnavailable
from clocker_actors.model.specs import EngineSpec

if TYPE_CHECKING:
    import asyncssh

CLOSE_LIMIT = 2.0
LOGIN_LIMIT = 3.0
PASSWORD_LIMIT = 8.0
"""Seconds until one is in; sshd answers a wrong password late, on purpose."""
LONGEST_SAID = 64 * 1024
"""Bytes of what one command may print."""
LONGEST_PATH = 100
"""A unix socket's path ends at 107 bytes."""


@dataclass(frozen=True, slots=True)
class SshAddress:
    """Whom to ask. Empty fields take SSH's usual defaults: this user, ~/.ssh keys or the agent, ~/.ssh/known_hosts."""

    host: str
    port: int = 22
    user: str = ""
    key: str = ""
    known_hosts: str = ""
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        return f"ssh://{self.user}{'@' if self.user else ''}{self.host}:{self.port}"


def ssh_address(spec: EngineSpec) -> SshAddress:
    """The host of an engine whose url is ssh://."""
    parts = urlsplit(spec.url)
    return SshAddress(parts.hostname or "", parts.port or 22, parts.username or "", spec.ssh_key, spec.ssh_known_hosts)


class Connection:
    """A connection that is made at first use and made again after a loss. Raises EngineUnavailable, with what to do."""

    def __init__(self, address: SshAddress) -> None:
        self.address = address
        self._line: asyncssh.SSHClientConnection | None = None
        self._attempt: asyncio.Task[asyncssh.SSHClientConnection] | None = None

    async def open(self) -> asyncssh.SSHClientConnection:
        """The living connection. All who wait share one attempt, which goes on when one of them gives up: a slow host must not stay out for ever."""
        if self._line is not None and not self._line.is_closed():
            return self._line
        if self._attempt is None:
            self._attempt = asyncio.get_running_loop().create_task(_connect(self.address), name=f"connect {self.address}")
            self._attempt.add_done_callback(self._settle)
        attempt = self._attempt
        try:
            return await asyncio.shield(attempt)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if attempt.cancelled() and task is not None and not task.cancelling():
                raise EngineUnavailable(f"the connection to {self.address} was closed: make a new one") from error
            raise

    async def run(self, command: str, limit: float) -> str:
        """Run a command on the host; what it printed comes back. `limit` is in seconds."""
        import asyncssh  # noqa: PLC0415

        try:
            async with asyncio.timeout(limit):
                code, output, errors = await _said(await self.open(), command)
        except (asyncssh.Error, OSError) as error:
            raise EngineUnavailable(
                f"{self.address} does not answer ({_why(error)}): check that the host is up", retry_after=1.0
            ) from error
        if code != 0:
            raise EngineUnavailable(f"{self.address}: `{command}` failed ({errors!r}): try it by hand", retry_after=10.0)
        return output

    async def reach(self, host: str, port: int) -> tuple[asyncssh.SSHReader[bytes], asyncssh.SSHWriter[bytes]]:
        """A byte stream to host:port as seen from there; raises OSError when nobody listens."""
        import asyncssh  # noqa: PLC0415

        line = await self.open()
        try:
            return await line.open_connection(host, port)
        except asyncssh.Error as error:
            raise ConnectionRefusedError(error.reason) from error

    async def close(self) -> None:
        """Close it and wait until it is closed."""
        if self._attempt is not None:
            self._attempt.cancel()
            await asyncio.wait([self._attempt])
        line, self._line = self._line, None
        if line is None:
            return
        line.close()
        try:
            async with asyncio.timeout(CLOSE_LIMIT):
                await line.wait_closed()
        except TimeoutError:  # a cut cable takes no farewell
            line.abort()
            await line.wait_closed()

    def _settle(self, attempt: asyncio.Task[asyncssh.SSHClientConnection]) -> None:
        self._attempt = None
        if not attempt.cancelled() and attempt.exception() is None:
            self._line = attempt.result()


class Tunnel:
    """A local unix socket that leads to one on the host."""

    def __init__(self, address: SshAddress, remote: str, runtime_dir: Path) -> None:
        self.connection = Connection(address)
        self._remote = remote
        self._runtime_dir = runtime_dir
        self._folder: Path | None = None
        self._line: asyncssh.SSHClientConnection | None = None
        self._listener: asyncssh.SSHListener | None = None
        self._forwarding = asyncio.Lock()

    @property
    def alive(self) -> bool:
        """Whether the host behind it answered a moment ago: keepalive would have closed the connection otherwise."""
        return self._line is not None and not self._line.is_closed()

    async def open(self) -> Path:
        """The local socket, with a living connection behind it; always the same path."""
        if self.alive and self._folder is not None:
            return self._folder / "docker.sock"
        line = await self.connection.open()
        async with self._forwarding:
            if line is not self._line:
                await self._forward(line)
        assert self._folder is not None
        return self._folder / "docker.sock"

    async def close(self) -> None:
        """Close the connection and remove the socket."""
        await self._end_listener()
        await self.connection.close()
        self._line = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    async def _forward(self, line: asyncssh.SSHClientConnection) -> None:
        await self._end_listener()
        if self._folder is None:
            self._folder = _private_folder(self._runtime_dir)
        path = self._folder / "docker.sock"
        path.unlink(missing_ok=True)
        try:
            self._listener = await line.forward_local_path(str(path), self._remote)
        except OSError as error:
            raise EngineUnavailable(f"{self.connection.address}: no local socket at {path} ({error}): check the runtime folder") from error
        self._line = line

    async def _end_listener(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.close()
            await listener.wait_closed()


async def _connect(address: SshAddress) -> asyncssh.SSHClientConnection:
    import asyncssh  # noqa: PLC0415

    limit = PASSWORD_LIMIT if address.password else LOGIN_LIMIT
    try:
        return await asyncssh.connect(
            address.host,
            address.port,
            username=address.user or (),
            password=address.password or None,
            client_keys=[address.key] if address.key else (),
            agent_path=None if address.key else (),
            known_hosts=address.known_hosts or (),
            config=None,
            connect_timeout=limit,
            login_timeout=limit,
            keepalive_interval=1,
            keepalive_count_max=2,
        )
    except asyncssh.HostKeyNotVerifiable as error:
        where = address.known_hosts or "~/.ssh/known_hosts"
        words = (
            f"{address}: its host key is not the one in {where}, so nothing was sent to it: verify the host (was it installed anew, or does "
            "somebody else answer in its place?), then put its key there"
        )
        raise EngineUnavailable(words, retry_after=30.0) from error
    except asyncssh.PermissionDenied as error:
        words = f"{address} does not let us in ({error.reason}): put our public key into that user's authorized_keys"
        raise EngineUnavailable(words, retry_after=30.0) from error
    except (asyncssh.Error, asyncssh.KeyImportError, OSError) as error:
        if (ours := _of_our_files(address, error)) is not None:
            raise EngineUnavailable(ours, retry_after=30.0, reason=NO_FILE) from error
        reason = REFUSED if isinstance(error, ConnectionRefusedError) else None
        words = f"{address} does not answer ({_why(error)}): check that the host is up and sshd runs"
        raise EngineUnavailable(words, retry_after=1.0, reason=reason) from error


async def _said(line: asyncssh.SSHClientConnection, command: str) -> tuple[int | None, str, str]:
    """Exit code, output and errors; of output that is too long only a little more than is allowed."""
    process = await line.create_process(command, encoding=None)
    try:
        output = b""
        while len(output) <= LONGEST_SAID and (piece := await process.stdout.read(LONGEST_SAID)):
            output += piece
        if len(output) > LONGEST_SAID:
            return -1, output.decode(errors="replace"), "it says more than can be read"
        errors = await process.stderr.read(1000)
        done = await process.wait()
    finally:
        process.close()
    return done.returncode, output.decode(errors="replace"), errors.decode(errors="replace")


def _of_our_files(address: SshAddress, error: Exception) -> str | None:
    """What to say when it is a file of ours that keeps us out; None when it is not."""
    import asyncssh  # noqa: PLC0415

    file = str(error.filename) if isinstance(error, OSError) and error.filename else ""
    if isinstance(error, asyncssh.KeyImportError) or (file and file == address.key):
        return f"{address}: our key {address.key} cannot be used ({_why(error)}): name one that the manager can read, without a passphrase"
    if file and file == address.known_hosts:
        return f"{address}: its host key is looked up in {file}, which cannot be read ({_why(error)}): put the host's key there"
    return None


def _why(error: BaseException) -> str:
    return str(error) or ("no answer in time" if isinstance(error, TimeoutError) else type(error).__name__)


def _private_folder(runtime_dir: Path) -> Path:
    """A new folder for one socket, 0700; in the system's folder for such things when the path would be too long for a socket."""
    fits = len(str(runtime_dir)) + len("/ssh-12345678/docker.sock") <= LONGEST_PATH
    if fits:
        runtime_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix="ssh-", dir=runtime_dir if fits else None))
