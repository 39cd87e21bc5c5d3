"""A member dies where the rules leave it no other place than its own: does it come back there, and is all well again afterwards?"""

from pathlib import Path

import pytest

from tests.flows.stories import new_world, running, well
from tests.flows.support import managed

SHOP = (
    "name: shop\nlocation: local\nservices:\n- {type: 'docker:clocker/nginx:1', id: db, affinity: NOT TYPE web}\n"
    "- type: cluster\n  id: web\n  initialSize: 4\n  affinity: NOT TYPE db\n"
    "  memberSpec: {type: 'docker:clocker/web:1', ports: [8080], affinity: AT MOST 2 CLUSTER PER HOST}\n"
)


@pytest.mark.parametrize("seed", range(4))
async def test_all_is_well_again(tmp_path: Path, seed: int) -> None:
    world = new_world(seed=seed)
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(SHOP))
        await driven.until(lambda: driven.up("shop"), 20)
        for _ in range(2):
            engine, seen = next((engine, seen) for engine, seen in running(world) if "web" in seen.image)
            engine.die(seen.name, 137)
            await driven.until(lambda: not driven.up("shop/web") or driven.value("shop/web", "group.members.up") == 3, 10)
            await driven.until(lambda: driven.up("shop") and driven.value("shop/web", "group.members.up") == 4, 30, "healed")
        await well(driven, world)
