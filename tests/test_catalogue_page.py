"""Is what docs/catalogue.md says true? Its examples are read, its table is of the types that ship."""

import re
from pathlib import Path

import msgspec
import pytest
import yaml

from clocker_actors.admin.planner import plan_of
from clocker_actors.admin.types import shipped, type_table
from clocker_actors.blueprint import parse, with_blobs
from clocker_actors.blueprint.blobs import packed
from clocker_actors.blueprint.catalogue import CatalogueType
from clocker_actors.blueprint.checking import check_types, described, effectors
from clocker_actors.blueprint.inheritance import SPELLINGS
from clocker_actors.blueprint.parameters import TYPES
from clocker_actors.blueprint.type_keys import PARAMETER_KEYS
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.catalogue import TypeSource
from clocker_actors.model.identity import ROOT
from tests.catalogue_page import container_of, example_of, filled, types, written
from tests.flows.stories import new_world
from tests.flows.support import managed

PAGE = Path(__file__).parents[1] / "docs" / "catalogue.md"
TEXT = PAGE.read_text()
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
MOST_LINES = 210
SECRETS = {f"CLOCKER_EXTERNAL_{provider}_PASSWORD": "secret" for provider in ("MAIL", "RECORDS", "VISITORS", "GUESTBOOK", "DOCUMENTS")}
"""Of the examples, as their daemon would have them."""


@pytest.mark.parametrize("text", BLOCKS, ids=lambda text: text.splitlines()[0])
def test_its_examples_are_good(text: str) -> None:
    if "services" in yaml.safe_load(text):
        parse(text, "page.yaml", type_table())
    else:
        (found,) = check_types([TypeSource("page.yaml", text)], type_table())
        assert found.description


def test_it_says_of_the_types_that_ship_what_their_files_say() -> None:
    assert written(TEXT) == TEXT, "run `python -m tests.test_catalogue_page` and commit docs/catalogue.md"


def test_its_table_of_parameters_has_every_key() -> None:
    rows = re.findall(r"^\| ((?:`[\w.]+`(?:, )?)+) \|", TEXT.partition("## Parameters")[2].partition("## Inheritance")[0], re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"`([^`]+)`", row)} == set(PARAMETER_KEYS.keys)
    assert all(f"`{kind}`" in TEXT for kind in TYPES)
    assert all(f"`{mode}`" in TEXT for mode in SPELLINGS)


@pytest.mark.parametrize("source", shipped(), ids=lambda source: source.filename)
def test_files_that_ship_are_sound_and_short(source: TypeSource) -> None:
    text = source.text.replace("\nversion:", "\nversion: 0 #", 1)
    assert check_types([TypeSource("copy.yaml", text)], type_table())
    assert len(source.text.splitlines()) <= MOST_LINES


@pytest.mark.parametrize("type_", types(), ids=lambda type_: type_.id)
def test_types_that_ship_tell_what_they_are_and_are_watched(type_: CatalogueType) -> None:
    assert type_.description and type_.docs and type_.icon
    assert all(each.description for each in described(type_, type_table())[2])
    assert all(each.description for each in effectors(type_, type_table()))
    container = container_of(type_)
    assert container.readiness is not None and container.health is not None
    assert len(type_.sensors) >= 5 and all(meaning for _, meaning in type_.sensors)
    missing = {name for name, _ in type_.sensors} - set(filled(type_))
    assert not missing, f"{type_.id}: {missing} are told of, and no feed gives them"


@pytest.mark.parametrize("type_", types(), ids=lambda type_: type_.id)
async def test_their_examples_run_on_simulated_engines(type_: CatalogueType, tmp_path: Path) -> None:
    example = example_of(type_)
    parsed = parse(example.read_bytes(), example.name, type_table())
    async with managed(tmp_path / "s", world=new_world(), environ=SECRETS) as driven:
        await driven.until(lambda: not driven.gone("local") and driven.value("local", "docker.hosts.up") == 3, 30, "the hosts")
        for content in parsed.inline.values():
            await driven.manager.blobs.put(content)
        sums = {each.placeholder: await driven.manager.blobs.put(packed({"Dockerfile": f"FROM {each.path}"})) for each in parsed.files}
        whole = with_blobs(parsed, sums)
        assert not any(plan.refusals for plan in plan_of(whole, driven.manager.store, driven.model).plans)
        ended = await driven.ended(await driven.invoke(ROOT, "deploy", blueprint=msgspec.to_builtins(whole)), 600)
        assert ended.state is ActivityState.DONE, ended.problem


if __name__ == "__main__":
    PAGE.write_text(written(TEXT), encoding="utf-8")
