"""Commands that look: what they show, in 80 columns and as JSON."""

import json

import pytest

from clocker_actors.cli import output
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.identity import Uid
from clocker_actors.model.noted import PolicyNoted
from tests.admin.house import House
from tests.cli.conftest import Clocker
from tests.telemetry.samples import NOW, entity, readings

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
    assert not [line for line in ran.out.splitlines() if line.endswith(" ")]
    if command[0] not in {"events", "logs"}:  # these say one thing a line, however long
        assert max((len(line) for line in (ran.out + ran.err).splitlines()), default=0) <= 80


@pytest.mark.parametrize("command", LOOKS, ids=" ".join)
async def test_it_answers_in_json(house: House, clocker: Clocker, command: tuple[str, ...]) -> None:
    ran = await clocker(*command, "--json")
    assert ran.code == 0, ran.err
    assert len((await clocker("--json", *command)).out.splitlines()) == len(ran.out.splitlines())
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


DEAD = "engine tcp://10.0.0.{0}:2375 does not answer ping: no connection within 2.5 s; check that the host is up and that dockerd listens there"


def down(house: House, *numbers: int) -> None:
    """Hosts that do not answer, since NOW."""
    for number in numbers:
        house.note(entity(f"h9{number}", f"yard/n{number}", "p5"))
        why = {"engine": DEAD.format(number)}
        house.note(readings(f"h9{number}", NOW, service__isUp=False, service__state="on-fire", service__notUp__indicators=why))


async def test_a_dead_host_says_how_it_is_and_since_when(house: House, clocker: Clocker) -> None:
    down(house, 1)
    await house.kernel.settle()
    ran = await clocker("hosts")
    (line,) = [line for line in ran.out.splitlines() if line.startswith("yard/n1")]
    assert line.split() == ["yard/n1", "h91", "no", "-", "-", "-", "-", "-"]
    assert f"yard/n1 is not up since 2027-01-15 08:00:00 UTC: {DEAD.format(1)}; `clocker explain yard/n1` tells more" in ran.said


async def test_many_dead_hosts_with_one_reason_are_told_of_together(house: House, clocker: Clocker) -> None:
    down(house, 1, 2, 3)
    await house.kernel.settle()
    ran = await clocker("hosts")
    assert "3 hosts are not up: yard/n1 since 08:00:00 UTC, yard/n2 since 08:00:00 UTC" in ran.said
    assert ran.said.count("does not answer") == 1


async def test_what_was_stopped_is_no_problem(house: House, clocker: Clocker) -> None:
    why = {"children": "1 of 1 services are not up: web"}
    house.note(readings("a1", NOW, service__isUp=False, service__state="stopped", service__notUp__indicators=why))
    await house.kernel.settle()
    ran = await clocker("ls")
    assert {"stopped", "no"} <= set(ran.out.split())
    assert ran.err == ""


async def test_a_list_tells_a_long_problem_shortly(house: House, clocker: Clocker) -> None:
    why = {"children": "; ".join(f"s{number}: host.subnet.address of db did not come: it has failed" for number in range(100))}
    house.note(readings("a1", NOW, service__isUp=False, service__state="on-fire", service__problems=why))
    await house.kernel.settle()
    told = " ".join((await clocker("ls")).err.split())
    assert "s1: host.subnet.address of db did not come" in told and "…; `clocker explain" in told
    assert len(told) < 450


async def test_a_tree_tells_the_same_problem_of_siblings_once(house: House, clocker: Clocker) -> None:
    for uid in ("m3", "m4"):
        house.note(readings(uid, NOW, service__isUp=False, service__notUp__indicators={"container": "not started yet"}))
    await house.kernel.settle()
    lines = (await clocker("tree", "shop/web")).out.splitlines()
    assert [line.partition("!")[2] for line in lines] == ["", " container: not started yet", " as 1"]


async def test_a_tree_tells_the_problem_rather_than_what_follows_from_it(house: House, clocker: Clocker) -> None:
    idle, waits = {"container": "not started yet"}, "waits until shop/db is up"
    down = {"service__isUp": False}
    house.note(readings("m3", NOW, **down, service__notUp__indicators={**idle, "waits": waits}))
    house.note(
        readings(
            "m4",
            NOW,
            **down,
            service__notUp__indicators={**idle, "waits": waits},
            service__problems={"dependency": f"{waits}, which is on fire"},
        )
    )
    house.note(entity("m91", "shop/web/3", "c2"), readings("m91", NOW, **down, service__notUp__indicators={**idle, "waits": waits}))
    await house.kernel.settle()
    said = " ".join((await clocker("tree", "shop/web")).out.replace("│", " ").split())
    assert f"! waits: {waits}" in said
    assert f"! dependency: {waits}, which is on fire" in said
    assert said.count("! as 1") == 1  # the third
    assert "container:" not in said


async def test_a_tree_tells_reasons_that_differ_in_part(house: House, clocker: Clocker) -> None:
    for uid, place in (("m3", "no room"), ("m4", "no host in zone b")):
        house.note(readings(uid, NOW, service__isUp=False, service__notUp__indicators={"waits": "waits for db", "health": place}))
    await house.kernel.settle()
    said = (await clocker("tree", "shop/web")).out
    assert " as 1" not in said and said.count("! waits: waits for db") == 2


async def test_a_group_is_called_so(house: House, clocker: Clocker) -> None:
    from dataclasses import replace

    house.note(replace(entity("m90", "shop/side", "a1"), type="group", application=Uid("a1")))
    await house.kernel.settle()
    assert "side (group m90)" in (await clocker("tree", "shop")).out
    assert "kind: group\n" in (await clocker("show", "shop/side")).out
    assert "2/2" in (await clocker("ls")).out.split()  # a group is no member


def test_what_is_to_be_typed_stays_on_one_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    output.note("it did not start; look with `clocker explain shop/web` and then with `clocker logs shop/web/1 -f` perhaps")
    lines = capsys.readouterr().err.splitlines()
    assert max(map(len, lines)) <= 40
    assert sum(line.count("`clocker explain shop/web`") + line.count("`clocker logs shop/web/1 -f`") for line in lines) == 2


async def test_a_failed_activity_says_why_below_the_table(house: House, clocker: Clocker) -> None:
    house.outcome = ActivityState.FAILED
    await clocker("resize", "shop/web", "4")
    ran = await clocker("activities", "shop/web")
    _head, row, why = ran.out.splitlines()
    assert row.split()[-3:] == ["failed", "resize", "shop/web"]
    assert why == "t1 failed: it failed: no host would do"


async def test_what_is_gone_is_shown_as_gone(house: House, clocker: Clocker) -> None:
    from clocker_actors.model.noted import EntityGone

    house.note(EntityGone(Uid("m3"), NOW))
    await house.kernel.settle()
    lines = (await clocker("show", "m3")).out.splitlines()
    assert {"state: it does not exist any more", "up: no", "gone: 2027-01-15 08:00:00 UTC"} <= set(lines)


@pytest.mark.parametrize("command", ["explain", "show", "sensors", "effectors"])
@pytest.mark.parametrize(("name", "path"), [("here", "local/here"), ("shop.web.1.g1", "local/here/shop.web.1.g1")])
async def test_hosts_and_containers_are_looked_at_by_their_names(
    house: House, clocker: Clocker, command: str, name: str, path: str
) -> None:
    ran = await clocker(command, name)
    assert ran.code == 0, ran.err
    if command in {"explain", "show"}:
        assert path in ran.out


async def test_what_may_be_several_is_bad_usage_with_their_names(house: House, clocker: Clocker) -> None:
    house.note(entity("h31", "far/here", "p5"))
    await house.kernel.settle()
    ran = await clocker("explain", "here")
    assert ran.code == 2
    assert "local/here (host h6), far/here (host h31); write a whole path or a uid" in " ".join(ran.err.split())


async def test_an_activity_is_explained_by_its_id(house: House, clocker: Clocker) -> None:
    await clocker("resize", "shop/web", "4")
    ran = await clocker("explain", "t1")
    assert ran.out.startswith("activity t1: resize(size=4) of shop/web done")
    assert max(map(len, ran.out.splitlines())) <= 80
