"""The service model: what is expected and observed, and what is published of it."""

import pytest

from clocker_actors.entities.service import Service
from clocker_actors.errors import Conflict
from clocker_actors.model.identity import Uid
from clocker_actors.model.lifecycle import Lifecycle
from clocker_actors.model.sensors import Sensor
from clocker_actors.model.values import Value


def state(entity: "Entity") -> Value:
    return entity.values["service.state"]


class Entity:
    """Keeps what is published."""

    uid = Uid("m1")

    def __init__(self) -> None:
        self.values: dict[str, Value] = {}
        self.changes = 0

    def observe(self, sensor: Sensor, value: Value) -> None:
        self.values[sensor.name] = value

    def service_changed(self) -> None:
        self.changes += 1


def test_nothing_is_said_before_something_is_expected() -> None:
    entity = Entity()
    Service(entity).set_indicator("container", "not there")
    assert entity.values == {} and entity.changes == 0


def test_a_problem_of_a_running_service_sets_it_on_fire_and_the_same_again_is_no_news() -> None:
    entity = Entity()
    service = Service(entity)
    service.expect(Lifecycle.STARTING)
    service.expect(Lifecycle.RUNNING)
    assert state(entity) == "running" and entity.values["service.isUp"] is True
    changes = entity.changes
    for _ in range(2):
        service.set_problem("store", "cannot be written")
    assert state(entity) == "on-fire" and entity.changes == changes + 1
    service.clear_problems()
    assert state(entity) == "running"


def test_moves_outside_the_table_are_refused() -> None:
    service = Service(Entity())
    service.expect(Lifecycle.STOPPING)
    service.expect(Lifecycle.STARTING)  # a start takes back a stop
    service.expect(Lifecycle.STOPPING)
    service.expect(Lifecycle.STOPPED)
    with pytest.raises(Conflict, match="cannot go from stopped to running"):
        service.expect(Lifecycle.RUNNING)


def test_indicators_change_all_at_once() -> None:
    entity = Entity()
    service = Service(entity)
    service.expect(Lifecycle.STARTING)
    service.replace_indicators({"container": "waits", "host": "away"})
    assert entity.values["service.notUp.indicators"] == {"container": "waits", "host": "away"}
    assert entity.values["service.isUp"] is False
    changes = entity.changes
    service.replace_indicators({})
    assert service.up
    assert entity.changes == changes + 1
