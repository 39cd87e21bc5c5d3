"""The sensor check: when it says that a service is not up, and when it takes that back."""

from collections.abc import Mapping

import pytest

from clocker_actors.enrichers import catalogue
from clocker_actors.errors import BadRequest
from clocker_actors.kernel import Kernel
from clocker_actors.model.identity import Ids, Uid
from clocker_actors.model.messages import Reconfigure, SetIndicator, Suspend
from clocker_actors.model.specs import PolicySpec
from clocker_actors.model.values import Value
from tests.policies.stage import PERSON, Stage


async def staged(kernel: Kernel, **config: Value) -> Stage:
    stage = Stage(kernel, "sensor-check", catalogue.make)
    await stage.begin({"sourceSensor": "queue", "predicate": {"less-than": 10}, **config})
    return stage


def said(stage: Stage) -> list[bool]:
    """Whether each word to its service was a reason."""
    return [bool(message.reason) for message in stage.all(SetIndicator)]


async def test_so_many_readings_in_a_row_and_the_first_right_one(kernel: Kernel) -> None:
    stage = await staged(kernel, failures=3)
    for value in (5, 20, 20, 5, 20, 20):
        await stage.read("queue", value)
    assert said(stage) == []
    await stage.read("queue", 30)
    assert [each.reason for each in stage.all(SetIndicator)] == ['queue is 30, and should be {"less-than": 10} (3 readings in a row)']
    await stage.read("queue", 31)
    await stage.read("queue", 5)
    assert said(stage) == [True, False]


@pytest.mark.parametrize(("predicate", "well"), [({"less-than": 10}, False), ({"when": "absent"}, True), ({"not": {"equals": 3}}, True)])
async def test_what_is_unavailable_is_tested_as_what_is_not_there(kernel: Kernel, predicate: Mapping[str, Value], well: bool) -> None:
    stage = await staged(kernel, failures=1, predicate=predicate)
    await stage.read("queue", None, why="it does not answer")
    assert said(stage) == ([] if well else [True])


async def test_a_new_generation_begins_anew(kernel: Kernel) -> None:
    stage = await staged(kernel, failures=2)
    await stage.read("generation", 1)
    await stage.read("queue", 20)
    await stage.read("queue", 20)
    await stage.read("generation", 2)
    await stage.read("queue", 20)
    assert said(stage) == [True, False]


@pytest.mark.parametrize("order", [Suspend(PERSON), Reconfigure({"predicate": {"less-than": 30}}, PERSON)], ids=("suspended", "changed"))
async def test_suspended_or_changed_it_takes_its_word_back(kernel: Kernel, order: object) -> None:
    stage = await staged(kernel, failures=1)
    await stage.read("queue", 20)
    await stage.tell(order)
    await stage.read("queue", 20)
    assert said(stage) == [True, False]


def test_what_is_no_predicate_is_refused() -> None:
    spec = PolicySpec("sensor-check", "x", {"sourceSensor": "a", "predicate": {"less-thn": 3}})
    with pytest.raises(BadRequest, match="is not a test of a predicate; write less-than"):
        catalogue.make(spec, Uid("m1"), ids=Ids(1, 9))
