"""How the hosts of a docker cloud come and go: where from, how many, how much room is kept free, what becomes of those that fail.

location: libcloud:ec2:eu-west-1
initialSize: 2
maxSize: 20
headroom: 10
"""

from dataclasses import replace

from clocker_actors.blueprint.clouds import lacks
from clocker_actors.blueprint.coerce import pairs
from clocker_actors.blueprint.context import Context
from clocker_actors.blueprint.locations import Locations
from clocker_actors.blueprint.nodes import quote
from clocker_actors.blueprint.options import as_list
from clocker_actors.blueprint.section import Section
from clocker_actors.model.locations import LocationKind, LocationSpec
from clocker_actors.model.specs import OnFailure, PoolSpec

_NEED_LOCATION = ("initialSize", "minSize", "maxSize", "removeEmpty", "idleTime", "hostLabels", "machineCreateAttempts", "onFailure")


def provision(pool: PoolSpec, config: Section, context: Context) -> PoolSpec:
    """The pool with what its keys say of new hosts."""
    location = _location(config, context)
    if config.node("location") is None:
        for key in _NEED_LOCATION:
            if key in config:
                config.fault(
                    key,
                    f"{config.spelled(key)} is about hosts that are made, and this docker-cloud has no `location`; write one, as libcloud:ec2:eu-west-1",
                )
    if "idleTime" in config and not config.boolean("removeEmpty"):
        config.fault("idleTime", f"{config.spelled('idleTime')} does nothing without `removeEmpty: true`; add that, or remove this")
    if location is None:
        return _headroom(pool, config)
    labels = config.node("hostLabels")
    pool = replace(
        pool,
        location=location,
        remove_empty=config.boolean("removeEmpty"),
        idle_time=config.number("idleTime"),
        host_labels=pairs(as_list(labels), config.spelled("hostLabels"), context.faults) if labels else {},
        machine_create_attempts=config.maybe_integer("machineCreateAttempts"),
        on_failure=OnFailure(config.text("onFailure")) if "onFailure" in config else None,
    )
    return _sizes(_headroom(pool, config), location, config)


def _location(config: Section, context: Context) -> LocationSpec | None:
    node = config.node("location")
    found = Locations(context).read(node) if node is not None else None
    for part in _flat(found) if found else ():
        if part.kind is LocationKind.POOL:
            config.fault(
                "location", f"no hosts come from the docker cloud {quote(part.pool)}; name a cloud or machines, as libcloud:ec2:eu-west-1"
            )
        elif words := lacks(part):
            config.fault("location", words)
    return found


def _flat(location: LocationSpec) -> list[LocationSpec]:
    return [location, *(each for part in location.parts for each in _flat(part))]


def _sizes(pool: PoolSpec, location: LocationSpec, config: Section) -> PoolSpec:
    """Fewest, first, most, each within its neighbours; of machines that exist there are no more than these."""
    capacity = location.capacity
    most = config.integer("maxSize")
    if "maxSize" not in config and capacity is not None:
        most = capacity
    written = config.maybe_integer("initialSize")
    least = config.maybe_integer("minSize")
    if least is None:
        least = written or 0
    first = written if written is not None else min(max(1, least), most)
    why = "" if "maxSize" in config else " (the limit, unless `maxSize` says more)" if capacity is None else " (all that the location has)"
    if least > most and "minSize" in config:
        config.fault("minSize", f"{config.spelled('minSize')} {least} is above the most, {most}{why}; write at most {most}")
    elif first > most:
        config.fault("initialSize", f"{config.spelled('initialSize')} {first} is above the most, {most}{why}; write at most {most}")
    elif first < least:
        config.fault(
            "initialSize", f"{config.spelled('initialSize')} {first} is below {config.spelled('minSize')} {least}; write at least {least}"
        )
    elif capacity is not None and most > capacity:
        config.fault(
            "maxSize", f"{config.spelled('maxSize')} {most} is more than the {capacity} hosts of the location; write at most {capacity}"
        )
    return replace(pool, initial_size=first, min_size=least, max_size=most)


def _headroom(pool: PoolSpec, config: Section) -> PoolSpec:
    count, percent = config.maybe_integer("headroom"), config.maybe_number("headroomPercent")
    if "headroom" in config and "headroomPercent" in config:
        config.fault(
            "headroomPercent",
            f"{config.spelled('headroom')} and {config.spelled('headroomPercent')} say the same in two ways; keep one of them",
        )
    if percent is not None and not 0 < percent < 1:
        better = f", as {percent / 100:g}" if 1 <= percent < 100 else ", as 0.25"
        config.fault("headroomPercent", f"{config.spelled('headroomPercent')} is {percent:g}; write a share above 0 and below 1{better}")
    for key in ("resizeUpStabilizationDelay", "resizeDownStabilizationDelay"):
        if key in config and "headroom" not in config and "headroomPercent" not in config:
            config.fault(
                key, f"{config.spelled(key)} does nothing without headroom; write `headroom` or `headroomPercent` too, or remove this"
            )
    cold = config.boolean("coldEnabled")
    if cold and "headroom" not in config and "headroomPercent" not in config:
        config.fault(
            "coldEnabled",
            f"{config.spelled('coldEnabled')} needs to know how much room is enough; write `headroom` or `headroomPercent` too",
        )
    return replace(
        pool,
        headroom=count or 0,
        headroom_percent=float(percent or 0),
        cold_enabled=cold,
        up_delay=config.number("resizeUpStabilizationDelay"),
        down_delay=config.number("resizeDownStabilizationDelay"),
    )
