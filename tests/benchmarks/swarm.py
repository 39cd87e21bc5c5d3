"""Swarm mode on the hosts of a bed, as a peer: formed by the docker command, measured by the bystander."""

import asyncio
import time

from tests.bed.image import WEB_TAG
from tests.benchmarks.stand import Eye, Stand, until

LABEL = "com.docker.swarm.service.name"
LONGEST = 120.0


class Swarm:
    """One swarm over all hosts of a stand; the first one manages."""

    def __init__(self, stand: Stand) -> None:
        self._stand = stand
        self._manager = stand.bed.hosts[0]

    async def form(self) -> None:
        """Let all hosts join. Nothing needs to be taken back: the hosts go with their bed."""
        manager = self._manager
        await manager.docker("swarm", "init", "--advertise-addr", manager.address)
        token = (await manager.docker("swarm", "join-token", "-q", "worker")).strip()
        for host in self._stand.bed.hosts[1:]:
            await host.docker("swarm", "join", "--token", token, f"{manager.address}:2377")

    async def create(self, service: str, size: int, *options: str) -> None:
        """Make a service and wait until it runs. No virtual address: this kernel may have no IPVS."""
        fixed = ("--detach", "--no-resolve-image", "--endpoint-mode", "dnsrr", "--replicas", str(size))
        await self._manager.docker("service", "create", "--name", service, *fixed, *options, WEB_TAG)
        await self._runs(service, size)

    async def scale(self, service: str, size: int) -> float:
        """Seconds until so many replicas run."""
        began = time.perf_counter()
        await self._manager.docker("service", "scale", "--detach", f"{service}={size}")
        return await self._runs(service, size) - began

    async def heal(self, service: str, eye: Eye) -> float:
        """Kill a replica of this engine; seconds until another one runs somewhere."""
        size = self._stand.count(LABEL, service)
        victim = eye.first(LABEL, service)
        killing = asyncio.create_task(eye.kill(victim))
        await until(lambda: victim not in eye.running, LONGEST, "the kill")
        ended = await self._runs(service, size)
        return ended - await killing

    async def remove(self, service: str) -> None:
        """Take a service away and wait until nothing of it runs."""
        await self._manager.docker("service", "rm", service)
        await self._runs(service, 0)

    async def _runs(self, service: str, size: int) -> float:
        return await until(lambda: self._stand.count(LABEL, service) == size, LONGEST, f"{size} replicas of {service}")
