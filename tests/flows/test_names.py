"""Names that lead to something else, or are taken, are refused before anything is made, and a plan says so too."""

from pathlib import Path

import pytest

from clocker_actors.admin.planner import PlanView, plan_of
from clocker_actors.admin.types import type_table
from clocker_actors.blueprint import parse
from clocker_actors.drivers.simulated import SimulatedWorld
from clocker_actors.errors import BadRequest, Conflict
from clocker_actors.model.identity import EntityKind
from tests.flows.support import Driven, managed

SERVICE = "location: local\nservices:\n- {type: 'docker:nginx:1', id: web}\n"


async def test_no_application_or_pool_is_named_as_the_plane_or_as_a_uid(tmp_path: Path) -> None:
    async with managed(tmp_path, world=SimulatedWorld()) as driven:
        await driven.until(lambda: bool(driven.entries(EntityKind.HOST)), what="a host")
        uid = driven.entries(EntityKind.HOST)[0].uid
        for name, words in (("root", "management plane"), ("clocker", "management plane"), (uid, "is the uid of a host")):
            with pytest.raises(BadRequest, match=words):
                await driven.deploy(f"id: {name}\nname: {name}\n{SERVICE}")
            with pytest.raises(BadRequest, match=words):
                planned(driven, f"id: {name}\nname: {name}\n{SERVICE}")
            pool = f"- {{type: docker-cloud, id: {name}, hosts: [{{name: one, engine: 'simulated://one'}}]}}\n"
            with pytest.raises(BadRequest, match=words):
                await driven.deploy(f"name: shop\n{SERVICE}{pool}")
        await driven.ended(await driven.deploy(f"name: shop\n{SERVICE}"))
        assert driven.up("shop")


def planned(driven: Driven, text: str) -> PlanView:
    return plan_of(parse(text, "test.yaml", type_table()).blueprint, driven.manager.store, driven.model)


CLOUD = "- {type: docker-cloud, id: cloud, hosts: [{name: one, engine: 'simulated://one'}]}\n"


async def test_a_plan_refuses_what_a_deploy_refuses(tmp_path: Path) -> None:
    first = f"name: shop\n{SERVICE}{CLOUD}"
    async with managed(tmp_path, world=SimulatedWorld()) as driven:
        await driven.until(lambda: planned(driven, first).possible, what="hosts that answer")
        await driven.ended(await driven.deploy(first))
        again = planned(driven, first)
        assert (again.changes, again.possible) == (False, True)
        for text, words in {
            f"name: shop\n{SERVICE.replace('location: local', 'location: cloud')}": "runs on local, and cannot be moved to cloud: `clocker delete shop` first",
            f"name: cloud\n{SERVICE}": "cloud is the name of a docker-cloud already",
            f"name: other\n{SERVICE}{CLOUD.replace('simulated://one', 'simulated://two')}": "host one of docker-cloud cloud has another engine now",
            f"name: other\n{SERVICE}{CLOUD.replace('id: cloud', 'id: shop')}": "shop is the name of an application already",
            f"name: new\n{SERVICE}{CLOUD.replace('id: cloud', 'id: new')}": "new is the name of a docker-cloud already",
        }.items():
            found = planned(driven, text)
            assert (found.changes, found.possible) == (True, False), text
            assert any(words in refusal.reason for refusal in found.refusals), found.refusals
            with pytest.raises(Conflict):
                await driven.deploy(text)
