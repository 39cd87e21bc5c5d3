"""Effectors that a blueprint declares: listed with their types, checked by the client's door, and what a command writes is data."""

import json

import pytest

from clocker_actors.model.activities import ActivityState
from clocker_actors.model.effectors import Effector, Parameter
from clocker_actors.model.identity import EntityKind
from tests.admin.house import House
from tests.cli.conftest import Clocker

pytestmark = pytest.mark.real_loop

FLUSH = Effector(
    "flush",
    "forget everything of a kind",
    frozenset({EntityKind.MEMBER}),
    (Parameter("kind", "string", "what", required=False, default="all"), Parameter("times", "integer", "how often", least=1)),
)


@pytest.fixture
def declared(house: House) -> House:
    """The member m3 has an effector of its own."""
    house.declared["flush"] = FLUSH
    house.model.entry("m3").effectors = (FLUSH,)
    house.result = {"status": 0, "output": "flushed\nall \x1b[31mof it\n", "seconds": 0.1}
    return house


async def test_it_is_listed_with_its_types(declared: House, clocker: Clocker) -> None:
    ran = await clocker("effectors", "m3")
    assert "flush: forget everything of a kind" in ran.out
    assert "kind=STRING: what, may be left out" in ran.out and "times=INTEGER: how often" in ran.out
    assert "flush" not in (await clocker("effectors", "shop/web")).out


async def test_bounds_and_defaults_are_told_as_people_write_them(house: House, clocker: Clocker) -> None:
    times = Parameter("times", "integer", "how often", required=False, default=2, least=1.0, most=3.0)
    more = Parameter("more", "number", "how much", least=0.5)
    house.model.entry("m3").effectors = (Effector("flush", "forget", frozenset({EntityKind.MEMBER}), (times, more)),)
    said = " ".join((await clocker("effectors", "m3")).out.split())
    assert "times=INTEGER: how often, 1 to 3, may be left out (default 2)" in said
    assert "more=NUMBER: how much, at least 0.5" in said


async def test_what_a_command_writes_goes_to_stdout(declared: House, clocker: Clocker) -> None:
    ran = await clocker("invoke", "m3", "flush", "times=3")
    assert ran.code == 0, ran.err
    assert ran.out.splitlines()[0] == "flushed" and "\x1b" not in ran.out
    assert dict(declared.invoked[0].arguments) == {"times": "3"}
    asked = await clocker("invoke", "m3", "flush", "times=3", "--json")
    assert json.loads(asked.out)["activity"]["result"]["output"].startswith("flushed")


async def test_what_a_failed_command_wrote_is_told_too(declared: House, clocker: Clocker) -> None:
    declared.outcome = ActivityState.FAILED
    ran = await clocker("invoke", "m3", "flush", "times=3")
    assert ran.code == 1 and ran.out.startswith("flushed") and "failed" in ran.err


async def test_arguments_are_checked(declared: House, clocker: Clocker) -> None:
    ran = await clocker("invoke", "m3", "flush", "times=0")
    assert ran.code == 2 and "times=0 is out of range; give at least 1" in ran.err
    ran = await clocker("invoke", "m3", "flsh")
    assert ran.code != 0 and "try flush" in ran.err
