"""What an expression is worth now: `Ready`, `Waiting` for readings, `Broken` for good, or `Sealed` until a secret is put in.

Whoever resolves gives a `Scope` and comes again when a reading changes that it was told to wait `on`, or when the time `until` has come: that is when a wait
ends with `Broken`, as the options of `attributeWhenReady` say. Nothing is remembered here between two calls; the scope says since when the wait goes on.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

from clocker_actors.errors import BadRequest
from clocker_actors.expressions.folding import fold
from clocker_actors.expressions.options import WaitOptions
from clocker_actors.expressions.texts import as_text, truthy
from clocker_actors.model.expressions import LITERAL, Expression, literal
from clocker_actors.model.values import Value
from clocker_actors.passwords import PROVIDER, key_in

WHEN_READY = "attributeWhenReady"
EXTERNAL = "external"
TARGET = "target"


@dataclass(frozen=True, slots=True)
class Seen:
    """What is seen of one sensor of one entity. `value` is None while nothing was published; the times (epoch seconds) say since when the entity is stopped
    or on fire, None if it is not."""

    value: Value = None
    at: float = 0.0
    down_since: float | None = None
    fire_since: float | None = None


class Scope(Protocol):
    """What whoever resolves can see. Targets are plan ids, `self`, `parent`, `root`, `member:<id>` or `application:<id>`."""

    @property
    def now(self) -> float:
        """The time, in epoch seconds."""

    @property
    def since(self) -> float:
        """Since when it waits."""

    def sensor(self, target: str, name: str) -> Seen | None:
        """The sensor of the entity; None while there is no such entity."""

    def entity_id(self, target: str) -> str | None:
        """The uid of the entity; None while there is none."""

    def location(self, target: str, index: int) -> str | None:
        """Name of the host (index 0) on which the entity runs; None while it has none."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The value."""

    value: Value


@dataclass(frozen=True, slots=True)
class Waiting:
    """Not yet: for these sensors (of targets) or, with "" as sensor, for where a target is; `reason` in words. At `until` it is to be asked again."""

    on: tuple[tuple[str, str], ...]
    reason: str
    until: float = math.inf


@dataclass(frozen=True, slots=True)
class Broken:
    """Never, unless something is changed: why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Sealed:
    """Ready but for secrets, which are put in by `unseal` only where the value is used."""

    expression: Expression


Resolved = Ready | Waiting | Broken | Sealed


def resolve(expression: Expression, scope: Scope) -> Resolved:
    """What the expression is worth as far as the scope can see."""
    looking = _Looking(scope)
    try:
        seen = looking.replaced(expression)
        if looking.broken:
            return Broken(looking.broken)
        if looking.on:
            return Waiting(tuple(dict.fromkeys(looking.on)), "; ".join(dict.fromkeys(looking.reasons)), looking.until)
        folded = fold(seen)
    except BadRequest as fault:
        return Broken(str(fault))
    return Ready(folded.value) if folded.op == LITERAL else Sealed(folded)


def unseal(expression: Expression, opener: Callable[[str, str], str]) -> Value:
    """The value of a sealed expression, its secrets asked of `opener(provider, key)`. Raises BadRequest."""
    return fold(_opened(expression, opener)).value


def _opened(expression: Expression, opener: Callable[[str, str], str]) -> Expression:
    if expression.op == EXTERNAL:
        provider, key = (as_text(arg.value) for arg in expression.args)
        return literal(opener(provider, key))
    return replace(expression, args=tuple(_opened(arg, opener) for arg in expression.args)) if expression.args else expression


def sealed_in(expression: Expression) -> tuple[tuple[str, str], ...]:
    """The (provider, key) pairs of the secrets in an expression; each once, in order."""
    named = (node for node in expression.walk() if node.op == EXTERNAL)
    return tuple(dict.fromkeys((as_text(node.args[0].value), as_text(node.args[1].value)) for node in named))


def references(expression: Expression) -> tuple[tuple[str, str], ...]:
    """The (target, sensor) pairs that the value depends on, "" as sensor for an id or a place; each once, in order."""
    found: dict[tuple[str, str], None] = {}
    for node in expression.walk():
        if node.op in (WHEN_READY, "entityId", "location"):
            name = as_text(node.args[1].value) if node.op == WHEN_READY else ""
            found[target_of(node), name] = None
    return tuple(found)


def target_of(node: Expression) -> str:
    """The target of a function of an entity."""
    return as_text(node.args[0].value)


@dataclass(slots=True)
class _Looking:
    """One look at all that an expression refers to."""

    scope: Scope
    on: list[tuple[str, str]] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    until: float = math.inf
    broken: str = ""
    known: dict[int, Expression] = field(default_factory=dict)

    def replaced(self, node: Expression) -> Expression:
        """The tree with values where readings and places were asked for."""
        done = self.known.get(id(node))
        if done is None:
            done = self.known[id(node)] = self._replaced(node)
        return done

    def _replaced(self, node: Expression) -> Expression:
        match node.op:
            case "attributeWhenReady":
                return self._attribute(node)
            case "entityId":
                return self._found(node, self.scope.entity_id(target_of(node)), "the id")
            case "location":
                index = node.args[1].value if len(node.args) > 1 else 0
                return self._found(node, self.scope.location(target_of(node), index if isinstance(index, int) else 0), "the place")
        args = tuple(self.replaced(arg) for arg in node.args)
        if node.op == EXTERNAL and fold(args[0]).value == PROVIDER:
            raise BadRequest(f"{PROVIDER} is no provider to name: a password is got from the sensor that names it, by attributeWhenReady")
        return replace(node, args=args) if any(new is not old for new, old in zip(args, node.args, strict=True)) else node

    def _found(self, node: Expression, value: str | None, what: str) -> Expression:
        if value is not None:
            return literal(value)
        self._wait(target_of(node), "", f"waits for {what} of {target_of(node)}")
        return node

    def _wait(self, target: str, sensor: str, reason: str, until: float = math.inf) -> None:
        self.on.append((target, sensor))
        self.reasons.append(reason)
        self.until = min(self.until, until)

    def _attribute(self, node: Expression) -> Expression:
        target, sensor = target_of(node), as_text(node.args[1].value)
        options = WaitOptions.of(node.args[2].value if len(node.args) > 2 else None)
        seen = self.scope.sensor(target, sensor)
        if seen is not None and seen.value is not None and (truthy(seen.value) or not options.truthy):
            password = key_in(seen.value)
            return literal(seen.value) if password is None else Expression(EXTERNAL, (literal(PROVIDER), literal(password)))
        why, until = options.ends(self.scope.since, seen.down_since if seen else None, seen.fire_since if seen else None)
        if until <= self.scope.now:
            self.broken = self.broken or f"{sensor} of {target} did not come: {why}"
        else:
            self._wait(target, sensor, f"waits for {sensor} of {target}", until)
        return node
