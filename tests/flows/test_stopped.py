"""Is what was stopped shown as what it is: not up, no problem, kept by a plan but not started, up again after a start?"""

from pathlib import Path

from clocker_actors.admin.planner import plan_of
from clocker_actors.admin.types import type_table
from clocker_actors.blueprint import parse
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.messages import CancelActivity
from tests.flows.stories import cluster, new_world
from tests.flows.support import PERSON, managed


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


async def test_an_application_whose_every_service_was_stopped_by_hand_is_stopped_and_no_alarm(tmp_path: Path) -> None:
    """Nothing of it runs, so it is not up; as soon as one service is started again, it is."""
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.ended(await driven.deploy(f"{cluster(2)}- type: docker:clocker/web:1\n  id: solo\n"))
        assert (await driven.ended(await driven.invoke("shop/web", "stop"))).state is ActivityState.DONE
        assert driven.up("shop"), "the other service runs"
        assert (await driven.ended(await driven.invoke("shop/solo", "stop"))).state is ActivityState.DONE
        await driven.until(lambda: driven.value("shop", "service.state") == "stopped", 5)
        assert driven.value("shop", "service.isUp") is False
        assert driven.value("shop", "service.notUp.indicators") == {"children": "all services are stopped"}
        assert driven.value("shop", "service.problems") == {}
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.until(lambda: not driven.gone("shop") and driven.value("shop", "service.state") == "stopped", 5)
        assert (await driven.ended(await driven.invoke("shop/solo", "start"))).state is ActivityState.DONE
        await driven.until(lambda: driven.up("shop"), 5)
        assert driven.value("shop/web", "service.state") == "stopped"
        assert (await driven.ended(await driven.invoke("shop/solo", "stop"))).state is ActivityState.DONE
        assert (await driven.ended(await driven.invoke("shop", "start"))).state is ActivityState.DONE
        assert driven.up("shop") and driven.up("shop/web") and driven.up("shop/solo")


async def test_an_application_hears_that_the_start_of_its_only_cluster_was_taken_back(tmp_path: Path) -> None:
    async with managed(tmp_path / "s", world=new_world()) as driven:
        deploy = await driven.deploy(cluster(1, keys="minSize: 1"))
        await driven.until(lambda: not driven.gone("shop/web/1"), 5)
        start = next(each for each in driven.model.activities.all() if each.entity == driven.model.resolve("shop/web"))
        await driven.manager.kernel.ask(start.entity, CancelActivity(start.id, PERSON), 5.0)
        ended = await driven.ended(deploy, 60)
        assert ended.state is ActivityState.FAILED and "web" in ended.problem
