"""A pool with a location: machines are made, become hosts, carry containers, and are given back. In virtual time, on a simulated cloud."""

from pathlib import Path

import pytest

from clocker_actors.drivers.simulated import SimulatedWorld
from clocker_actors.drivers.simulated.grounds import SimulatedGrounds
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.identity import EntityKind
from tests.flows.stories import cluster, new_world, ours
from tests.flows.support import Driven, managed

CLOUD = "simulated:paris"


def yard(size: int = 2, *, keys: str = "", location: str = CLOUD) -> str:
    """A blueprint of one pool; `keys` are further lines, parted by `;`."""
    lines = "".join(f"\n  {line.strip()}" for line in keys.split(";") if line.strip())
    return f"services:\n- type: docker-cloud\n  name: yard\n  location: {location}\n  initialSize: {size}{lines}\n"


def shop(size: int = 3, *, member: str = "") -> str:
    """An application of one cluster on the yard."""
    return cluster(size, member=member).replace("location: local", "location: yard")


def grounds_of(world: SimulatedWorld, **keys: object) -> SimulatedGrounds:
    return SimulatedGrounds(world, **keys)  # type: ignore[arg-type]


def nodes(grounds: SimulatedGrounds) -> list[str]:
    """Names of the machines that the cloud has."""
    return sorted(node.name for cloud in grounds.clouds.values() for node in cloud._nodes.values())


def hosts_up(driven: Driven, pool: str = "yard") -> int:
    return sum(driven.up(entry.uid) for entry in driven.entries(EntityKind.HOST, f"{pool}/"))


@pytest.fixture
def world() -> SimulatedWorld:
    return new_world()


@pytest.fixture
def grounds(world: SimulatedWorld) -> SimulatedGrounds:
    return SimulatedGrounds(world)


async def test_two_hosts_come_up_carry_an_application_and_go(tmp_path: Path, world: SimulatedWorld, grounds: SimulatedGrounds) -> None:
    async with managed(tmp_path / "s", world=world, grounds=grounds) as driven:
        await driven.ended(await driven.deploy(yard(2)))
        took = await driven.until(lambda: hosts_up(driven) == 2, 120)
        assert took < 60, "machines are made beside each other"
        made = next(each for each in driven.model.activities.all() if each.effector == "resize")
        await driven.until(lambda: driven.model.activities.get(made.id).state is ActivityState.DONE, 5)  # type: ignore[union-attr]
        assert len(nodes(grounds)) == 2 and all(name.startswith("clocker-main-") for name in nodes(grounds))
        deployed = await driven.ended(await driven.deploy(shop(4)), 120)
        assert deployed.state is ActivityState.DONE and len(ours(world)) == 4
        assert (await driven.ended(await driven.invoke("shop", "delete"))).state is ActivityState.DONE
        assert (await driven.ended(await driven.invoke("yard", "delete"), 120)).state is ActivityState.DONE
        assert not nodes(grounds) and driven.gone("yard") and not driven.entries(EntityKind.HOST, "yard/")
        assert not [kept for kept in driven.manager.store.all(EntityKind.HOST) if b"yard/" in (kept.body or b"")]
