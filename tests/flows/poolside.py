"""What stories of pools that make their hosts share: blueprints in one line, a simulated cloud, a manager that is killed, and what is there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from clocker_actors.daemon import Manager
from clocker_actors.drivers.simulated import SimulatedWorld
from clocker_actors.drivers.simulated.grounds import SimulatedGrounds
from clocker_actors.model.identity import EntityKind
from clocker_actors.model.locations import CloudSpec, LocationKind, LocationSpec, SecretRef
from clocker_actors.settings import load
from tests.flows.stories import cluster
from tests.flows.support import Driven, InlineExecutor

CLOUD = "simulated:paris"


def yard(size: int = 2, *, keys: str = "", location: str = CLOUD) -> str:
    """A blueprint of one pool; `keys` are further lines, parted by `;`."""
    lines = "".join(f"\n  {line.strip()}" for line in keys.split(";") if line.strip())
    return f"services:\n- type: docker-cloud\n  name: yard\n  location: {location}\n  initialSize: {size}{lines}\n"


def shop(size: int = 3, *, member: str = "") -> str:
    """An application of one cluster on the yard."""
    return cluster(size, member=member).replace("location: local", "location: yard")


async def begun(driven: Driven, text: str) -> str:
    """Deploy a pool, and wait until it has begun to make its hosts, not until they are there; the id of the activity."""
    activity = await driven.deploy(text)
    orders = ("resize", "deploy") if "initialSize: 0" in text else ("resize",)
    await driven.until(lambda: not driven.gone("yard") and any(each.effector in orders for each in driven.model.activities.all()))
    return activity


def part(name: str) -> LocationSpec:
    """A simulated location as a blueprint names it."""
    nobody = SecretRef("nobody")
    return LocationSpec(LocationKind.SIMULATED, name, cloud=CloudSpec("simulated", name.partition(":")[2], nobody, nobody))


@asynccontextmanager
async def killed(state: Path, world: SimulatedWorld, grounds: SimulatedGrounds) -> AsyncIterator[Driven]:
    """A manager that ends as with kill -9; its machines and clouds go on."""
    manager = Manager(load({"state": state}, environ={}), world=world, grounds=grounds, executor=InlineExecutor())  # type: ignore[arg-type]
    await manager.start()
    try:
        yield Driven(manager)
    finally:
        for root in reversed(tuple(manager.kernel.supervisor.roots.values())):
            manager.kernel.supervisor.abandon(root)
        await manager.stop()


def nodes(grounds: SimulatedGrounds) -> list[str]:
    """Names of the machines that the cloud has."""
    return sorted(node.name for cloud in grounds.clouds.values() for node in cloud._nodes.values())


def records(driven: Driven) -> list[object]:
    """What is kept of the yard and its hosts."""
    kept = (*driven.manager.store.all(EntityKind.HOST), *driven.manager.store.all(EntityKind.POOL))
    return [each for each in kept if b'"path":"yard' in (each.body or b"")]


def hosts_up(driven: Driven, pool: str = "yard") -> int:
    return sum(driven.up(entry.uid) for entry in driven.entries(EntityKind.HOST, f"{pool}/"))
