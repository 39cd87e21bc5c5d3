"""Does a pool go on answering while it finds out where the first of a kind may go, and place it where it would have gone anyway?"""

from pathlib import Path

import pytest

from clocker_actors.entities.pools.placing import PlaceSome, Placing
from clocker_actors.entities.pools.pool import Pool
from clocker_actors.model.placements import PlacementRequest
from clocker_actors.placement import preparing
from tests.flows.stories import new_world, running
from tests.flows.support import managed

HOSTS = 12
STEP = 2
YARD = "services:\n- type: docker-cloud\n  name: yard\n  hosts:\n" + "".join(
    f'  - {{name: h{number}, engine: "simulated://h{number}", zone: z{number % 3}}}\n' for number in range(HOSTS)
)
SHOP = """
name: shop
location: yard
services:
- type: cluster
  id: web
  initialSize: 3
  memberSpec:
    type: docker:clocker/web:1
    affinity: [SPREAD OVER ZONE, NOT TYPE]
"""


async def test_the_first_of_a_kind_is_placed_in_several_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    receive, ready = Pool.on_receive, Placing._ready

    def received(pool: Pool, message: object) -> object:
        if isinstance(message, PlaceSome):
            seen.append("turn")
        return receive(pool, message)

    def stepped(placing: Placing, request: PlacementRequest) -> bool:
        done = ready(placing, request)
        seen.append("ready" if done else "step")
        return done

    monkeypatch.setattr(Pool, "on_receive", received)
    monkeypatch.setattr(Placing, "_ready", stepped)
    monkeypatch.setattr(preparing.prepare, "__kwdefaults__", {"most": STEP})
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(YARD))
        await driven.ended(await driven.deploy(SHOP))
        assert driven.up("shop/web")
        assert len({int(engine.name[1:]) % 3 for engine, _ in running(world)}) == 3, "one in each zone"
        steps = seen.count("step")
        assert steps >= HOSTS / STEP, "it was found out about some hosts at a time"
        assert seen.count("turn") >= steps, "and others had their turn between two of them"
        seen.clear()
        await driven.ended(await driven.invoke("shop/web", "resize", size=6))
        assert seen.count("step") <= 3, "what is known is not found out again"
        assert len({engine.name for engine, _ in running(world)}) == 6
