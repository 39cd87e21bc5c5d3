"""An autoscaler may not go below a least size for which there is no room: does it wait for room, instead of ordering without a pause?"""

from pathlib import Path

from clocker_actors.model.identity import EntityKind
from tests.flows.stories import new_world, running
from tests.flows.support import managed

FULL = (
    "name: shop\nlocation: local\nservices:\n- type: cluster\n  id: full\n  initialSize: 3\n  strategies: [MaxContainers: {maxContainers: 1}]\n"
    "  memberSpec: {type: 'docker:clocker/web:1'}\n"
    "- type: cluster\n  id: web\n  initialSize: 0\n  strategies: [MaxContainers: {maxContainers: 1}]\n  memberSpec: {type: 'docker:clocker/web:1'}\n"
    "  policies:\n  - type: autoscaler\n    config: {metric: cpu.mean.average, metricLowerBound: 20, metricUpperBound: 60, minPoolSize: 1, maxPoolSize: 3}\n"
)


async def test_it_asks_once_and_waits(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.deploy(FULL)
        await driven.until(lambda: len(running(world)) == 3)
        await driven.until(lambda: driven.value("shop/web", "cluster.size.desired") == 1, 30, "the least size is asked for")
        orders = [each for each in driven.model.activities.all() if each.effector == "resize"]
        assert len(orders) <= 2, f"{len(orders)} orders within a moment"
        await driven.ended(await driven.invoke("shop/full", "resize", size=2))
        await driven.until(lambda: driven.up("shop/web"), 120, "there is room now")
        assert len(driven.entries(EntityKind.MEMBER, "shop/web/")) == 1
