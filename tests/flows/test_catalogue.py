"""Types that people add: are they there for deploys and after a restart, and do they go only when nothing is of them?"""

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from clocker_actors.admin.catalogue import checked, removable
from clocker_actors.admin.types import known_types, type_table
from clocker_actors.blueprint import parse
from clocker_actors.entities.cataloguing import without
from clocker_actors.errors import BlueprintError, Conflict, NotFound
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.catalogue import TypeSource
from clocker_actors.model.identity import ROOT
from tests.flows.stories import new_world
from tests.flows.support import Driven, managed

WEB = 'id: web\nversion: "1"\ntype: docker:clocker/web:1\nports: [8080]\nreadiness: {tcp: 8080}\n'
SHOP = "name: shop\nlocation: local\nservices: [{type: pair, name: front}]\n"
PAIR = 'id: pair\nversion: "1"\ntype: cluster\ninitialSize: 2\nmemberSpec: web\n'


async def add(driven: Driven, **files: str) -> ActivityState:
    """Add files as the door does."""
    types = known_types(type_table(), driven.manager.store)
    found = checked([TypeSource(f"{name}.yaml", text) for name, text in files.items()], types)
    return (await driven.ended(await driven.invoke(ROOT, "add_types", files=msgspec.to_builtins(found)))).state


async def remove(driven: Driven, reference: str) -> ActivityState:
    """Remove a type as the door does."""
    found = removable(known_types(type_table(), driven.manager.store), reference)
    return (await driven.ended(await driven.invoke(ROOT, "remove_type", type=found.reference))).state


async def deploy(driven: Driven, text: str) -> ActivityState:
    """Deploy with all types that are known."""
    parsed = parse(text, "shop.yaml", known_types(type_table(), driven.manager.store))
    return (await driven.ended(await driven.invoke(ROOT, "deploy", blueprint=msgspec.to_builtins(parsed.blueprint)))).state


async def test_what_is_added_can_be_deployed_and_stays_as_long_as_it_is_used(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        assert await add(driven, web=WEB, pair=PAIR) is ActivityState.DONE
        assert await deploy(driven, SHOP) is ActivityState.DONE
        assert [driven.model.entry(path).type for path in ("shop/front", "shop/front/1")] == ["pair:1", "web:1"]
    async with managed(tmp_path / "s", world=world) as driven:
        await driven.until(lambda: not driven.gone("shop") and driven.up("shop"), 30)
        with pytest.raises(Conflict, match="used by shop"):
            await remove(driven, "pair")
        with pytest.raises(Conflict, match="used by shop"):
            await remove(driven, "web:1")
        await driven.ended(await driven.invoke("shop", "delete"))
        assert await remove(driven, "pair") is ActivityState.DONE
        assert await remove(driven, "web") is ActivityState.DONE
        with pytest.raises(NotFound, match="no type 'web'"):
            await remove(driven, "web")
    async with managed(tmp_path / "s", world=world) as driven:
        assert known_types(type_table(), driven.manager.store).catalogue == type_table().catalogue


async def test_all_of_a_folder_is_added_or_nothing(tmp_path: Path) -> None:
    async with managed(tmp_path / "s") as driven:
        with pytest.raises(BlueprintError) as caught:
            await add(driven, web=WEB, other="id: other\nversion: 1\ntype: nobody-knows\n", more=PAIR + "maxSiz: 3\n")
        assert [each.partition(" ")[0] for each in caught.value.faults] == ["more.yaml:6:1:", "other.yaml:3:7:"]
        assert known_types(type_table(), driven.manager.store).catalogue == type_table().catalogue


async def test_a_type_that_is_there_is_not_added_again(tmp_path: Path) -> None:
    async with managed(tmp_path / "s") as driven:
        await add(driven, web=WEB)
        with pytest.raises(
            BlueprintError,
            match=r"^web\.yaml:1:5: type `web:1` is in the catalogue already, added as web\.yaml; .* `clocker catalog remove web:1` first$",
        ):
            await add(driven, web=WEB)
        files = {"web.yaml": {"source": {"filename": "web.yaml", "text": WEB}, "references": ["web:1"]}}
        with pytest.raises(Conflict, match="type web:1 is there already"):
            await driven.invoke(ROOT, "add_types", files=files)
        assert await add(driven, web=WEB.replace('"1"', '"2"')) is ActivityState.DONE
        assert await remove(driven, "web") is ActivityState.DONE  # the newest
        assert await remove(driven, "web") is ActivityState.DONE


async def test_one_type_of_a_file_can_go_alone_unless_another_extends_it(tmp_path: Path) -> None:
    bundle = """
    catalog:
      version: "1.0"
      items:
      - {id: one, item: {type: 'docker:web'}}
      - {id: two, item: {type: one}}
    """
    async with managed(tmp_path / "s") as driven:
        assert await add(driven, bundle=bundle) is ActivityState.DONE
        with pytest.raises(Conflict, match=r"type two:1.0 extends one:1.0"):
            await remove(driven, "one")
        assert await remove(driven, "two:1.0") is ActivityState.DONE
        assert await remove(driven, "one:1.0") is ActivityState.DONE
        assert known_types(type_table(), driven.manager.store).catalogue == type_table().catalogue


async def test_what_came_with_the_program_stays(tmp_path: Path) -> None:
    async with managed(tmp_path / "s") as driven:
        with pytest.raises(Conflict, match="came with the program"):
            await remove(driven, "redis")
        with pytest.raises(NotFound, match="nobody added"):
            await driven.invoke(ROOT, "remove_type", type="redis:7.0")


def test_an_application_that_keeps_a_type_is_named_once() -> None:
    types = type_table()
    kept = checked([TypeSource("web.yaml", WEB)], types)
    known = replace(types, catalogue=(*types.catalogue, *(each.source for each in kept.values())))
    spec = parse("name: shop\nservices: [{type: web}]\n", "shop.yaml", known).blueprint.applications[0]
    with pytest.raises(Conflict, match="used by shop: delete"):
        without(kept, "web:1", (spec, spec))
