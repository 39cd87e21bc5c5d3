"""Where the next host of a pool comes from: the parts of its location in order, each machine that exists once. Pure."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from itertools import repeat

from clocker_actors.blueprint.clouds import lacks
from clocker_actors.errors import BadRequest
from clocker_actors.model.locations import LocationKind, LocationSpec
from clocker_actors.model.machines import Made
from clocker_actors.model.specs import OnFailure, PoolSpec


def parts_of(location: LocationSpec) -> Iterator[LocationSpec]:
    """What machines come from, in order."""
    if location.kind is LocationKind.MULTI:
        for part in location.parts:
            yield from parts_of(part)
    else:
        yield location


def sources(spec: PoolSpec, taken: Iterable[Made], resting: Collection[str] = ()) -> Iterator[Made]:
    """The intents for further hosts, one after the other: from the first part that has something to give and is not among those (by name) that rest."""
    used = {(made.way.address, made.way.port) for made in taken if made.way is not None}
    for part in parts_of(spec.location) if spec.location is not None else ():
        if part.name in resting:
            continue
        if part.cloud is not None:
            attempts = spec.machine_create_attempts or part.cloud.template.machine_create_attempts
            yield from repeat(Made(part, attempts=attempts, destroy=_destroys(spec, part.cloud.template.destroy_on_failure)))
        for machine in part.machines:
            if (machine.address, machine.port) not in used:
                attempts = spec.machine_create_attempts or 1
                yield Made(replace(part, machines=()), way=machine, attempts=attempts, destroy=_destroys(spec, False))


def next_source(spec: PoolSpec, taken: Iterable[Made], resting: Collection[str] = ()) -> Made | None:
    """The intent for one more host; None if every part has given all it has."""
    return next(sources(spec, taken, resting), None)


def _destroys(spec: PoolSpec, location: bool) -> bool:
    return location if spec.on_failure is None else spec.on_failure is OnFailure.DESTROY


def clouds_of(locations: Iterable[LocationSpec]) -> list[LocationSpec]:
    """The clouds among the parts of these."""
    return [part for location in locations for part in parts_of(location) if part.cloud is not None]


def refuse_unusable(spec: PoolSpec) -> None:
    """Raise BadRequest for what no host can be made of, or for what its location cannot give."""
    for part in parts_of(spec.location) if spec.location is not None else ():
        if words := lacks(part):  # of a blueprint's own that was said at its place; of one that the settings name, it is known only here
            raise BadRequest(f"pool {spec.name}: {words}", location=part.name)
        for machine in part.machines:
            if machine.password is not None:
                raise BadRequest(
                    f"pool {spec.name}: {machine.name} is entered by password, and an engine is reached by key alone: "
                    "put a key into its authorized_keys, and write privateKeyFile",
                    machine=machine.name,
                )
    capacity = spec.location.capacity if spec.location is not None else None
    if capacity is not None and spec.initial_size > capacity:
        raise BadRequest(
            f"pool {spec.name}: {spec.initial_size} hosts are wanted at first, and its location has {capacity}: write initialSize {capacity}"
        )
