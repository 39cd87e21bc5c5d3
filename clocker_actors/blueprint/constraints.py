"""Constraints of parameters: what a value has to be, checked where the value stands.

constraints:
- required                                    # it must be given
- regex: "[a-z]+"                             # the whole text; a value that is not given is not checked
- glob: "*.war"
- urlExists                                   # asked for when it is deployed, not when the file is read
- requiredUnless: gitRepoUrl                  # and requiredIf, forbiddenIf, forbiddenUnless, each with the name of another parameter
- requiredUnlessAnyOf: [gitRepoUrl, archive]  # and forbiddenUnlessAnyOf, requiredIfAnyOf, forbiddenIfAnyOf
- {greater-than: 0, less-than: 100}           # a predicate
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from clocker_actors.blueprint.coerce import free, regex, text, texts
from clocker_actors.blueprint.context import Context
from clocker_actors.blueprint.nodes import Entry, ListNode, MapNode, Mark, Node, ScalarNode, describe, is_null, quote
from clocker_actors.errors import BadRequest
from clocker_actors.expressions.patterns import matches
from clocker_actors.expressions.predicates import check, holds, matches_glob
from clocker_actors.expressions.texts import as_text
from clocker_actors.model.values import Value

ALONE = ("required", "urlExists")
"""Constraints that are one word."""

RELATED = (
    "requiredIf",
    "requiredUnless",
    "forbiddenIf",
    "forbiddenUnless",
    "requiredIfAnyOf",
    "requiredUnlessAnyOf",
    "forbiddenIfAnyOf",
    "forbiddenUnlessAnyOf",
)
"""Constraints that look at other parameters."""

PATTERNS = ("regex", "glob")

_KNOWN = {name.lower(): name for name in (*ALONE, *RELATED, *PATTERNS)}

Given = Callable[[str], bool]
"""Whether another key of the service has a value."""


@dataclass(frozen=True, slots=True)
class Constraint:
    """One constraint: its name (`predicate` for a map of those), the texts it is about, or the predicate, and where it stands."""

    name: str
    mark: Mark
    words: tuple[str, ...] = ()
    predicate: Value = None

    def __str__(self) -> str:
        if self.name == "predicate":
            return _said(self.predicate)
        return f"{self.name} {', '.join(self.words)}" if self.words else self.name


def read_constraints(node: Node | None, context: Context) -> tuple[Constraint, ...]:
    """The constraints of a list, or one alone."""
    if node is None:
        return ()
    items = node.items if isinstance(node, ListNode) else (node,)
    return tuple(found for item in items for found in _read(item, context))


def _read(item: Node, context: Context) -> list[Constraint]:
    if isinstance(item, ScalarNode) and not is_null(item):
        name = _KNOWN.get(item.text.lower(), "")
        if name in ALONE:
            return [Constraint(name, item.mark)]
        context.faults.unknown(item.mark, item.text, "a constraint", (*ALONE, *(f"{each}: …" for each in (*PATTERNS, *RELATED))))
        return []
    if not isinstance(item, MapNode) or not item.entries:
        context.faults.add(item.mark, f"a constraint cannot be {describe(item)}; write required, or {{regex: '[a-z]+'}}")
        return []
    if any(key.lower() in _KNOWN for key in item.entries) and not _is_predicate(item):
        return [found for entry in item.entries.values() for found in _named(entry, context)]
    predicate = free(item, context.faults)
    try:
        check(predicate)
    except BadRequest as fault:
        context.faults.add(item.mark, str(fault))
        return []
    return [Constraint("predicate", item.mark, predicate=predicate)]


def _is_predicate(item: MapNode) -> bool:
    """`regex` and `glob` are predicates, too, when they stand with others of those."""
    return any(key.lower() not in _KNOWN for key in item.entries)


def _named(entry: Entry, context: Context) -> list[Constraint]:
    name = _KNOWN[entry.key.lower()]
    if name in ALONE:
        wanted = isinstance(entry.node, ScalarNode) and entry.node.value is not False
        return [Constraint(name, entry.mark)] if wanted else []
    if name == "regex":
        found = regex(entry.node, "`regex`", context.faults)
        return [] if found is None else [Constraint(name, entry.mark, (found,))]
    if name == "glob":
        written = text(entry.node, "`glob`", context.faults)
        return [] if written is None else [Constraint(name, entry.mark, (written,))]
    words = texts(entry.node, quote(name), context.faults)
    return [Constraint(name, entry.mark, words)] if words else []


def breach(constraint: Constraint, value: Value, given: bool, others: Given) -> str:
    """What the value lacks, in words that follow the parameter's name; "" if nothing. A value that is not given breaches only what wants one."""
    if constraint.name == "required":
        return "" if given else "is required; give it a value"
    if constraint.name in RELATED:
        return _related(constraint, given, others)
    if not given:
        return ""
    written = as_text(value)
    try:
        if constraint.name == "regex" and not matches(constraint.words[0], written):
            return f"is {quote(written)}, which does not match {quote(constraint.words[0])}; write what does"
        if constraint.name == "glob" and not matches_glob(constraint.words[0], written):
            return f"is {quote(written)}, which is not like {quote(constraint.words[0])}; write what is"
        if constraint.name == "predicate" and not holds(value, constraint.predicate):
            return f"is {quote(written)}, but has to be {_said(constraint.predicate)}; write what is"
    except BadRequest as fault:
        return f"is {quote(written)}: {fault}"
    return ""


def _said(predicate: Value) -> str:
    if not isinstance(predicate, Mapping):
        return as_text(predicate)
    return " and ".join(f"{name} {as_text(value)}" for name, value in predicate.items())


def _related(constraint: Constraint, given: bool, others: Given) -> str:
    there = any(others(word) for word in constraint.words)
    names = " or ".join(quote(word) for word in constraint.words)
    unless = "Unless" in constraint.name
    if there == unless:
        return ""
    why = f"{names} is {'not ' if unless else ''}given"
    if constraint.name.startswith("required"):
        return "" if given else f"is required, since {why}; give it a value"
    return f"cannot be given, since {why}; remove it" if given else ""
