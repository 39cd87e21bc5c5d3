"""The types of services that people added to this manager: kept by the root, a record per file; who deploys reads them from the store."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from clocker_actors.errors import Conflict, NotFound
from clocker_actors.model.catalogue import TypeSource
from clocker_actors.model.specs import ApplicationSpec, ServiceSpec
from clocker_actors.ports.store import Record, Store
from clocker_actors.store.codec import decode, encode

KIND = "types"
"""The kind of their records; the uid of one is the name of its file."""


@dataclass(frozen=True, slots=True)
class AddedTypes:
    """One file of types as it was added. `references` are those in it that are still there, as `id:version`."""

    source: TypeSource
    references: tuple[str, ...]


def added_types(store: Store) -> tuple[TypeSource, ...]:
    """The files of types that people added, without what was removed again."""
    return tuple(decode(AddedTypes, kept.body).source for kept in store.all(KIND) if kept.body is not None)


def read_types(records: Iterable[Record]) -> dict[str, AddedTypes]:
    """What is kept, by file name; later records count."""
    found: dict[str, AddedTypes] = {}
    for each in records:
        if each.kind == KIND and each.body is not None:
            found[each.uid] = decode(AddedTypes, each.body)
        elif each.kind == KIND:
            found.pop(each.uid, None)
    return found


def with_added(kept: dict[str, AddedTypes], files: Iterable[AddedTypes]) -> dict[str, AddedTypes]:
    """What is kept with these files; a file of a name that is taken gets another. Raises Conflict for a type that is there."""
    there = {reference: each.source.filename for each in kept.values() for reference in each.references}
    found = dict(kept)
    for file in files:
        twice = [reference for reference in file.references if reference in there]
        if twice:
            raise Conflict(f"type {twice[0]} is there already: give this one another version, or `clocker catalog remove {twice[0]}` first")
        name = _free(file.source.filename, found)
        found[name] = replace(file, source=replace(file.source, filename=name, added=True))
    return found


def _free(name: str, taken: dict[str, AddedTypes]) -> str:
    if name not in taken:
        return name
    stem, dot, ending = name.rpartition(".")
    numbered = (f"{stem or ending}-{number}{dot if stem else ''}{ending if stem else ''}" for number in range(2, len(taken) + 3))
    return next(each for each in numbered if each not in taken)


def without(kept: dict[str, AddedTypes], reference: str, applications: Iterable[ApplicationSpec]) -> dict[str, AddedTypes]:
    """What is kept without this type. Raises NotFound if nobody added it, Conflict while an application is of it."""
    file = next((each for each in kept.values() if reference in each.references), None)
    if file is None:
        known = ", ".join(sorted(each for one in kept.values() for each in one.references)) or "none"
        raise NotFound(f"nobody added a type {reference}; those that were added are: {known}", type=reference)
    users = sorted({spec.id for spec in applications if any(_is_of(service, reference) for service in spec.services)})
    if users:
        raise Conflict(f"type {reference} is used by {', '.join(users[:5])}: delete these first, or leave it", type=reference)
    left = tuple(each for each in file.references if each != reference)
    found = {name: each for name, each in kept.items() if each is not file}
    if left:
        source = replace(file.source, without=(*file.source.without, reference))
        found[source.filename] = AddedTypes(source, left)
    return found


def _is_of(service: ServiceSpec, reference: str) -> bool:
    below = (*service.children, *((service.cluster.member,) if service.cluster else ()))
    return reference in service.types or any(_is_of(each, reference) for each in below)


def records(before: dict[str, AddedTypes], after: dict[str, AddedTypes]) -> list[Record]:
    """What has to be written for one to become the other."""
    changed = [Record(KIND, name, encode(each)) for name, each in after.items() if before.get(name) != each]
    return [*changed, *(Record(KIND, name, None) for name in before if name not in after)]
