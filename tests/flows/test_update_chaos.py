"""Whatever crosses updates, in whatever order: does all that runs follow the newest file in the end, with one container per member?"""

import asyncio
import random
from contextlib import suppress
from pathlib import Path

import pytest

from clocker_actors.drivers.simulated import SimulatedWorld
from clocker_actors.errors import ClockerError
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.identity import EntityKind
from clocker_actors.model.messages import CancelActivity
from clocker_actors.model.specs import Resources
from tests.flows.stories import cluster, new_world, running, well
from tests.flows.support import PERSON, Driven, managed
from tests.flows.test_manager_dies import killed

HOSTS = ("sim-1", "sim-2", "sim-3")
STEPS = 14
FILES = (
    ("docker:clocker/web:1", "memory: 64m"),
    ("docker:clocker/web:1", "memory: 128m"),
    ("docker:clocker/web:2", "memory: 64m"),
    ("docker:clocker/web:2", "memory: 128m; env: {A: b}"),
    ("docker:clocker/exits:1", ""),
    ("docker:clocker/missing:1", "memory: 64m"),
)


class Chaos:
    """Does something to a manager and its world at each step; all drawn by one seed."""

    def __init__(self, seed: int, world: SimulatedWorld, member: str) -> None:
        self.draw = random.Random(seed)
        self.world = world
        self.member = member

    def text(self, image: str, keys: str) -> str:
        """A file."""
        return cluster(4, image=image, member=f"{keys}; {self.member}")

    async def steps(self, driven: Driven, count: int) -> None:
        """So many, with pauses."""
        for _ in range(count):
            with suppress(ClockerError):  # a refusal is an answer, too
                await self._step(driven)
            await asyncio.sleep(self.draw.choice((0.0, 0.05, 0.3, 1.0, 2.5)))

    async def _step(self, driven: Driven) -> None:
        members = [entry.path for entry in driven.entries(EntityKind.MEMBER, "shop/web/")]
        match self.draw.randrange(9):
            case 0 | 1 | 2 | 3:
                await driven.deploy(self.text(*self.draw.choice(FILES)))
            case 4:
                await driven.invoke("shop/web", "resize", size=self.draw.choice((2, 4, 6)))
            case 5:
                engine, seen = self.draw.choice(running(self.world) or [(None, None)])
                if engine is not None and seen is not None:
                    engine.die(seen.name, exit_code=1)
            case 6:
                await driven.invoke(self.draw.choice(members or ["shop/web"]), self.draw.choice(("restart", "start", "move")))
            case 7:
                await driven.invoke(f"local/{self.draw.choice(HOSTS)}", self.draw.choice(("drain", "uncordon")))
            case 8:
                open_ = [each for each in driven.model.activities.all() if not each.state.ended]
                if open_:
                    picked = self.draw.choice(open_)
                    driven.manager.kernel.tell(picked.entity, CancelActivity(picked.id, PERSON))

    async def calm(self, driven: Driven) -> None:
        """The last file is a good one, and nothing else happens: then all must follow it."""
        for host in HOSTS:
            await driven.invoke(f"local/{host}", "uncordon")
        await driven.ended(await driven.invoke("shop", "start"), 200)
        last = self.text("docker:clocker/web:3", "memory: 96m")
        done = await driven.ended(await driven.deploy(last), 300)
        if done.state is not ActivityState.DONE:  # a fault of before was still going on
            done = await driven.ended(await driven.deploy(last), 300)
        assert done.state is ActivityState.DONE, f"{done}\n{driven.picture()}"
        await driven.ended(await driven.invoke("shop/web", "resize", size=4), 200)
        await driven.until(lambda: driven.value("shop/web", "group.members.up") == 4, 200)
        await well(driven, self.world, 200)
        found = [(seen.image, seen.resources) for _, seen in running(self.world)]
        assert found == [("clocker/web:3", Resources(memory=96 << 20))] * 4


@pytest.mark.parametrize("member", ["", "duplicate: never", "volumes: [pages:/data]"])
@pytest.mark.parametrize("seed", range(3))
async def test_files_in_any_order(tmp_path: Path, seed: int, member: str) -> None:
    world = new_world(3, seed)
    chaos = Chaos(seed, world, member)
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(chaos.text(*FILES[0])))
        await chaos.steps(driven, STEPS)
        await chaos.calm(driven)


@pytest.mark.parametrize("seed", range(4))
async def test_and_the_manager_dies_in_between(tmp_path: Path, seed: int) -> None:
    world = new_world(3, seed)
    chaos = Chaos(100 + seed, world, "")
    async with killed(tmp_path / "s", world) as driven:
        await driven.ended(await driven.deploy(chaos.text(*FILES[0])))
        await chaos.steps(driven, 6)
    async with killed(tmp_path / "s", world) as driven:
        await driven.until(lambda: not driven.gone("shop/web"), 30)
        await chaos.steps(driven, 6)
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.until(lambda: not driven.gone("shop/web"), 30)
        await chaos.calm(driven)
