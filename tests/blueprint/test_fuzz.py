"""Whatever the text: a blueprint or a BlueprintError whose every line has a place, soon, and nothing else."""

import re
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from clocker_actors.blueprint import ParsedBlueprint, parse
from clocker_actors.blueprint import tables as all_tables
from clocker_actors.blueprint.tables import KeyTable
from clocker_actors.errors import BlueprintError
from tests.blueprint.reading import TYPES

_LINE = re.compile(r"f\.yaml:[1-9][0-9]*:[1-9][0-9]*: \S.*[;].*", re.DOTALL)
_EXAMPLES = [path.read_text() for path in sorted((Path(__file__).parents[2] / "blueprints").glob("*.yaml"))]
_KEYS = sorted(
    {each for table in vars(all_tables).values() if isinstance(table, KeyTable) for each in table.spellings}
    | {"<<", "x-a", "$brooklyn:entitySpec"}
)
_WORDS = [
    "container",
    "cluster",
    "group",
    "docker-cloud",
    "docker:web",
    "autoscaler",
    "BreadthFirst",
    "rollup",
    "80",
    "8080:80",
    "/a",
    "a:/b",
    "unix:///a",
    "5m",
]


def _parse(text: str | bytes) -> ParsedBlueprint | None:
    try:
        return parse(text, "f.yaml", TYPES)
    except BlueprintError as error:
        assert error.faults
        for line in error.faults:
            assert _LINE.fullmatch(line), line
            assert line.isprintable(), line
        return None


@given(st.one_of(st.text(), st.binary(), st.text(alphabet="[]{}:-,&*!|>'\"#%@`?~ \n\ta0<")))
@settings(deadline=1000)
@example("a: &a\n  <<: *a")
@example("\ud800")
@example("? ")
@example('"a\\e[31m\\u2028": 1')
@example("%YAML 3.0\n---\n")
@example('"\\ud800"')
def test_any_text(text: str | bytes) -> None:
    _parse(text)


@given(st.sampled_from(_EXAMPLES), st.integers(0), st.integers(0, 40), st.text(alphabet="[]{}:-,&*!|>'\"#?~ \n\ta0<", max_size=5))
@settings(deadline=1000, max_examples=150)
def test_any_example_with_a_piece_replaced(text: str, start: int, length: int, piece: str) -> None:
    start %= len(text)
    _parse(text[:start] + piece + text[start + length :])


_scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.sampled_from(_WORDS))
_values = st.recursive(
    _scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(_KEYS), inner, max_size=6)),
    max_leaves=30,
)


_services = st.builds(
    lambda kind, keys: {**keys, "type": kind}, st.sampled_from(_WORDS), st.dictionaries(st.sampled_from(_KEYS), _values, max_size=8)
)


@given(st.lists(st.one_of(_values, _services), max_size=4), _values)
@settings(deadline=2000, max_examples=300)
def test_known_keys_with_any_values(services: list[object], other: object) -> None:
    _parse(_flow({"services": services, "policies": other}))


def _flow(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_flow(str(key))}: {_flow(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, str):
        plain = re.fullmatch(r"[A-Za-z0-9/._$-][A-Za-z0-9/._$:-]*(?<!:)", value)
        return value if plain else "'" + value.replace("'", "''") + "'"
    return "~" if value is None else str(value).lower()


MEGABYTE = 1 << 20
HUGE: dict[str, str | bytes] = {
    "services": "services:\n" + "- docker:web\n" * 5_000,
    "too many services": "services:\n" + "- docker:web\n" * 19_900,
    "too many values": "services:\n" + "- docker:web\n" * 80_000,
    "keys": "services:\n- type: docker:web\n" + "".join(f"  k{number}: 1\n" for number in range(9_900)),
    "slips": "services:\n- type: docker:web\n  config:\n" + "".join(f"    ports{number}: 1\n" for number in range(9_900)),
    "types": "services:\n" + "".join(f"- clus{number}\n" for number in range(19_900)),
    "capabilities": "services:\n- type: docker:web\n  capAdd:\n" + "".join(f"  - NET{number}\n" for number in range(19_900)),
    "ranges": "services:\n- type: docker:web\n  ports:\n" + "  - 1-65535\n" * 19_900,
    "policies": "services:\n- type: docker:web\n  policies:\n" + "  - autoscalr\n" * 19_900,
    "hosts": "services:\n- type: docker-cloud\n  name: a\n  hosts:\n" + "  - tcp://a:1\n" * 19_900,
    "merges": "a: &a {"
    + ", ".join(f"k{number}: 1" for number in range(5_000))
    + "}\n"
    + "".join(f"b{n}: {{<<: *a}}\n" for n in range(20_000)),
    "one word": "services: [docker:" + "a-" * (MEGABYTE // 2 - 20),
    "one key": "? " + "a" * (MEGABYTE - 20) + "\n: 1\n",
    "command": "services: [{type: docker:web, command: " + "a " * (MEGABYTE // 2 - 40) + "}]",
    "tabs": "a:\n" + " \t" * (MEGABYTE // 2 - 10) + "}",
    "lists": "[" * MEGABYTE,
    "maps": "{a: " * (MEGABYTE // 4),
    "dashes": "- " * (MEGABYTE // 2),
    "quotes": "'" * MEGABYTE,
    "lines": "\n" * MEGABYTE,
    "not text": b"\xff" * MEGABYTE,
}
