"""Does the grammar of expressions read every function, and tell every mistake at its place?"""

import pytest

from clocker_actors.blueprint.dsl.functions import FUNCTIONS, Function, On
from clocker_actors.blueprint.dsl.lexer import MOST_WORDS
from clocker_actors.model.expressions import Expression
from tests.blueprint.reading import application, fault, faults

_FILE = """\
services:
- type: group
  id: tier
  config: {{size: small, sizes: {{big: 3, list: [a, b]}}}}
  children:
  - type: docker:web
    id: web
    env:
      A: {value}
    children: [{{type: docker:web, id: inner, config: {{size: inner}}}}]
  - {{type: docker:postgres, id: db, ports: [5432], config: {{size: large, db.port: 5432, nothing: }}}}
- {{type: cluster, id: nodes, memberSpec: {{type: docker:web, id: node, env: {{M: x}}}}}}
"""
_COLUMN = 10


def _read(value: str) -> tuple[str, str]:
    """What the variable A has, and its late expression in words."""
    (tier, _) = application(_FILE.format(value=value)).services
    container = tier.children[0].container
    assert container is not None
    late = [each.expression for each in container.late if each.field == "env.A"]
    return container.env["A"], shown(late[0]) if late else ""


def shown(tree: Expression) -> str:
    """A tree as a short text."""
    if tree.op in ("literal", "target"):
        return repr(tree.value)
    return f"{tree.op}({', '.join(shown(arg) for arg in tree.args)})"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ('$brooklyn:config("size")', "small"),
        ('$brooklyn:self().config("size")', "small"),
        ('$brooklyn:parent().config("size")', "small"),
        ('$brooklyn:component("db").config("size")', "large"),
        ('$brooklyn:entity("db").config("db.port")', "5432"),
        ('$brooklyn:sibling("db").config("size")', "large"),
        ('$brooklyn:ancestor("tier").config("size")', "small"),
        ('$brooklyn:parent().child("db").config("size")', "large"),
        ('$brooklyn:child("inner").config("size")', "inner"),
        ('$brooklyn:parent().descendant("inner").config("size")', "inner"),
        ('$brooklyn:component("sibling", "db").config("size")', "large"),
        ('$brooklyn:component("global", "db").config("size")', "large"),
        ('$brooklyn:component($brooklyn:literal("db")).config("size")', "large"),
        ('$brooklyn:config("sizes")["big"]', "3"),
        ('$brooklyn:config("sizes").big', "3"),
        ('$brooklyn:config("sizes").list[1]', "b"),
        ('$brooklyn:config("sizes").list[-1].toUpperCase()', "B"),
        ('$brooklyn:config("sizes").get("list").size()', "2"),
        ('$brooklyn:formatString("%s", config("sizes"))', '{"big": 3, "list": ["a", "b"]}'),
        ('$brooklyn:literal("$brooklyn:self()")', "$brooklyn:self()"),
        ('$brooklyn:formatString("%s-%05d", config("size"), 42)', "small-00042"),
        ("$brooklyn:formatString('%s', \"it's\")", "it's"),
        (r'$brooklyn:formatString("a\"b\\c")', 'a"b\\c'),
        ('$brooklyn:urlEncode("a b")', "a+b"),
        ('$brooklyn:regexReplacement("db:5432", ":.*", "")', "db"),
        ('$brooklyn:sensor("cpu.mean")', "cpu.mean"),
        ('$brooklyn:sensor("java.lang.Class", "cpu.mean")', "cpu.mean"),
        ("$brooklyn:template(\"{{ config['size'] }} {{ component('db').config['db.port'] }}\")", "small 5432"),
        ('$brooklyn:template("{{ a }}", {a: 1})', "1"),
        ('{$brooklyn:template: ["{{ a.b }}", {a: {b: $brooklyn:config("size")}}]}', "small"),
        ('{$brooklyn:formatString: ["%s:%s", $brooklyn:config("size"), 1.10]}', "small:1.10"),
        ("{$brooklyn:formatString: plain}", "plain"),
        ("{$brooklyn:config: size}", "small"),
        ('{$brooklyn:component("db").config: size}', "large"),
        ("{$brooklyn:literal: x}", "x"),
        ('{$brooklyn:chain: [$brooklyn:component("db"), {config: size}, toUpperCase]}', "LARGE"),
        ('{$brooklyn:chain: [$brooklyn:config("sizes"), {get: [list]}, {get: 0}]}', "a"),
        (
            '$brooklyn:formatString("%s", function.regexReplacement("a", "b"))',
            '{"function": "regexReplacement", "pattern": "a", "replacement": "b"}',
        ),
    ],
)
def test_what_is_known_is_worked_out_when_the_file_is_read(value: str, text: str) -> None:
    quoted = "'" + value.replace("'", "''") + "'" if value.startswith("$") else value
    assert _read(quoted) == (text, "")


@pytest.mark.parametrize(
    ("value", "tree"),
    [
        ('$brooklyn:component("db").attributeWhenReady("host.address")', "attributeWhenReady('db', 'host.address')"),
        ('$brooklyn:attributeWhenReady("host.address")', "attributeWhenReady('web', 'host.address')"),
        ('$brooklyn:self().attributeWhenReady("host.address")', "attributeWhenReady('web', 'host.address')"),
        ('$brooklyn:component("nodes").attributeWhenReady("service.isUp")', "attributeWhenReady('nodes', 'service.isUp')"),
        ('$brooklyn:component("nodes").member("node").attributeWhenReady("x")', "attributeWhenReady('member:node', 'x')"),
        ('$brooklyn:application("other").attributeWhenReady("x")', "attributeWhenReady('application:other', 'x')"),
        ('$brooklyn:component("application", "other").entityId()', "entityId('application:other')"),
        ('$brooklyn:component("db").entityId()', "entityId('db')"),
        (
            '{$brooklyn:template: ["{{ a }}", {a: $brooklyn:component("db").attributeWhenReady("host.name")}]}',
            "template('{{ a }}', map('a', attributeWhenReady('db', 'host.name'), 'config', {}, 'attribute', {}, 'components', {}))",
        ),
        ('$brooklyn:component("db").location()', "location('db')"),
        ('$brooklyn:component("db").location(0)', "location('db', 0)"),
        ('$brooklyn:external("vault", "key")', "external('vault', 'key')"),
        (
            '$brooklyn:component("db").attributeWhenReady("host.name", {"timeout": "5m", wait_for_truthy: false})',
            "attributeWhenReady('db', 'host.name', {'timeout': '5m', 'wait_for_truthy': False})",
        ),
        (
            '$brooklyn:component("db").attributeWhenReadyAllowingOnFire("host.name")',
            "attributeWhenReady('db', 'host.name', {'abort_if_on_fire': False})",
        ),
        (
            '$brooklyn:component("db").attributeWhenReady("service.endpoints")[0].host',
            "select(select(attributeWhenReady('db', 'service.endpoints'), 0), 'host')",
        ),
        (
            '{$brooklyn:chain: [$brooklyn:component("db"), {attributeWhenReady: [host.name, {timeout: 5m}]}]}',
            "attributeWhenReady('db', 'host.name', {'timeout': '5m'})",
        ),
        (
            '{$brooklyn:formatString: ["%s:%d", $brooklyn:component("db").attributeWhenReady("host.name"), $brooklyn:component("db").config("db.port")]}',
            "formatString('%s:%d', attributeWhenReady('db', 'host.name'), 5432)",
        ),
        (
            "{$brooklyn:template: \"{{ attribute['host.name'] }}{{ config.size }}\"}",
            (
                "template(\"{{ attribute['host.name'] }}{{ config.size }}\", map('config', {'size': 'small'}, 'attribute', "
                "map('host.name', attributeWhenReady('web', 'host.name')), 'components', {}))"
            ),
        ),
    ],
)
def test_what_depends_on_readings_is_carried_on(value: str, tree: str) -> None:
    quoted = "'" + value.replace("'", "''") + "'" if value.startswith("$") else value
    assert _read(quoted) == ("", tree)


@pytest.mark.parametrize(
    ("value", "column", "words"),
    [
        ("'$brooklyn:'", 11 + _COLUMN, "the name of a function"),
        ("$brooklyn:self", 10 + _COLUMN, "`self` has no brackets; write `self()`"),
        ("$brooklyn:slf()", 10 + _COLUMN, "there is no function `slf`; did you mean `self`?"),
        ('$brooklyn:config("size"', 16 + _COLUMN, "`(` is never closed; write `)`"),
        ('$brooklyn:config("size', 17 + _COLUMN, "this quote is never closed"),
        ('$brooklyn:config("size")[', 25 + _COLUMN, "what stands in `[ ]`"),
        ('$brooklyn:config("size")["a"', 24 + _COLUMN, "`[` is never closed"),
        ('$brooklyn:config("size")[1.5]', 25 + _COLUMN, "a whole number"),
        ("$brooklyn:config(size)", 17 + _COLUMN, "`size` is no value; write a text in double quotes"),
        ('$brooklyn:config("size") x', 25 + _COLUMN, "stands behind the expression"),
        ('$brooklyn:config("size"]', 23 + _COLUMN, "`]` where a comma or `)` was to come"),
        ('$brooklyn:config("size",)', 24 + _COLUMN, "the name of a function"),
        ("$brooklyn:config(%)", 17 + _COLUMN, "cannot be read here"),
        ("$brooklyn:config({a 1})", 20 + _COLUMN, "`1` where `:` was to come"),
        ('$brooklyn:config("size").config("x")', 25 + _COLUMN, "`config` is not called on a value; known are"),
        ('$brooklyn:component("db").name', 26 + _COLUMN, "an entity has no `name`"),
        ('$brooklyn:component("db").formatString("x")', 26 + _COLUMN, "`formatString` is not called on an entity"),
        ('$brooklyn:component("db")', 0 + _COLUMN, "an entity is not a value"),
        ('$brooklyn:formatString("%s", component("db"))', 29 + _COLUMN, "`argument` of `formatString` is an entity"),
        ("$brooklyn:size()", 10 + _COLUMN, "`size` is called on a value"),
        ("{$brooklyn:self: , b: 1}", 19 + _COLUMN, "`b` stands beside an expression"),
        ('{$brooklyn:config("a"): 3}', 1 + _COLUMN, "has its arguments already"),
        ("{$brooklyn:chain: 3}", 18 + _COLUMN, "`chain` has no list"),
        ("{$brooklyn:chain: [$brooklyn:self(), {a: 1, b: 2}]}", 37 + _COLUMN, "is no call"),
        ("{$brooklyn:chain: [$brooklyn:self(), {conf: 1}]}", 38 + _COLUMN, "there is no function `conf`"),
        ("{$brooklyn:formatString: [x, [$brooklyn:self()]]}", 29 + _COLUMN, "an entity is not a value"),
        ('$brooklyn:component("somewhere", "db").config("size")', 20 + _COLUMN, "`somewhere` is not a scope"),
    ],
)
def test_a_mistake_is_told_at_its_place(value: str, column: int, words: str) -> None:
    found = fault(_FILE.format(value=value))
    line, place = found.split(":")[1:3]
    assert words in found
    assert (line, int(place)) == ("9", column)


def _calls(function: Function, count: int) -> str:
    given = ", ".join('"db"' for _ in range(count))
    on = {On.NOTHING: "", On.ENTITY: "self().", On.VALUE: 'config("sizes").'}[function.on]
    return f"'$brooklyn:{on}{function.name}({given})'"


_ALL = [function for function in FUNCTIONS.values() if function.name != "chain"]


@pytest.mark.parametrize("function", _ALL, ids=lambda each: each.name)
def test_each_function_with_too_few_or_too_many_arguments(function: Function) -> None:
    for count in {function.least - 1, (function.most or 0) + 1} - {-1}:
        if count >= function.least and function.most is None:
            continue
        found = fault(_FILE.format(value=_calls(function, count)))
        assert f"`{function.name}` takes" in found
        assert f"write {function.signature}" in found


_WRONG = {"text": "[1]", "integer": '"x"', "map": '"x"', "options": '"x"', "list": '"x"'}


@pytest.mark.parametrize("function", [each for each in _ALL if any(arg.type in _WRONG for arg in each.args)], ids=lambda each: each.name)
def test_each_function_with_an_argument_of_a_wrong_type(function: Function) -> None:
    for place, arg in enumerate(function.args):
        if arg.type not in _WRONG:
            continue
        given = ['"db"' if each.type in ("text", "any") else "{}" for each in function.args]
        given[place] = _WRONG[arg.type]
        on = "self()." if function.on is On.ENTITY else ""
        found = fault(_FILE.format(value=f"'$brooklyn:{on}{function.name}({', '.join(given)})'"))
        assert f"`{arg.name}` of `{function.name}` is not a" in found, found


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ('component("dc")', "`dc` is not the id of a service here; known are: db, inner"),
        ('entity("inmer")', "did you mean `inner` or"),
        ('child("db")', "`db` is not a child of `web`; it has inner, or use component(db)"),
        ('sibling("inner")', "`inner` is not a sibling of `web`; it has db"),
        ('descendant("web")', "`web` is not a descendant of `web`; it has inner"),
        ('ancestor("web")', "`web` is not a ancestor of `web`; it has tier"),
        ('member("node")', "`web` has no members, for it is no cluster"),
        ('component("nodes").member("nod")', "did you mean `node`?"),
        ("root().parent()", "an application has no parent"),
        ('component("node")', "`node` is what each member of `nodes` is, so there may be many; ask `nodes`"),
        ('application("x").child("y")', "nothing is known here of what is in another application"),
    ],
)
def test_an_unknown_target(value: str, words: str) -> None:
    assert words in fault(_FILE.format(value=f"'$brooklyn:{value}.attributeWhenReady(\"service.isUp\")'"))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ('$brooklyn:config("sise")', "`sise` is not configuration of `web`; did you mean `size`"),
        ('$brooklyn:application("x").config("y")', "configuration of another application is not known here"),
        (
            '$brooklyn:component("db").attributeWhenReady("host.adress")',
            "`host.adress` is not a sensor of `db`; did you mean `host.address`",
        ),
        ('$brooklyn:component("db").attributeWhenReady("docker.port.80")', "did you mean `docker.port.5432`"),
        ('$brooklyn:attributeWhenReady(config("sizes"))', "the name of a sensor has to be a text"),
        ('$brooklyn:attributeWhenReady(self().attributeWhenReady("host.name"))', "the name of a sensor has to be a text"),
        ('$brooklyn:component("db").attributeWhenReady("host.name", {timout: 3})', "write timeout"),
        ('$brooklyn:component("db").attributeWhenReady("host.name", {timeout: config("size")})', "the option `timeout` is an expression"),
        ('$brooklyn:component("db").config("nothing").x', "evaluates to null"),
        ('$brooklyn:config("sizes")["small"]', "the map has no `small`; it has big, list"),
        ('$brooklyn:config("sizes").list[7]', "there is no item 7 among 2"),
        ('$brooklyn:formatString("%d", "x")', "takes a whole number"),
        ('$brooklyn:regexReplacement("a", "(a+)+", "")', "for ever"),
        ('$brooklyn:template("{{ x.__class__ }}")', "not for templates"),
        ('$brooklyn:template("{{ config }}")', "is not a value; write config["),
        ('$brooklyn:template("{{ a }}", {config: 1})', "is given to every template"),
        ('$brooklyn:template(attributeWhenReady("host.name"))', "has to be known when the file is read"),
    ],
)
def test_what_cannot_be_worked_out_is_told(value: str, words: str) -> None:
    quoted = "'" + value.replace("'", "''") + "'"
    assert words in fault(_FILE.format(value=quoted))


def test_depth_and_length_have_bounds() -> None:
    deep = "formatString(" * 40 + '"a"' + ")" * 40
    assert "more than 32 deep" in fault(_FILE.format(value=f"'$brooklyn:{deep}'"))
    assert "more than 32 deep" in fault(_FILE.format(value="'$brooklyn:formatString(" + "[" * 40 + "]" * 40 + ")'"))
    assert "more than 32 deep" in fault(_FILE.format(value="'$brooklyn:formatString(" + "{a: " * 40 + "1" + "}" * 40 + ")'"))
    long = ", ".join("1" for _ in range(MOST_WORDS))
    assert f"more than {MOST_WORDS} words" in fault(_FILE.format(value=f"'$brooklyn:formatString({long})'"))


def test_all_faults_of_all_expressions_come_at_once() -> None:
    text = _FILE.format(value='$brooklyn:conf("a")').replace("M: x", 'M: $brooklyn:config("zise")')
    assert [each.split(":")[1] for each in faults(text)] == ["9", "12"]


def test_an_expression_in_a_block_of_text_knows_its_line() -> None:
    text = 'services:\n- type: docker:web\n  env:\n    A: |\n      $brooklyn:formatString("%s",\n        nope("a"))\n'
    assert fault(text).startswith("shop.yaml:6:9: there is no function `nope`")
