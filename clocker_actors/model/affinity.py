"""Affinity rules as values: who may be beside whom, as a person wrote it and as placement understands it.

The words are the ancestor's (TYPE, NAME, ID, APPLICATION, PREDICATE, EMPTY, NOT) with its meaning that a rule speaks of *everything* that is on a host; and ours
beyond it: at least, at most, prefer, spread, and domains wider than a host. The blueprint room reads the text, the placement room keeps the rules.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

ZONE = "zone"
LABEL = "label:"
"""How a domain of hosts that share the value of a label begins, as `label:rack`. "" is the host itself."""


class Sense(StrEnum):
    """What a rule says of those it speaks of."""

    ONLY = "only"  # everything there is one of them; nothing there is fine
    NONE = "none"  # nothing there is one of them
    AT_LEAST = "at least"
    AT_MOST = "at most"  # the one being placed counted, if it is one of them
    NOT_EMPTY = "not empty"
    EMPTY = "empty"  # empty hosts are fine: what holds anyway
    PREFER = "prefer"
    AVOID = "avoid"  # prefer not
    SPREAD = "spread"


class Verb(StrEnum):
    """By what a rule knows those it speaks of."""

    ANY = "ANY"
    TYPE = "TYPE"
    NAME = "NAME"
    ID = "ID"
    APPLICATION = "APPLICATION"
    CLUSTER = "CLUSTER"
    PREDICATE = "PREDICATE"


@dataclass(frozen=True, slots=True)
class AffinityRule:
    """One rule. `parameter` "" means those like the one being placed; `number` is the count or weight; `domain` "" is the host; `text` as it was written."""

    text: str
    sense: Sense
    verb: Verb = Verb.ANY
    parameter: str = ""
    number: int = 1
    domain: str = ""


def domain_words(domain: str) -> str:
    """A domain as people call it: host, zone, label rack."""
    return domain.replace(":", " ") or "host"


def contradictions(rules: Sequence[AffinityRule]) -> Iterator[tuple[AffinityRule, AffinityRule, str]]:
    """Pairs of rules (the later one first) that no host can ever keep together, with the reason. Only what can be known from the rules themselves."""
    for place, rule in enumerate(rules):
        for earlier in rules[:place]:
            reason = _against(earlier, rule) or _against(rule, earlier)
            if reason:
                yield rule, earlier, reason


def _against(one: AffinityRule, other: AffinityRule) -> str:
    same = (one.verb, one.parameter.lower()) == (other.verb, other.parameter.lower())
    match one.sense, other.sense:
        case Sense.EMPTY, Sense.NOT_EMPTY:
            return "a host cannot be welcome when empty and refused for it"
        case Sense.AT_LEAST, Sense.NONE if same and one.domain in ("", other.domain):
            return f"what has to be on the {domain_words(one.domain)} may not be on its {domain_words(other.domain)}"
        case Sense.AT_LEAST, Sense.AT_MOST if same and one.domain in ("", other.domain) and one.number > other.number:
            return f"{one.number} cannot be there when at most {other.number} may"
        case Sense.AT_LEAST, Sense.ONLY if one.domain in ("", other.domain) and _distinct(one, other):
            return f"what has to be there is not {other.parameter}"
        case _:
            return ""


def _distinct(one: AffinityRule, other: AffinityRule) -> bool:
    """Whether nothing can be both. Types with a registry or tag may be two names of one thing."""
    plain = one.verb is other.verb is Verb.TYPE and not any(mark in one.parameter + other.parameter for mark in "/:@")
    return plain and bool(one.parameter and other.parameter) and one.parameter.lower() != other.parameter.lower()
