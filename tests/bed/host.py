"""A host: a place on the network with an engine, which can lose power, hang, be unplugged and come back.

Methods are coroutines where they take time; they work in threads, so a host may be used from any event loop.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from tests.bed import sshd
from tests.bed.claim import RANGE
from tests.bed.engine import Engine, Make, ping
from tests.bed.network import Cable
from tests.bed.process import BedError, end, in_network, run, stopped, wait_until
from tests.bed.ready import SBIN
from tests.bed.sshd import SshAccess
from tests.bed.tls import Authority, ClientCertificate


class BedHost:
    """One host of a bed. `socket` is its engine's unix socket as seen from this machine; `address` its address on the bed's network.

    `gateway` is this machine's address on that network.
    """

    def __init__(self, cable: Cable, folder: Path, authority: Authority | None, make: Make) -> None:
        self.name = cable.name
        self.address = cable.address
        self.gateway = cable.gateway
        self.certificate: ClientCertificate | None = authority.client() if authority else None
        self._cable = cable
        self._folder = folder
        self._pid: int | None = None
        self._ssh: SshAccess | None = None
        folder.mkdir(mode=0o700)
        (folder / "resolv.conf").write_text("nameserver 127.0.0.1\n")  # a needless pull fails at once instead of after 20 s
        # Without a word on TLS, dockerd on TCP sleeps 16 s as a warning.
        tls = authority.server_flags(self.name, self.address) if authority else ("--tls=false",)
        tcp = self.tcp_url.replace("https://", "tcp://")
        registries = f"--insecure-registry={RANGE}"  # tests stand in for some on the bed's network, in plain HTTP
        self._engine = Engine(self.name, folder, cable.namespace, ("-H", tcp, "--userland-proxy=false", registries, *tls), make)

    @property
    def socket(self) -> Path:
        return self._engine.socket

    @property
    def docker_host(self) -> str:
        """DOCKER_HOST for the unix socket."""
        return f"unix://{self.socket}"

    @property
    def tcp_url(self) -> str:
        """The engine over the network: tcp:// in plain text, https:// when the bed has TLS (then `certificate` is needed)."""
        return f"https://{self.address}:2376" if self.certificate else f"tcp://{self.address}:2375"

    @property
    def powered(self) -> bool:
        return self._pid is not None

    async def power_on(self) -> None:
        """Boot and wait until the engine answers. What was on its disk is still there; containers are `exited`."""
        await asyncio.to_thread(self.boot)

    async def power_cut(self) -> None:
        """Everything on the host dies at once."""
        await asyncio.to_thread(self.kill)

    async def restart_engine(self, *, kill: bool = False) -> None:
        """Restart dockerd in order (it stops its containers), or with `kill` crash it (containers run on until it is back and ends them)."""
        await asyncio.to_thread(self._restart, signal.SIGKILL if kill else signal.SIGTERM)

    @asynccontextmanager
    async def without_engine(self) -> AsyncIterator[None]:
        """dockerd is dead and stays so for the block, on a host that lives; it comes back at its end. Containers run on meanwhile."""
        boot = self._boot_script()
        os.kill(boot, signal.SIGSTOP)  # it would start the engine again
        os.kill(self._dockerd(), signal.SIGKILL)
        try:
            yield
        finally:
            os.kill(boot, signal.SIGCONT)
            await asyncio.to_thread(wait_until, lambda: ping(self.socket, 1.0), 60.0, f"dockerd of {self.name} does not answer")

    def hang(self) -> None:
        """dockerd stops answering but keeps its connections open; containers run on."""
        engine = self._dockerd()
        os.kill(engine, signal.SIGSTOP)
        wait_until(lambda: stopped(engine), 2.0, f"dockerd of {self.name} does not stop")  # its other threads take a moment

    def resume(self) -> None:
        """The end of `hang`."""
        os.kill(self._dockerd(), signal.SIGCONT)

    def cut_cable(self) -> None:
        """The host falls off the network, without a word to anyone; its unix socket still answers here."""
        self._cable.cut()

    def plug_cable(self) -> None:
        """The end of `cut_cable`."""
        self._cable.plug()

    @contextmanager
    def cut(self, how: str) -> Iterator[None]:
        """Meanwhile the `cable` is out, or the host is `deaf` (nothing reaches it), or `mute` (nothing that it says reaches anybody)."""
        chain = {"deaf": "INPUT", "mute": "OUTPUT"}.get(how, "")
        if chain:
            self._cable.drop(chain, dropping=True)
        else:
            self._cable.cut()
        try:
            yield
        finally:
            if chain:
                self._cable.drop(chain, dropping=False)
            else:
                self._cable.plug()

    async def start_sshd(self) -> SshAccess:
        """Open the SSH door, if it is not open, and say how to enter. It is open again after a power cut."""
        if self._ssh is None:
            self._ssh = await asyncio.to_thread(sshd.configure_sshd, self._folder / "sshd", self.address)
            await asyncio.to_thread(sshd.start_sshd, self._folder / "sshd", self._dockerd())
        return self._ssh

    async def docker(self, *arguments: str, stdin: bytes | None = None, timeout: float = 60.0) -> str:
        """Run the docker command against this host's engine; returns what it printed, BedError with its words when it fails."""
        return await asyncio.to_thread(self.command, *arguments, stdin=stdin, timeout=timeout)

    async def leftovers(self, plane: str) -> list[str]:
        """Containers, networks, volumes, images labelled `clocker.plane=<plane>`, as `container <name>` and so on; empty is clean."""
        wanted = ("--filter", f"label=clocker.plane={plane}", "--format")
        listings = {
            "container": ("ps", "-a", *wanted, "{{.Names}}"),
            "network": ("network", "ls", *wanted, "{{.Name}}"),
            "volume": ("volume", "ls", *wanted, "{{.Name}}"),
            "image": ("image", "ls", *wanted, "{{.Repository}}:{{.Tag}}"),
        }
        answers = await asyncio.gather(*(self.docker(*words) for words in listings.values()))
        return [f"{kind} {name}" for kind, answer in zip(listings, answers, strict=True) for name in answer.split()]

    async def clear(self) -> None:
        """Remove all containers, own networks and volumes; images stay. For a clean start on a shared host."""
        remove: dict[tuple[str, ...], tuple[str, ...]] = {
            ("ps", "-aq"): ("rm", "-fv"),
            ("network", "ls", "-q", "--filter", "type=custom"): ("network", "rm"),
            ("volume", "ls", "-q"): ("volume", "rm", "-f"),
        }
        for listing, removal in remove.items():
            if found := (await self.docker(*listing)).split():
                await self.docker(*removal, *found)

    def boot(self) -> None:
        """`power_on` for those without a loop."""
        if self._pid is None:
            self._pid = self._engine.boot()

    def kill(self) -> None:
        """`power_cut` for those without a loop."""
        if self._pid is None:
            return
        end(self._pid)
        self._pid = None
        wait_until(lambda: not in_network(self._cable.namespace), 10.0, f"processes of {self.name} outlive a power cut")

    def command(self, *arguments: str, stdin: bytes | None = None, timeout: float = 60.0) -> str:
        """`docker` for those without a loop."""
        # buildx needs a plugin that may be missing, and a builder that needs the network
        env = {"PATH": SBIN, "HOME": str(self._folder / "home"), "DOCKER_BUILDKIT": "0"}
        return run("docker", "-H", self.docker_host, *arguments, stdin=stdin, env=env, timeout=timeout)

    def last_words(self) -> str:
        """The end of the engine's log, for the message of a failing test."""
        return self._engine.last_words()

    def _restart(self, by: signal.Signals) -> None:
        old = self._dockerd()
        os.kill(old, by)
        wait_until(lambda: self._dockerd_or_none() not in (None, old), 60.0, f"dockerd of {self.name} does not come back")
        wait_until(lambda: ping(self.socket, 1.0), 60.0, f"dockerd of {self.name} does not answer; {self.last_words()}")

    def _boot_script(self) -> int:
        return int(Path(f"/proc/{self._pid}/task/{self._pid}/children").read_text().split()[0])

    def _dockerd(self) -> int:
        pid = self._dockerd_or_none()
        if pid is None:
            raise BedError(f"no engine runs on {self.name}: power it on first")
        return pid

    def _dockerd_or_none(self) -> int | None:
        return next((pid for pid, name in in_network(self._cable.namespace).items() if name == "dockerd"), None)
