"""Does every value of the model come back as it was, and is damage told?"""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clocker_actors.errors import StoreFault
from clocker_actors.model.identity import Cause
from clocker_actors.model.specs import ApplicationSpec, ClusterSpec, ContainerSpec, ImageSpec, PolicySpec, ServiceSpec
from clocker_actors.store import decode, encode
from tests.store.generate import dataclasses_of_the_model, values_of


@pytest.mark.parametrize("kind", dataclasses_of_the_model(), ids=lambda kind: kind.__name__)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_every_value_of_the_model_comes_back(kind: type[object], data: st.DataObject) -> None:
    value = data.draw(values_of(kind))
    body = encode(value)
    assert decode(kind, body) == value
    assert encode(decode(kind, body)) == body


def test_a_spec_within_a_spec_comes_back() -> None:
    member = ServiceSpec(
        "m", "m", "docker:x", ContainerSpec(ImageSpec("registry:5000/x:1")), policies=(PolicySpec("a", "b", {"k": [1, None]}),)
    )
    inner = ServiceSpec("c", "c", "cluster", cluster=ClusterSpec(member))
    outer = ServiceSpec("group", "group", "group", children=(inner, ServiceSpec("o", "o", "cluster", cluster=ClusterSpec(inner))))
    spec = ApplicationSpec("shop", "shop", "local", (outer,))
    assert decode(ApplicationSpec, encode(spec)) == spec


def test_a_field_added_later_takes_its_default_and_one_dropped_is_ignored() -> None:
    assert decode(Cause, b'{"id":"d1","mood":"good"}') == Cause("d1", "system")


@pytest.mark.parametrize("body", [b"", b"{", b'{"id":3}', b"{}", b"\xff\xfe"])
def test_damage_is_told_with_what_and_what_to_do(body: bytes) -> None:
    with pytest.raises(StoreFault, match=r"stored Cause cannot be read: .*; restore"):
        decode(Cause, body)


def test_what_is_no_value_is_refused() -> None:
    with pytest.raises(StoreFault, match=r"cannot encode a PolicySpec"):
        encode(PolicySpec("a", "b", {"policy": lambda: None}))


def test_the_order_of_a_map_does_not_matter() -> None:
    assert encode(PolicySpec("a", "b", {"x": 1, "y": 2})) == encode(PolicySpec("a", "b", {"y": 2, "x": 1}))
