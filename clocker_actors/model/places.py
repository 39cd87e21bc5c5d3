"""Which docker clouds the services of an application name: each its own `location`, else that of what it stands in, at last the application's."""

from collections.abc import Iterator

from clocker_actors.model.specs import ApplicationSpec, ServiceSpec


def pools_of(application: ApplicationSpec) -> tuple[str, ...]:
    """The names of all docker clouds that an application names, its own first."""
    return tuple(dict.fromkeys((application.location, *places_of(application.services))))


def places_of(services: tuple[ServiceSpec, ...]) -> Iterator[str]:
    """The locations that services and those below them have of their own, as they stand."""
    for service in services:
        if service.location:
            yield service.location
        yield from places_of(service.children)
        if service.cluster is not None:
            yield from places_of((service.cluster.member,))


def inherits(service: ServiceSpec) -> bool:
    """Whether anything of this service runs at the location of what it stands in."""
    if service.location:
        return False
    if service.container is None and service.cluster is None and service.children:
        return any(map(inherits, service.children))
    return True
