"""The values of a service's parameters: what it writes, what it inherits, or the default; typed, and checked against their constraints."""

from collections.abc import Mapping

from clocker_actors.blueprint.coerce import free
from clocker_actors.blueprint.constraints import RELATED, Constraint, breach
from clocker_actors.blueprint.context import Context, Names
from clocker_actors.blueprint.faults import Faults
from clocker_actors.blueprint.nodes import Mark, Node, ScalarNode, is_null, quote
from clocker_actors.blueprint.parameters import Parameter, is_expression, value_of
from clocker_actors.blueprint.tree import Raw, look_up
from clocker_actors.model.specs import PolicySpec
from clocker_actors.model.values import Value

_STATIC = "static-sensor"


def configuration(raw: Raw, context: Context) -> dict[str, Value]:
    """What a service or application has under keys that its kind does not declare."""
    own = {key: free(entry.node, context.faults) for key, entry in raw.undeclared.items() if key not in raw.parameters}
    return {**own, **parameter_values(raw, context)}


def parameter_values(raw: Raw, context: Context) -> dict[str, Value]:
    """The value of each parameter that has one. What is wrong with one is noted where it stands."""
    found: dict[str, Value] = {}
    for parameter in raw.parameters.values():
        value = _value(raw, parameter, context)
        if value is not None:
            found[parameter.name] = value
    return found


def parameter_sensors(raw: Raw, values: Mapping[str, Value], taken: Names, context: Context) -> tuple[PolicySpec, ...]:
    """What gives the values of parameters as the sensors that these name."""
    if _STATIC not in context.policies.types:
        return ()
    wanted = [each for each in raw.parameters.values() if each.sensor and each.name in values]
    return tuple(
        PolicySpec(_STATIC, taken.fresh(each.sensor), {"targetSensor": each.sensor, "value": values[each.name]}) for each in wanted
    )


def _value(raw: Raw, parameter: Parameter, context: Context) -> Value:
    node = _node(raw, parameter.name)
    before = context.faults.count
    value = _checked(raw, parameter, node, context)
    if node is not None and context.faults.count > before and _given(raw, parameter.name):
        context.faults.silence(node.mark)  # whatever its type makes of it
    return value


def _checked(raw: Raw, parameter: Parameter, node: Node | None, context: Context) -> Value:
    if node is not None and is_expression(node):
        return None
    unsaid = parameter.default is not None and node is not None and node.mark == parameter.default.mark
    faults = Faults("") if unsaid else context.faults  # a wrong default was noted where it is declared
    value = None if node is None else value_of(node, parameter.kind, quote(parameter.name), faults)
    if value is None and node is not None and not is_null(node):
        return None  # there was a fault, perhaps noted before
    for constraint in parameter.constraints:
        if (context.template or raw.lost) and not _given(raw, parameter.name):
            continue
        wrong = breach(constraint, value, _given(raw, parameter.name), lambda other: _given(raw, other))
        if wrong:
            context.faults.add(_place(raw, parameter, node, constraint), f"{quote(parameter.name)} {wrong}")
    if node is not None and _given(raw, parameter.name) and any(each.name == "urlExists" for each in parameter.constraints):
        _note_url(str(value), parameter, node.mark, context)
    return value


def _place(raw: Raw, parameter: Parameter, node: Node | None, constraint: Constraint) -> Mark:
    """Where a breach is to be mended: at the value, or at what lacks it. What is for the writer of a file to give is not looked for in the file of a type."""
    place = node.mark if node else raw.node.mark if raw.parent else parameter.mark
    if place.file and (constraint.name in RELATED or not _given(raw, parameter.name)):
        above: Raw | None = raw
        while above is not None and above.node.mark.file:
            above = above.parent
        return above.node.mark if above else place
    return place


def lacking(raw: Raw, name: str) -> bool:
    """Whether a parameter has to be given, and is not; that is a fault of whoever declares it, the service or one above it."""
    above: Raw | None = raw
    while above is not None and name not in above.parameters:
        above = above.parent
    if above is None or _given(raw, name) or _given(above, name):
        return False
    owner = above
    return any(breach(each, None, False, lambda other: _given(owner, other)) for each in above.parameters[name].constraints)


def _given(raw: Raw, name: str) -> bool:
    """Whether a key has a value; an empty text is none."""
    node = _node(raw, name)
    return node is not None and not (isinstance(node, ScalarNode) and node.text == "")


def _node(raw: Raw, name: str) -> Node | None:
    found = look_up(raw, name)
    return found.node if found else None


def _note_url(url: str, parameter: Parameter, mark: Mark, context: Context) -> None:
    """An address that is asked for when the blueprint is deployed; nothing is asked for while it is read."""
    if url.startswith(("http://", "https://")):
        context.urls.setdefault(url, mark)
    else:
        context.faults.add(
            mark, f"{quote(parameter.name)} is {quote(url)}, which cannot be asked for; write an http:// or https:// address"
        )
