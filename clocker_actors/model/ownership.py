"""Who set a value: the blueprint, a policy or a person, when, and until when.

A redeploy changes only what the file says anew: a value that a policy or a person set since then stays theirs. A lease hands back when its time is over.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from clocker_actors.model.identity import Cause
from clocker_actors.model.specs import PolicySpec


class OwnerKind(StrEnum):
    """What kind of somebody set a value."""

    BLUEPRINT = "blueprint"
    POLICY = "policy"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Owner:
    """Who set a value: `name` is a policy's or a principal's ("" for the blueprint), `at` when (epoch seconds), `until` when it hands back (None: never),
    `cause` the activity or decision that did it."""

    kind: OwnerKind = OwnerKind.BLUEPRINT
    name: str = ""
    at: float = 0.0
    until: float | None = None
    cause: str = ""

    @property
    def words(self) -> str:
        """For people: `policy autoscaler`, `anna`, `user 1000`, `the blueprint`."""
        if self.kind is OwnerKind.BLUEPRINT:
            return "the blueprint"
        return f"policy {self.name}" if self.kind is OwnerKind.POLICY else f"user {self.name[4:]}" if self.name[:4] == "uid:" else self.name


BLUEPRINT = Owner()


@dataclass(frozen=True, slots=True)
class Lease:
    """A size that somebody set for a while: until when, and the size and owner of before, to which it goes back."""

    until: float
    size: int
    owner: Owner = BLUEPRINT


@dataclass(frozen=True, slots=True)
class AdjunctState:
    """A policy, enricher or feed of an entity: its spec, and whether it rests. What it asked to keep is a record of its own.

    `owners` are those who set keys of its configuration at run time, `added` who added it (None: the blueprint, or every entity has it), `rested` who let it
    rest, or work again, last."""

    spec: PolicySpec
    suspended: bool = False
    owners: Mapping[str, Owner] = field(default_factory=dict)
    added: Owner | None = None
    rested: Owner | None = None


def owner_of(cause: Cause, at: float) -> Owner:
    """Who stands behind a command: a policy, whose principal is its actor's id (uid of its entity, colon, name) and whose reason a decision, or a person."""
    entity, colon, name = cause.principal.partition(":")
    if colon and entity[:1].isalpha() and entity not in _PEOPLE and cause.id[:1] == "d" and cause.id.isalnum():
        return Owner(OwnerKind.POLICY, name, at, cause=cause.id)
    return Owner(OwnerKind.PERSON, cause.principal, at, cause=cause.id)


_PEOPLE = frozenset({"uid", "token"})
"""What stands before the colon where a person is meant."""


def clock(at: float) -> str:
    """A time for people."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")
