"""A JSON Schema of blueprints, from the tables that the parser checks against and the types of services that are known.

It is for editors: it completes keys and types and shows what they mean, and finds values of the wrong shape. What goes beyond shapes (bounds between keys,
references, expressions) is left to `clocker lint`, so whatever the parser takes is good by the schema, too.
"""

from collections.abc import Iterable, Mapping

from clocker_actors.blueprint import tables
from clocker_actors.blueprint.catalogue import catalogue_of
from clocker_actors.blueprint.checking import described
from clocker_actors.blueprint.keys import KeyTable
from clocker_actors.blueprint.type_keys import PARAMETER_KEYS
from clocker_actors.model.catalogue import ParameterView
from clocker_actors.model.types import KeyType, PolicyType, TypeTable

DRAFT = "http://json-schema.org/draft-07/schema#"
Schema = dict[str, object]

_TEXT: Schema = {"type": ["string", "number", "boolean"]}
_TYPES: Mapping[str, Schema] = {
    "string": _TEXT,
    "sensor": _TEXT,
    "regex": {"type": "string"},
    "duration": {"type": ["string", "number"]},
    "size": {"type": ["string", "integer"]},
    "list": {"type": ["array", "string"]},
}
_BELOW: Mapping[str, KeyTable] = {
    "build": tables.BUILD_KEYS,
    "readiness": tables.PROBE_KEYS,
    "health": tables.PROBE_KEYS,
    "capabilities": tables.CAPABILITY_KEYS,
}
_LISTS: Mapping[str, str] = {
    "services": "service",
    "children": "service",
    "parameters": "parameter",
    "policies": "policy",
    "enrichers": "enricher",
    "initializers": "initializer",
}


def schema_of(types: TypeTable) -> Schema:
    """The schema, as JSON."""
    root = _map(tables.ROOT_KEYS, {})
    return {
        "$schema": DRAFT,
        "title": "a blueprint of clocker",
        "type": "object",
        **root,
        "patternProperties": {"^x-": {"description": "the writer's own: a place for what anchors name"}},
        "additionalProperties": False,
        "definitions": {
            "service": _service(types),
            "parameter": {"anyOf": [_TEXT, _closed(PARAMETER_KEYS)]},
            "policy": _adjunct(each for each in types.policies.values() if each.role == "policy"),
            "enricher": _adjunct(each for each in types.policies.values() if each.role in {"enricher", "feed"}),
            "initializer": _adjunct(each for each in types.policies.values() if each.role in {"effector", "feed"}),
            "host": {"anyOf": [_TEXT, _closed(tables.HOST_KEYS)]},
            "port": {"anyOf": [_TEXT, _closed(tables.PORT_KEYS)]},
            "volume": {"anyOf": [_TEXT, _closed(tables.VOLUME_KEYS)]},
        },
    }


def _service(types: TypeTable) -> Schema:
    """A service: all keys that any kind has, and for each type of the catalogue its parameters."""
    found: dict[str, object] = {}
    for table in (*tables.CONFIG_OF.values(), tables.SERVICE_KEYS):
        found |= _properties(table)
    catalogue = catalogue_of(types.catalogue)
    names = [*tables.SERVICE_TYPES, *catalogue.ids]
    kinds = {"enum": names}, {"type": "string", "pattern": "^(docker:.+|java:.+|.+[.:].+|[A-Z].*|\\$brooklyn:.*)$"}
    found["type"] = {"description": tables.SERVICE_KEYS["type"].meaning, "anyOf": list(kinds)}
    for spelling in tables.SERVICE_KEYS["type"].aliases:
        found[spelling] = found["type"]
    given = []
    for name in catalogue.ids:
        type_ = catalogue.types[name][0]
        parameters = described(type_, types)[2]
        if parameters:
            given.append(_if(name, {each.name: _parameter(each) for each in parameters}))
    service: Schema = {"type": "object", "properties": found}
    if given:
        service["allOf"] = given
    return {"anyOf": [{"type": "string"}, service]}


def _if(name: str, parameters: Mapping[str, object]) -> Schema:
    chosen = {"required": ["type"], "properties": {"type": {"pattern": f"^{name}(:|$)"}}}
    inside = {each: {"properties": dict(parameters)} for each in ("config", "brooklyn.config")}
    return {"if": chosen, "then": {"properties": {**parameters, **inside}}}


def _parameter(parameter: ParameterView) -> Schema:
    meaning = parameter.description or parameter.label or f"a {parameter.type}"
    return {"description": meaning} if parameter.default is None else {"description": meaning, "default": parameter.default}


def _adjunct(kinds: Iterable[PolicyType]) -> Schema:
    """A policy, enricher or feed: which types there are, and the keys of each."""
    known = list(kinds)
    names = [each.name for each in known]
    properties = _properties(tables.POLICY_KEYS)
    properties["type"] = {"anyOf": [{"enum": names}, {"type": "string"}], "description": tables.POLICY_KEYS["type"].meaning}
    given = [
        {
            "if": {"required": ["type"], "properties": {"type": {"const": each.name}}},
            "then": {
                "properties": {place: {"properties": {key.name: _key(key) for key in each.keys}} for place in ("config", "brooklyn.config")}
            },
        }
        for each in known
    ]
    return {"anyOf": [{"type": "string"}, {"type": "object", "properties": properties, "allOf": given}]}


def _closed(table: KeyTable) -> Schema:
    return {"type": "object", **_map(table, {}), "additionalProperties": False}


def _map(table: KeyTable, more: Mapping[str, object]) -> Schema:
    return {"properties": {**_properties(table), **more}}


def _properties(table: KeyTable) -> dict[str, object]:
    """Each key, in each of its spellings."""
    found: dict[str, object] = {}
    for key in table.keys.values():
        shape = _key(key)
        for spelling in (key.name, *key.aliases):
            found[spelling] = shape
    return found


def _key(key: KeyType) -> Schema:
    about: Schema = {"description": key.meaning}
    if key.default not in (None, ""):
        about["default"] = key.default
    return about | _shape(key)


def _shape(key: KeyType) -> Schema:
    if key.name in _LISTS and key.type == "node":
        return {"type": ["array", "null"], "items": {"$ref": f"#/definitions/{_LISTS[key.name]}"}}
    if key.name in {"ports", "volumes", "hosts"} and key.type == "node":
        return {"anyOf": [_TEXT, {"type": "array", "items": {"$ref": f"#/definitions/{key.name.removesuffix('s')}"}}, {"type": "null"}]}
    if key.name == "memberSpec":
        return {"$ref": "#/definitions/service"}
    if key.name in _BELOW:
        return {"anyOf": [_TEXT, _closed(_BELOW[key.name]), {"type": "null"}]}
    if key.choices:
        return {"anyOf": [{"enum": list(key.choices)}, {"type": ["string", "boolean", "null"]}]}
    if key.type in {"integer", "number"}:
        return {"anyOf": [_number(key), {"type": ["string", "null"]}]}
    if key.type == "boolean":
        return {"type": ["boolean", "string", "null"]}
    shape = dict(_TYPES.get(key.type, {}))
    if isinstance(shape.get("type"), list):
        shape["type"] = [*_strings(shape["type"]), "object", "null"]  # an expression may be a map, and nothing is allowed
    return shape


def _strings(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else [value]


def _number(key: KeyType) -> Schema:
    found: Schema = {"type": "integer" if key.type == "integer" else "number"}
    if key.least is not None:
        found["minimum"] = key.least
    if key.most is not None:
        found["maximum"] = key.most
    return found
