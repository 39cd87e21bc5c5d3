"""From what the autoscaler hears, a reading or a pool event, to the `Load` its arithmetic takes."""

from clocker_actors.model import sensors
from clocker_actors.model.messages import Notified
from clocker_actors.model.sensors import Reading
from clocker_actors.model.values import as_map, as_number
from clocker_actors.policies.autoscaler_rules import Load, Rules


def of_reading(reading: Reading, rules: Rules, up: int) -> Load:
    """A reading of the metric. One that no cluster rolled up is taken as the mean of the `up` members, who made it."""
    count, of = reading.count, reading.of
    if count == 1 and of == 1 and reading.sensor.rpartition(".")[2] not in sensors.ROLLUPS:
        count = of = up
    value = as_number(reading.value)
    problem = reading.unavailable or ("" if value is not None else f"{reading.value!r} is not a number")
    unit = sensors.unit_of(reading.sensor)
    return Load(reading.sensor, value or 0.0, count, of, reading.at, unit, rules.lower, rules.upper, problem=problem)


def of_event(event: Notified, *, hot: bool, cold: bool) -> Load:
    """A pool event, which brings size, work rate and marks of its own. A hot one can only lead to growth, a cold one only to shrinking."""
    value = as_map(event.value)
    size, rate, low, high = (
        as_number(value.get(f"pool.{name}")) for name in ("current.size", "current.workrate", "low.threshold", "high.threshold")
    )
    count = int(size or 0)
    problem = "" if rate is not None and size is not None else "the event names no pool.current.size and pool.current.workrate"
    lower, upper = (mark if mark is not None and mark > 0 else None for mark in (low, high))
    return Load(event.sensor, rate or 0.0, count, count, event.at, "", lower, upper, may_grow=hot, may_shrink=cold, problem=problem)
