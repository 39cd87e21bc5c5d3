"""Whatever a file of types says: types or a BlueprintError whose every line has a place, soon, and nothing else; and so for services of any types."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from clocker_actors.admin.types import type_table
from clocker_actors.blueprint import parse, type_keys
from clocker_actors.blueprint import tables as all_tables
from clocker_actors.blueprint.checking import check_types, is_type
from clocker_actors.blueprint.constraints import RELATED
from clocker_actors.blueprint.inheritance import SPELLINGS
from clocker_actors.blueprint.keys import KeyTable
from clocker_actors.blueprint.parameters import TYPES
from clocker_actors.errors import BlueprintError
from clocker_actors.model.catalogue import TypeSource

_LINE = re.compile(r"(f|a|b|nodejs|redis)\.yaml:[1-9][0-9]*:[1-9][0-9]*: \S.*", re.DOTALL)
_TABLE = type_table()
_KEYS = sorted(
    {each for table in (*vars(all_tables).values(), *vars(type_keys).values()) if isinstance(table, KeyTable) for each in table.spellings}
    | {"brooklyn.catalog", "env.A", "x", "y", "x.y", "regex", "glob", *RELATED}
)
_WORDS = ["a", "b", "a:1", "redis", "docker:web", "group", "cluster", "required", '$brooklyn:config("x")', "1", *TYPES, *SPELLINGS]
_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=6), st.sampled_from(_WORDS)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(_KEYS), inner, max_size=5)),
    max_leaves=20,
)
_parameters = st.lists(
    st.one_of(
        st.sampled_from(["x", "y"]),
        st.fixed_dictionaries(
            {"name": st.sampled_from(["x", "y", "env", "a.b"])},
            optional=dict.fromkeys(sorted({*type_keys.PARAMETER_KEYS.keys} - {"name"}), _values),
        ),
    ),
    max_size=3,
)
_types = st.builds(
    lambda kind, parameters, keys: {**keys, "type": kind, "parameters": parameters},
    st.sampled_from(_WORDS),
    _parameters,
    st.dictionaries(st.sampled_from(_KEYS), _values, max_size=6),
)


def _sound(faults: Sequence[str]) -> None:
    assert faults
    for line in faults:
        assert _LINE.fullmatch(line), line


@given(_types, _types)
@settings(deadline=2000, max_examples=120)
def test_any_two_types_and_a_service_of_one(one: dict[str, object], two: dict[str, object]) -> None:
    files = [TypeSource(f"{name}.yaml", json.dumps({**each, "id": name, "version": "1"})) for name, each in (("a", one), ("b", two))]
    try:
        check_types(files, _TABLE)
    except BlueprintError as error:
        _sound(error.faults)
    try:
        parse(json.dumps({"services": ["a", {**two, "type": "b"}]}), "f.yaml", replace(_TABLE, catalogue=(*_TABLE.catalogue, *files)))
    except BlueprintError as error:
        _sound(error.faults)


@given(_values)
@settings(deadline=1000, max_examples=100)
def test_any_file_of_types(value: object) -> None:
    text = json.dumps(value)
    is_type(text)
    try:
        check_types([TypeSource("f.yaml", text)], _TABLE)
    except BlueprintError as error:
        _sound(error.faults)
