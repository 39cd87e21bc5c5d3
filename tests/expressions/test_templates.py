"""Can templates show what they are given, and nothing else, and always come to an end?"""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clocker_actors.errors import BadRequest
from clocker_actors.expressions.filters import FILTERS
from clocker_actors.expressions.needs import needs
from clocker_actors.expressions.templates import MOST_TEMPLATE, render

_DATA = {"name": "web", "ports": [80, 443], "map": {"a": 1, "b c": {"d": 2}}, "empty": "", "config": {"size": 3}}


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("plain\n", "plain\n"),
        ("{{ name }}:{{ ports[0] }}", "web:80"),
        ("{{ map.a }} {{ map['b c'].d }} {{ config['size'] }}", "1 2 3"),
        ("{% for port in ports %}{{ loop.index }}={{ port }};{% endfor %}", "1=80;2=443;"),
        ("{% if ports|length > 1 and not empty %}many{% else %}one{% endif %}", "many"),
        ("{% for n in range(3) if n != 1 %}{{ n }}{% endfor %}", "02"),
        ("{{ nobody|default('-') }}{{ empty|default('x', true) }}", "-x"),
        ("{% set x = ports|first + 1 %}{{ x }} {{ 'a' ~ x ~ true }}", "81 a81true"),
        ("{{ ports }} {{ map|tojson }}", '[80, 443] {"a": 1, "b c": {"d": 2}}'),
        ("{{ name|upper }} {{ 'a/b'|urlencode }} {{ ports|join('+') }} {{ 3 // 2 }} {{ 7 % 4 }} {{ 2 * 3 - 1 }}", "WEB a%2Fb 80+443 1 3 5"),
        ("{{ 'no' if empty else 'yes' }}{# a remark #}", "yes"),
        ("{% for key, value in map|dictsort %}{{ key }}{% endfor %}", "ab c"),
        ("{{ name[1:] }} {{ 'e' in name }} {{ name is defined }}", "eb true true"),
    ],
)
def test_what_templates_do(text: str, result: str) -> None:
    assert render(text, _DATA) == result


@pytest.mark.parametrize(
    "text",
    [
        "{{ name.__class__ }}",
        "{{ name['__class__'] }}",
        "{{ name['__cla' ~ 'ss__'] }}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ name.upper() }}",
        "{{ ports.append(1) }}",
        "{{ range.__globals__ }}",
        "{{ self._TemplateReference__context }}",
        "{{ loop }}",
        "{% for x in ports %}{{ loop.cycle }}{% endfor %}",
        "{{ cycler('a').next() }}",
        "{{ lipsum() }}",
        "{{ name|attr('__class__') }}",
        "{{ ports|map('upper') }}",
        "{{ name|format }}",
        "{% include '/etc/passwd' %}",
        "{% import 'x' as y %}",
        "{% extends 'x' %}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% call x() %}{% endcall %}",
        "{% filter upper %}x{% endfilter %}",
        "{% set x %}{{ name }}{% endset %}",
        "{{ _tick() }}",
        "{{ range }}",
    ],
)
def test_what_templates_may_not_do(text: str) -> None:
    with pytest.raises(BadRequest):
        render(text, _DATA)


@pytest.mark.parametrize(
    "text",
    [
        "{% for i in range(10000000000) %}x{% endfor %}",
        "{% for i in range(9000) %}{% for j in range(9000) %}{% endfor %}{% endfor %}",
        "{% for i in range(9000) %}{% for j in range(9000) if j > 10000 %}{% endfor %}{% endfor %}",
        "{{ 'a' * 1000000000 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ '%1000000000d' % 1 }}",
        "{% set x = 'ab' %}" + "{% set x = x ~ x %}" * 60 + "{{ x }}",
        "{% set x = 'ab' %}" + "{% set x = x + x %}" * 60 + "{{ x }}",
        "{% set x = 'aa' %}" + "{% set x = x|replace('a', 'aaaaaaaa') %}" * 60 + "{{ x }}",
        "{% set x = 99 %}" + "{% set x = x * x %}" * 60 + "{{ x }}",
        "{% for i in range(9000) %}{{ big|sort|join }}{% endfor %}",
        "{% for i in range(9000) %}{{ big|tojson|length }}{% endfor %}",
        "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}",
        "{{ " + "1 + " * 3000 + "1 }}",
        "{% if name %}" * 3000,
        "{{ name }}" * 6000,
        "{{ name",
        "{% for %}",
        "x" * (MOST_TEMPLATE + 1),
    ],
)
def test_a_template_that_does_not_end_is_ended(text: str) -> None:
    start = time.process_time()
    with pytest.raises(BadRequest):
        render(text, {**_DATA, "big": [str(number) for number in range(9000)]})
    assert time.process_time() - start < 1


def test_what_is_missing_is_told_with_the_line() -> None:
    with pytest.raises(BadRequest, match="'nobody' is undefined"):
        render("{{ nobody }}", {})
    with pytest.raises(BadRequest, match="line 2 of the template"):
        render("\n{{ name.__class__ }}", {})
    with pytest.raises(BadRequest, match="line 3 of the template"):
        render("\n\n{% if %}", {})


def test_what_a_template_needs_is_known_before_it_is_filled_in() -> None:
    found = needs(
        "{{ config['a'] }} {{ config.b }} {{ attribute['x.y'] }} {{ other }} "
        "{% for i in range(2) %}{{ component('db').attribute['host.address'] }}{{ entity('db').config.port }}{% endfor %}"
    )
    assert found.config == {"": ("a", "b"), "db": ("port",)}
    assert found.attribute == {"": ("x.y",), "db": ("host.address",)}


@pytest.mark.parametrize(
    "text",
    [
        "{{ config }}",
        "{{ config[name] }}",
        "{{ component(name).config.a }}",
        "{{ component('a') }}",
        "{{ component('a').name }}",
        "{{ attribute|length }}",
    ],
)
def test_what_cannot_be_known_before_is_refused(text: str) -> None:
    with pytest.raises(BadRequest, match="line 1"):
        needs(text)


_pieces = st.sampled_from(
    [
        "{{",
        "}}",
        "{%",
        "%}",
        " name ",
        " ports ",
        "|",
        *FILTERS,
        " for x in ",
        " endfor ",
        " if ",
        " endif ",
        "(",
        ")",
        "[",
        "]",
        "1",
        "'a'",
        ".",
        "~",
    ]
)


@given(st.lists(_pieces, max_size=14).map("".join))
@settings(deadline=1000, max_examples=400)
def test_any_template_is_filled_in_or_refused(text: str) -> None:
    try:
        render(text, _DATA)
    except BadRequest as fault:
        assert ";" in str(fault)


@given(st.text(max_size=50).filter(lambda text: "{" not in text and "}" not in text and "\r" not in text))
def test_a_text_without_braces_stays_as_it_is(text: str) -> None:
    assert render(text, {}) == text
