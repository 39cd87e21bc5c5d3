"""Is a plan of what runs told so that a person sees what changes, how, in which order and how long; and does a deploy say the same first?"""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from clocker_actors.admin.types import type_table
from clocker_actors.blueprint import parse
from clocker_actors.entities.records import (
    ApplicationState,
    ClusterState,
    Generation,
    HostState,
    Identity,
    MemberState,
    PoolState,
    record,
)
from clocker_actors.model.identity import EntityKind, Uid
from clocker_actors.model.messages import Invoke
from clocker_actors.model.noted import EntityNoted, PolicyNoted
from clocker_actors.model.ownership import AdjunctState, Owner, OwnerKind
from clocker_actors.model.specs import EngineSpec, HostSpec, PolicySpec, PoolSpec
from clocker_actors.telemetry.readmodel import ReadModel
from tests.admin.house import House
from tests.cli.conftest import Clocker
from tests.telemetry.samples import readings

pytestmark = pytest.mark.real_loop
MEMBERS = 12
MINE = """name: mine
location: yard
services:
- type: cluster
  id: web
  initialSize: 12
  memberSpec:
    type: docker:nginx:1.25
    memory: 64m
- type: docker:db:1
  id: db
  volumes: [data:/data]
"""


def named(uid: str, path: str, parent: str) -> Identity:
    return Identity(Uid(uid), path.rpartition("/")[2], path, Uid(parent), Uid("a9"), Uid("p9"))


def web() -> ClusterState:
    spec = parse(MINE, "mine.yaml", type_table()).blueprint.applications[0].services[0]
    members = tuple(Uid(f"m9{number}") for number in range(1, MEMBERS + 1))
    return ClusterState(named("c9", "mine/web", "a9"), spec, MEMBERS, members=members, next_index=MEMBERS + 1)


def up(model: ReadModel, uid: str, kind: EntityKind, path: str, parent: str) -> None:
    model.note(EntityNoted(Uid(uid), kind, path, path.rpartition("/")[2], Uid(parent), Uid("a9"), 0.0), 0.0)
    model.note(readings(uid, 0.0, service__state="running", service__isUp=True), 0.0)


@pytest_asyncio.fixture
async def mine(house: House, tmp_path: Path) -> Path:
    """Application mine runs on pool yard: twelve members of web, and db. The file that says so."""
    spec = parse(MINE, "mine.yaml", type_table()).blueprint.applications[0]
    db, cluster = spec.services[1], web().spec.cluster
    assert cluster is not None
    uids = [Uid(f"m9{number}") for number in range(1, MEMBERS + 1)]
    runs = Generation(1, Uid("h9"), "one", "10.0.0.1", "x")
    records = [
        record(
            EntityKind.POOL,
            PoolState(
                named("p9", "yard", "root"),
                PoolSpec("yard", (HostSpec("one", EngineSpec("tcp://10.0.0.1:2375")),)),
                hosts={"one": Uid("h9")},
            ),
        ),
        record(EntityKind.HOST, HostState(named("h9", "yard/one", "p9"), HostSpec("one", EngineSpec("tcp://10.0.0.1:2375")))),
        record(
            EntityKind.APPLICATION,
            ApplicationState(named("a9", "mine", "root"), spec, planted=True, children={"web": Uid("c9"), "db": Uid("m9db")}),
        ),
        record(EntityKind.CLUSTER, web()),
        record(EntityKind.MEMBER, MemberState(named("m9db", "mine/db", "a9"), db, current=runs, number=1)),
    ]
    for number, uid in enumerate(uids, 1):
        records.append(
            record(
                EntityKind.MEMBER,
                MemberState(named(uid, f"mine/web/{number}", "c9"), cluster.member, Uid("c9"), current=runs, number=1),
            )
        )
        up(house.model, uid, EntityKind.MEMBER, f"mine/web/{number}", "c9")
    await house.context.store.write(records)
    up(house.model, "p9", EntityKind.POOL, "yard", "root")
    up(house.model, "h9", EntityKind.HOST, "yard/one", "p9")
    house.model.note(readings("h9", 0.0, host__memory__total=8 << 30, host__cores=8), 0.0)
    up(house.model, "a9", EntityKind.APPLICATION, "mine", "root")
    path = tmp_path / "mine.yaml"
    path.write_text(MINE)
    return path


def rewrite(path: Path, text: str) -> None:
    path.write_text(text)


def deployed(house: House) -> list[Invoke]:
    return [each for each in house.invoked if each.effector == "deploy"]


async def test_an_unchanged_file_is_nothing_to_do(house: House, clocker: Clocker, mine: Path) -> None:
    ran = await clocker("deploy", str(mine))
    assert (ran.code, ran.out, ran.said) == (0, "", f"deploy of {mine}: nothing to do")
    assert not deployed(house)
    assert (await clocker("plan", str(mine), "--exit-code")).code == 0


async def test_a_service_that_somebody_deleted_is_warned_of(house: House, clocker: Clocker, mine: Path) -> None:
    spec = parse(MINE, "mine.yaml", type_table()).blueprint.applications[0]
    state = ApplicationState(named("a9", "mine", "root"), spec, planted=True, children={"web": Uid("c9")})
    await house.context.store.write([record(EntityKind.APPLICATION, state)])
    for command in ("deploy", "plan"):
        ran = await clocker(command, str(mine))
        assert ran.code == 0, ran.err
        assert "warning: mine/db: somebody deleted it, and it stays so: to have it again, take it out" in ran.said
    assert not deployed(house)
    rewrite(mine, MINE.partition("- type: docker:db")[0])
    assert "- mine/db: it is not there any more" in (await clocker("deploy", str(mine))).said
    assert len(deployed(house)) == 1, "the daemon hears of it, so that putting it back makes it anew"


async def test_who_depends_on_what_is_taken_away_is_told(house: House, clocker: Clocker, mine: Path) -> None:
    spec = parse(f"{MINE}- {{type: 'docker:api:1', id: api, dependsOn: [web]}}\n", "mine.yaml", type_table()).blueprint.applications[0]
    known = replace(web(), identity=named("c2", "shop/web", "a9"))
    state = ApplicationState(named("a9", "mine", "root"), spec, planted=True, children={"web": Uid("c2")})
    await house.context.store.write([record(EntityKind.APPLICATION, state), record(EntityKind.CLUSTER, known)])
    for command in ("stop", "delete"):
        ran = await clocker(command, "shop/web")
        assert (ran.code, ran.out) == (0, "")
        assert ran.said.startswith(f"{command} of shop/web: 1 service depends on it: mine/api {command} of shop/web: done")
    assert "depends" not in (await clocker("restart", "shop/web")).said
    assert "depend" not in (await clocker("stop", "shop")).said


async def test_another_location_is_refused_and_nothing_is_announced(house: House, clocker: Clocker, mine: Path) -> None:
    rewrite(
        mine,
        MINE.replace("location: yard", "location: other")
        + "- {type: docker-cloud, id: other, hosts: [{name: two, engine: 'tcp://10.0.0.2:2375'}]}\n",
    )
    house.refusal = "refused"
    ran = await clocker("deploy", str(mine))
    assert (ran.code, ran.err) == (1, "clocker: refused\n")
    plan = await clocker("plan", str(mine))
    assert (plan.code, plan.out) == (1, "")
    assert plan.said == (
        "clocker: application mine runs on yard, and cannot be moved to other: `clocker delete mine` first, then deploy this; or give this one another name"
    )


async def test_a_deploy_tells_what_comes(house: House, clocker: Clocker, mine: Path) -> None:
    rewrite(mine, MINE.replace("id: db", "id: store").replace("initialSize: 12", "initialSize: 13"))
    said = (await clocker("deploy", str(mine))).err.splitlines()
    assert "- mine/db: the blueprint no longer names it" in said
    assert [line for line in said if line.startswith("+")] == ["+ mine/store: on one"]


async def test_what_changes_is_told_how_where_in_which_order_and_for_how_long(house: House, clocker: Clocker, mine: Path) -> None:
    rewrite(
        mine,
        MINE.replace("nginx:1.25", "nginx:1.26").replace("db:1", "db:2")
        + "- {type: docker:front:1, id: front, dependsOn: [new]}\n- {type: docker:new:1, id: new}\n",
    )
    ran = await clocker("plan", str(mine))
    assert ran.code == 0, ran.err
    lines = ran.out.splitlines()
    assert max(map(len, lines)) <= 80, ran.out
    assert [line.split()[0] for line in lines if line[:1] in "+~±-="] == ["=", "~", "±", "±", "+", "+"]
    told = " ".join(ran.out.split())
    assert "± 12 members mine/web/1 to 12 12 on one image:" in told, "many members in one row"
    assert "start-first" in told and "stop-first," in told and "volume data" in told
    assert "2 to create, 1 to update, 13 to replace, 0 to remove" in told
    assert "in this order: mine/web, mine/db, mine/new; then mine/front" in told
    assert "how long it takes is not known: no start of db:2, front:1, new:1, nginx:1.26 was measured yet" in told
    plan = json.loads((await clocker("plan", str(mine), "--json")).out)["id"]
    assert f"`clocker deploy {mine} --plan {plan}` does just this" in ran.said


async def test_a_deploy_tells_first_what_it_changes(house: House, clocker: Clocker, mine: Path) -> None:
    rewrite(mine, MINE.replace("64m", "128m"))
    ran = await clocker("deploy", str(mine))
    assert ran.code == 0, ran.err
    assert ran.out == ""
    assert "~ mine/web: changed: memberSpec.memory: 64m -> 128m" in ran.said
    assert "mine: 0 to create, 13 to update, 0 to replace, 0 to remove; should take about 0.1 s" in ran.said
    assert ran.said.endswith("(activity t1)")
    assert len(deployed(house)) == 1


async def test_a_deploy_is_held_to_its_plan_and_says_line_by_line_what_moved(house: House, clocker: Clocker, mine: Path) -> None:
    rewrite(mine, MINE.replace("initialSize: 12", "initialSize: 14"))
    plan = json.loads((await clocker("plan", str(mine), "--json")).out)["id"]
    cluster = web()
    grown = replace(cluster, size=13, size_owner=Owner(OwnerKind.POLICY, "autoscaler", 1.0))
    await house.context.store.write([record(EntityKind.CLUSTER, grown)])
    ran = await clocker("deploy", str(mine), "--plan", plan)
    assert ran.code == 1
    assert ran.err.splitlines() == [
        f"clocker: plan {plan} does not hold any more, and nothing was done:",
        "  size of mine/web: 12 -> 13 (set by policy autoscaler)",
        "  look at a new one: `clocker plan FILE`",
    ]
    assert not deployed(house)
    await house.context.store.write([record(EntityKind.CLUSTER, cluster)])
    held = await clocker("deploy", str(mine), "--plan", plan)
    assert held.code == 0, held.err
    assert len(deployed(house)) == 1
    unknown = await clocker("deploy", str(mine), "--plan", "nonsense")
    assert unknown.code == 2 and "plan 'nonsense' is not known" in unknown.said


async def test_a_docker_cloud_is_told_with_its_hosts(house: House, clocker: Clocker, mine: Path) -> None:
    cloud = "services:\n- type: docker-cloud\n  name: {}\n  hosts:\n  - {{name: one, engine: 'tcp://10.0.0.1:2375'}}\n"
    rewrite(mine, cloud.format("meadow") + "  location: simulated:paris\n  initialSize: 30\n")
    fresh = await clocker("plan", str(mine))
    assert fresh.out.splitlines() == [
        "+ docker-cloud meadow",
        "+ host meadow/one: engine tcp://10.0.0.1:2375",
        "+ hosts meadow/docker-1 to docker-30: made in simulated:paris, 30 hosts at first",
        "+ meadow would make 30 machines (30 at first) in simulated:paris: simulated",
        "  paris",
    ]
    rewrite(mine, cloud.format("yard") + "  - {name: two, engine: 'tcp://10.0.0.2:2375'}\n  strategies: [DepthFirst]\n")
    changed = (await clocker("plan", str(mine))).out.splitlines()
    assert changed[0].startswith("~ docker-cloud yard: strategies[1]: nothing -> ")
    assert changed[-1] == "+ host yard/two: engine tcp://10.0.0.2:2375"
    rewrite(mine, cloud.format("yard").replace("10.0.0.1", "10.0.0.9"))
    refused = await clocker("plan", str(mine))
    assert (refused.code, "host one of docker-cloud yard has another engine now" in refused.said) == (1, True)


async def test_what_somebody_else_owns_is_warned_of(house: House, clocker: Clocker, mine: Path) -> None:
    cluster = replace(web(), size_owner=Owner(OwnerKind.PERSON, "anna", 1_800_000_000.0))
    await house.context.store.write([record(EntityKind.CLUSTER, cluster)])
    rewrite(mine, MINE.replace("initialSize: 12", "initialSize: 5"))
    for command in ("plan", "deploy"):
        ran = await clocker(command, str(mine))
        assert "size stays 12: anna set it at 2027-01-15 08:00 UTC; `clocker resize mine/web 5` sets it" in ran.said


async def test_a_lease_is_for_clusters_and_for_a_time(house: House, clocker: Clocker) -> None:
    for words, fault in (("shop/web 3 --for soon", "--for soon is not a time"), ("local 3 --for 2h", "--for is for clusters")):
        ran = await clocker("resize", *words.split())
        assert (ran.code, fault in ran.said) == (2, True), ran.err
    assert not house.invoked


async def test_show_tells_who_set_the_size_and_keys_of_policies(house: House, clocker: Clocker, mine: Path) -> None:
    anna = Owner(OwnerKind.PERSON, "anna", 1_800_000_000.0)
    policy = AdjunctState(PolicySpec("autoscaler", "scaler", {"minPoolSize": 3}), suspended=True, owners={"minPoolSize": anna}, rested=anna)
    await house.context.store.write([record(EntityKind.CLUSTER, replace(web(), adjuncts=(policy,)))])
    facts = {"size_owner": "anna since 2027-01-15 08:00 UTC", "lease": "5 until 2027-01-15 10:00 UTC by anna, then back to 3"}
    house.model.note(EntityNoted(Uid("c9"), EntityKind.CLUSTER, "mine/web", "web", Uid("a9"), Uid("a9"), 0.0, "cluster", facts), 0.0)
    house.model.note(PolicyNoted(Uid("c9"), "scaler", "autoscaler", "policy", "suspended", {"minPoolSize": 3}), 0.0)
    shown = (await clocker("show", "mine/web")).out
    for line in (
        "size set by: anna since 2027-01-15 08:00 UTC",
        "size on lease: 5 until 2027-01-15 10:00 UTC by anna, then back to 3",
        "scaler: minPoolSize = 3, set by anna at 2027-01-15 08:00 UTC",
        "scaler: suspended by anna at 2027-01-15 08:00 UTC",
    ):
        assert line in shown.splitlines(), shown
    listed = (await clocker("policies", "mine/web")).out.splitlines()
    assert "scaler: minPoolSize = 3, set by anna at 2027-01-15 08:00 UTC" in listed and shown.splitlines()[-1] in listed
    (told,) = json.loads((await clocker("policies", "mine/web", "--json")).out)["items"]
    assert told["set_by"].keys() == {"", "minPoolSize"}


async def test_members_with_the_same_changes_do_not_repeat_them(house: House, clocker: Clocker, mine: Path) -> None:
    rewrite(mine, MINE.replace("nginx:1.25", "nginx:1.26").replace("initialSize: 12", "initialSize: 3").replace("64m", "65m"))
    told = " ".join((await clocker("plan", str(mine))).out.split())
    assert told.count("64m -> 65m") == 2, "once at the cluster, once at its first member"
    assert "the same as mine/web/1; start-first" in told


async def test_what_stays_behind_is_told_where_one_looks(house: House, clocker: Clocker) -> None:
    why = "mine/web/2: no such image; what ran before goes on"
    facts = {"image_wanted": "nginx:9", "behind": "2 of 2 members run as before", "update_failed": why}
    house.model.note(EntityNoted(Uid("c9"), EntityKind.CLUSTER, "mine/web", "web", Uid("a9"), Uid("a9"), 0.0, "cluster", facts), 0.0)
    shown = (await clocker("show", "mine/web")).out.splitlines()
    assert {"image wanted: nginx:9", "behind: 2 of 2 members run as before", f"update failed: {why}"} <= {*shown}
    assert f"! {why}" in " ".join((await clocker("tree", "mine/web")).out.split())
    facts = {"location": "yard", "update_failed": f"web: {why}"}
    house.model.note(EntityNoted(Uid("a9"), EntityKind.APPLICATION, "mine", "mine", Uid("root"), None, 0.0, "application", facts), 0.0)
    assert f"mine: update: web: {why}" in (await clocker("ls")).said
