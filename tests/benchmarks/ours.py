"""Our manager on the hosts of a bed, with its default settings: the same steps as the peers', timed until the manager itself says that it is done."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from clocker_actors.model.activities import ActivityState
from clocker_actors.model.identity import LABEL_PLANE, EntityKind
from clocker_actors.telemetry.calls import Calls
from tests.bed.image import WEB_PORT, WEB_TAG
from tests.benchmarks.stand import Eye, Stand, until
from tests.flows.support import Driven, managed

PLANE = "bench"
LONGEST = 120.0


class Timed(Calls):
    """Also keeps the seconds of each good start."""

    def __init__(self) -> None:
        super().__init__()
        self.starts: list[float] = []

    def record(self, target: str, operation: str, result: str, seconds: float) -> None:
        """See Calls."""
        super().record(target, operation, result, seconds)
        if operation == "start" and result == "ok":
            self.starts.append(seconds)


class Ours:
    """The manager and the steps; all times are seconds."""

    def __init__(self, driven: Driven, stand: Stand, calls: Timed) -> None:
        self.driven = driven
        self.calls = calls
        self._stand = stand

    async def deploy(self, name: str, size: int, *extra: str, ports: bool = False) -> float:
        """Deploy a cluster `<name>/web` on the pool of all hosts; how long until all its members were up. Comes back when the deploy is done."""
        lines = [f"name: {name}", "location: bed", "services:", "- type: cluster", "  id: web", f"  initialSize: {size}"]
        lines += ["  memberSpec:", f"    type: docker:{WEB_TAG}", *([f"    ports: [{WEB_PORT}]"] if ports else []), *extra]
        began = time.perf_counter()
        return await self._all_up(await self.driven.deploy("\n".join(lines)), f"{name}/web", size, began)

    async def resize(self, name: str, size: int) -> float:
        """How long until so many members were up. Comes back when the resize is done."""
        began = time.perf_counter()
        return await self._all_up(await self.driven.invoke(f"{name}/web", "resize", size=size), f"{name}/web", size, began)

    async def _all_up(self, activity: str, path: str, size: int, began: float) -> float:
        ended = await until(lambda: not self.driven.gone(path) and self.up(path) == size, LONGEST, f"all members\n{self.driven.picture()}")
        await self.done(activity)  # that they last is waited for, too, but is not part of how fast they came
        return ended - began

    async def invoke(self, entity: str, effector: str) -> None:
        """Run an effector, and wait for its end."""
        await self.done(await self.driven.invoke(entity, effector))

    async def delete(self, name: str) -> None:
        """Remove an application."""
        await self.done(await self.driven.invoke(name, "delete"))

    async def heal(self, name: str, eye: Eye) -> float:
        """Kill a container of this engine; how long until the manager says that all members are up again."""
        path = f"{name}/web"
        size = self.up(path)
        victim = eye.first(LABEL_PLANE, PLANE)
        killing = asyncio.create_task(eye.kill(victim))
        await until(lambda: self.up(path) < size, LONGEST, "the manager to notice the kill")
        ended = await until(lambda: self.up(path) == size, LONGEST, "a replacement")
        return ended - await killing

    def up(self, path: str) -> int:
        """Members of a cluster that are up."""
        value = self.driven.value(path, "group.members.up")
        return value if isinstance(value, int) else 0

    def ready_since(self, path: str, asked: float) -> list[float]:
        """Seconds from `asked` (manager's time) to each member of the cluster that came up after it."""
        readings = [entry.sensors.get("service.isUp") for entry in self.driven.entries(EntityKind.MEMBER, path)]
        return [reading.at - asked for reading in readings if reading is not None and reading.value is True and reading.at > asked]

    async def done(self, activity: str) -> None:
        """Wait until it has ended, and raise unless it was done."""

        def ended() -> bool:
            found = self.driven.model.activities.get(activity)
            return found is not None and found.state.ended

        await until(ended, LONGEST, f"the end of {activity}\n{self.driven.picture()}")
        found = self.driven.model.activities.get(activity)
        if found is None or found.state is not ActivityState.DONE:
            raise RuntimeError(f"{activity}: {found}\n{self.driven.picture()}")


def pool_of(engines: Mapping[str, tuple[str, str]]) -> str:
    """Blueprint of the pool `bed`: name → (url of the engine, address)."""
    lines = ["name: pool", "services:", "- type: docker-cloud", "  id: bed", "  hosts:"]
    for name, (url, address) in engines.items():
        lines += [f"  - name: {name}", f"    engine: {url}", f"    address: {address}"]
    return "\n".join(lines)


@asynccontextmanager
async def ours(stand: Stand, *, network: bool = False) -> AsyncIterator[Ours]:
    """A manager with a pool of all the stand's hosts, all of them up; `network` reaches their engines over it instead of by their sockets."""
    hosts = {host.name: (host.tcp_url if network else f"unix://{host.socket}", host.address) for host in stand.bed.hosts}
    with tempfile.TemporaryDirectory(prefix="clkbench-") as folder:
        async with managed(Path(folder) / "s", plane=PLANE) as driven:
            calls = Timed()
            driven.manager.metrics.calls = calls
            found = Ours(driven, stand, calls)
            await found.done(await driven.deploy(pool_of(hosts)))
            await until(
                lambda: not driven.gone("bed") and driven.value("bed", "docker.hosts.up") == len(hosts), LONGEST, "all hosts to be up"
            )
            yield found
