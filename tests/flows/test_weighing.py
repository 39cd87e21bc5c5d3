"""Where something would go, and why not elsewhere: the pool is asked, and says what a placement would find."""

from pathlib import Path

import pytest

from clocker_actors.admin.weighing import WeighedView, weigh
from clocker_actors.errors import BadRequest, NotFound
from clocker_actors.telemetry.explain import explain
from tests.flows.stories import new_world
from tests.flows.support import Driven, managed

YARD = """
services:
- type: docker-cloud
  name: yard
  hosts:
  - {name: ant, engine: "simulated://ant?cores=4&memory=8g", zone: east, labels: {disk: ssd}}
  - {name: bee, engine: "simulated://bee?cores=4&memory=8g", zone: east}
  - {name: cat, engine: "simulated://cat?cores=8&memory=16g", zone: west}
"""
SHOP = """
name: shop
location: yard
services:
- {type: "docker:db:1", id: db, memory: 2g, strategies: [Label: {labels: disk=ssd}]}
- type: cluster
  id: web
  initialSize: 2
  affinity: SPREAD OVER ZONE
  memberSpec: {type: "docker:web:1", memory: 1g, affinity: NOT TYPE db}
- type: group
  id: both
  children:
  - {type: "docker:one:1", id: one}
"""
GIB = 1 << 30


async def deployed(driven: Driven) -> None:
    for text in (YARD, SHOP):
        await driven.ended(await driven.deploy(text))
    await driven.until(lambda: driven.up("shop"), what="the shop is up")


async def asked(driven: Driven, name: str) -> WeighedView:
    return await weigh(driven.manager.context(), name)


async def test_every_host_of_the_pool_is_told_of_with_rank_or_rule(tmp_path: Path) -> None:
    async with managed(tmp_path, world=new_world()) as driven:
        await deployed(driven)
        member = await asked(driven, "shop/web/2")
        assert [(row.name, row.accepted, row.rank) for row in member.items] == [("cat", True, 1), ("bee", True, 2), ("ant", False, 0)]
        assert member.host == "yard/cat" and [row.here for row in member.items] == [True, False, False]
        assert (member.considered, member.accepted, member.refused) == (3, 2, {"affinity: NOT TYPE db": 1})
        assert member.items[-1].rule == "affinity: NOT TYPE db" and "ant has 1" in member.items[-1].reason
        assert member.affinity == ("NOT TYPE db", "SPREAD OVER ZONE")


async def test_what_it_holds_itself_counts_as_free(tmp_path: Path) -> None:
    async with managed(tmp_path, world=new_world()) as driven:
        await deployed(driven)
        ant = next(row for row in (await asked(driven, "shop/db")).items if row.here)
        assert (ant.memory, ant.memory_free) == (8 * GIB, 8 * GIB)
        ant = next(row for row in (await asked(driven, "shop/web")).items if row.name == "ant")
        assert (ant.memory, ant.memory_free) == (8 * GIB, 6 * GIB)


async def test_the_next_member_of_a_cluster_goes_where_it_was_said(tmp_path: Path) -> None:
    async with managed(tmp_path, world=new_world()) as driven:
        await deployed(driven)
        said = await asked(driven, "shop/web")
        assert said.path == "shop/web/next" and said.host == ""
        await driven.ended(await driven.invoke("shop/web", "resize", size=3))
        third = driven.model.entry(driven.model.resolve("shop/web/3"))
        assert third.facts["host_name"] == said.items[0].name


async def test_asking_changes_nothing(tmp_path: Path) -> None:
    async with managed(tmp_path, world=new_world()) as driven:
        await deployed(driven)
        before = [await asked(driven, name) for name in ("shop/web/1", "shop/db", "shop/web")]
        after = [await asked(driven, name) for name in ("shop/web/1", "shop/db", "shop/web")]
        assert [(view.items, view.refused) for view in before] == [(view.items, view.refused) for view in after]


async def test_a_container_means_its_member(tmp_path: Path) -> None:
    async with managed(tmp_path, world=new_world()) as driven:
        await deployed(driven)
        container = str(driven.model.entry(driven.model.resolve("shop/db")).facts["container"])
        assert (await asked(driven, container)).path == "shop/db"


@pytest.mark.parametrize(
    ("name", "help_"), [("shop", "shop/db or shop/web"), ("shop/both", "shop/both/one"), ("yard/ant", "name a member")]
)
async def test_what_is_placed_nowhere_is_refused_with_what_to_name(tmp_path: Path, name: str, help_: str) -> None:
    async with managed(tmp_path, world=new_world()) as driven:
        await deployed(driven)
        with pytest.raises(BadRequest, match=help_):
            await asked(driven, name)
        with pytest.raises(NotFound):
            await asked(driven, "shop/nobody")


async def test_explain_offers_it(tmp_path: Path) -> None:
    async with managed(tmp_path, world=new_world()) as driven:
        await deployed(driven)
        told = " ".join(line.text for _, line in explain(driven.model, "shop/db", driven.manager.kernel.now()).flat())
        assert "`clocker hosts --for shop/db`" in told
