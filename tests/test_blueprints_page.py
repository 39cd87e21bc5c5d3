"""Is docs/blueprints.md what the tables say that the parser uses, and does every example of it work? `python -m tests.test_blueprints_page` writes it anew."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from clocker_actors.admin.types import type_table
from clocker_actors.blueprint import parse
from clocker_actors.blueprint.dsl.functions import FUNCTIONS, Function, On
from clocker_actors.blueprint.keys import Key, KeyTable
from clocker_actors.expressions import holds
from clocker_actors.expressions.filters import FILTERS
from clocker_actors.expressions.options import OPTIONS
from clocker_actors.expressions.predicates import ABSENT, MEANINGS
from clocker_actors.model.specs import ServiceSpec
from tests.examples_of_keys import AUTOMATIC, EXAMPLES, INSTEAD, WHERE

PAGE = Path(__file__).parent.parent / "docs" / "blueprints.md"
HEAD = """# The language of blueprints

Made from the tables that the parser checks against, and every example here is read by a test. [reference.md](reference.md) has bounds and defaults;
[depending.md](depending.md) tells how services follow each other while they run, [catalogue.md](catalogue.md) what a file of a type is,
[locations.md](locations.md) where services run.

A blueprint is one YAML file. Text, numbers and durations (`30s`, `1h30m`), sizes (`512m`, `2GiB`) and expressions stand as they are; anchors, aliases and `<<`
work, keys at the root that begin with `x-` are your own. A key in brackets is another spelling of the one before it.
"""
EXPRESSIONS = """## Expressions

Where a value is wanted, an expression may stand: a text that begins with `$brooklyn:`, or a map of one such key whose value has the arguments.
It is always the whole value: inside of a text it is a fault, so that none passes as it is written (`formatString` puts texts together), except in contents of
files and inline builds.

```yaml
services:
- {type: docker:postgres:16, id: db, ports: [5432], config: {db.name: shop}}
- type: docker:clocker/web:1
  env:
    NAME: $brooklyn:component("db").config("db.name")
    URL: {$brooklyn:formatString: ["pg://%s/%s", $brooklyn:component("db").attributeWhenReady("mapped.port.5432"), $brooklyn:component("db").config("db.name")]}
```

What does not change while services run is worked out when the file is read, so a size or a port may be an expression, too, and is checked as if it were written
there. What depends on readings, places or secrets may stand in `env`, `labels`, `files`, the words of `command` and `entrypoint`, in `latch`, and in `config`
(from where others may read it). Ids, keys and sensors that do not exist, and services that would wait for each other, are faults of the file.

Arguments in brackets are texts in double or single quotes, numbers, `true`, `false`, `null`, lists `[…]`, maps `{key: value}`, and expressions without the prefix.
`["key"]`, `[0]`, `[-1]` and `.key` take a part of a value.
"""


def example(where: str, key: Key) -> str:
    """The key with a value, as it may be written."""
    written = EXAMPLES.get((where, key.name)) or EXAMPLES.get(("", key.name))
    if written is None:
        written = key.choices[0] if key.choices else AUTOMATIC.get(key.type, "")
        if key.type in ("integer", "number") and key.least is not None and key.least > float(written):
            written = f"{key.least:.10g}"
    return f"{key.name}: {written}"


_PREDICATES: Mapping[str, tuple[object, object]] = {
    "equals": ("60s", {"equals": "1m"}),
    "regex": ("db-1", {"regex": "db-[0-9]+"}),
    "glob": ("db-1.local", {"glob": "db-*"}),
    "less-than": ("1.9", {"less-than": "1.10"}),
    "less-than-or-equal-to": (5, {"less-than-or-equal-to": 5}),
    "greater-than": ("2m", {"greater-than": "90s"}),
    "greater-than-or-equal-to": (5, {"greater-than-or-equal-to": 3}),
    "in-range": (5, {"in-range": [1, 9]}),
    "size": ([1, 2], {"size": {"greater-than": 1}}),
    "not": (1, {"not": {"equals": 2}}),
    "any": (1, {"any": [{"equals": 2}, {"less-than": 2}]}),
    "all": (1, {"all": [{"greater-than": 0}, {"less-than": 2}]}),
    "check": (1, {"check": {"equals": 1}}),
    "assert": (1, {"assert": {"equals": 1}}),
    "when": ("x", {"when": "truthy"}),
    "has-element": (["a", "b"], {"has-element": {"regex": "[bc]"}}),
    "filter": ([1, 2, 3], {"filter": {"greater-than": 1}, "size": 2}),
    "key": ({"a": 1}, {"key": "a", "equals": 1}),
    "index": ([4, 5], {"index": -1, "equals": 5}),
    "jsonpath": ({"a": [{"b": 7}]}, {"jsonpath": "$.a[0].b", "equals": 7}),
    "java-instance-of": (3, {"java-instance-of": "Integer"}),
    "error-field": ({"message": "no"}, {"error-field": "message", "equals": "no"}),
    "error-cause": ({"cause": {"kind": "x"}}, {"error-cause": {"key": "kind", "equals": "x"}}),
    "tag": (ABSENT, {"tag": "blue"}),
    "target": (ABSENT, {"target": "children", "size": 2}),
    "config": (ABSENT, {"config": "size", "equals": 3}),
    "sensor": (ABSENT, {"sensor": "cpu.mean", "less-than": 50}),
}


class _Service:
    def config(self, key: str) -> object:
        return 3 if key == "size" else ABSENT

    def sensor(self, name: str) -> object:
        return 20.0 if name == "cpu.mean" else ABSENT

    def target(self, name: str) -> object:
        return [1, 2] if name == "children" else ABSENT

    def tags(self) -> tuple[object, ...]:
        return ("blue",)


_SERVICES = """\
services:
- type: group
  id: tier
  config: {{size: large}}
  children:
  - {{type: docker:postgres, id: db, config: {{size: small}}}}
  - type: docker:nginx
    id: web
    config: {{size: medium, sizes: {{big: 3}}, example: {web}}}
    children: [{{type: docker:nginx, id: inner, config: {{size: 1}}}}]
- type: cluster
  id: nodes
  config: {{example: {cluster}}}
  strategies: [{strategy}]
  memberSpec: {member}
"""
_SPECIAL = {"member": "cluster", "object": "strategy", "entitySpec": "member"}
_OF_TIER = {"descendant"}


def _file_of(function: Function) -> str:
    """A file in which the example of the function stands where it belongs."""
    written = function.example if function.example.startswith("{") else json.dumps(function.example)
    places = {"web": "x", "cluster": "x", "strategy": "BreadthFirst", "member": "{type: docker:nginx, id: node}"}
    if function.name in _SPECIAL:
        places[_SPECIAL[function.name]] = written
    else:
        places["web"] = written
    return _SERVICES.format(**places)


def _value_of(function: Function) -> str:
    """What the example gives, if that is known when the file is read."""
    if function.name in _SPECIAL:
        return ""
    (tier, _) = parse(_file_of(function), "page.yaml", type_table()).blueprint.applications[0].services
    web: ServiceSpec = tier.children[1]
    value = web.config["example"]
    return "" if isinstance(value, str) and value.startswith("$brooklyn:") and function.name != "literal" else json.dumps(value)


def page() -> str:
    """The whole page."""
    parts = [HEAD, "## Keys"]
    for where, (title, table, _) in WHERE.items():
        parts += [f"### {title}", _table(where, table)]
    parts += [EXPRESSIONS, "### Functions"]
    for on, title in (
        (On.NOTHING, "On their own"),
        (On.ENTITY, "Of an entity (without one: that in which they are written)"),
        (On.VALUE, "Of a value"),
    ):
        rows = [
            f"| `{row.signature}` | {_cell(row.meaning)} | `{_cell(row.example)}`{_gives(row)} |"
            for row in FUNCTIONS.values()
            if row.on is on
        ]
        parts += [f"#### {title}", "\n".join(["| function | meaning | example |", "|---|---|---|", *rows])]
    parts += [_options(), _templates(), _predicates()]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _gives(function: Function) -> str:
    value = _value_of(function)
    return f" gives `{_cell(value)}`" if value else ""


def _table(where: str, table: KeyTable) -> str:
    rows = []
    for key in table.keys.values():
        others = f" ({', '.join(f'`{each}`' for each in key.aliases)})" if key.aliases else ""
        rows.append(f"| `{key.name}`{others} | {_cell(key.meaning)} | `{_cell(example(where, key))}` |")
    return "\n".join(["| key | meaning | example |", "|---|---|---|", *rows])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _options() -> str:
    meanings = {
        "timeout": "longest wait in all; default: for ever",
        "timeout_if_down": "wait after its entity has stopped; default: 1m",
        "timeout_if_down_initial": "wait if its entity was stopped when the wait began; default: as timeout_if_down",
        "timeout_if_on_fire": "wait after its entity has failed; default: 0",
        "timeout_if_on_fire_initial": "wait if its entity had failed when the wait began; default: 15s",
        "abort_if_on_fire": "whether failure of its entity ends the wait; default: true",
        "wait_for_truthy": "whether false, 0 and empty values are waited through; default: true",
    }
    rows = [f"| `{name}` | {meanings[name]} |" for name in OPTIONS]
    return "\n".join(["### Options of `attributeWhenReady`", "", "| option | meaning |", "|---|---|", *rows])


def _templates() -> str:
    return f"""### Templates

`template` and `files` take Jinja2: `{{{{ values }}}}`, `{{% if %}}`, `{{% for %}}`, `{{% set %}}` and the filters {", ".join(f"`{name}`" for name in FILTERS)}. A template
sees `config['key']`, `attribute['sensor']`, the same of `component('id')`, and its substitutions; nothing else can be called or reached. It takes at most 10,000
steps and makes at most 1 MiB."""


def _predicates() -> str:
    rows = [f"| `{name}` | {_cell(meaning)} | `{_cell(json.dumps(_PREDICATES[name][1]))}` |" for name, meaning in MEANINGS.items()]
    return "\n".join(
        [
            "### Predicates",
            "",
            "Conditions in `dependsOn`, constraints and filters: a value that it has to equal, or a map of tests that all have to hold. Numbers compare as numbers,",
            "texts with units as durations, other texts as versions.",
            "",
            "| test | holds if | example |",
            "|---|---|---|",
            *rows,
        ]
    )


def test_the_page_says_what_the_tables_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `python -m tests.test_blueprints_page` and commit docs/blueprints.md"


_ALL = [(where, key) for where, (_, table, _) in WHERE.items() for key in table.keys.values()]


@pytest.mark.parametrize(("where", "key"), _ALL, ids=lambda each: each if isinstance(each, str) else each.name)
def test_each_key_is_read_as_its_example_says(where: str, key: Key) -> None:
    written = example(where, key)
    assert not written.endswith(": "), "write an example"
    template = INSTEAD.get((where, key.name), WHERE[where][2])
    parse(template % written, "page.yaml", type_table())


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=lambda each: each.name)
def test_each_function_is_read_as_its_example_says(function: Function) -> None:
    parse(_file_of(function), "page.yaml", type_table())


@pytest.mark.parametrize("name", MEANINGS)
def test_each_test_of_a_predicate_holds_as_its_example_says(name: str) -> None:
    value, predicate = _PREDICATES[name]
    assert isinstance(predicate, Mapping)
    assert name in predicate
    assert holds(value, predicate, _Service())


def test_the_blueprint_of_the_page() -> None:
    parse(EXPRESSIONS.split("```yaml\n")[1].split("```", maxsplit=1)[0], "page.yaml", type_table())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
