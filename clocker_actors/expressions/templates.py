"""Texts with places to fill in, written in Jinja2, by anybody who may deploy: so they can only show, choose, loop and filter.

What a template may contain is a list of what is known to be harmless: no attributes that begin with an underscore, no macros, includes or assignments that
grow, no calls but `range` and what the parser of blueprints put in. Loops are counted, and what comes out is measured while it is made.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NoReturn, TypeVar

from jinja2 import StrictUndefined, TemplateError, Undefined, nodes, pass_context
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from clocker_actors.errors import BadRequest
from clocker_actors.expressions.filters import FILTERS
from clocker_actors.expressions.texts import MOST_TEXT, as_text, bounded
from clocker_actors.model.values import Value

T = TypeVar("T")
MOST_TEMPLATE = 64 * 1024
_MOST_STEPS = 10_000
_MOST_NODES = 5_000
_HARMLESS = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.Const, nodes.Name, nodes.Getattr, nodes.Getitem, nodes.Filter, nodes.Call),
    *(nodes.If, nodes.For, nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Neg, nodes.Pos, nodes.Test),
    *(nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Concat, nodes.Assign, nodes.List, nodes.Tuple),
    nodes.Keyword,
    *(nodes.Slice, nodes.Scope, nodes.ScopedEvalContextModifier, nodes.ExprStmt),
)
_PARSING = 150
"""Steps that it costs to understand a template, and one more for each so many characters."""
_CHARACTERS = 20


@dataclass(slots=True)
class _Shared:
    """What all templates of a file have left, and what is known of those that were understood: to understand one a second time costs nothing."""

    left: int
    known: dict[tuple[str, str], object] = field(default_factory=dict)


_ALL: ContextVar[_Shared | None] = ContextVar("what all templates share", default=None)
_TICK = "_tick"
_JOINED = "_joined"
_LOOP = ("index", "index0", "first", "last", "length")
CALLS = ("range", "component", "entity")


def _shown(value: Value) -> str:
    """What a value shows as; the inner things of templates show as nothing."""
    if isinstance(value, Undefined):
        return str(value)
    if callable(value) or isinstance(value, LoopContext):
        raise BadRequest("only plain values can be shown in a template; name one")
    return as_text(value)


def _weight(value: Value) -> int:
    return len(value) // 50 if isinstance(value, str | list | tuple | Mapping) else 0


def _counted(function: Callable[..., Value]) -> Callable[..., Value]:
    """The filter, with what it takes and gives counted as work."""

    @pass_context
    def counted(context: Context, value: Value, *args: Value, **named: Value) -> Value:
        tick = context.parent[_TICK]
        tick(1 + _weight(value))
        found = function(value, *args, **named)
        tick(_weight(found))
        return found

    return counted


@pass_context
def _joined(context: Context, *parts: Value) -> str:
    found = bounded("".join(_shown(part) for part in parts))
    context.parent[_TICK](1 + _weight(found))
    return found


TESTS = ("defined", "undefined", "none", "string", "number", "mapping", "sequence", "even", "odd", "eq", "ne", "lt", "gt", "le", "ge", "in")


class _Environment(ImmutableSandboxedEnvironment):
    """Keys of maps and nothing else; sizes are looked at before anything is multiplied."""

    intercepted_binops = frozenset(("*", "+", "%"))

    def __init__(self) -> None:
        super().__init__(undefined=StrictUndefined, finalize=_shown, keep_trailing_newline=True, autoescape=False, cache_size=0)
        self.filters = {name: _counted(function) for name, function in FILTERS.items()}
        self.tests = {name: test for name, test in self.tests.items() if name in TESTS}
        self.globals = {}

    def is_safe_attribute(self, obj: object, attr: str, value: object) -> bool:
        """No object has attributes here but a loop: `map.key` reads the key."""
        return isinstance(obj, LoopContext) and attr in _LOOP and isinstance(value, int | bool)

    def call_binop(self, context: Context, operator: str, left: object, right: object) -> object:
        """Numbers multiply and take remainders; texts and lists are only put together, within bounds."""
        numbers = isinstance(left, int | float) and isinstance(right, int | float)
        if operator != "+" and not numbers:
            raise BadRequest(f"`{operator}` takes numbers; write the text out, or use a filter")
        if numbers and max(abs(left), abs(right)) > 1e15:  # type: ignore[arg-type]  # both are numbers
            raise BadRequest("a template does not reckon with numbers above 10^15; use smaller ones")
        if operator == "+" and isinstance(left, str) and isinstance(right, str):
            return _joined(context, left, right)
        if operator == "+" and not numbers:
            raise BadRequest("`+` takes two numbers or two texts; use `~` to put a text together")
        return super().call_binop(context, operator, left, right)


_ENVIRONMENT = _Environment()


class _Counted(NodeTransformer):
    """Puts a count into every loop, and bounds into what `~` puts together."""

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802  # named by Jinja2
        self.generic_visit(node)
        tick = nodes.Output([nodes.Call(nodes.Name(_TICK, "load"), [], [], None, None)])
        node.body = [tick, *node.body]
        if node.test is not None:
            node.test = nodes.And(nodes.Not(nodes.Call(nodes.Name(_TICK, "load"), [], [], None, None)), node.test)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802  # named by Jinja2
        self.generic_visit(node)
        return nodes.Call(nodes.Name(_JOINED, "load"), list(node.nodes), [], None, None)


@contextmanager
def sharing(steps: int) -> Iterator[None]:
    """All templates that are understood and filled in inside the block share so many steps: each may be small, and there may be thousands of them."""
    before = _ALL.set(_Shared(steps))
    try:
        yield
    finally:
        _ALL.reset(before)


def spent() -> bool:
    """Whether what templates share is used up."""
    shared = _ALL.get()
    return shared is not None and shared.left < 0


def _spend(steps: int) -> None:
    shared = _ALL.get()
    if shared is None:
        return
    shared.left -= steps
    if shared.left < 0:
        raise BadRequest("the templates of this file take too many steps together; have fewer of them, with shorter loops")


def once(what: str, text: str, made: Callable[[str], T]) -> T:
    """What is made of a template's text, made once where templates share their steps."""
    shared = _ALL.get()
    if shared is None:
        return made(text)
    if (what, text) not in shared.known:
        shared.known[what, text] = made(text)
    return shared.known[what, text]  # type: ignore[return-value]  # kept under what it is


def parsed(text: str) -> nodes.Template:
    """The tree of a template that may be used. Raises BadRequest with the line that is wrong."""
    if len(text) > MOST_TEMPLATE:
        raise BadRequest(f"a template has at most {MOST_TEMPLATE >> 10} KiB; put what does not change into a file of the image")
    _spend(_PARSING + len(text) // _CHARACTERS)
    try:
        tree = _ENVIRONMENT.parse(text)
    except TemplateError as fault:
        _refuse(getattr(fault, "lineno", 1) or 1, f"{fault}; mend it")
    except (RecursionError, ValueError, OverflowError):
        _refuse(1, "it is nested too deep or has a number that is too large; write it simpler")
    for count, node in enumerate(_walk(tree)):
        if count > _MOST_NODES:
            _refuse(1, f"it has more than {_MOST_NODES} parts; split it")
        _check(node)
    return tree


def _walk(tree: nodes.Node) -> list[nodes.Node]:
    found, waiting = [], [tree]
    while waiting:
        node = waiting.pop()
        found.append(node)
        waiting.extend(node.iter_child_nodes())
    return found


def _refuse(line: int, text: str) -> NoReturn:
    raise BadRequest(f"line {line} of the template: {text}")


def _check(node: nodes.Node) -> None:
    line = node.lineno or 1
    if not isinstance(node, _HARMLESS):
        _refuse(line, f"`{type(node).__name__.lower()}` cannot be used in a template; write only {{{{ values }}}}, if, for and filters")
    if isinstance(node, nodes.Getattr | nodes.Name | nodes.Keyword):
        name = node.attr if isinstance(node, nodes.Getattr) else node.key if isinstance(node, nodes.Keyword) else node.name
        if name.startswith("_"):
            _refuse(line, f"`{name[:60]}` is not for templates; names that begin with `_` are not given")
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const) and str(node.arg.value).startswith("__"):
        _refuse(line, f"`{str(node.arg.value)[:60]}` is not for templates; names that begin with `__` are not given")
    if isinstance(node, nodes.Filter) and node.name not in FILTERS:
        _refuse(line, f"the filter `{node.name[:60]}` is not known; known are: {', '.join(FILTERS)}")
    if isinstance(node, nodes.Test) and node.name not in TESTS:
        _refuse(line, f"the test `{node.name[:60]}` is not known; known are: {', '.join(TESTS)}")
    if isinstance(node, nodes.Call) and not (isinstance(node.node, nodes.Name) and node.node.name in CALLS):
        _refuse(line, f"only {', '.join(CALLS)} can be called; use a filter")
    if isinstance(node, nodes.List) and not all(isinstance(item, nodes.Const) for item in node.items):
        _refuse(line, "a list in a template has only plain values; give the list in the substitutions")
    if isinstance(node, nodes.Tuple) and node.ctx != "store":
        _refuse(line, "a list in a template is written in square brackets; write [1, 2]")
    if isinstance(node, nodes.Assign) and not isinstance(node.target, nodes.Name):
        _refuse(line, "`set` takes one name; write it in several lines")


Pieces = Callable[[Mapping[str, Value]], list[str]]


def _compiled(text: str) -> Pieces:
    return _kept(text) if _ALL.get() is None else _made(text)


@lru_cache(maxsize=128)
def _kept(text: str) -> Pieces:
    return _made(text)


def _made(text: str) -> Pieces:
    tree = parsed(text)
    try:
        tree = _Counted().visit(tree)
        source = _ENVIRONMENT.compile(tree)
        template = _ENVIRONMENT.template_class.from_code(_ENVIRONMENT, source, {}, None)
    except (TemplateError, SyntaxError, RecursionError) as fault:
        raise BadRequest(f"the template cannot be used: {str(fault)[:200]}; write it simpler") from None

    def pieces(data: Mapping[str, Value]) -> list[str]:
        found, length = [], 0
        for piece in template.generate(data):
            found.append(piece)
            length += len(piece)
            if length > MOST_TEXT:
                raise BadRequest(f"makes a text of more than {MOST_TEXT >> 10} KiB; make it of shorter pieces")
        return found

    return pieces


def render(text: str, data: Mapping[str, Value]) -> str:
    """The text with its places filled in from `data`. Raises BadRequest, also when it takes too long."""
    pieces = once("compiled", text, _compiled)
    left = [_MOST_STEPS]

    def tick(steps: int = 1) -> str:
        left[0] -= steps
        _spend(steps)
        if left[0] < 0:
            raise BadRequest(f"the template takes more than {_MOST_STEPS} steps; write shorter loops")
        return ""

    def component(name: str) -> Value:
        found = data.get("components")
        return found.get(name) if isinstance(found, Mapping) else None

    given = {**data, _TICK: tick, _JOINED: _joined, "range": _range, "component": component, "entity": component}
    try:
        return "".join(pieces(given))
    except TemplateError as fault:
        raise BadRequest(f"the template cannot be filled in: {str(fault)[:200]}; give the value, or use the filter default") from None
    except (TypeError, ValueError, KeyError, IndexError, AttributeError, ArithmeticError, RecursionError) as fault:
        raise BadRequest(f"the template cannot be filled in: {str(fault)[:200]}; mend it") from None


def _range(*bounds: int) -> range:
    found = range(*bounds)
    if len(found) > _MOST_STEPS:
        raise BadRequest(f"the template loops more than {_MOST_STEPS} times; write shorter loops")
    return found
