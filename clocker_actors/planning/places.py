"""Services stay where they are: an update that names another docker cloud for one is refused, since nothing could carry its data there. Pure."""

from collections.abc import Iterator
from dataclasses import replace

from clocker_actors.model.places import inherits
from clocker_actors.model.specs import ApplicationSpec, ServiceSpec
from clocker_actors.planning.merging import remade


def staying(old: ApplicationSpec, new: ApplicationSpec) -> ApplicationSpec:
    """The new spec with the location that the application has, where no service of it asks for that."""
    if old.location == new.location or any(map(inherits, new.services)):
        return new
    return replace(new, location=old.location)


def moving(old: ApplicationSpec, new: ApplicationSpec) -> str:
    """Why the application cannot become the new one, which names another place for what runs; "" if it does not."""
    name = new.id
    if old.location != new.location:
        how = f"`clocker delete {name}` first, then deploy this; or give this one another name"
        return f"application {name} runs on {old.location}, and cannot be moved to {new.location}: {how}"
    was = {path: (spec, place) for path, spec, place in _placed(name, old.services, old.location)}
    for path, spec, place in _placed(name, new.services, new.location):
        before = was.get(path)
        if before is not None and before[1] != place and not remade(before[0], spec):
            how = f"give the one on {place} another id; what runs goes when the file no longer names it"
            return f"service {path} runs on {before[1]}, and cannot be moved to {place}: {how}"
    return ""


def _placed(above: str, services: tuple[ServiceSpec, ...], place: str) -> Iterator[tuple[str, ServiceSpec, str]]:
    """Every service by its path, with the name of the docker cloud that it runs in."""
    for service in services:
        path, own = f"{above}/{service.id}", service.location or place
        yield path, service, own
        yield from _placed(path, service.children, own)
        if service.cluster is not None:
            yield from _placed(path, (service.cluster.member,), own)
