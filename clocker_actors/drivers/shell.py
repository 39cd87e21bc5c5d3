"""Shells: commands as root on a machine over SSH, or on this one.

The SSH one stands on the watched connection of `ssh.py`. A machine that a cloud has just made has a key that nobody can know: with a
`Trust` its first key is believed and written into a file of ours, and from then on only that key will do. Of outputs only the last
part is kept, and no wait is without an end; a command may go on after the waiting for it ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Protocol

from clocker_actors.drivers.ssh import Connection, SshAddress
from clocker_actors.errors import DENIED, HOST_KEY, NO_ROOT, REFUSED, SILENT, EngineUnavailable, ShellFault, ShellUnavailable, TimedOut
from clocker_actors.ports.shell import Ran

if TYPE_CHECKING:
    import asyncssh

KEPT = 64 * 1024
"""Bytes kept of each output, from its end."""
CHUNK = 16 * 1024
PUT_LIMIT = 30.0
MEET_LIMIT = 6.0
LOGIN_LIMIT = 9.0


class _Reader(Protocol):
    async def read(self, n: int = -1, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Trust:
    """Believe the first key a machine shows, and no other later. `file` is one machine's own known_hosts."""

    file: Path


class SshShell:
    """Root on another machine. `user` other than root needs sudo or doas without a password there. `trust` wins over the address's known_hosts."""

    def __init__(self, address: SshAddress, trust: Trust | None = None) -> None:
        self._address = replace(address, known_hosts=str(trust.file)) if trust else address
        self._trust = trust
        self._line = Connection(self._address)
        self._becoming = _Becoming(str(address), is_root=address.user in ("", "root"))

    def __str__(self) -> str:
        return str(self._address)

    async def run(self, command: str, limit: float, stdin: bytes = b"") -> Ran:
        """Run it. ShellUnavailable when the machine cannot be entered or is lost meanwhile, TimedOut after `limit` seconds."""
        if not self._becoming.known:
            self._becoming.heard(await self._run(self._becoming.QUESTION, LOGIN_LIMIT + MEET_LIMIT, b""))
        return await self._run(shlex.join(self._becoming.words(command)) if self._becoming.by else command, limit, stdin)

    async def put(self, path: str, content: bytes, mode: int) -> None:
        """Write a file beside its place, then move it there."""
        await _put(self, path, content, mode)

    async def close(self) -> None:
        """Close the connection."""
        await self._line.close()

    async def _run(self, command: str, limit: float, stdin: bytes) -> Ran:
        import asyncssh  # noqa: PLC0415

        try:
            async with _bounded(limit, command, str(self)):
                line = await self._enter()
                return await _remote(line, command, stdin)
        except (asyncssh.Error, OSError) as error:
            if isinstance(error, TimedOut):
                raise
            raise ShellUnavailable(
                f"{self} went away during `{_short(command)}` ({error}): check that the machine is up", retry_after=1.0, reason=SILENT
            ) from error

    async def _enter(self) -> asyncssh.SSHClientConnection:
        try:
            async with asyncio.timeout(LOGIN_LIMIT + MEET_LIMIT):
                if self._trust is not None and not self._trust.file.exists():
                    await _meet(self._address, self._trust.file)
                return await self._line.open()
        except EngineUnavailable as error:
            raise self._refusal(error) from error
        except TimeoutError as error:
            raise ShellUnavailable(f"{self} does not answer: check that the machine is up", retry_after=1.0, reason=SILENT) from error

    def _refusal(self, error: EngineUnavailable) -> ShellUnavailable:
        import asyncssh  # noqa: PLC0415

        reason, words = str(error.details.get("reason") or SILENT), str(error)
        match error.__cause__:
            case asyncssh.HostKeyNotVerifiable():
                reason = HOST_KEY
                if self._trust is not None:
                    words = (
                        f"{self}: this is not the machine we met there first, its host key is another than in {self._trust.file}: "
                        "remove that file if you know why, for example because it was installed anew"
                    )
            case asyncssh.PermissionDenied():
                reason = DENIED
        return ShellUnavailable(words, retry_after=error.retry_after, reason=reason)


class LocalShell:
    """Root on this machine; with sudo or doas if we are somebody else."""

    def __init__(self) -> None:
        self._becoming = _Becoming(str(self), is_root=os.geteuid() == 0)

    def __str__(self) -> str:
        return "this machine"

    async def run(self, command: str, limit: float, stdin: bytes = b"") -> Ran:
        """Run it in a process group of its own, which is killed after `limit` seconds or when nobody waits any more."""
        if not self._becoming.known:
            self._becoming.heard(await self._run(["sh", "-c", self._becoming.QUESTION], LOGIN_LIMIT, b""))
        return await self._run(self._becoming.words(command), limit, stdin)

    async def put(self, path: str, content: bytes, mode: int) -> None:
        """Write a file beside its place, then move it there."""
        await _put(self, path, content, mode)

    async def close(self) -> None:
        """Nothing is open between two commands."""

    async def _run(self, words: Sequence[str], limit: float, stdin: bytes) -> Ran:
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*words, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True)
        try:
            async with _bounded(limit, words[-1], str(self)):
                assert process.stdin is not None
                assert process.stdout is not None
                assert process.stderr is not None
                sending = asyncio.ensure_future(_send(process.stdin, stdin))
                output, errors, _ = await asyncio.gather(_tail(process.stdout), _tail(process.stderr), sending)
                return Ran(await process.wait(), output, errors)
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()


async def _put(shell: SshShell | LocalShell, path: str, content: bytes, mode: int) -> None:
    folder, new = shlex.quote(str(PurePosixPath(path).parent)), shlex.quote(f"{path}.clocker-new")
    place = shlex.quote(path)
    write = f"umask 077 && cat >{new} && chmod {mode:o} {new} && mv -f {new} {place} || {{ rm -f {new}; exit 1; }}"
    made = f"[ -d {folder} ] || {{ umask 022 && mkdir -p {folder}; }}; {write}"
    done = await shell.run(made, PUT_LIMIT, content)
    if not done.ok:
        raise ShellFault(f"{shell}: {path} cannot be written ({done.errors.strip()}): check that its disk has space and is writable")


async def _remote(line: asyncssh.SSHClientConnection, command: str, stdin: bytes) -> Ran:
    process = await line.create_process(f"sh -c {shlex.quote(command)}", encoding=None)
    try:
        sending = asyncio.ensure_future(_send(process.stdin, stdin))
        output, errors, _ = await asyncio.gather(_tail(process.stdout), _tail(process.stderr), sending)
        done = await process.wait()
    finally:
        process.close()
    code = done.returncode
    return Ran(-1 if code is None else code, output, errors)


async def _send(to: asyncio.StreamWriter | asyncssh.SSHWriter[bytes], content: bytes) -> None:
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it did not want to read all of it
        if content:
            to.write(content)
            await to.drain()
    if isinstance(to, asyncio.StreamWriter):
        to.close()
    else:
        to.write_eof()


async def _tail(stream: _Reader) -> str:
    kept = b""
    while data := await stream.read(CHUNK):
        kept = (kept + data)[-KEPT:]
    return kept.decode(errors="replace")


@asynccontextmanager
async def _bounded(limit: float, command: str, where: str) -> AsyncIterator[None]:
    bound = asyncio.timeout(limit)
    try:
        async with bound:
            yield
    except TimeoutError as error:
        if not bound.expired():
            raise
        raise TimedOut(f"`{_short(command)}` on {where} has no end after {limit:g} s: look what it waits for there") from error


async def _meet(address: SshAddress, file: Path) -> None:
    """Write down the key a machine shows. Raises EngineUnavailable when it shows none."""
    import asyncssh  # noqa: PLC0415

    try:
        async with asyncio.timeout(MEET_LIMIT):
            key = await asyncssh.get_server_host_key(address.host, address.port, config=None)
    except (asyncssh.Error, OSError) as error:
        words = f"{address} does not answer ({str(error) or 'no answer in time'}): check that the machine is up and sshd runs"
        reason = REFUSED if isinstance(error, ConnectionRefusedError) else SILENT
        raise EngineUnavailable(words, retry_after=1.0, reason=reason) from error
    if key is None:
        raise EngineUnavailable(f"{address} shows no host key: check its sshd", retry_after=10.0)
    host = address.host if address.port == 22 else f"[{address.host}]:{address.port}"
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = file.with_name(f"{file.name}.new")
    new.write_text(f"{host} {key.export_public_key().decode().strip()}\n")
    new.replace(file)


class _Becoming:
    """How somebody becomes root: not at all, being it, or `by` sudo or doas, whichever lets them without a password."""

    QUESTION = "sudo -n true && echo sudo || { doas -n true && echo doas; }"

    def __init__(self, where: str, *, is_root: bool) -> None:
        self._where = where
        self.known = is_root
        self.by = ""

    def heard(self, answer: Ran) -> None:
        """The answer to the question; ShellUnavailable if it is no."""
        self.by = answer.output.strip()
        self.known = self.by in {"sudo", "doas"}
        if not self.known:
            why = "; ".join(line for line in answer.errors.splitlines() if line.strip()) or "sudo fails"
            words = f"{self._where} may not become root ({why}): allow that user sudo without a password (or doas, by `permit nopass`), or name root as user"
            raise ShellUnavailable(words, retry_after=30.0, reason=NO_ROOT)

    def words(self, command: str) -> list[str]:
        """What has a shell of root's run this command."""
        return [*((self.by, "-n") if self.by else ()), "sh", "-c", command]


def _short(command: str) -> str:
    return command if len(command) <= 80 else f"{command[:77]}..."
