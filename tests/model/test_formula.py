"""Formulas: what they are worth, and that nothing but arithmetic can be written in one."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clocker_actors.errors import BadRequest
from clocker_actors.model.formula import formula
from clocker_actors.model.values import Value

NUMBERS = st.integers(-1000, 1000) | st.floats(-1e6, 1e6)


@pytest.mark.parametrize(
    ("text", "names", "worth"),
    [
        ("value * 100 / 4", {"value": 3}, 75.0),
        ("requests.errors * 100 / max(requests.total, 1)", {"requests.errors": 2, "requests.total": 0}, 200.0),
        ("sensor('my-sensor') + 1", {"my-sensor": 1}, 2),
        ("value['queue'][0] // 2", {"value": {"queue": [7]}}, 3),
        ("'busy' if value > 9 else null", {"value": 9}, None),
        ("not a or b and 1 < c <= 3", {"a": True, "b": True, "c": 3}, True),
        ("round(value, 2)", {"value": 3.14159}, 3.14),
        ("len(value) + sum([1, 2]) - min(3, 1)", {"value": "abc"}, 5),
        ("lower(trim(value)) in ['ok', 'up']", {"value": " OK\n"}, True),
        ("number(value) % 5", {"value": "12"}, 2.0),
        ("-value", {"value": 2}, -2),
        ("value == 'running'", {"value": "running"}, True),
    ],
)
def test_what_formulas_are_worth(text: str, names: dict[str, Value], worth: Value) -> None:
    assert formula(text)(names) == worth


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is no formula"),
        ("value *", "is no formula"),
        ("value ** 2", "cannot stand in a formula"),
        ("'x' * 99", "is no number"),
        ("(lambda: 1)()", "cannot stand"),
        ("[x for x in value]", "cannot stand"),
        ("value.__class__.__mro__[0]()", "cannot stand"),
        ("open('/etc/passwd')", "no function of formulas"),
        ("rond(value)", "did you mean round?"),
        ("f'{value}'", "cannot stand"),
        ("1 << 9999", "cannot stand"),
        ("value if", "is no formula"),
        ("(" * 300 + "1" + ")" * 300, "is no formula"),
        ("-" * 900 + "1", "deep|is no formula"),
        ("1 +" * 400 + "1", "at most 1000"),
        ("b'x'", "cannot stand"),
    ],
)
def test_what_cannot_be_written_is_said(text: str, says: str) -> None:
    with pytest.raises((BadRequest, ValueError), match=says):
        formula(text)({"value": 1})


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("value / 0", {"value": 1}),
        ("value + 1", {"value": "a"}),
        ("missing", {}),
        ("value[9]", {"value": []}),
        ("value['a']", {"value": 3}),
    ],
)
def test_what_has_no_worth_is_a_value_error_with_the_formula_in_it(text: str, names: dict[str, Value]) -> None:
    with pytest.raises(ValueError, match=r"value|missing"):
        formula(text)(names)


def test_a_name_with_dots_is_looked_up_whole_and_no_attribute_ever() -> None:
    assert formula("value.__class__").names == {"value.__class__"}


@given(NUMBERS, NUMBERS, NUMBERS)
def test_it_is_the_arithmetic_of_python(a: float, b: float, c: float) -> None:
    text = "a * b - c / (abs(a) + 1) + (b if a < c else -b)"
    assert formula(text)({"a": a, "b": b, "c": c}) == pytest.approx(a * b - c / (abs(a) + 1) + (b if a < c else -b))


@given(st.text(alphabet="ab01+-*/%()[]<>=!.,'\" nottrue_ifels", max_size=200))
def test_no_text_makes_another_fault_or_takes_long(text: str) -> None:
    began = time.monotonic()
    try:
        made = formula(text)
        made(dict.fromkeys(made.names, 2))
    except (BadRequest, ValueError):
        pass
    assert time.monotonic() - began < 1.0
