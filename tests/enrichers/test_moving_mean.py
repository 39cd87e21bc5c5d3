"""The mean of any sensor over a time window, as a sensor of the same entity; and the room's catalogue."""

import pytest

from clocker_actors.enrichers import catalogue
from clocker_actors.errors import BadRequest, NotFound
from clocker_actors.kernel import Kernel
from clocker_actors.model.identity import Ids, Uid
from clocker_actors.model.messages import SetReading
from clocker_actors.model.specs import PolicySpec
from tests.policies.stage import Stage


async def test_it_gives_the_mean_and_says_when_there_is_none(kernel: Kernel) -> None:
    stage = Stage(kernel, "rolling-mean", catalogue.make)
    await stage.begin({"sourceSensor": "requests", "targetSensor": "requests.mean", "timePeriod": "2s"})
    for value in (0, 100, 0):
        await stage.read("requests", value)
        await stage.sleep(1)
    await stage.read("requests", 0, why="gone")
    readings = [message.reading for message in stage.all(SetReading)]
    assert [reading.value for reading in readings] == [0, 100, 50, None]
    assert readings[-1].unavailable == "gone"


def test_a_missing_key_is_said_with_what_it_is_for() -> None:
    with pytest.raises(BadRequest, match=r"rolling-mean needs sourceSensor: sensor to take the mean of; give the name of a sensor"):
        catalogue.make(PolicySpec("rolling-mean", "m", {}), Uid("c1"), ids=Ids(1, 9))


def test_an_unknown_type_is_refused_with_the_nearest_names() -> None:
    with pytest.raises(NotFound, match="try rollup"):
        catalogue.make(PolicySpec("rolup", "m", {}), Uid("c1"), ids=Ids(1, 9))


@pytest.mark.parametrize("name", ["rollup", "service-failure-detector"])
def test_others_are_made_from_their_defaults_by_all_their_names(name: str) -> None:
    for alias in (name, *catalogue.TYPES[name].aliases):
        assert catalogue.has(alias)
        catalogue.make(PolicySpec(alias, "m", {}), Uid("c1"), ids=Ids(1, 9))
