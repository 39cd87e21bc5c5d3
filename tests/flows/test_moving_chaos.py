"""Whatever crosses moves and drains, in whatever order: is everything in order once it is over, with one container per member?"""

import asyncio
import random
from contextlib import suppress
from pathlib import Path

import pytest

from clocker_actors.drivers.simulated import SimulatedWorld
from clocker_actors.errors import ClockerError
from clocker_actors.model.identity import EntityKind
from clocker_actors.model.messages import CancelActivity
from tests.flows.stories import running, well
from tests.flows.support import PERSON, Driven, managed
from tests.flows.test_draining import prepared
from tests.flows.test_manager_dies import killed

HOSTS = ("h1", "h2", "h3", "h4")
STEPS = 14


class Chaos:
    """Does something to a manager and its world at each step; all drawn by one seed."""

    def __init__(self, seed: int, world: SimulatedWorld) -> None:
        self.draw = random.Random(seed)
        self.world = world

    async def steps(self, driven: Driven, count: int) -> None:
        """So many, with pauses."""
        for _ in range(count):
            await self._step(driven)
            await asyncio.sleep(self.draw.choice((0.0, 0.05, 0.3, 1.0, 2.5)))

    async def _step(self, driven: Driven) -> None:
        host = self.draw.choice(HOSTS)
        members = [entry.path for entry in driven.entries(EntityKind.MEMBER, "shop")]
        member = self.draw.choice(members) if members else "shop/web"
        match self.draw.randrange(9):
            case 0 | 1:
                await self._order(driven, f"yard/{host}", self.draw.choice(("drain", "evacuate", "cordon")))
            case 2:
                await self._order(driven, f"yard/{host}", "uncordon")
            case 3 | 4:
                await self._order(driven, member, "move", **({"host": host} if self.draw.random() < 0.5 else {}))
            case 5:
                await self._order(driven, member, self.draw.choice(("restart", "start")))
            case 6:
                engine, seen = self.draw.choice(running(self.world) or [(None, None)])
                if engine is not None and seen is not None:
                    engine.die(seen.name, exit_code=1)
            case 7:
                await self._order(driven, "shop/web", "resize", size=self.draw.choice((4, 6, 8)))
            case 8:
                open_ = [each for each in driven.model.activities.all() if not each.state.ended]
                if open_:
                    picked = self.draw.choice(open_)
                    driven.manager.kernel.tell(picked.entity, CancelActivity(picked.id, PERSON))

    async def _order(self, driven: Driven, entity: str, effector: str, **arguments: str | int) -> None:
        with suppress(ClockerError):  # a refusal is an answer, too
            await driven.invoke(entity, effector, **arguments)


async def calm(driven: Driven, world: SimulatedWorld) -> None:
    """Everything is in use again and wanted; then all must become well."""
    for host in HOSTS:
        await driven.invoke(f"yard/{host}", "uncordon")
    await driven.ended(await driven.invoke("shop/web", "start"), 200)
    await driven.ended(await driven.invoke("shop/web", "resize", size=6), 200)
    await driven.until(lambda: driven.value("shop/web", "group.members.up") == 6, 200)
    await well(driven, world, 200)
    assert len(running(world)) == 6


@pytest.mark.parametrize("member", ["", "duplicate: never"])
@pytest.mark.parametrize("seed", range(12))
async def test_orders_in_any_order(tmp_path: Path, seed: int, member: str) -> None:
    world = SimulatedWorld(seed)
    chaos = Chaos(seed, world)
    async with managed(tmp_path / "s", world=world) as driven:
        await prepared(driven, len(HOSTS), 6, member=member)
        await chaos.steps(driven, STEPS)
        await calm(driven, world)


@pytest.mark.parametrize("seed", range(8))
async def test_and_the_manager_dies_in_between(tmp_path: Path, seed: int) -> None:
    world = SimulatedWorld(seed)
    chaos = Chaos(100 + seed, world)
    async with killed(tmp_path / "s", world) as driven:
        await prepared(driven, len(HOSTS), 6)
        await chaos.steps(driven, 6)
    async with killed(tmp_path / "s", world) as driven:
        await driven.until(lambda: not driven.gone("yard/h4") and not driven.gone("shop/web"), 30)
        await chaos.steps(driven, 6)
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.until(lambda: not driven.gone("yard/h4") and not driven.gone("shop/web"), 30)
        await calm(driven, world)
