"""Is a deploy held to the plan that somebody has seen: done while that holds, refused line by line when file or world have moved?"""

import httpx
import pytest

from clocker_actors.admin import plans
from clocker_actors.admin.planner import kept_plan, plan_of
from clocker_actors.admin.plans import Plans
from clocker_actors.admin.secrecy import Known, missing
from clocker_actors.admin.types import type_table
from clocker_actors.blueprint import parse
from clocker_actors.entities.records import Identity, PoolState, record
from clocker_actors.errors import BadRequest, Conflict, NotFound, SettingsError
from clocker_actors.model.identity import EntityKind, Uid
from clocker_actors.model.locations import CloudSpec, LocationKind, LocationSpec, SecretRef, settle
from clocker_actors.model.specs import ApplicationSpec, Blueprint, EngineSpec, HostSpec, PoolSpec
from clocker_actors.planning.moved import World
from tests.admin.house import House

SHOP = Blueprint((ApplicationSpec("shop", "shop", "local", ()),))
TEXT = "name: mine\nlocation: yard\nservices:\n- type: docker:nginx:1.25\n  id: web\n"


async def yard(house: House) -> None:
    """The pool that the blueprint names."""
    spec = PoolSpec("yard", (HostSpec("one", EngineSpec("tcp://10.0.0.1:2375")),))
    await house.context.store.write([record(EntityKind.POOL, PoolState(Identity(Uid("p9"), "yard", "yard", Uid("root")), spec))])


@pytest.mark.real_loop
async def test_a_deploy_that_names_its_plan_is_done_while_that_holds(house: House, http: httpx.AsyncClient) -> None:
    await yard(house)
    found = (await http.post("/v1/plan", content=TEXT)).json()
    again = (await http.post("/v1/plan", content=TEXT)).json()
    assert len(found["id"]) == 8 and found["id"] == again["id"]
    answer = await http.post(f"/v1/applications?plan={found['id']}", content=TEXT)
    assert answer.status_code == 202, answer.text
    assert house.invoked[0].effector == "deploy"


@pytest.mark.real_loop
async def test_a_deploy_is_refused_when_the_file_or_the_world_has_moved(house: House, http: httpx.AsyncClient) -> None:
    await yard(house)
    plan = (await http.post("/v1/plan", content=TEXT)).json()["id"]
    answer = await http.post(f"/v1/applications?plan={plan}", content=TEXT.replace("1.25", "1.26"))
    error = answer.json()["error"]
    assert (answer.status_code, error["kind"]) == (409, "Conflict")
    assert error["message"].splitlines() == [
        f"plan {plan} does not hold any more, and nothing was done:",
        "the file: mine/web: image: nginx:1.25 -> nginx:1.26",
        "look at a new one: `clocker plan FILE`",
    ]
    assert (await http.post("/v1/applications?plan=00000000", content=TEXT)).status_code == 404


def test_plans_are_kept_for_an_hour_and_no_more_than_a_few() -> None:
    now = [100.0]
    kept = Plans(lambda: now[0])
    first = kept.keep(SHOP, World({"shop": "exists"}))
    kept.hold(first, SHOP, World({"shop": "exists"}))
    with pytest.raises(Conflict, match="shop is gone"):
        kept.hold(first, SHOP, World())
    names = [kept.keep(SHOP, World({"shop": str(number)})) for number in range(plans.KEPT)]
    with pytest.raises(NotFound, match="the last 64 plans are kept"):
        kept.hold(first, SHOP, World())
    now[0] += plans.FOR + 1
    with pytest.raises(NotFound):
        kept.hold(names[-1], SHOP, World({"shop": str(plans.KEPT - 1)}))


def test_secrets_that_nobody_gave_are_told_before_anything_is_made() -> None:
    def absent(*what: object) -> str:
        raise SettingsError(f"nobody gave {' '.join(str(getattr(each, 'name', each)) for each in what)}")

    cloud = CloudSpec("ec2", "eu", SecretRef("ireland.identity"), SecretRef("ireland.credential"))
    ocean = CloudSpec("digitalocean", "ams3", SecretRef("ocean.identity"), SecretRef("ocean.credential"))
    pools = [
        PoolSpec("far", (), location=LocationSpec(LocationKind.CLOUD, "libcloud:ec2:eu", cloud=cloud)),
        PoolSpec("sea", (), location=LocationSpec(LocationKind.CLOUD, "libcloud:digitalocean:ams3", cloud=ocean)),
        PoolSpec("near", (), location=LocationSpec(LocationKind.SIMULATED, "simulated:eu", cloud=cloud)),
        PoolSpec("listed", ()),
    ]
    text = 'services:\n- type: docker:db:1\n  id: db\n  env:\n    PASSWORD: $brooklyn:external("shop", "db-password")\n'
    applications = parse(text, "shop.yaml", type_table()).blueprint.applications
    assert [(each.path, each.message) for each in missing(applications, pools, Known(resolve=absent, secret=absent))] == [
        ("far", "no machine can be made in libcloud:ec2:eu: nobody gave ireland.identity"),
        ("far", "no machine can be made in libcloud:ec2:eu: nobody gave ireland.credential"),
        ("sea", "no machine can be made in libcloud:digitalocean:ams3: nobody gave ocean.credential"),
        ("shop/db", "it cannot start: nobody gave shop db-password"),
    ]
    assert list(missing(applications, pools, Known())) == []


async def test_a_cloud_of_the_settings_that_can_make_no_machines_is_told_by_a_plan_as_by_a_deploy(house: House) -> None:
    ocean = CloudSpec("digitalocean", "ams3", SecretRef("ocean.identity"), SecretRef("ocean.credential"))
    named = {"paris": LocationSpec(LocationKind.CLOUD, "paris", cloud=ocean)}
    blueprint = parse("services: [{type: docker-cloud, name: yard, location: paris}]", "yard.yaml", type_table()).blueprint
    with pytest.raises(BadRequest, match="pool yard: machines of `paris` have no image"):
        plan_of(blueprint, house.context.store, house.context.model, known=Known(settle=lambda location: settle(location, named)))


@pytest.mark.real_loop
async def test_a_plan_asks_the_store_for_the_managers_own_secrets(house: House) -> None:
    # The plan is made in a thread, and only the loop may read the store: what the manager keeps is asked for before.
    own = house.context.secrets
    assert own is not None
    await yard(house)
    text = TEXT + '  secrets:\n    one: $brooklyn:external("clocker", "one")\n    two: $brooklyn:external("clocker", "two")\n'
    blueprint = parse(text, "mine.yaml", type_table()).blueprint
    await own.put("one", b"of one")
    context = house.context
    found = await kept_plan(blueprint, context.store, context.model, None, Known(secret=own.check), context.plans)
    assert [(each.path, each.message) for each in found.warnings] == [
        ("mine/web", "it cannot start: the manager keeps no secret two; give it one by `clocker secret set two`")
    ]
