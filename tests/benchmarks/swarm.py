"""Swarm mode on the hosts of a bed, as a peer: formed by the docker command, measured by the bystander."""

import asyncio
import time
from collections.abc import Callable

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

    async def drain(self, service: str, eye: Eye, look: Callable[[], int]) -> float:
        """Drain a host; seconds until nothing of the service is on it and all replicas run. `look` says how many run, each time it is asked."""
        size = self._stand.count(LABEL, service)
        began = time.perf_counter()
        node = await self._node(eye)
        ordered = asyncio.create_task(self._manager.docker("node", "update", "--availability", "drain", node))
        ended = await until(lambda: look() == size and not eye.count(LABEL, service), LONGEST, "the drain")
        await ordered
        return ended - began

    async def activate(self, eye: Eye) -> None:
        """Use a host again."""
        await self._manager.docker("node", "update", "--availability", "active", await self._node(eye))

    async def ready(self, count: int) -> None:
        """Wait until so many nodes are ready."""
        deadline = time.perf_counter() + LONGEST
        while (await self._manager.docker("node", "ls", "--format", "{{.Status}}")).split().count("Ready") != count:
            if time.perf_counter() > deadline:
                raise TimeoutError(f"not {count} nodes are ready")
            await asyncio.sleep(0.2)

    async def _node(self, eye: Eye) -> str:
        return (await eye.host.docker("info", "--format", "{{.Swarm.NodeID}}")).strip()

    async def remove(self, service: str) -> None:
        """Take a service away and wait until nothing of it runs."""
        await self._manager.docker("service", "rm", service)
        await self._runs(service, 0)

    async def _runs(self, service: str, size: int) -> float:
        return await until(lambda: self._stand.count(LABEL, service) == size, LONGEST, f"{size} replicas of {service}")
