"""Does a message come back as it was, of the same types down to the last tuple, and does a file get no say in what is made of it?"""

import math
from collections import deque
from dataclasses import dataclass
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clocker_actors.errors import BadRequest, Failure
from clocker_actors.kernel import WorkDone, WorkFailed
from clocker_actors.kernel.recorded import Outcome, Tell, Void
from clocker_actors.model.identity import Cause, EntityKind
from clocker_actors.model.messages import Invoke
from clocker_actors.model.sensors import Reading
from clocker_actors.recording.codec import Decoder, Encoder, pack, unpack

PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary() | st.sampled_from(EntityKind)
VALUES = st.recursive(
    PLAIN,
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(st.text() | st.integers(), inner)
        | st.frozensets(PLAIN, max_size=1)
        | st.builds(WorkDone, st.text(), inner)
        | st.builds(Reading, st.text(), inner, st.floats(allow_nan=False))
    ),
    max_leaves=12,
)


def back(value: object) -> object:
    """The value, written and read."""
    decoder = Decoder()
    types: list[object] = []
    encoder = Encoder(types.append)
    body = pack(encoder.encode(value))
    for each in types:
        number, name, fields = unpack(pack(each))
        decoder.define((number, name, tuple(fields)))
    return decoder.decode(unpack(body))


@given(VALUES)
def test_what_is_written_comes_back(value: object) -> None:
    found = back(value)
    assert found == value
    assert repr(found) == repr(value)  # of the same types


def test_messages_as_the_door_has_them() -> None:
    invoke = Invoke("resize", {"size": 3, "of": ("a", 1.5)}, Cause("c1", "uid:1000"))
    failure = WorkFailed("ping", Failure("TimedOut", "no answer", True, None, {"reason": "refused"}))
    for entry in (Tell("c1", invoke, asked=True), Outcome("h1", "work", "ping", failure), Outcome("h1", "timer", "ping"), Void()):
        assert back(entry) == entry


def test_containers_of_all_kinds_and_numbers_of_all_sizes() -> None:
    for value in ({1, 2}, deque([1]), MappingProxyType({"a": (1,)}), 1 << 80, -(1 << 63), -math.inf, [b"\xff"]):
        found = back(value)
        assert (found, type(found)) == (value, type(value))
    assert math.isnan(back(math.nan))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Foreign:
    """Of another package."""

    x: int


@pytest.mark.parametrize("value", [Foreign(1), object(), ValueError("x"), lambda: 1])
def test_what_is_no_value_of_ours_is_refused(value: object) -> None:
    with pytest.raises(BadRequest, match="cannot be written down"):
        Encoder(lambda _: None).encode(value)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("os:system", "none of this program's types"),
        ("clocker_actors.daemon:run", "no plain value"),
        ("clocker_actors.daemon:Manager", "no plain value"),
        ("clocker_actors.model.messages:Nonesuch", "this program has not"),
        ("clocker_actors.kernel.door:Door.open.__globals__", "this program has not|no plain value"),
    ],
)
def test_a_file_cannot_have_anything_else_made(name: str, why: str) -> None:
    with pytest.raises(BadRequest, match=why):
        Decoder().define((16, name, ()))


def test_fields_may_come_and_go() -> None:
    decoder = Decoder()
    decoder.define((16, "clocker_actors.model.identity:Cause", ("long_gone", "id")))
    assert decoder.decode([16, 7, "c1"]) == Cause("c1", "system")
