"""Strategies and predicates of somebody's own: what is installed and what the settings allow, read once when the program begins.

Entry points of the groups `clocker_actors.strategies` and `clocker_actors.predicates` are known by their names, since whoever installed the package meant them. Of
the modules in the setting `strategy_modules` every class that is a strategy is known as `module:Class`, and every function named in its `PREDICATES` as
`module:function`. A blueprint only names what is known here, so no text from a client makes the daemon import anything.
"""

import importlib
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import entry_points
from types import ModuleType

from clocker_actors.errors import BadRequest
from clocker_actors.model.placements import Resident
from clocker_actors.model.types import KeyType, PolicyType
from clocker_actors.model.values import Value
from clocker_actors.placement.own import make_own

log = logging.getLogger(__name__)

STRATEGIES, PREDICATES = "clocker_actors.strategies", "clocker_actors.predicates"


@dataclass(frozen=True, slots=True)
class Plugins:
    """What was found: classes of strategies, their rows for the table of types, and predicates, each by name."""

    makers: dict[str, Callable[..., object]] = field(default_factory=dict)
    types: dict[str, PolicyType] = field(default_factory=dict)
    predicates: dict[str, Callable[[Resident], bool]] = field(default_factory=dict)


def load(modules: Iterable[str] = ()) -> Plugins:
    """All that is installed or allowed. What cannot be imported is logged and left out: a blueprint that names it then says that it is not known."""
    found = Plugins()
    for name, thing in (*_entered(STRATEGIES), *(each for module in modules for each in _classes(module))):
        if callable(thing):
            found.makers[name] = thing
            found.types[name] = PolicyType(name, "strategy", _keys(thing), (), _meaning(thing), check=partial(_check, name, thing))
    for name, thing in (*_entered(PREDICATES), *(each for module in modules for each in _functions(module))):
        if callable(thing):
            found.predicates[name] = thing
    return found


def _entered(group: str) -> Iterator[tuple[str, object]]:
    for entry in sorted(entry_points(group=group)):
        try:
            yield entry.name, entry.load()
        except Exception:
            log.exception("entry point not loaded", extra={"group": group, "entry_point": entry.value})


def _classes(name: str) -> Iterator[tuple[str, object]]:
    module = _module(name)
    for key, thing in vars(module).items() if module else ():
        if isinstance(thing, type) and thing.__module__ == name and (hasattr(thing, "refuses") or hasattr(thing, "rank")):
            yield f"{name}:{key}", thing


def _functions(name: str) -> Iterator[tuple[str, object]]:
    module = _module(name)
    for thing in getattr(module, "PREDICATES", ()):
        yield f"{name}:{thing.__name__}", thing


def _module(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except Exception:
        log.exception("module of strategies not loaded", extra={"strategies": name})
        return None


def _keys(thing: object) -> tuple[KeyType, ...]:
    return tuple(key for key in getattr(thing, "keys", ()) if isinstance(key, KeyType))


def _check(name: str, maker: Callable[..., object], config: Mapping[str, Value]) -> tuple[str, str] | None:
    """Whether it can be made with these keys, found out by making it."""
    try:
        make_own(name, maker, {key: value for key, value in config.items() if value is not None})
    except BadRequest as fault:
        return "", str(fault).removeprefix(f"{name} ")
    return None


def _meaning(thing: object) -> str:
    return (getattr(thing, "__doc__", None) or "a strategy of your own").strip().splitlines()[0].rstrip(".")
