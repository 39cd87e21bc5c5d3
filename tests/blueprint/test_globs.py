"""Do brace globs stand for what a shell makes of them, and is a million refused before it is written out?"""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clocker_actors.blueprint.globs import ENOUGH, GlobFault, read_glob, split
from tests.blueprint.reading import pool, pool_faults


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a", "a"),
        ("h{a,b}", "ha hb"),
        ("10.0.0.{1..3}", "10.0.0.1 10.0.0.2 10.0.0.3"),
        ("w{08..11}", "w08 w09 w10 w11"),
        ("w{1..03}", "w01 w02 w03"),
        ("w{3..1}", "w3 w2 w1"),
        ("{a,b}{1..2}", "a1 a2 b1 b2"),
        ("h{a,b{1..3}}.x", "ha.x hb1.x hb2.x hb3.x"),
        ("h{,-b}", "h h-b"),
        ("w{5..5}", "w5"),
    ],
)
def test_what_globs_stand_for(text: str, words: str) -> None:
    glob = read_glob(text)
    assert list(glob.expand()) == words.split()
    assert glob.count == len(words.split())


@pytest.mark.parametrize(
    ("text", "offset", "words"),
    [
        ("h{a,b", 1, "is never closed"),
        ("h}a", 1, "closes nothing"),
        ("ab{c}", 2, "as {a,b}, or a range of numbers"),
        ("h{}", 1, "as {a,b}"),
        ("h{1..x}", 1, "as {a,b}"),
        ("{a," * 9 + "b" + "}" * 9, 24, "more than 8 deep"),
    ],
)
def test_wrong_globs_say_where(text: str, offset: int, words: str) -> None:
    with pytest.raises(GlobFault) as caught:
        read_glob(text)
    assert caught.value.offset == offset
    assert words in caught.value.text


def test_commas_inside_of_braces_do_not_split() -> None:
    assert split("10.0.0.{1..9}, h{a,b} ,,x") == [(0, "10.0.0.{1..9}"), (15, "h{a,b}"), (24, "x")]


_texts = st.text(alphabet="ab.-", max_size=3)
_ranges = st.builds("{{{}..{}}}".format, st.integers(0, 20), st.integers(0, 20))
_globs = st.recursive(
    _texts | _ranges,
    lambda inner: (
        st.builds("".join, st.lists(inner, max_size=3))
        | st.builds(lambda many: f"{{{','.join(many)}}}", st.lists(inner, min_size=2, max_size=3))
    ),
    max_leaves=5,
)


@given(_globs)
def test_the_count_is_that_of_what_is_written_out(text: str) -> None:
    try:
        glob = read_glob(text)
    except GlobFault as fault:
        assert "more than 8 deep" in fault.text
        return
    if glob.count <= 50_000:
        assert sum(1 for _ in glob.expand()) == glob.count


@given(st.text(alphabet="{}.,1a", max_size=40))
def test_any_text_is_a_glob_or_has_a_fault_inside_of_it(text: str) -> None:
    try:
        assert read_glob(text).count >= 1
    except GlobFault as fault:
        assert 0 <= fault.offset < len(text)


@pytest.mark.parametrize("hosts", ["10.0.{0..999}.{1..1000}", "h{1..1000000}", "{1..999999999}" * 2_000, "a{1..6000},b{1..6000}"])
def test_a_million_hosts_are_refused_at_once(hosts: str) -> None:
    tracemalloc.start()
    found = pool_faults(f"location: {{byon: {{hosts: '{hosts}'}}}}")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert any("one file may name 10,000; write a smaller range" in each for each in found), found
    assert peak < 16 << 20


def test_counting_ends_somewhere() -> None:
    assert read_glob("{1..999999999}" * 1_000).count == ENOUGH


def test_ten_thousand_are_taken() -> None:
    location = pool("location: {byon: 'h{1..10000}'}").location
    assert location is not None
    assert len({each.name for each in location.machines}) == 10_000
