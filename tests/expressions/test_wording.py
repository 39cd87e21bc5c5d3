"""Is a predicate said as a person would say it?"""

import pytest

from clocker_actors.expressions import in_words


@pytest.mark.parametrize(
    ("predicate", "words"),
    [
        (3, "3"),
        ("up", "up"),
        ({"greater-than": 500}, "greater than 500"),
        ({"greater-than-or-equal-to": 1, "less-than": 9}, "at least 1 and less than 9"),
        ({"in-range": [1, 10]}, "from 1 to 10"),
        ({"when": "truthy"}, "true or not empty"),
        ({"not": {"equals": "down"}}, "not down"),
        ({"any": [{"equals": 1}, {"glob": "a*"}]}, "one of (1; like a*)"),
        ({"key": "a", "equals": 1}, "such that key is a and 1"),
    ],
)
def test_words(predicate: object, words: str) -> None:
    assert in_words(predicate) == words


def test_long_ones_are_cut() -> None:
    assert len(in_words({"equals": "x" * 1000})) == 120
