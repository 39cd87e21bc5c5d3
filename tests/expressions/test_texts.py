"""Do texts read as a Java program would write them, whatever the value?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clocker_actors.errors import BadRequest
from clocker_actors.expressions.texts import MOST_TEXT, as_text, directives, format_string, truthy, url_encode

_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=10)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("pattern", "arguments", "text"),
    [
        ("%s:%d", ["db", 5432], "db:5432"),
        ("%05d|%5d|%-5d|", [42, 42, 42], "00042|   42|42   |"),
        ("%.2f %5.1f %f", [1.005, 2, "3"], "1.00   2.0 3.000000"),
        ("%,d %+d", [1234567, 3], "1,234,567 +3"),
        ("%x %X %o", [255, 255, 8], "ff FF 10"),
        ("100%% of %s%n", [True], "100% of true\n"),
        ("%2$s-%1$s", ["a", "b"], "b-a"),
        ("%s %s", [[1, "a"], {"k": None}], '[1, "a"] {"k": null}'),
        ("%S %.2s %10s", ["abc", "abc", "abc"], "ABC ab        abc"),
        ("%d", ["17"], "17"),
        ("%s", [3.0], "3"),
        ("%c%c %b", ["x", 65, None], "xA false"),
        ("no directives", [], "no directives"),
    ],
)
def test_format_string(pattern: str, arguments: list[object], text: str) -> None:
    assert format_string(pattern, arguments) == text


@pytest.mark.parametrize(
    ("pattern", "arguments", "words"),
    [
        ("%s %s", ["a"], "has 1 arguments and `%s` wants number 2"),
        ("%3$s", ["a"], "wants number 3"),
        ("%0$s", ["a"], "wants number 0"),
        ("%d", ["x"], "takes a whole number"),
        ("%d", [1.5], "takes a whole number"),
        ("%f", [[]], "takes a number"),
        ("%q", ["a"], "does not know `%q`"),
        ("50%", ["a"], "does not know `%`"),
    ],
)
def test_what_cannot_be_formatted(pattern: str, arguments: list[object], words: str) -> None:
    with pytest.raises(BadRequest, match=words.replace("$", r"\$")):
        format_string(pattern, arguments)


def test_directives_are_counted_before_there_are_arguments() -> None:
    assert directives("%s %2$s %% %n %d") == 2
    with pytest.raises(BadRequest):
        directives("%y")


def test_a_text_has_an_end() -> None:
    with pytest.raises(BadRequest, match="more than 1024 KiB"):
        format_string("%s%s%s", ["a" * (MOST_TEXT // 2)] * 3)
    with pytest.raises(BadRequest):
        format_string("%9999s" * 200, ["a"] * 200)
    with pytest.raises(BadRequest):
        as_text(["a" * 1000] * 2000)


@given(st.text(max_size=40), st.lists(_values, max_size=3))
def test_any_pattern_gives_a_text_or_says_why_not(pattern: str, arguments: list[object]) -> None:
    try:
        assert len(format_string(pattern, arguments)) <= MOST_TEXT
    except BadRequest as fault:
        assert ";" in str(fault)


@given(st.text(max_size=60))
def test_a_text_without_percent_stays_as_it_is(text: str) -> None:
    escaped = text.replace("%", "%%")
    assert format_string(escaped, []) == text
    assert format_string("%s", [text]) == text


@pytest.mark.parametrize("value", [None, False, 0, 0.0, "", [], {}, float("nan")])
def test_what_is_not_truthy(value: object) -> None:
    assert not truthy(value)


@pytest.mark.parametrize("value", [True, 1, -0.5, "false", " ", [0], {"a": None}])
def test_what_is_truthy(value: object) -> None:
    assert truthy(value)


def test_urls_are_encoded_as_java_does() -> None:
    assert url_encode("a b&c=ü~*-._") == "a+b%26c%3D%C3%BC%7E*-._"
