"""Values out of answers: what is found, and what is said where there is nothing to be had."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clocker_actors.errors import BadRequest
from clocker_actors.feeds.extracting import Missing, Wanted, decoded, value_of, wanted
from clocker_actors.model.values import Value

DOCUMENT = {"queue": {"length": 7, "names": ["a", "b"]}, "up": "yes", "load": " 0.5 ", "deep": {"x": [{"y": 1}, {"y": 2}]}}


@pytest.mark.parametrize(
    ("one", "value"),
    [
        (Wanted("s", "$.queue.length"), 7),
        (Wanted("s", "queue.length"), 7),
        (Wanted("s", "$.queue.length", "value * 2"), 14),
        (Wanted("s", "$.queue.names"), ["a", "b"]),
        (Wanted("s", "$.queue.names[1]"), "b"),
        (Wanted("s", "$.deep.x[*].y"), [1, 2]),
        (Wanted("s", "$.deep.x[*].y", "sum(value)"), 3),
        (Wanted("s", "$.deep.x[?@.y > 1].y"), 2),
        (Wanted("s", "$.up", kind="boolean"), True),
        (Wanted("s", "$.load", kind="number"), 0.5),
        (Wanted("s", "$.load", kind="integer"), 0),
        (Wanted("s", "$.queue", kind="string"), '{"length": 7, "names": ["a", "b"]}'),
        (Wanted("s", "$.up", "status + 1"), 201),
    ],
)
def test_what_is_found(one: Wanted, value: Value) -> None:
    assert value_of(one, DOCUMENT, {"status": 200, "latency": 0.1}) == value


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (Wanted("s", "$.nosuch"), r"nothing is at \$\.nosuch"),
        (Wanted("s", "$.up", "value * 2"), "is no number"),
        (Wanted("s", "$.up", kind="integer"), "'yes' is no number"),
        (Wanted("s", "$.queue", kind="number"), "is no number"),
        (Wanted("s", "$.load", kind="boolean"), "neither true nor false"),
    ],
)
def test_what_is_not_there_is_said(one: Wanted, why: str) -> None:
    found = value_of(one, DOCUMENT, {"status": 200, "latency": 0.1})
    assert isinstance(found, Missing)
    assert re.search(why, found.why)


def test_a_sensor_is_no_store_for_documents() -> None:
    assert isinstance(value_of(Wanted("s"), "x" * 5000, {}), Missing)
    assert isinstance(value_of(Wanted("s", "$"), {"a": list(range(100_000))}, {}), Missing)
    assert value_of(Wanted("s", "$.n"), {"n": 10**400 // 10**380}, {}) == 1e20


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no JSON but nothing"),
        ("  <!doctype html><html>", "no JSON but HTML"),
        ("hello world", "no JSON but 'hello world'"),
        ("[" * 200_000, "nested too deep"),
        ('{"a": NaN}', "no JSON"),
        ('{"a": ', "no JSON"),
    ],
)
def test_what_is_no_json_is_said_with_what_it_is(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        decoded(text)


@pytest.mark.parametrize(
    ("config", "key", "says"),
    [
        ({"targetSensor": "a", "jsonPath": "$.a["}, "jsonPath", "is no JSON path"),
        ({"targetSensor": "a", "jsonPath": "$" + ".a" * 900}, "jsonPath", "at most 500"),
        ({"targetSensor": "a", "onSuccess": "x + 1"}, "onSuccess", "it knows value"),
        ({"targetSensor": "a", "targetType": "Colour"}, "targetType", "write string"),
        ({"sensors": {"a": {"jsonpath": "$.a"}}}, "sensors", "write a JSON path"),
        ({"sensors": {"a": "$$"}}, "sensors", "is no JSON path"),
    ],
)
def test_what_is_written_wrong_is_said_with_its_key(config: dict[str, Value], key: str, says: str) -> None:
    with pytest.raises(BadRequest, match=says) as caught:
        wanted(config)
    assert caught.value.details["key"] == key


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=3), below, max_size=3),
)


@given(
    JSON,
    st.sampled_from(["$", "$.a", "$..a", "$[*]", "$[0]", "$..*", "$.a.b"]),
    st.sampled_from(["", "string", "integer", "number", "boolean"]),
)
def test_any_document_gives_a_value_or_says_why_not(document: Value, path: str, kind: str) -> None:
    found = value_of(Wanted("s", path, kind=kind), decoded(json.dumps(document)), {})
    assert isinstance(found, Missing) or json.dumps(found) is not None


@given(st.text(alphabet="$.[]*?@'\"abc0123=<>!()&|,: -", max_size=40))
def test_any_path_works_or_is_refused(path: str) -> None:
    try:
        (one,) = wanted({"targetSensor": "s", "jsonPath": path})
    except BadRequest:
        return
    value_of(one, DOCUMENT, {})
