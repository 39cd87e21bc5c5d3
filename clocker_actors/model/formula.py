"""Formulas: the little arithmetic that people write for enrichers and feeds, as `value / 1024` or `errors * 100 / max(requests, 1)`.

Written as in Python and parsed by its parser, but worked out by the few operations below and nothing else: no attribute is looked up, no name is known but
those given, nothing loops, repeats a text or raises to a power. A name with dots is one name, so sensors stand in a formula as they are called; what
cannot stand so (`my-sensor`) is written `sensor("my-sensor")`.
"""

import ast
import math
import operator
from collections.abc import Callable, Mapping
from difflib import get_close_matches

from clocker_actors.errors import BadRequest
from clocker_actors.model.values import Value

LONGEST = 1000
DEEPEST = 40
_LONGEST_TEXT = 10_000
_WORDS: Mapping[str, Value] = {"true": True, "false": False, "null": None, "True": True, "False": False, "None": None}

Names = Mapping[str, Value]
_Node = Callable[[Names], Value]


class Formula:
    """One formula, ready to be worked out many times. `names` are those it needs."""

    __slots__ = ("_node", "names", "text")

    def __init__(self, text: str, node: _Node, names: frozenset[str]) -> None:
        self.text = text
        self.names = names
        self._node = node

    def __call__(self, given: Names) -> Value:
        """Its value for these names. Raises ValueError, with words, where there is none (a text minus a number, a division by 0)."""
        try:
            found = self._node(given)
        except KeyError as missing:
            raise ValueError(f"{self.text}: there is no {missing}") from None
        except (TypeError, ValueError, ArithmeticError, IndexError, RecursionError) as error:
            raise ValueError(f"{self.text}: {error}") from None
        if isinstance(found, float) and not math.isfinite(found):
            raise ValueError(f"{self.text} is {found}, no number that can be used")
        return found


def formula(text: str) -> Formula:
    """The formula in a text. Raises BadRequest, saying what in it cannot be and what can."""
    if len(text) > LONGEST:
        raise BadRequest(f"the formula has {len(text)} characters; write one of at most {LONGEST}")
    try:
        tree = ast.parse(text.strip(), mode="eval")
        names: set[str] = set()
        node = _Reader(names).node(tree.body, 0)
    except SyntaxError as error:
        at = f" at character {error.offset}" if error.offset else ""
        raise BadRequest(f"{_short(text)} is no formula: {error.msg}{at}; write one as `value * 100 / total`") from None
    except (ValueError, RecursionError, MemoryError):
        raise BadRequest(f"{_short(text)} is no formula; write one as `value * 100 / total`") from None
    return Formula(text.strip(), node, frozenset(names))


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:60]}…")


class _Reader:
    """Turns the parser's nodes into functions of the names given."""

    def __init__(self, names: set[str]) -> None:
        self._names = names

    def node(self, node: ast.expr, depth: int) -> _Node:  # noqa: C901 - a table of what may stand in a formula
        if depth > DEEPEST:
            raise BadRequest(f"the formula is nested more than {DEEPEST} deep; write a simpler one")
        below = [self.node(each, depth + 1) for each in _operands(node)]
        match node:
            case ast.Constant(value=bool() | int() | float() | str() | None):
                kept: Value = node.value
                return lambda _: kept
            case ast.Name() | ast.Attribute():
                return self._name(_dotted(node))
            case ast.BinOp() if type(node.op) in _ARITHMETIC:
                return _pair(_ARITHMETIC[type(node.op)], *below)
            case ast.UnaryOp() if type(node.op) in _SINGLE:
                return _call(_SINGLE[type(node.op)], below)
            case ast.BoolOp():
                return _all(below) if isinstance(node.op, ast.And) else _any(below)
            case ast.Compare() if all(type(each) in _COMPARE for each in node.ops):
                return _chain([_COMPARE[type(each)] for each in node.ops], below)
            case ast.IfExp():
                test, then, otherwise = below
                return lambda names: then(names) if test(names) else otherwise(names)
            case ast.Subscript():
                return _pair(_item, *below)
            case ast.Call(func=ast.Name(id="sensor"), args=[ast.Constant(value=str(name))], keywords=[]):
                return self._name(name)
            case ast.Call(func=ast.Name(id=name), keywords=[]):
                return _call(_function(name), below)
            case ast.List() | ast.Tuple():
                return lambda names: [each(names) for each in below]
            case _:
                raise BadRequest(
                    f"{_short(ast.unparse(node))} cannot stand in a formula; use + - * / // %, comparisons, and, or, not, {_KNOWN}"
                )

    def _name(self, name: str) -> _Node:
        if name in _WORDS:
            word = _WORDS[name]
            return lambda _: word
        self._names.add(name)
        return lambda names: names[name]


def _operands(node: ast.expr) -> list[ast.expr]:
    match node:
        case ast.BinOp():
            return [node.left, node.right]
        case ast.UnaryOp():
            return [node.operand]
        case ast.BoolOp():
            return node.values
        case ast.Compare():
            return [node.left, *node.comparators]
        case ast.IfExp():
            return [node.test, node.body, node.orelse]
        case ast.Subscript():
            return [node.value, node.slice]
        case ast.Call(func=ast.Name(id="sensor")):
            return []
        case ast.Call():
            return node.args
        case ast.List() | ast.Tuple():
            return node.elts
        case _:
            return []


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    if isinstance(node, ast.Name):
        return node.id
    raise BadRequest(f"{_short(ast.unparse(node))} cannot stand in a formula; take a part of a map by `value['part']`")


def _function(name: str) -> Callable[..., Value]:
    if name not in FUNCTIONS:
        near = get_close_matches(name, FUNCTIONS, 1)
        hint = f"did you mean {near[0]}?" if near else f"there are {_KNOWN}"
        raise BadRequest(f"{name}() is no function of formulas; {hint}")
    return FUNCTIONS[name]


def _pair(how: Callable[[Value, Value], Value], left: _Node, right: _Node) -> _Node:
    return lambda names: how(left(names), right(names))


def _call(how: Callable[..., Value], below: list[_Node]) -> _Node:
    return lambda names: how(*[each(names) for each in below])


def _all(below: list[_Node]) -> _Node:
    return lambda names: all(each(names) for each in below)


def _any(below: list[_Node]) -> _Node:
    return lambda names: any(each(names) for each in below)


def _chain(how: list[Callable[[Value, Value], Value]], below: list[_Node]) -> _Node:
    def compared(names: Names) -> Value:
        values = [each(names) for each in below]
        return all(one(left, right) for one, left, right in zip(how, values, values[1:], strict=False))

    return compared


def _number(value: Value) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{_short(str(value))} is no number")
    return value


def _numbers(how: Callable[[float, float], float]) -> Callable[[Value, Value], Value]:
    return lambda left, right: how(_number(left), _number(right))


def _plus(left: Value, right: Value) -> Value:
    if isinstance(left, str) and isinstance(right, str):
        if len(left) + len(right) > _LONGEST_TEXT:
            raise ValueError(f"a text of more than {_LONGEST_TEXT} characters")
        return left + right
    return _number(left) + _number(right)


def _item(container: Value, key: Value) -> Value:
    if isinstance(container, Mapping):
        return container[key]
    if isinstance(container, list | tuple) and isinstance(key, int):
        return container[key]
    raise TypeError(f"{_short(str(container))} has no parts")


def _among(value: Value, container: Value) -> bool:
    if isinstance(container, str):
        return isinstance(value, str) and value in container
    if isinstance(container, Mapping | list | tuple):
        return value in container
    raise TypeError(f"{_short(str(container))} holds nothing")


def _length(value: Value) -> int:
    if not isinstance(value, str | Mapping | list | tuple):
        raise TypeError(f"{_short(str(value))} has no length")
    return len(value)


def _to_number(value: Value) -> float:
    if isinstance(value, str) and len(value) <= 100:
        return float(value)
    return float(value) if isinstance(value, bool) else _number(value)


def _text(value: Value) -> str:
    if isinstance(value, Mapping | list | tuple):
        raise TypeError("a list or map is no text")
    return ("true" if value else "false") if isinstance(value, bool) else "" if value is None else str(value)


def _rounded(value: Value, digits: Value = 0) -> float:
    places = int(_number(digits))
    return round(_number(value), places) if places else round(_number(value))


def _over(how: Callable[[list[float]], float]) -> Callable[..., float]:
    """A function of several numbers, or of one list of them."""

    def found(*values: Value) -> float:
        several = values[0] if len(values) == 1 and isinstance(values[0], list | tuple) else values
        return how([_number(each) for each in several])

    return found


_ARITHMETIC: Mapping[type[ast.operator], Callable[[Value, Value], Value]] = {
    ast.Add: _plus,
    ast.Sub: _numbers(operator.sub),
    ast.Mult: _numbers(operator.mul),
    ast.Div: _numbers(operator.truediv),
    ast.FloorDiv: _numbers(operator.floordiv),
    ast.Mod: _numbers(operator.mod),
}
_SINGLE: Mapping[type[ast.unaryop], Callable[[Value], Value]] = {
    ast.USub: lambda value: -_number(value),
    ast.UAdd: _number,
    ast.Not: operator.not_,
}
_COMPARE: Mapping[type[ast.cmpop], Callable[[Value, Value], Value]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: _numbers(operator.lt),
    ast.LtE: _numbers(operator.le),
    ast.Gt: _numbers(operator.gt),
    ast.GtE: _numbers(operator.ge),
    ast.In: _among,
    ast.NotIn: lambda value, container: not _among(value, container),
}
FUNCTIONS: Mapping[str, Callable[..., Value]] = {
    "abs": lambda value: abs(_number(value)),
    "round": _rounded,
    "floor": lambda value: math.floor(_number(value)),
    "ceil": lambda value: math.ceil(_number(value)),
    "min": _over(min),
    "max": _over(max),
    "sum": _over(math.fsum),
    "len": _length,
    "number": _to_number,
    "text": _text,
    "lower": lambda value: _text(value).lower(),
    "upper": lambda value: _text(value).upper(),
    "trim": lambda value: _text(value).strip(),
}
_KNOWN = ", ".join(f"{name}()" for name in FUNCTIONS)
