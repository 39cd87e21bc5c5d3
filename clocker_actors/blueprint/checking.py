"""Are files of types sound? Each type is read as the service that it would be, with its required parameters still to be given."""

from collections.abc import Sequence
from dataclasses import replace

from clocker_actors.blueprint.catalogue import Catalogue, CatalogueType, catalogue_of, holds_types
from clocker_actors.blueprint.context import Context
from clocker_actors.blueprint.faults import Faults
from clocker_actors.blueprint.lookup import TypeIndex
from clocker_actors.blueprint.names import assign
from clocker_actors.blueprint.nodes import Entry, MapNode, ScalarNode, written
from clocker_actors.blueprint.opening import open_application, open_service
from clocker_actors.blueprint.parameters import Parameter
from clocker_actors.blueprint.reader import read
from clocker_actors.blueprint.section import Section
from clocker_actors.blueprint.service import service_of
from clocker_actors.blueprint.settling import settle
from clocker_actors.blueprint.tables import POOL, ROOT_KEYS
from clocker_actors.blueprint.tree import Raw
from clocker_actors.blueprint.untyped import UNTYPED
from clocker_actors.model.catalogue import EffectorView, ParameterView, TypeSource
from clocker_actors.model.specs import ServiceSpec
from clocker_actors.model.types import TypeTable

_SAMPLES = dict.fromkeys(("integer", "long", "float", "double", "duration", "size"), "1")
_SAMPLES |= {"boolean": "true", "timestamp": "2000-01-01", "port": "1"}


def is_type(text: str | bytes) -> bool:
    """Whether this is a file of types, and not a blueprint; False for what cannot be read."""
    root = read(text, Faults(""))
    return isinstance(root, MapNode) and holds_types(root)


def check_types(files: Sequence[TypeSource], types: TypeTable) -> list[CatalogueType]:
    """The types in these files, which are to be known beside those of the table. Raises BlueprintError with all that is wrong with them."""
    faults = Faults(files[0].filename)
    catalogue = catalogue_of((*types.catalogue, *files), faults)
    own = {file.filename for file in files}
    found = [each for each in catalogue if each.source.filename in own and each.source in files]
    for each in found:
        _check(each, catalogue, types, faults)
    faults.check()
    return found


def _check(type_: CatalogueType, catalogue: Catalogue, types: TypeTable, faults: Faults) -> None:
    context = _context(types, faults)
    context.know(catalogue)
    _service(_opened(type_, context), context)


def _service(raw: Raw | None, context: Context) -> ServiceSpec | None:
    if raw is None or raw.kind == POOL:
        return None
    _give_samples(raw)
    assign([raw], context)
    settle(context)
    return service_of(raw, context)


def sample(type_: CatalogueType, types: TypeTable) -> ServiceSpec | None:
    """The service that a type is, where what has to be given is a sample; None for a pool, and for a type that cannot be read."""
    context = _context(types, Faults(type_.source.filename))
    return _service(_opened(type_, context), context)


def described(type_: CatalogueType, types: TypeTable) -> tuple[str, tuple[str, ...], tuple[ParameterView, ...]]:
    """The kind of service that a type is, the types it extends (the nearest first), and all its parameters."""
    context = _context(types, Faults(type_.source.filename))
    raw = _opened(type_, context)
    if raw is None or raw.kind == UNTYPED:
        return "", (), ()
    return raw.kind, raw.types[1:], tuple(_view(each) for each in raw.parameters.values())


def effectors(type_: CatalogueType, types: TypeTable) -> tuple[EffectorView, ...]:
    """The effectors of its own that a type has, those of the members of a cluster included."""
    service = sample(type_, types)
    if service is None:
        return ()
    own = [EffectorView(each.name, each.meaning, tuple(one.name for one in each.parameters)) for each in service.effectors]
    members = service.cluster.member.effectors if service.cluster is not None else ()
    return (*own, *(EffectorView(each.name, each.meaning, tuple(one.name for one in each.parameters), member=True) for each in members))


def _view(parameter: Parameter) -> ParameterView:
    return ParameterView(
        parameter.name,
        str(parameter.kind),
        parameter.label,
        parameter.description,
        None if parameter.default is None else written(parameter.default),
        parameter.pinned,
        tuple(str(each) for each in parameter.constraints),
        parameter.sensor,
    )


def _context(types: TypeTable, faults: Faults) -> Context:
    context = Context(faults, TypeIndex(types.policies), TypeIndex(types.strategies), frozenset(types.predicates), partial=True)
    context.template, context.sources = True, types.catalogue
    return context


def _opened(type_: CatalogueType, context: Context) -> Raw | None:
    application = open_application(Section(type_.mark, "a blueprint", ROOT_KEYS, context.faults), MapNode(type_.mark, {}), context)
    named = Entry(type_.mark, "type", ScalarNode(type_.mark, type_.reference, plain=False))
    raw = open_service(MapNode(type_.mark, {"type": named}), application, context)
    application.children += [raw] if raw else []
    return raw


def _give_samples(raw: Raw) -> None:
    """What a required parameter is given later is not known; so that what is made of it can be read, it is given something of its type."""
    for name, parameter in raw.parameters.items():
        if parameter.default is None and any(each.name.startswith("required") for each in parameter.constraints):
            sample = ScalarNode(parameter.mark, _SAMPLES.get(parameter.kind.name, "sample"), plain=True)
            raw.parameters[name] = replace(parameter, default=sample, constraints=())
