"""Do regular expressions of other people do what they say, and never run away?"""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clocker_actors.errors import BadRequest
from clocker_actors.expressions.patterns import compiled, matches, replaced


@pytest.mark.parametrize(
    ("text", "pattern", "replacement", "result"),
    [
        ("db:5432", ":.*", "", "db"),
        ("db:5432", "([^:]+):([0-9]+)", "$2/$1", "5432/db"),
        ("a.b.c", r"\.", "-", "a-b-c"),
        ("a1b22", "[0-9]+", "<$0>", "a<1>b<22>"),
        ("price", "price", r"\$5", "$5"),
        ("10.0.0.1", r"([0-9]{1,3}\.){3}[0-9]{1,3}", "ip", "ip"),
        ("x=1", "(?<name>x)=(1)", r"\2", "1"),
        ("abc", "x*", "-", "-a-b-c-"),
    ],
)
def test_replacing(text: str, pattern: str, replacement: str, result: str) -> None:
    assert replaced(text, pattern, replacement) == result


@pytest.mark.parametrize("pattern", ["(a|a)*b", "(a*)*", "(a?a)+b", "(a+)+$", "((a)|(aa))+", "(x{1,9}){9}", r"(a)\1", "(.*){20}x"])
def test_what_repeats_in_many_ways_is_refused(pattern: str) -> None:
    with pytest.raises(BadRequest, match="for ever"):
        compiled(pattern)


@pytest.mark.parametrize("pattern", ["(", "[a", "*a", "(?P<n", "a" * 201])
def test_what_is_no_expression(pattern: str) -> None:
    with pytest.raises(BadRequest):
        compiled(pattern)


def test_many_repetitions_take_only_short_texts() -> None:
    assert matches(".*a.*b.*", "xaxbx")
    with pytest.raises(BadRequest, match="might take for ever on a text of 10000"):
        matches(".*a.*b.*c", "x" * 10_000)


@pytest.mark.parametrize("pattern", ["a*a*a*b", "[ab]*[bc]*[cd]*x", ".*.*.*x", "a?a?a?aaa"])
def test_the_worst_that_is_allowed_is_done_soon(pattern: str) -> None:
    for length in (256, 1_000, 100_000):
        start = time.process_time()
        try:
            assert not matches(pattern, "a" * length)
        except BadRequest:
            continue
        assert time.process_time() - start < 1


@given(st.text(alphabet="ab()[]*+?|{}1,2\\.^$", max_size=12), st.text(alphabet="ab1", max_size=30))
@settings(deadline=1000, max_examples=300)
def test_any_pattern_is_done_or_refused(pattern: str, text: str) -> None:
    try:
        replaced(text, pattern, "-")
    except BadRequest as fault:
        assert ";" in str(fault)
