"""Who set a value: the blueprint, a policy or a person, when, and until when.

A redeploy changes only what the file says anew: a value that a policy or a person set since then stays theirs. A lease hands back when its time is over.
"""

from dataclasses import dataclass
from enum import StrEnum


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
