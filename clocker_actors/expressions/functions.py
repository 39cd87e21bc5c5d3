"""What each operation of a tree does once its arguments are plain values: a table from the name to a pure function.

The readings of entities, where things run, and secrets are not here: those are found by `resolving`. Every function raises BadRequest for values it cannot
work with, in words that name the function.
"""

from collections.abc import Callable, Mapping, Sequence

from clocker_actors.errors import BadRequest
from clocker_actors.expressions.patterns import replaced
from clocker_actors.expressions.predicates import holds
from clocker_actors.expressions.templates import render
from clocker_actors.expressions.texts import as_text, format_string, url_encode
from clocker_actors.model.values import Value, as_map

Operation = Callable[[Sequence[Value]], Value]


def _format(values: Sequence[Value]) -> Value:
    return format_string(as_text(values[0]), values[1:])


def _encoded(values: Sequence[Value]) -> Value:
    return url_encode(values[0])


def _replaced(values: Sequence[Value]) -> Value:
    source, pattern, replacement = (as_text(value) for value in values)
    return replaced(source, pattern, replacement)


def _template(values: Sequence[Value]) -> Value:
    return render(as_text(values[0]), as_map(values[1]) if len(values) > 1 else {})


def _listed(values: Sequence[Value]) -> Value:
    return list(values)


def _mapped(values: Sequence[Value]) -> Value:
    return {as_text(key): value for key, value in zip(values[::2], values[1::2], strict=True)}


def _selected(values: Sequence[Value]) -> Value:
    value, key = values
    if value is None:
        raise BadRequest(f"`{as_text(key)}` is taken of something that evaluates to null; give that a value")
    if isinstance(value, Mapping):
        return _of_map(value, as_text(key))
    if isinstance(value, str | list | tuple) and isinstance(key, int) and not isinstance(key, bool):
        if -len(value) <= key < len(value):
            return value[key]
        raise BadRequest(f"there is no item {key} among {len(value)}; the first is 0")
    raise BadRequest(f"`{as_text(key)}` cannot be taken of `{as_text(value)[:60]}`; that takes a map, or a list and a number")


def _of_map(value: Mapping[str, Value], key: str) -> Value:
    if key in value:
        return value[key]
    raise BadRequest(f"the map has no `{key}`; it has {', '.join(list(value)[:20]) or 'nothing'}")


def _holds(values: Sequence[Value]) -> Value:
    return holds(values[0], values[1])


def _function(values: Sequence[Value]) -> Value:
    return {"function": "regexReplacement", "pattern": as_text(values[0]), "replacement": as_text(values[1])}


def applied(function: Value, value: Value) -> Value:
    """What a function value, such as `function.regexReplacement` gives, makes of a value. Raises BadRequest."""
    given = as_map(function)
    if given.get("function") != "regexReplacement":
        raise BadRequest(f"`{as_text(function)[:60]}` is not a function; write $brooklyn:function.regexReplacement(pattern, replacement)")
    return replaced(as_text(value), as_text(given.get("pattern")), as_text(given.get("replacement")))


def _size(values: Sequence[Value]) -> Value:
    if not isinstance(values[0], str | list | tuple | Mapping):
        raise BadRequest(f"`{as_text(values[0])[:60]}` has no size; that takes a text, a list or a map")
    return len(values[0])


def _upper(values: Sequence[Value]) -> Value:
    return as_text(values[0]).upper()


def _lower(values: Sequence[Value]) -> Value:
    return as_text(values[0]).lower()


def _trimmed(values: Sequence[Value]) -> Value:
    return as_text(values[0]).strip()


def _read(values: Sequence[Value]) -> Value:
    return as_text(values[0])


def _same(values: Sequence[Value]) -> Value:
    return values[0]


OPERATIONS: Mapping[str, Operation] = {
    "formatString": _format,
    "urlEncode": _encoded,
    "regexReplacement": _replaced,
    "function.regexReplacement": _function,
    "template": _template,
    "list": _listed,
    "map": _mapped,
    "select": _selected,
    "predicate": _holds,
    "get": _selected,
    "size": _size,
    "toUpperCase": _upper,
    "toLowerCase": _lower,
    "trim": _trimmed,
    "toString": _read,
    "object": _same,
    "entitySpec": _same,
}
