"""Commands that look: what they show, in 80 columns and as JSON."""

import json

import pytest

from clocker_actors.cli import output
from clocker_actors.model.identity import Uid
from clocker_actors.model.noted import PolicyNoted
from tests.admin.house import House
from tests.cli.conftest import Clocker

pytestmark = pytest.mark.real_loop

LOOKS = (
    ("ls",),
    ("tree",),
    ("tree", "shop/web"),
    ("show", "shop/web"),
    ("show", "c2"),
    ("sensors", "shop/web"),
    ("effectors", "shop/web"),
    ("hosts",),
    ("activities",),
    ("activities", "shop"),
    ("policies", "shop/web"),
    ("explain", "shop/web"),
    ("explain", "shop/web/1"),
    ("events",),
    ("logs", "shop/web/1"),
)


@pytest.mark.parametrize("command", LOOKS, ids=" ".join)
async def test_it_answers_in_80_columns_without_colour(house: House, clocker: Clocker, command: tuple[str, ...]) -> None:
    ran = await clocker(*command)
    assert ran.code == 0, ran.err
    assert ran.out or ran.err
    assert "\x1b" not in ran.out + ran.err
    if command[0] not in {"events", "logs", "effectors", "show"}:  # these say one thing a line, however long
        assert max((len(line) for line in ran.out.splitlines()), default=0) <= 80


@pytest.mark.parametrize("command", LOOKS, ids=" ".join)
async def test_it_answers_in_json(house: House, clocker: Clocker, command: tuple[str, ...]) -> None:
    ran = await clocker(*command, "--json")
    assert ran.code == 0, ran.err
    if command[0] in {"events", "logs"}:
        assert all(json.loads(line) for line in ran.out.splitlines())
    else:
        assert json.loads(ran.out)


async def test_a_policy_that_could_not_start_says_why(house: House, clocker: Clocker) -> None:
    why = {"problem": "out of this world"}
    house.model.note(PolicyNoted(Uid("c2"), "scaler", "autoscaler", "policy", "failed", {}, why), 0)
    ran = await clocker("policies", "shop/web")
    assert "scaler could not start: out of this world; set, resume or remove it" in ran.out


async def test_ls_shows_members_up(house: House, clocker: Clocker) -> None:
    ran = await clocker("ls")
    assert {"shop", "a1", "running", "2/2"} <= set(ran.out.split())


async def test_a_tree_shows_everything_below(house: House, clocker: Clocker) -> None:
    ran = await clocker("tree", "shop")
    assert [line.split("(")[0].strip("│├└─ ") for line in ran.out.splitlines()] == ["shop", "web", "1", "2"]


async def test_a_sensor_is_shown_with_its_unit(house: House, clocker: Clocker) -> None:
    ran = await clocker("sensors", "c2")
    assert "41.5 %" in ran.out


async def test_control_characters_of_others_do_nothing(house: House, clocker: Clocker) -> None:
    house.log = ("\x1b]0;owned\x07\x1b[2Jhello",)
    ran = await clocker("logs", "m3")
    assert ran.out == "]0;owned[2Jhello\n"


async def test_a_wide_path_is_folded_not_cut(house: House, clocker: Clocker) -> None:
    from tests.telemetry.samples import entity

    name = "a-rather-long-name-of-an-application-that-somebody-thought-of-in-a-hurry"
    house.note(entity("a77", name, "root"))
    await house.kernel.settle()
    ran = await clocker("ls")
    assert "a77" in ran.out
    assert max(len(line) for line in ran.out.splitlines()) <= 80
    assert "".join(line.split(" ")[0] for line in ran.out.splitlines() if line.strip()).count(name) == 1


def test_several_lines_are_one_in_a_table() -> None:
    assert output.cell("build failed:\nstep 2\r\n\n  no such file\n").plain == "build failed: / step 2 / no such file"
    assert output.cell("  as it is").plain == "  as it is"
