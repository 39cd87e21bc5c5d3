"""Whatever stands in an expression: a blueprint or a BlueprintError, soon, without much memory, and never another exception."""

import json
import re
import time

from hypothesis import example, given, settings
from hypothesis import strategies as st

from clocker_actors.blueprint import parse
from clocker_actors.blueprint.dsl.functions import FUNCTIONS
from clocker_actors.errors import BlueprintError
from tests.blueprint.reading import TYPES

_LINE = re.compile(r"f\.yaml:[1-9][0-9]*:[1-9][0-9]*: \S.*[;?].*", re.DOTALL)
_FILE = """\
services:
- {type: docker:db, id: db, config: {my.a: 1, my.b: [x, {c: d}]}}
- type: docker:web
  id: web
  config: {my.x: %s, my.y: $brooklyn:config("my.x")}
  memory: %s
  env: {A: %s, B: $brooklyn:config("my.y")}
  latch: %s
  dependsOn: [%s]
  files: {/a: {template: %s}}
"""


def _parse(text: str) -> None:
    try:
        parse(text, "f.yaml", TYPES)
    except BlueprintError as error:
        assert error.faults
        for line in error.faults:
            assert _LINE.fullmatch(line), line
            assert line.isprintable(), line


_words = st.sampled_from(
    [
        *FUNCTIONS,
        "$brooklyn:",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        ".",
        ":",
        '"',
        "'",
        '"db"',
        '"my.a"',
        '"my.b"',
        '"host.name"',
        "0",
        "-1",
        "1.5",
        "true",
        "null",
        "x",
        " ",
        "\\",
        "%s",
        '"%d"',
        '"(a+)+"',
        '"{{ config }}"',
        '"{{ x }}"',
        "{timeout: 3}",
        '"web"',
        '"service.isUp"',
    ]
)
_texts = st.one_of(st.lists(_words, max_size=12).map("".join), st.text(max_size=20))


def _call(name: str, args: list[str]) -> str:
    return f"{name}({', '.join(args)})"


_calls = st.recursive(
    st.sampled_from(['"db"', '"web"', '"my.a"', '"my.x"', "self()", 'component("db")', "3", "[1]", '{a: "b"}', '"host.name"']),
    lambda inner: st.one_of(
        st.builds(_call, st.sampled_from(sorted(FUNCTIONS)), st.lists(inner, max_size=3)),
        st.builds("{}.{}".format, inner, st.builds(_call, st.sampled_from(sorted(FUNCTIONS)), st.lists(inner, max_size=2))),
        st.builds('{}["{}"]'.format, inner, st.sampled_from(["a", "c", "host"])),
        st.builds("{}[{}]".format, inner, st.integers(-3, 3)),
    ),
    max_leaves=8,
)


@given(st.lists(_texts, min_size=6, max_size=6))
@settings(deadline=1000, max_examples=200)
def test_any_words_after_the_prefix(texts: list[str]) -> None:
    _parse(_FILE % tuple(json.dumps(f"$brooklyn:{text}") for text in texts))


@given(st.lists(_calls, min_size=6, max_size=6))
@settings(deadline=1000, max_examples=300)
@example(['config("my.y")'] * 6)
@example(["scopeRoot()"] * 6)
def test_any_calls(calls: list[str]) -> None:
    _parse(_FILE % tuple(json.dumps(f"$brooklyn:{call}") for call in calls))


_nodes = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=6), _calls.map("$brooklyn:{}".format)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from([*(f"$brooklyn:{name}" for name in FUNCTIONS), '$brooklyn:component("db").config', "a"]), inner, max_size=2
        ),
    ),
    max_leaves=10,
)


@given(st.lists(_nodes, min_size=6, max_size=6))
@settings(deadline=1000, max_examples=300)
def test_any_maps_and_lists(nodes: list[object]) -> None:
    _parse(_FILE % tuple(json.dumps(node) for node in nodes))


@given(st.text(alphabet="{}%|~ .'\"()[]_axif", max_size=40))
@settings(deadline=1000, max_examples=200)
def test_any_template(text: str) -> None:
    _parse(_FILE % ("1", "1g", "x", "true", "db", json.dumps(text)))


MEGABYTE = 1 << 20
_ENV = "services:\n- type: docker:web\n  id: web\n  config: {my.x: y}\n  env:\n"


def _many(value: str) -> str:
    line = f"    A%d: {value}\n"
    return _ENV + "".join(line % number for number in range((MEGABYTE - 100) // (len(line) + 4)))


HUGE = {
    "brackets": _ENV + "    A: '$brooklyn:formatString" + "(" * (MEGABYTE - 200) + "'\n",
    "calls": _ENV + "    A: '$brooklyn:" + "formatString(" * 80_000 + "'\n",
    "quotes": _ENV + "    A: '$brooklyn:formatString(" + '"' * (MEGABYTE - 200) + "'\n",
    "one text": _ENV + "    A: '$brooklyn:formatString(\"" + "a" * (MEGABYTE - 200) + "\")'\n",
    "one pattern": _ENV + "    A: '$brooklyn:formatString(\"" + "%s" * (MEGABYTE // 2 - 200) + "\")'\n",
    "percents": _ENV + "    A: '$brooklyn:formatString(\"" + "%%" * (MEGABYTE // 2 - 200) + "\")'\n",
    "one name": _ENV + "    A: '$brooklyn:" + "a" * (MEGABYTE - 200) + "()'\n",
    "selectors": _ENV + '    A: \'$brooklyn:config("my.x")' + "[0]" * 300_000 + "'\n",
    "arguments": _ENV + "    A: '$brooklyn:formatString(" + "1," * 500_000 + "1)'\n",
    "a replacement": _ENV + "    A: '$brooklyn:regexReplacement(\"" + "a" * (MEGABYTE - 300) + '", ".*.*x", "")\'\n',
    "a template": _ENV + "    A: {$brooklyn:template: '" + "{{ x }}" * 149_000 + "'}\n",
    "a template that loops": _ENV
    + "    A: {$brooklyn:template: '"
    + "{% for i in range(9999) %}{% for j in range(9999) %}" * 1_000
    + "'}\n",
    "good expressions": _many('$brooklyn:config("my.x")'),
    "late expressions": _many('$brooklyn:attributeWhenReady("host.name")'),
    "templates": _many("{$brooklyn:template: \"{{ config['my.x'] }}7\"}"),
    "different templates": _ENV + "".join(f"    A{n}: {{$brooklyn:template: \"{{{{ config['my.x'] }}}}{n}\"}}\n" for n in range(17_000)),
    "unknown functions": _many("$brooklyn:attributeWenReady()"),
    "unknown keys": _many('$brooklyn:config("my.z")'),
    "unknown services": _many('$brooklyn:component("wep").entityId()'),
    "unknown sensors": _many('$brooklyn:attributeWhenReady("host.nmae")'),
    "growing texts": "services:\n- type: docker:web\n  config:\n    my.k0: "
    + "x" * 500_000
    + "\n"
    + "".join(f'    my.k{n}: $brooklyn:formatString("%s%s", config("my.k{n - 1}"), config("my.k{n - 1}"))\n' for n in range(1, 25)),
    "copied texts": "services:\n- type: docker:web\n  config:\n    my.k: "
    + "x" * 500_000
    + "\n"
    + "".join(f'    my.k{n}: $brooklyn:config("my.k")\n' for n in range(10_000)),
    "growing trees": 'services:\n- type: docker:web\n  config:\n    my.k0: $brooklyn:attributeWhenReady("host.name")\n'
    + "".join(f'    my.k{n}: [$brooklyn:config("my.k{n - 1}"), $brooklyn:config("my.k{n - 1}")]\n' for n in range(1, 28)),
    "a chain of services": "services:\n"
    + "".join(f"- {{type: docker:web, id: s{n}, env: {{A: '$brooklyn:component(\"s{n + 1}\").entityId()'}}}}\n" for n in range(4_900))
    + "- {type: docker:web, id: s4900}\n",
    "a ring of services": "services:\n"
    + "".join(
        f'- {{type: docker:web, id: s{n}, latch: \'$brooklyn:component("s{(n + 1) % 4900}").attributeWhenReady("host.name")\'}}\n'
        for n in range(4_900)
    ),
    "all wait for one": "services:\n- {type: docker:web, id: s0}\n"
    + "".join(f"- {{type: docker:web, id: s{n}, dependsOn: s0}}\n" for n in range(1, 4_900)),
    "links": "services:\n- {type: docker:web, id: s0, ports: [1-2000]}\n"
    + "".join(f"- {{type: docker:web, id: s{n}, links: [s0]}}\n" for n in range(1, 4_900)),
}


def test_a_thousand_services_that_refer_to_each_other_take_at_most_two_seconds() -> None:
    one = """\
- type: docker:web
  id: s{0}
  config: {{my.port: {0}}}
  env:
    A: $brooklyn:component("s{1}").attributeWhenReady("host.address")
    B: {{$brooklyn:formatString: ["%s:%d", $brooklyn:component("s{1}").attributeWhenReady("host.address"), $brooklyn:component("s{1}").config("my.port")]}}
  dependsOn: [s{1}]
"""
    text = "services:\n- {type: docker:web, id: s0, config: {my.port: 0}}\n" + "".join(one.format(n, n // 2) for n in range(1, 1_000))
    start = time.process_time()
    found = parse(text, "f.yaml", TYPES).blueprint.applications[0]
    assert time.process_time() - start < 4.0  # 0.7 s on a machine that does nothing else
    assert len(found.services) == 1_000
