"""Makes trees of calls, checked against the table of functions; both forms of the language, texts and maps, come here."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from clocker_actors.blueprint.dsl.functions import FUNCTIONS, INTEGER, LIST, MAP, OPTIONS, SCOPES, TEXT, Arg, Function, Gives, On
from clocker_actors.blueprint.dsl.lexer import DslFault
from clocker_actors.blueprint.nodes import Mark, quote
from clocker_actors.errors import BadRequest
from clocker_actors.expressions.options import WaitOptions
from clocker_actors.model.expressions import LITERAL, Expression, literal

MOST_DEPTH = 32
"""Calls inside each other in one expression."""

_WANTED = {TEXT: "a text", INTEGER: "a whole number", MAP: "a map", OPTIONS: "a map of options", LIST: "a list"}


@dataclass(frozen=True, slots=True)
class Part:
    """A tree with what it stands for: an entity, a value, or a late value."""

    tree: Expression
    gives: Gives
    offset: int = 0


def plain(value: object, mark: Mark) -> Part:
    """A plain value."""
    return Part(Expression(LITERAL, value=value, line=mark.line, column=mark.column), Gives.VALUE)


def call(name: str, on: Part | None, args: Sequence[Part], mark: Mark, offset: int) -> Part:
    """The call of a function, on what stands before it. Raises DslFault at `offset`, or at an argument."""
    function = _function(name, on, offset)
    _count(function, args, offset)
    for place, arg in enumerate(args):
        _check(function, _of(function, place, len(args)), arg)
    tree = _tree(function, on, args, mark)
    if function.gives is Gives.ENTITY:
        return Part(tree, Gives.ENTITY, offset)
    late = function.gives is Gives.LATE or any(arg.gives is Gives.LATE for arg in args) or (on is not None and on.gives is Gives.LATE)
    return Part(tree, Gives.LATE if late else Gives.VALUE, offset)


def selected(on: Part, key: Part, mark: Mark, offset: int) -> Part:
    """An item of a value. Raises DslFault."""
    if on.gives is Gives.ENTITY:
        raise DslFault(offset, f'an entity has no {quote(str(key.tree.value))}; write .config("…") or .attributeWhenReady("…")')
    return Part(Expression("select", (on.tree, key.tree), line=mark.line, column=mark.column), on.gives, offset)


def _function(name: str, on: Part | None, offset: int) -> Function:
    function = FUNCTIONS.get(name)
    if function is None:
        raise DslFault(offset, f"there is no function {quote(name)}; {_near(name, on)}")
    if on is None and function.on is On.VALUE:
        raise DslFault(offset, f'{quote(name)} is called on a value; write it after one, as in config("key").{name}()')
    if on is not None and on.gives is Gives.ENTITY and function.on is not On.ENTITY:
        raise DslFault(offset, f"{quote(name)} is not called on an entity; {_near(name, on)}")
    if on is not None and on.gives is not Gives.ENTITY and function.on is not On.VALUE:
        raise DslFault(offset, f"{quote(name)} is not called on a value; {_near(name, on)}")
    return function


def _near(name: str, on: Part | None) -> str:
    if on is None:
        known = [row.name for row in FUNCTIONS.values() if row.on is not On.VALUE]
    else:
        wanted = On.ENTITY if on.gives is Gives.ENTITY else On.VALUE
        known = [row.name for row in FUNCTIONS.values() if row.on is wanted]
    lowered = {each.lower(): each for each in known}
    close = [lowered[each] for each in get_close_matches(name[:60].lower(), lowered, n=3)]
    return f"did you mean {' or '.join(quote(each) for each in close)}?" if close else f"known are: {', '.join(known)}"


def _count(function: Function, args: Sequence[Part], offset: int) -> None:
    most = function.most
    if len(args) < function.least or (most is not None and len(args) > most):
        some = str(function.least) if most == function.least else f"{function.least} to {most}" if most else f"{function.least} or more"
        noun = "argument" if some == "1" else "arguments"
        raise DslFault(offset, f"{quote(function.name)} takes {some} {noun}, not {len(args)}; write {function.signature}")


def _of(function: Function, place: int, count: int) -> Arg:
    """The row for an argument; what may be left out at the front is left out when there are few."""
    first_free = not function.args[0].required and function.args[-1].required
    return function.args[-1] if first_free and count == 1 else function.arg(place)


def _check(function: Function, row: Arg, arg: Part) -> None:
    if arg.gives is Gives.ENTITY:
        what = f"{quote(row.name)} of {quote(function.name)}"
        raise DslFault(arg.offset, f'{what} is an entity; write what of it you want, as .config("…") or .attributeWhenReady("…")', arg)
    if row.type in _WANTED and not _fits(row.type, arg.tree):
        what = f"{quote(row.name)} of {quote(function.name)}"
        raise DslFault(arg.offset, f"{what} is not {_WANTED[row.type]}; write {function.signature}", arg)
    if row.type == OPTIONS:
        _options(arg)


def _fits(wanted: str, tree: Expression) -> bool:
    """Whether the argument may be of that type; what is not plain is looked at when it is worked out."""
    if tree.op in ("map", "list"):
        return tree.op == ("map" if wanted in (MAP, OPTIONS) else wanted)
    if tree.op != LITERAL:
        return wanted != OPTIONS
    value = tree.value
    match wanted:
        case "text":
            return isinstance(value, str | int | float) and not isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "list":
            return isinstance(value, list | tuple)
        case _:
            return isinstance(value, dict)


def _options(arg: Part) -> None:
    """The options must be plain, and right."""
    pairs = zip(arg.tree.args[::2], arg.tree.args[1::2], strict=True)
    found = {str(key.value): value for key, value in pairs} if arg.tree.op == "map" else {}
    late = next((key for key, value in found.items() if value.op != LITERAL), None)
    if late is not None:
        raise DslFault(arg.offset, f"the option {quote(late)} is an expression; write a plain value", arg)
    try:
        WaitOptions.of({key: value.value for key, value in found.items()})
    except BadRequest as fault:
        raise DslFault(arg.offset, str(fault), arg) from None


def _tree(function: Function, on: Part | None, args: Sequence[Part], mark: Mark) -> Expression:
    given = tuple(arg.tree for arg in args)
    name = function.same_as or function.name
    if name == "literal":
        return given[0]
    if name == "sensor":
        return given[-1]
    if name == "component":
        return _component(on, args, mark)
    if name == "attributeWhenReadyAllowingOnFire":
        name, given = "attributeWhenReady", _not_on_fire(given)
    if function.on is On.ENTITY:
        given = (on.tree if on else Expression("self", line=mark.line, column=mark.column), *given)
    elif on is not None:
        given = (on.tree, *given)
    return Expression(name, given, line=mark.line, column=mark.column)


def _component(on: Part | None, args: Sequence[Part], mark: Mark) -> Expression:
    start = on.tree if on else Expression("self", line=mark.line, column=mark.column)
    if len(args) == 1:
        return Expression("component", (start, args[0].tree), line=mark.line, column=mark.column)
    scope = args[0].tree.value
    if scope not in SCOPES:
        raise DslFault(args[0].offset, f"{quote(str(scope))} is not a scope; write one of {', '.join(SCOPES)}, or only the id", args[0])
    if scope == "application":
        return Expression("application", (args[1].tree,), line=mark.line, column=mark.column)
    op = {"this": "component", "global": "component", "parent": "ancestor", "root": "component", "scopeRoot": "component"}.get(scope, scope)
    return Expression(op, (start, args[1].tree), line=mark.line, column=mark.column)


def _not_on_fire(given: tuple[Expression, ...]) -> tuple[Expression, ...]:
    options = given[1] if len(given) > 1 else Expression("map")
    return given[0], replace(options, args=(*options.args, literal("abort_if_on_fire"), literal(False)))  # a plain value
