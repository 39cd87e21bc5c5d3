"""The installation, step by step: enter, look, repair, refresh, install, configure, start, verify.

Each step is one or two commands that may be done twice, so whatever ended the last attempt, a cut cable or a power cut, the next one
goes on. A machine whose engine answers and is as wanted is left alone after two commands.
"""

import asyncio
import hashlib
from collections.abc import Callable

from clocker_actors.drivers.installing import settings, starting
from clocker_actors.drivers.installing.authority import Authority
from clocker_actors.drivers.installing.distribution import KNOWN, Distribution, parse
from clocker_actors.drivers.installing.packages import Packages, packages_of
from clocker_actors.drivers.installing.remedies import cannot_reach, is_locked, remedy
from clocker_actors.drivers.installing.starting import SOCKET, Init
from clocker_actors.errors import InstallFailed, ShellFault, ShellUnavailable, TimedOut
from clocker_actors.ports.installer import Installed, InstallOptions
from clocker_actors.ports.shell import Ran, Shell

SHORT = 30.0
KEPT_LINES = 15
LOCK_PAUSE = 2.0
START_PAUSE = 0.5
OLDEST_API = (1, 41)
ENVIRONMENT = "export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin; "

Progress = Callable[[str], None]


class EngineInstaller:
    """The Installer over shells. It needs an authority for engines that are to listen on the network."""

    def __init__(self, authority: Callable[[], Authority] | None = None) -> None:
        self._authority = authority

    async def install(self, shell: Shell, options: InstallOptions, progress: Progress) -> Installed:
        """Have an engine there. ShellUnavailable if the machine cannot be entered at all; InstallFailed for whatever ends it later."""
        authority = await asyncio.to_thread(self._authority) if options.tls_for and self._authority else None
        if options.tls_for and authority is None:
            raise InstallFailed("enter", "", "no certificates can be made", "give the installer an authority, or leave TLS out")
        return await _Installation(shell, options, progress, authority).run()


class _Installation:
    def __init__(self, shell: Shell, options: InstallOptions, progress: Progress, authority: Authority | None) -> None:
        self._shell = shell
        self._options = options
        self._progress = progress
        self._authority = authority
        self._changed = False

    async def run(self) -> Installed:
        self._progress("enter: reading which distribution it has")
        release = await self._shell.run("cat /etc/os-release || cat /usr/lib/os-release", SHORT)
        if not release.output:
            words = release.errors or "it has no /etc/os-release"
            raise InstallFailed(
                "enter", "cat /etc/os-release", words, "install Docker Engine there by hand, then the host is taken as it is"
            )
        distribution = parse(release.output)
        answering = await self._answering("look")
        if answering is None:
            await self._install(distribution)
        rewritten = await self._configure() if self._authority else False
        version = answering if answering and not rewritten else await self._start(again=rewritten)
        if self._options.user not in ("", "root"):
            await self._admit(self._options.user)
        return Installed(distribution.name, version, SOCKET, self._changed)

    # --- packages -----------------------------------------------------------------------------------------------------------------

    async def _install(self, distribution: Distribution) -> None:
        self._changed = True
        if distribution.family is None:
            words = f"this is {distribution.name}, we know {KNOWN}"
            raise InstallFailed(
                "enter", "cat /etc/os-release", words, "install Docker Engine there by hand, then the host is taken as it is"
            )
        packages = packages_of(distribution.family)
        await self._want_disk()
        await self._exclusively("repair", packages.repair, "finishing what was interrupted")
        refreshed = await self._exclusively("refresh", packages.refresh, f"asking the package sources of {distribution.name}")
        names = await self._choose(packages, distribution, refreshed)
        await self._exclusively("install", f"{packages.install} {' '.join(names)}", f"installing {', '.join(names)}")

    async def _want_disk(self) -> None:
        command = "df -Pk /var /usr"
        seen = await self._do("look", command, SHORT)
        least = self._options.least_disk
        rows = (line.split() for line in seen.output.splitlines()[1:])
        free = min((int(row[3]) * 1024 for row in rows if len(row) > 4 and _numbers(row[3]) is not None), default=least)
        if free < least:
            words = f"{free >> 20} MiB are free, an engine needs {least >> 20} MiB before its first image"
            raise InstallFailed("look", command, words, "free space on its disk, or give it a larger one")

    async def _choose(self, packages: Packages, distribution: Distribution, refreshed: Ran) -> tuple[str, ...]:
        offered = await self._do("refresh", packages.offered, SHORT)
        names = packages.wanted(offered.output)
        if not names:
            said = _last(refreshed.output + refreshed.errors)
            if cannot_reach(said):  # apt takes sources that do not answer for a success
                raise InstallFailed("refresh", packages.refresh, said, remedy(said).words, again=True)
            words = f"{said}\n{distribution.name} offers none of {', '.join(packages.engines)}"
            raise InstallFailed("refresh", packages.offered, words, packages.no_engine)
        return names

    async def _exclusively(self, step: str, command: str, about: str) -> Ran:
        """A package manager's command, when no other is at work."""
        self._progress(f"{step}: {about}")
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._options.lock_limit
        waiting = False
        while True:
            ran = await self._try(step, command, self._options.package_limit)
            if ran.ok or not is_locked(ran.output + ran.errors):
                return self._checked(step, command, ran)
            if loop.time() >= deadline:
                words = f"another package manager has been at work for {self._options.lock_limit:g} s; wait for it, or end it"
                raise InstallFailed(step, command, _last(ran.output + ran.errors), words, again=True)
            if not waiting:
                self._progress(f"{step}: waiting for another package manager to end")
                waiting = True
            await asyncio.sleep(LOCK_PAUSE)

    # --- settings -----------------------------------------------------------------------------------------------------------------

    async def _configure(self) -> bool:
        """Whether anything had to be written."""
        assert self._authority is not None
        self._progress("configure: certificates and addresses")
        had = await self._try("configure", f"cat {settings.FILE}", SHORT)
        try:
            made = settings.with_tls(had.output if had.ok else "", SOCKET, self._options.tls_port)
        except (ValueError, RecursionError) as error:
            words = f"{settings.FILE} is not what an engine reads: {error}"
            raise InstallFailed("configure", f"cat {settings.FILE}", words, f"mend or remove {settings.FILE} there") from error
        dockerd = await self._do("configure", "command -v dockerd", SHORT)
        files = [(settings.CA, self._authority.ca, 0o644), *await self._certificate(self._authority)]
        if await self._init() is Init.SYSTEMD:
            files.append((settings.DROP_IN, settings.unit(dockerd.output.strip()).encode(), 0o644))
        if made is not None:
            files.append((settings.FILE, made.encode(), 0o644))
        written = [await self._write(path, content, mode) for path, content, mode in files]
        return any(written)

    async def _certificate(self, authority: Authority) -> list[tuple[str, bytes, int]]:
        """The machine's own, unless it has a good one. The old one goes first, so that one that is there always fits the key."""
        seen = await self._try("configure", f"test -s {settings.KEY} && cat {settings.CERTIFICATE}", SHORT)
        if seen.ok and authority.knows(seen.output.encode(), self._options.tls_for):
            return []
        await self._do("configure", f"rm -f {settings.CERTIFICATE}", SHORT)
        signed = authority.server(self._options.tls_for)
        return [(settings.KEY, signed.key, 0o600), (settings.CERTIFICATE, signed.certificate, 0o644)]

    async def _write(self, path: str, content: bytes, mode: int) -> bool:
        seen = await self._try("configure", f"sha256sum {path}", SHORT)
        if seen.output.split()[:1] == [hashlib.sha256(content).hexdigest()]:
            return False
        self._changed = True
        try:
            await self._shell.put(path, content, mode)
        except (ShellFault, ShellUnavailable, TimedOut) as error:
            raise InstallFailed("configure", f"write {path}", str(error), remedy(str(error)).words, again=True) from error
        return True

    async def _admit(self, user: str) -> None:
        """Let a user at the engine's socket; a session that is open already does not see it."""
        done = await self._do("configure", starting.admit(user), SHORT)
        if done.output.strip():
            self._changed = True
            self._progress(f"configure: {user} is now in group docker")

    # --- the engine ---------------------------------------------------------------------------------------------------------------

    async def _start(self, *, again: bool) -> str:
        """Have it run; its version."""
        self._changed = True
        init = await self._init()
        if again:
            await self._try("start", starting.reload(init), SHORT)
        self._progress(f"start: {'restarting' if again else 'starting'} the engine ({init.value})")
        ran = await self._try("start", starting.start(init, again=again), self._options.start_limit)
        if not ran.ok and init is Init.SYSV:  # a container without an init has scripts that cannot work there
            self._progress(
                f"start: its script fails ({_last(ran.output + ran.errors, 1)}), so without it; it will not start by itself at a boot"
            )
            init = Init.NONE
            ran = await self._try("start", starting.start(init, again=again), self._options.start_limit)
        self._progress("verify: waiting for the engine to answer")
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._options.start_limit
        while (version := await self._answering("verify")) is None:
            if loop.time() >= deadline:
                await self._fail_start(init, ran)
            await asyncio.sleep(START_PAUSE)
        return version

    async def _fail_start(self, init: Init, ran: Ran) -> None:
        log = await self._try("verify", starting.log(init), SHORT)
        output = _last(f"{ran.output}{ran.errors}\n{log.output}{log.errors}")
        raise InstallFailed("start", starting.start(init, again=False), output, "mend what its log says, then try again")

    async def _init(self) -> Init:
        seen = await self._do("start", starting.WHICH, SHORT)
        word = seen.output.strip()
        if word not in set(Init):
            raise InstallFailed("start", starting.WHICH, _last(seen.output, 3)[:500], "see what its shell says beside what it is asked")
        return Init(word)

    async def _answering(self, step: str) -> str | None:
        """The version of the engine that answers; InstallFailed for one that is too old for us."""
        seen = await self._try(step, starting.ANSWERS, SHORT)
        if not seen.ok:
            return None
        version, _, api = seen.output.strip().partition(" ")
        spoken = _numbers(api)
        if spoken is None:
            words = f"its docker command says of itself: {_last(seen.output, 1)[:200]!r}"
            raise InstallFailed(step, starting.ANSWERS, words, "see what `docker` is on that machine")
        if spoken < OLDEST_API:
            words = f"engine {version} speaks API {api}, we need {OLDEST_API[0]}.{OLDEST_API[1]} (Docker 20.10) or newer"
            raise InstallFailed(step, starting.ANSWERS, words, "update it, or take an image of a newer distribution")
        return version

    # --- commands -----------------------------------------------------------------------------------------------------------------

    async def _do(self, step: str, command: str, limit: float) -> Ran:
        return self._checked(step, command, await self._try(step, command, limit))

    async def _try(self, step: str, command: str, limit: float) -> Ran:
        try:
            return await self._shell.run(ENVIRONMENT + command, limit)
        except TimedOut as error:
            raise InstallFailed(step, command, str(error), "see what it waits for there, then try again", again=True) from error
        except ShellUnavailable as error:
            words = "check that the machine is up; the next attempt goes on from here"
            raise InstallFailed(step, command, str(error), words, again=True) from error

    def _checked(self, step: str, command: str, ran: Ran) -> Ran:
        if ran.ok:
            return ran
        said = _last(ran.output + "\n" + ran.errors) or f"exit code {ran.exit_code}"
        found = remedy(said)
        raise InstallFailed(step, command, said, found.words, again=found.again)


def _numbers(text: str) -> tuple[int, ...] | None:
    """What a version is made of; None for what is none."""
    parts = text.strip().split(".")
    good = all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts)
    return tuple(map(int, parts)) if good else None


def _last(text: str, lines: int = KEPT_LINES) -> str:
    return "\n".join([line for line in text.strip().splitlines() if line.strip()][-lines:])
