"""A hypothesis strategy for any dataclass of the model, from its annotations."""

import dataclasses
import enum
import inspect
import pkgutil
import types
import typing
from collections.abc import Mapping
from importlib import import_module

from hypothesis import strategies as st

from clocker_actors import model
from clocker_actors.errors import Failure
from clocker_actors.model.fitness import Placed
from clocker_actors.model.types import PolicyType, TypeTable

_TEXT = st.text(max_size=8)
_INT = st.integers(-(2**53), 2**53)
_FLOAT = st.floats(allow_nan=False, allow_infinity=False)
_SCALAR = st.none() | st.booleans() | _INT | _FLOAT | _TEXT
_VALUE = st.recursive(_SCALAR, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3), max_leaves=5)
_PLAIN: dict[object, st.SearchStrategy[object]] = {
    str: _TEXT,
    int: _INT,
    float: _FLOAT,
    bool: st.booleans(),
    type(None): st.none(),
    bytes: st.binary(max_size=8),
    object: _VALUE,
}


def dataclasses_of_the_model() -> list[type]:
    """Every dataclass defined in clocker_actors.model, and Failure; but not the table of types and its rows, which hold functions and are sent to nobody."""
    found: list[type] = [Failure]
    for module in pkgutil.iter_modules(model.__path__):
        name = f"{model.__name__}.{module.name}"
        for _, kind in inspect.getmembers(import_module(name), inspect.isclass):
            if kind.__module__ == name and dataclasses.is_dataclass(kind) and kind not in (TypeTable, PolicyType, Placed):
                found.append(kind)
    return found


def values_of(kind: object, depth: int = 4) -> st.SearchStrategy[object]:
    """Values of an annotation; below `depth` nested dataclasses, optional parts stay empty."""
    if isinstance(kind, typing.NewType):
        return values_of(kind.__supertype__, depth)
    if kind in _PLAIN:
        return _PLAIN[kind]
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        options = [option for option in inner if depth > 0 or not dataclasses.is_dataclass(option)]
        return st.one_of([values_of(option, depth) for option in options])
    if origin is tuple and inner[-1] is Ellipsis:
        return st.lists(values_of(inner[0], depth), max_size=2).map(tuple) if depth > 0 else st.just(())
    if origin is tuple:
        return st.tuples(*(values_of(option, depth) for option in inner))
    if origin is frozenset:
        return st.frozensets(values_of(inner[0], depth), max_size=3)
    if origin is Mapping:
        return st.dictionaries(values_of(inner[0], depth), values_of(inner[1], depth), max_size=3)
    assert isinstance(kind, type), kind
    if issubclass(kind, enum.Enum):
        return st.sampled_from(list(kind))
    assert dataclasses.is_dataclass(kind), kind
    hints = typing.get_type_hints(kind)
    return st.builds(kind, **{field.name: values_of(hints[field.name], depth - 1) for field in dataclasses.fields(kind)})
