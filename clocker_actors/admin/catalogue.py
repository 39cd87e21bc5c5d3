"""What people see of the catalogue, and what has to hold before it is changed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from clocker_actors.blueprint.catalogue import Catalogue, CatalogueType, catalogue_of
from clocker_actors.blueprint.checking import check_types, described, effectors
from clocker_actors.entities.cataloguing import AddedTypes
from clocker_actors.errors import BlueprintError, Conflict, NotFound
from clocker_actors.model.catalogue import EffectorView, ParameterView, TypeSource
from clocker_actors.model.types import TypeTable


@dataclass(frozen=True, slots=True)
class TypeView:
    """One version of one type. `newest` is what its id alone means; `added` if somebody added it, else it came with the program."""

    id: str
    version: str
    reference: str
    name: str
    description: str
    icon: str
    extends: str
    newest: bool
    added: bool
    deprecated: bool


@dataclass(frozen=True, slots=True)
class TypeDetails:
    """All of a type. `chain` are the types it extends, the nearest first, `kind` the kind of service at its end."""

    type: TypeView
    kind: str
    chain: tuple[str, ...]
    docs: str
    aliases: tuple[str, ...]
    parameters: tuple[ParameterView, ...]
    sensors: Mapping[str, str]
    effectors: tuple[EffectorView, ...]
    filename: str
    text: str


def type_views(catalogue: Catalogue) -> list[TypeView]:
    """Every type, by id, the newest version first."""
    return [_view(each, catalogue) for each in catalogue]


def _view(type_: CatalogueType, catalogue: Catalogue) -> TypeView:
    return TypeView(
        id=type_.id,
        version=type_.version,
        reference=type_.reference,
        name=type_.name,
        description=type_.description,
        icon=type_.icon,
        extends=type_.extends,
        newest=catalogue.find(type_.id) is type_,
        added=type_.source.added,
        deprecated=type_.deprecated,
    )


def found_type(types: TypeTable, reference: str) -> CatalogueType:
    """The type of that id, or id and version. Raises NotFound with near ones."""
    catalogue = catalogue_of(types.catalogue)
    found = catalogue.find(reference)
    if isinstance(found, CatalogueType):
        return found
    raise NotFound(found or f"there is no type {reference!r} in the catalogue; {catalogue.near(reference)}", type=reference)


def details(type_: CatalogueType, types: TypeTable) -> TypeDetails:
    """What people should know of a type."""
    kind, chain, parameters = described(type_, types)
    return TypeDetails(
        type=_view(type_, catalogue_of(types.catalogue)),
        kind=kind,
        chain=chain,
        docs=type_.docs,
        aliases=type_.aliases,
        parameters=parameters,
        sensors=dict(type_.sensors),
        effectors=effectors(type_, types),
        filename=type_.source.filename,
        text=type_.source.text,
    )


def checked(files: Sequence[TypeSource], types: TypeTable) -> dict[str, AddedTypes]:
    """The files as the root keeps them. Raises BlueprintError with all that is wrong with them."""
    _refuse_known(files, types)
    named = [replace(each, filename=_apart(each.filename, types.catalogue), added=True) for each in files]
    try:
        found = check_types(named, types)
    except BlueprintError as error:
        as_sent = {f"{kept.filename}:": f"{each.filename}:" for kept, each in zip(named, files, strict=True)}
        raise BlueprintError(tuple(_renamed(fault, as_sent) for fault in error.faults)) from None
    return {each.filename: AddedTypes(each, tuple(one.reference for one in found if one.source == each)) for each in named}


def _renamed(fault: str, as_sent: Mapping[str, str]) -> str:
    """The fault with the name that its writer knows the file by."""
    kept = next((each for each in as_sent if fault.startswith(each)), "")
    return as_sent.get(kept, "") + fault.removeprefix(kept)


def _refuse_known(files: Sequence[TypeSource], types: TypeTable) -> None:
    """Raise BlueprintError for types that are in the catalogue already."""
    there = {each.reference: each for each in catalogue_of(types.catalogue)}
    faults = []
    for each in catalogue_of(files):
        known = there.get(each.reference)
        if known is None:
            continue
        removing = f", or `clocker catalog remove {each.reference}` first" if known.source.added else ""
        came = f"added as {known.source.filename}" if known.source.added else "it came with the program"
        where = f"{each.source.filename}:{each.mark.line}:{each.mark.column}"
        faults.append(f"{where}: type `{each.reference}` is in the catalogue already, {came}; give this one another version{removing}")
    if faults:
        raise BlueprintError(tuple(faults))


def _apart(name: str, there: Iterable[TypeSource]) -> str:
    """A name that faults can call the file by: not that of another one."""
    taken = {each.filename for each in there}
    number, found = 2, name
    while found in taken:
        stem, dot, ending = name.rpartition(".")
        found, number = f"{stem}-{number}{dot}{ending}" if stem else f"{name}-{number}", number + 1
    return found


def removable(types: TypeTable, reference: str) -> CatalogueType:
    """The type to take away. Raises NotFound if there is none, Conflict if it came with the program, or another type would be left without it."""
    found = found_type(types, reference)
    if not found.source.added:
        raise Conflict(f"type {found.reference} came with the program: leave it; what nobody names costs nothing", type=found.reference)
    catalogue = catalogue_of(types.catalogue)
    left = Catalogue(each for each in catalogue if each is not found)
    for each in left:
        if catalogue.find(each.extends) is found and not isinstance(left.find(each.extends), CatalogueType):
            raise Conflict(f"type {each.reference} extends {found.reference}: remove that one first", type=found.reference)
    return found
