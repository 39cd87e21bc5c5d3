"""Answers that are almost right: true ones in which something was put in the place of something else, and bytes that are nothing at all."""

import json
from collections.abc import Mapping, Sequence

from hypothesis import strategies as st

HUGE = (1 << 64) - 1
ODD: st.SearchStrategy[object] = st.sampled_from(
    [
        0,
        -1,
        1 << 63,
        HUGE,
        10**40,
        10**400,
        1.5,
        "",
        "²",
        "1" * 5000,
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:60",
        "\x00",
        "é" * 9,
        [],
        {},
        None,
        True,
        "/",
        "-1",
    ]
)
ANYTHING: st.SearchStrategy[object] = st.recursive(
    ODD | st.text(max_size=6) | st.integers(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)
NONSENSE = st.binary(max_size=40) | st.sampled_from(
    [b"", b"[" * 100_000, b'{"a":' * 50_000, b"<html>", b"null", b"\xff\xfe", b'"\\ud800"', b"1" * 6000, b"NaN"]
)


def spoiled(true: object) -> st.SearchStrategy[bytes]:
    """JSON of this value, one to three of whose parts are something else."""
    places = list(_places(true))
    chosen = st.lists(st.tuples(st.sampled_from(places), ANYTHING), min_size=1, max_size=3)
    return st.one_of(chosen.map(lambda pairs: _with(true, pairs)), NONSENSE)


def _with(true: object, pairs: Sequence[tuple[tuple[object, ...], object]]) -> bytes:
    found = json.loads(json.dumps(true))
    for place, new in pairs:
        found = _put(found, place, new)
    return json.dumps(found).encode()


def _put(node: object, place: tuple[object, ...], new: object) -> object:
    if not place:
        return new
    first, *rest = place
    if isinstance(node, dict) and first in node:
        return {**node, first: _put(node[first], tuple(rest), new)}
    if isinstance(node, list) and isinstance(first, int) and first < len(node):
        return [*node[:first], _put(node[first], tuple(rest), new), *node[first + 1 :]]
    return node  # an earlier part took its place


def _places(node: object, here: tuple[object, ...] = ()) -> "list[tuple[object, ...]]":
    found = [here]
    if isinstance(node, Mapping):
        for name, inner in node.items():
            found += _places(inner, (*here, name))
    elif isinstance(node, list):
        for number, inner in enumerate(node):
            found += _places(inner, (*here, number))
    return found
