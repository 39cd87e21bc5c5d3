"""Does a plan tell what a changed docker-cloud does to its hosts, and refuse what cannot change?"""

from dataclasses import replace

from clocker_actors.model.locations import LocationKind, LocationSpec, MachineSpec
from clocker_actors.model.specs import EngineSpec, HostSpec, PoolSpec, StrategySpec
from clocker_actors.planning.clouds import CloudChange, cloud_change, cloud_steps
from clocker_actors.planning.values import Action


def host(name: str, url: str = "", **more: object) -> HostSpec:
    return HostSpec(name, EngineSpec(url or f"tcp://{name}:2375"), **more)  # type: ignore[arg-type]


RACK = LocationSpec(LocationKind.MACHINES, "rack", machines=(MachineSpec("r1", "10.0.0.1"), MachineSpec("r2", "10.0.0.2")))
YARD = PoolSpec("yard", (host("ant"), host("bee")), location=RACK, initial_size=2)


def told(old: PoolSpec | None, new: PoolSpec) -> list[tuple[Action, str]]:
    return [(step.action, step.path) for step in cloud_steps(old, new)]


def test_one_that_is_made_lists_its_hosts() -> None:
    assert told(None, YARD) == [(Action.CREATE, each) for each in ("yard", "yard/ant", "yard/bee", "yard/docker-1", "yard/docker-2")]
    assert cloud_steps(None, YARD)[-1].reason == "made in rack, 2 hosts at first"


def test_hosts_come_go_and_change_and_the_rest_is_adopted() -> None:
    new = replace(YARD, hosts=(host("ant", labels={"disk": "ssd"}), host("cat")), max_size=7, strategies=(StrategySpec("DepthFirst"),))
    assert told(YARD, new) == [
        (Action.UPDATE, "yard"),
        (Action.CREATE, "yard/cat"),
        (Action.UPDATE, "yard/ant"),
        (Action.REMOVE, "yard/bee"),
    ]
    steps = cloud_steps(YARD, new)
    assert steps[0].changes == ("strategies[1]: nothing -> {type: DepthFirst, config: {}}", "maxSize: 100 -> 7")
    assert steps[2].changes == ("labels.disk: nothing -> ssd",)


def test_an_equal_one_is_kept() -> None:
    assert cloud_change(YARD, YARD) == CloudChange()
    assert told(YARD, YARD) == [(Action.KEEP, "yard")]


def test_location_and_engines_cannot_change() -> None:
    moved = replace(YARD, location=replace(RACK, name="cellar"))
    assert "from rack to cellar" in cloud_change(YARD, moved).refused
    more = replace(YARD, location=replace(RACK, machines=(*RACK.machines, MachineSpec("r3", "10.0.0.3"))))
    assert "within rack (machines[r3]: added" in cloud_change(YARD, more).refused
    assert "from rack to nowhere" in cloud_change(YARD, replace(YARD, location=None)).refused
    assert (
        "host ant of docker-cloud yard has another engine" in cloud_change(YARD, replace(YARD, hosts=(host("ant", "tcp://x:1"),))).refused
    )
    assert told(YARD, moved) == [(Action.KEEP, "yard")]
