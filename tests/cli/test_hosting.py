"""Commands for hosts: cordon, uncordon, drain; and what they say of things that are no hosts."""

import json

import pytest

from clocker_actors.admin.moves import MovesView
from clocker_actors.admin.routes import entities
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.identity import Uid
from clocker_actors.planning.emptying import PlannedMove
from tests.admin.house import House
from tests.cli.conftest import Clocker
from tests.telemetry.samples import entity, readings

pytestmark = pytest.mark.real_loop


@pytest.mark.parametrize(
    ("command", "effector", "arguments"),
    [
        ("cordon local/here", "cordon", {}),
        ("uncordon here", "uncordon", {}),
        ("drain local/here", "drain", {"surge": 3}),
        ("rebalance local", "rebalance", {"moves": 10}),
        ("rebalance local --moves 3", "rebalance", {"moves": 3}),
        ("ca rotate local", "rotateCertificates", {}),
        ("drain local/here --surge 5", "drain", {"surge": 5}),
    ],
)
async def test_hosts_take_orders(house: House, clocker: Clocker, command: str, effector: str, arguments: dict[str, object]) -> None:
    ran = await clocker(*command.split())
    assert ran.code == 0, ran.err
    assert (house.invoked[0].effector, dict(house.invoked[0].arguments)) == (effector, arguments)


async def test_only_hosts_are_drained(house: House, clocker: Clocker) -> None:
    for command in (
        ("drain", "shop/web"),
        ("drain", "shop/web", "--plan"),
        ("cordon", "shop"),
        ("rebalance", "shop"),
        ("ca", "rotate", "shop"),
    ):
        ran = await clocker(*command)
        assert ran.code == 2
        assert ("not a host" in ran.said or "not a docker cloud" in ran.said) and "`clocker " in ran.said
    assert not house.invoked
    assert (await clocker("drain", "local/here", "--surge", "0")).code == 2


async def test_how_long_certificates_hold(house: House, clocker: Clocker) -> None:
    pool = house.model.resolve("local")
    assert "no docker cloud has certificates" in (await clocker("ca")).said
    house.note(readings(pool, docker__certificates__expire=1_800_000_000.0))
    ran = await clocker("ca", "ls")
    assert ran.code == 0 and "local" in ran.out and "2027-01-15" in ran.out
    assert json.loads((await clocker("ca", "--json")).out) == {"items": [{"pool": "local", "expires": 1_800_000_000.0}]}
    for wrong in (("ca", "rotat"), ("ca", "rotate"), ("ca", "ls", "local")):
        assert (await clocker(*wrong)).code == 2


async def test_a_drain_that_cannot_finish_exits_1(house: House, clocker: Clocker) -> None:
    house.outcome = ActivityState.FAILED
    ran = await clocker("drain", "local/here")
    assert ran.code == 1
    assert "drain of local/here: failed" in ran.said


async def test_a_uid_that_is_the_name_of_another_host_is_refused(house: House, clocker: Clocker) -> None:
    house.note(entity("p30", "far", "root"), entity("h31", "far/h6", "p30"))
    await house.kernel.settle()
    for command in (("cordon",), ("uncordon",), ("drain",), ("drain", "--plan")):
        ran = await clocker(*command, "h6")
        assert ran.code == 2
        assert "h6 is the uid of local/here and the name of far/h6: write the path" in ran.said
    assert not house.invoked
    assert (await clocker("cordon", "local/here")).code == 0


@pytest.mark.parametrize(
    ("homes", "words"),
    [
        (("far", "far"), "2 of 2 members would move; nothing was done: `clocker drain local/here` does it"),
        (("far", ""), "1 of 2 members would move, and 1 stays for the reason told above"),
    ],
)
async def test_a_plan_of_a_drain_promises_only_what_can_be(
    house: House, clocker: Clocker, monkeypatch: pytest.MonkeyPatch, homes: tuple[str, ...], words: str
) -> None:
    moves = tuple(
        PlannedMove(Uid(f"m{n}"), f"shop/web/{n}", to, "start-first", "" if to else "no host has 4 GB free", "nothing forbids it")
        for n, to in enumerate(homes, 3)
    )
    monkeypatch.setattr(entities, "drain_plan", lambda *_: MovesView("local/here", all(homes), moves))
    ran = await clocker("drain", "local/here", "--plan")
    assert ran.code == 0, ran.err
    assert words in ran.said
    assert "WHY" in ran.out and "nothing forbids it" in " ".join(ran.out.split())
    if not all(homes):
        assert "does it" not in ran.said
        assert "shop/web/4 would stay: no host has 4 GB free" in f"{ran.said} {' '.join(ran.out.split())}"
