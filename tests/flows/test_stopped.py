"""Is what was stopped shown as what it is: not up, no problem, kept by a plan but not started, up again after a start?"""

from pathlib import Path

from clocker_actors.admin.planner import plan_of
from clocker_actors.admin.types import type_table
from clocker_actors.blueprint import parse
from clocker_actors.model.activities import ActivityState
from tests.flows.stories import cluster, new_world
from tests.flows.support import managed


async def test_a_stopped_cluster_is_not_up_and_a_plan_says_that_it_is_stopped(tmp_path: Path) -> None:
    async with managed(tmp_path / "s", world=new_world()) as driven:
        await driven.ended(await driven.deploy(cluster(3)))
        assert driven.up("shop/web")
        assert driven.model.entry("local").facts["hosts"] == 3
        assert (await driven.ended(await driven.invoke("shop", "stop"))).state is ActivityState.DONE
        await driven.until(lambda: driven.value("shop", "service.state") == "stopped", 5)
        for path in ("shop", "shop/web"):
            assert (driven.value(path, "service.state"), driven.value(path, "service.isUp")) == ("stopped", False)
            assert driven.value(path, "service.problems") == {}
        blueprint = parse(cluster(3), "shop.yaml", type_table()).blueprint
        steps = plan_of(blueprint, driven.manager.store, driven.model).plans[0].steps
        assert [(step.path, step.reason) for step in steps] == [(path, "it is as asked, and stopped") for path in ("shop", "shop/web")]
        assert (await driven.ended(await driven.invoke("shop", "start"))).state is ActivityState.DONE
        await driven.until(lambda: driven.up("shop/web") and driven.up("shop"), 5)
