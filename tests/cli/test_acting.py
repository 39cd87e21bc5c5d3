"""Commands that change something: what is asked of the daemon, what is said, and the exit code."""

import json

import pytest

from clocker_actors.model.activities import ActivityState
from tests.admin.house import House
from tests.cli.conftest import Clocker
from tests.telemetry.samples import entity

pytestmark = pytest.mark.real_loop


@pytest.mark.parametrize(
    ("command", "effector", "arguments"),
    [
        ("resize shop/web 4", "resize", {"size": 4}),
        ("invoke shop/web resizeByDelta delta=-1", "resizeByDelta", {"delta": "-1"}),
        ("start shop", "start", {}),
        ("stop shop/web", "stop", {}),
        ("restart m3", "restart", {}),
        ("delete shop", "delete", {}),
        (
            "policies c2 add autoscaler metric=cpu.mean.average metricUpperBound=50",
            "add_policy",
            {"type": "autoscaler", "name": "", "config": {"metric": "cpu.mean.average", "metricUpperBound": "50"}},
        ),
        ("policies c2 set scaler metricLowerBound=-5", "set_policy", {"policy": "scaler", "config": {"metricLowerBound": "-5"}}),
        ("policies c2 suspend scaler", "suspend_policy", {"policy": "scaler"}),
        ("policies c2 resume scaler", "resume_policy", {"policy": "scaler"}),
        ("policies c2 remove scaler", "remove_policy", {"policy": "scaler"}),
    ],
)
async def test_it_runs_an_effector_and_waits(
    house: House, clocker: Clocker, command: str, effector: str, arguments: dict[str, object]
) -> None:
    ran = await clocker(*command.split())
    assert ran.code == 0, ran.err
    assert house.invoked[0].effector == effector
    assert arguments.items() <= dict(house.invoked[0].arguments).items()
    assert "done" in ran.err
    assert ran.out == ""


async def test_what_fails_exits_1_and_says_where_to_look(house: House, clocker: Clocker) -> None:
    house.outcome = ActivityState.FAILED
    ran = await clocker("resize", "shop/web", "4")
    assert ran.code == 1
    assert "resize of shop/web: failed" in ran.err
    assert "no host would do" in ran.err
    assert "clocker explain shop/web" in ran.err


async def test_a_refusal_exits_1(house: House, clocker: Clocker) -> None:
    house.refusal = "shop is being deleted: wait for that to end"
    ran = await clocker("stop", "shop")
    assert (ran.code, ran.err) == (1, f"clocker: {house.refusal}\n")


async def test_without_waiting_the_activity_is_the_answer(house: House, clocker: Clocker) -> None:
    house.outcome = None
    ran = await clocker("start", "shop", "--no-wait")
    assert (ran.code, ran.out) == (0, "t1\n")
    assert (await clocker("cancel", "t1")).code == 0
    assert [activity for activity, _ in house.cancelled] == ["t1"]
    again = await clocker("cancel", "t1")
    assert (again.code, "cancelled already" in again.err) == (1, True)


async def test_json_is_the_activity_at_its_end(house: House, clocker: Clocker) -> None:
    ran = await clocker("resize", "shop/web", "4", "--json")
    assert json.loads(ran.out)["activity"]["state"] == "done"
    assert ran.err == ""


async def test_a_map_is_given_as_json(house: House, clocker: Clocker) -> None:
    ran = await clocker("invoke", "c2", "add_policy", "type=autoscaler", 'config={"metric": "cpu.mean.average"}')
    assert ran.code == 0, ran.err
    assert house.invoked[0].arguments["config"] == {"metric": "cpu.mean.average"}


@pytest.mark.parametrize(("identity", "kind"), [("shop", "application"), ("shop/web/1", "member")])
async def test_a_size_of_what_is_no_cluster_names_the_clusters(house: House, clocker: Clocker, identity: str, kind: str) -> None:
    ran = await clocker("resize", identity, "3")
    assert ran.code == 2
    assert f"{identity} is of kind {kind}, and only clusters and pools have a size" in ran.said
    assert "try shop/web" in ran.said
    assert not house.invoked


async def test_a_pool_has_a_size_too(house: House, clocker: Clocker) -> None:
    assert (await clocker("resize", "local", "3")).code == 0
    assert house.invoked[0].effector == "resize" and house.invoked[0].arguments == {"size": 3}


async def test_a_size_may_be_leased_for_a_time_of_several_units(house: House, clocker: Clocker) -> None:
    assert (await clocker("resize", "shop/web", "3", "--for", "1h30m")).code == 0
    assert house.invoked[0].arguments == {"size": 3, "for": 5400.0}


async def test_an_order_that_is_interrupted_before_its_answer_says_where_it_may_go_on(
    house: House, clocker: Clocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    from clocker_actors.admin.client import Client

    def interrupted(self: Client, path: str, body: object = None) -> dict[str, object]:
        raise KeyboardInterrupt

    monkeypatch.setattr(Client, "post", interrupted)
    ran = await clocker("stop", "shop")
    assert ran.code == 130
    assert "if it had begun, it goes on: `clocker activities --running` shows it" in ran.said


async def test_a_name_is_enough_for_a_host_but_not_to_stop_a_service(house: House, clocker: Clocker) -> None:
    house.note(entity("p30", "far", "root"), entity("h31", "far/h6", "p30"))
    await house.kernel.settle()
    assert (await clocker("invoke", "here", "cordon")).code == 0
    assert house.invoked.pop().effector == "cordon"
    for command in (("stop", "web/1"), ("delete", "web"), ("resize", "web", "1"), ("restart", "web/1")):
        ran = await clocker(*command)
        assert ran.code == 2 and "write the whole path" in ran.said, command
    for command in (("invoke", "h6", "cordon"), ("stop", "h6"), ("delete", "h6"), ("resize", "h6", "1")):
        ran = await clocker(*command)
        assert ran.code == 2 and "h6 is the uid of local/here and the name of far/h6: write the path" in ran.said, command
    assert not house.invoked


async def test_an_effector_of_members_is_not_one_of_their_cluster(house: House, clocker: Clocker) -> None:
    ran = await clocker("invoke", "shop/web", "move")
    assert ran.code == 2
    assert "cluster entities have no effector 'move'; member entities have it, and `clocker tree` shows those" in ran.said
    assert not house.invoked
