"""Is what docs/catalogue.md says true? Its examples are read, its table is of the types that ship."""

import re
from pathlib import Path

import pytest
import yaml

from clocker_actors.admin.types import shipped, type_table
from clocker_actors.blueprint import parse
from clocker_actors.blueprint.catalogue import catalogue_of
from clocker_actors.blueprint.checking import check_types, described
from clocker_actors.blueprint.inheritance import SPELLINGS
from clocker_actors.blueprint.parameters import TYPES
from clocker_actors.blueprint.type_keys import PARAMETER_KEYS
from clocker_actors.model.catalogue import TypeSource

PAGE = Path(__file__).parents[1] / "docs" / "catalogue.md"
TEXT = PAGE.read_text()
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
MOST_LINES = 150


@pytest.mark.parametrize("text", BLOCKS, ids=lambda text: text.splitlines()[0])
def test_its_examples_are_good(text: str) -> None:
    if "services" in yaml.safe_load(text):
        parse(text, "page.yaml", type_table())
    else:
        (found,) = check_types([TypeSource("page.yaml", text)], type_table())
        assert found.description


def test_its_table_has_every_type_that_ships_with_all_that_it_has() -> None:
    table = type_table()
    rows = {row.split("`")[1]: row for row in re.findall(r"^\| `[a-z]+` .*$", TEXT.partition("## A file")[0], re.MULTILINE)}
    catalogue = catalogue_of(table.catalogue)
    assert set(rows) == set(catalogue.ids)
    for type_ in catalogue:
        cells = [set(re.findall(r"`([^`]+)`", cell)) for cell in rows[type_.id].split("|")[3:6]]
        assert cells[0] == {each.name for each in described(type_, table)[2]}, type_.id
        assert cells[1] == {name for name, _ in type_.sensors} and len(cells[1]) >= 5, type_.id


def test_its_table_of_parameters_has_every_key() -> None:
    rows = re.findall(r"^\| ((?:`[\w.]+`(?:, )?)+) \|", TEXT.partition("## Parameters")[2].partition("## Inheritance")[0], re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"`([^`]+)`", row)} == set(PARAMETER_KEYS.keys)
    assert all(f"`{kind}`" in TEXT for kind in TYPES)
    assert all(f"`{mode}`" in TEXT for mode in SPELLINGS)


@pytest.mark.parametrize("source", shipped(), ids=lambda source: source.filename)
def test_types_that_ship_are_sound_and_tell_what_they_are(source: TypeSource) -> None:
    table = type_table()
    (type_,) = check_types([TypeSource("copy.yaml", source.text.replace("\nversion:", "\nversion: 0 #", 1))], table)
    assert type_.description and type_.docs and type_.name
    assert all(each.description for each in described(type_, table)[2])
    assert len(source.text.splitlines()) <= MOST_LINES
    given = {name for name, _ in type_.sensors}
    (service,) = parse(f"services: [{{type: {type_.id}, gitRepoUrl: 'git://x/y'}}]" if type_.id == "nodejs" else f"services: [{type_.id}]",
                       "x.yaml", table).blueprint.applications[0].services  # fmt: skip
    written = {name for each in service.enrichers for name in (each.config.get("sensors") or {})}  # type: ignore[attr-defined]
    assert given <= written, f"{type_.id}: {given - written} are told of and not given"
