"""What may be written as a configuration value, and what is said of one that may not."""

import pytest

from clocker_actors.errors import BadRequest
from clocker_actors.model.configuration import checked
from clocker_actors.model.types import KeyType, PolicyType
from clocker_actors.model.values import Value

KEYS = (
    KeyType("text", "string", None, "a word"),
    KeyType("count", "integer", 3, "how many", least=0, most=9),
    KeyType("rate", "number", None, "how much", most=2.5),
    KeyType("on", "boolean", True, "whether"),
    KeyType("delay", "duration", 1.0, "how long", least=0),
    KeyType("room", "size", None, "bytes"),
    KeyType("metric", "sensor", None, "which sensor"),
    KeyType("names", "list", (), "which ones"),
    KeyType("labels", "map", None, "name to value"),
    KeyType("mode", "string", "quick", "how", choices=("quick", "slow")),
)
TYPE = PolicyType("thing", "policy", KEYS)


@pytest.mark.parametrize(
    ("key", "given", "expected"),
    [
        ("count", "7", 7),
        ("count", 7.0, 7),
        ("rate", "1e-1", 0.1),
        ("on", "no", False),
        ("delay", 2, 2.0),
        ("delay", "2", 2.0),
        ("delay", "250ms", 0.25),
        ("delay", "3 min", 180.0),
        ("delay", "5 minutes", 300.0),
        ("delay", "1.5h", 5400.0),
        ("delay", "1h30m", 5400.0),
        ("delay", "2 hours 1.5 min 3s", 7293.0),
        ("delay", None, 1.0),
        ("room", "64m", 64 * 1024**2),
        ("room", "1 GiB", 1024**3),
        ("room", 100, 100),
        ("metric", {"sensor": "cpu.mean"}, "cpu.mean"),
        ("names", "a, b", ("a", "b")),
        ("names", ["a"], ("a",)),
        ("labels", {"a": 1}, {"a": 1}),
        ("mode", "slow", "slow"),
    ],
)
def test_values_in_all_their_spellings(key: str, given: Value, expected: Value) -> None:
    assert checked(TYPE, {f"thing.{key}": given})[key] == expected


@pytest.mark.parametrize(
    ("key", "given", "right"),
    [
        ("count", 1.5, "a whole number, 0 to 9"),
        ("count", 10, "a whole number, 0 to 9"),
        ("count", True, "a whole number, 0 to 9"),
        ("rate", float("nan"), "a number, at most 2.5"),
        ("on", 1, "true or false"),
        ("delay", "soon", "a duration such as 30s, at least 0"),
        ("delay", "5 parsecs", "a duration such as 30s, at least 0"),
        ("delay", "1h30", "a duration such as 30s, at least 0"),
        ("delay", "1h30parsecs", "a duration such as 30s, at least 0"),
        ("delay", "1" * 20_000 + "h" * 20_000, "a duration such as 30s, at least 0"),
        ("delay", -1, "a duration such as 30s, at least 0"),
        ("room", "5 minutes", "a size such as 64m"),
        ("metric", {"name": "x"}, "the name of a sensor"),
        ("names", 3, "a list"),
        ("labels", "a", "a map"),
        ("mode", "odd", "quick or slow"),
        ("text", "", "a text"),
    ],
)
def test_a_wrong_value_is_named_with_its_key_and_what_would_be_right(key: str, given: Value, right: str) -> None:
    with pytest.raises(BadRequest) as refused:
        checked(TYPE, {key: given})
    assert f"thing: {key}={given!r}" in str(refused.value)
    assert str(refused.value).endswith(f"give {right}")


def test_a_change_keeps_the_rest() -> None:
    base = checked(TYPE, {"count": 5, "text": "a"})
    assert checked(TYPE, {"count": 6}, base) == {**base, "count": 6}
