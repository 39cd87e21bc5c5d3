"""Does each test of a predicate hold when it should, and is a wrong predicate told before it is used?"""

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clocker_actors.errors import BadRequest
from clocker_actors.expressions.comparing import equal, order
from clocker_actors.expressions.predicates import ABSENT, MEANINGS, Absent, check, holds

_HOLDS: list[tuple[object, object]] = [
    (3, 3),
    ("a", {"equals": "a"}),
    (3, {"equals": "3"}),
    ("60s", {"equals": "1m"}),
    ({"a": [1]}, {"equals": {"a": ["1"]}}),
    ("db-1", {"regex": "db-[0-9]+"}),
    ("db-1.local", {"glob": "db-*"}),
    (5, {"less-than": 6}),
    ("9", {"less-than": 10}),
    ("1.9", {"less-than": "1.10"}),
    ("2.0-rc1", {"less-than": "2.0"}),
    ("30s", {"less-than": "2m"}),
    (5, {"less-than-or-equal-to": 5}),
    ("8.0.41", {"greater-than": "8.0.9"}),
    (5, {"greater-than-or-equal-to": "5"}),
    (5, {"in-range": [1, 5]}),
    ("1.5.2", {"in-range": ["1.5", "1.6"]}),
    ([1, 2], {"size": 2}),
    ("abc", {"size": {"greater-than": 2}}),
    (1, {"not": {"equals": 2}}),
    (1, {"any": [{"equals": 2}, {"equals": 1}]}),
    (1, {"all": [{"greater-than": 0}, {"less-than": 2}]}),
    (1, {"check": {"equals": 1}}),
    (1, {"assert": {"equals": 1}}),
    (ABSENT, {"when": "absent"}),
    (None, {"when": "absent_or_null"}),
    (None, {"when": "present"}),
    (0, {"when": "present_non_null"}),
    ("x", {"when": "truthy"}),
    ("", {"when": "falsy"}),
    (ABSENT, {"when": "always"}),
    ([1, 2], {"has-element": 2}),
    ([1, "bob"], {"has-element": {"regex": "b.b"}}),
    ([1, 2, 3], {"filter": {"greater-than": 1}, "size": 2}),
    ([1, 2, 3], {"filter": {"greater-than": 2}}),
    ({"a": 1}, {"key": "a", "equals": 1}),
    ([4, 5], {"index": -1, "equals": 5}),
    ({"a": [{"b c": 7}]}, {"jsonpath": "$.a[0]['b c']", "equals": 7}),
    ({"a": 1}, {"jsonpath": "$.b", "when": "absent"}),
    ({"a": [1, 2]}, {"jsonpath": "a[*]", "has-element": 2}),
    ("x", {"java-instance-of": "java.lang.String"}),
    (3, {"java-instance-of": "Integer"}),
    ({"message": "no"}, {"error-field": "message", "equals": "no"}),
    ({"cause": {"cause": {"kind": "x"}}}, {"error-cause": {"key": "kind", "equals": "x"}}),
]
_FAILS: list[tuple[object, object]] = [
    (3, 4),
    (None, {"equals": 1}),
    (ABSENT, {"equals": 1}),
    ("a", {"less-than": 3}),
    ("db-1x", {"regex": "db-[0-9]"}),
    (True, {"equals": 1}),
    (3, {"assert": {"equals": 3}, "equals": 4}),
    ([], {"filter": {"equals": 1}}),
    ({}, {"key": "a"}),
    ([1], {"index": 3}),
    ("x", {"java-instance-of": "Integer"}),
    (True, {"java-instance-of": "Integer"}),
    (5, {"when": "never"}),
    ("1.10", {"less-than": "1.9"}),
    (6, {"in-range": [1, 5]}),
]


@pytest.mark.parametrize(("value", "predicate"), _HOLDS)
def test_holds(value: object, predicate: object) -> None:
    check(predicate)
    assert holds(value, predicate)


@pytest.mark.parametrize(("value", "predicate"), _FAILS)
def test_does_not_hold(value: object, predicate: object) -> None:
    check(predicate)
    assert not holds(value, predicate)


def test_every_test_of_a_predicate_is_tried() -> None:
    tried = {word for _, predicate in _HOLDS if isinstance(predicate, Mapping) for word in predicate}
    assert set(MEANINGS) - tried == {"target", "config", "sensor", "tag"}


class _Service:
    def config(self, key: str) -> object:
        return {"size": 3}.get(key, ABSENT)

    def sensor(self, name: str) -> object:
        return 0.5 if name == "load" else ABSENT

    def target(self, name: str) -> object:
        return [1, 2] if name == "children" else ABSENT

    def tags(self) -> tuple[object, ...]:
        return ("blue", {"zone": "a"})


def test_what_is_not_the_value_but_the_entity() -> None:
    service = _Service()
    assert holds(ABSENT, {"sensor": "load", "less-than": 1}, service)
    assert holds(ABSENT, {"config": "size", "equals": 3}, service)
    assert holds(ABSENT, {"target": "children", "size": 2}, service)
    assert holds(ABSENT, {"tag": "blue"}, service)
    assert holds(ABSENT, {"tag": {"key": "zone", "equals": "a"}}, service)
    assert not holds(ABSENT, {"sensor": "nope"}, service)
    with pytest.raises(BadRequest, match="no entity here"):
        holds(1, {"sensor": "load", "less-than": 1})


def test_an_assertion_that_fails_is_an_error() -> None:
    with pytest.raises(BadRequest, match="does not hold: 1 is not"):
        holds(1, {"assert": {"equals": 2}})


@pytest.mark.parametrize(
    ("predicate", "words"),
    [
        ({"graeter-than": 1}, "write greater-than"),
        ({}, "an empty predicate"),
        ({"any": 3}, "`any` takes a list"),
        ({"regex": "("}, "no regular expression"),
        ({"regex": "(a+)+"}, "for ever"),
        ({"glob": "*" * 9}, "a shorter one"),
        ({"jsonpath": "$..["}, "not a path"),
        ({"when": "tuesday"}, "one of absent"),
        ({"in-range": 3}, "the least and the most"),
        ({"index": "a"}, "a whole number"),
        ({"key": 3}, "takes a text"),
        ({"not": {"x": 1}}, "`x` is not a test"),
    ],
)
def test_a_wrong_predicate(predicate: object, words: str) -> None:
    with pytest.raises(BadRequest, match=words.replace("$", r"\$").replace("*", r"\*")):
        check(predicate)


def test_a_predicate_has_an_end() -> None:
    deep: object = 1
    for _ in range(30):
        deep = {"not": deep}
    with pytest.raises(BadRequest, match="inside each other"):
        check(deep)
    wide = {"has-element": {"has-element": {"has-element": {"has-element": 1000}}}}
    with pytest.raises(BadRequest, match="takes too long"):
        holds([[[list(range(100))] * 20] * 20] * 20, wide)


_plain = st.one_of(st.integers(-1000, 1000), st.floats(-1e6, 1e6), st.text(max_size=8))


@given(_plain, _plain)
def test_an_order_is_the_same_from_both_sides(one: object, other: object) -> None:
    there, back = order(one, other), order(other, one)
    assert (there is None) == (back is None)
    if there is not None and back is not None:
        assert (there > 0) == (back < 0)
        assert (there == 0) == (back == 0)


@given(st.lists(st.integers(0, 99), min_size=1, max_size=4), st.lists(st.integers(0, 99), min_size=1, max_size=4))
def test_versions_of_numbers_compare_as_their_parts(one: list[int], other: list[int]) -> None:
    found = order("v" + ".".join(map(str, one)), "v" + ".".join(map(str, other)))
    assert found is not None
    if len(one) == len(other):
        assert (found > 0) == (one > other)


@given(_plain)
def test_everything_equals_itself(value: object) -> None:
    assert equal(value, value)
    assert holds(value, {"equals": value})
    assert not holds(value, {"not": {"equals": value}})


_any = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from([*MEANINGS, "x"]), inner, max_size=3)),
    max_leaves=10,
)


@given(_any, _any)
@settings(max_examples=300)
def test_any_predicate_is_refused_or_has_an_answer(value: object, predicate: object) -> None:
    try:
        check(predicate)
    except BadRequest as fault:
        assert ";" in str(fault)
        return
    try:
        assert isinstance(holds(value, predicate, _Service()), bool)
    except BadRequest as fault:
        assert ";" in str(fault)


def test_absent_is_not_null() -> None:
    assert isinstance(ABSENT, Absent)
    assert not holds(ABSENT, {"when": "present"})
