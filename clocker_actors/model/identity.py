"""Who is who: uids for machines, paths for people, causes and principals for accountability.

A uid is short, never reused, and what messages, labels and REST use. A path is what people type; it may change its meaning over time
(`shop/web/3` names whichever member is third now). Ids come from counters that the store keeps, so a restarted manager never hands one out twice.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

Uid = NewType("Uid", str)
"""Short id of an entity, e.g. `m1k`: a letter for the kind, then a number in base 36."""

NOBODY = Uid("")
"""In place of a uid that there is none."""
ROOT = Uid("root")
"""The management plane itself."""
RECORDER = "recorder"
"""Actor id of the recorder, to which facts are told."""

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


class EntityKind(StrEnum):
    """What sort of thing an entity is."""

    ROOT = "root"
    APPLICATION = "application"
    CLUSTER = "cluster"
    MEMBER = "member"
    POOL = "pool"
    HOST = "host"
    CONTAINER = "container"


LETTERS = {
    EntityKind.APPLICATION: "a",
    EntityKind.CLUSTER: "c",
    EntityKind.MEMBER: "m",
    EntityKind.POOL: "p",
    EntityKind.HOST: "h",
    EntityKind.CONTAINER: "k",
}


def base36(number: int) -> str:
    """The number in base 36, lower case; `number` must not be negative."""
    text = ""
    while True:
        number, digit = divmod(number, 36)
        text = _DIGITS[digit] + text
        if number == 0:
            return text


def number_of(uid: str) -> int | None:
    """The number in a uid or other id from the counter; None for what is none."""
    try:
        return int(uid[1:], 36) if uid[1:].isascii() and uid[1:].isalnum() else None
    except ValueError:
        return None


class Ids:
    """Hands out ids from one counter. Whoever makes one says how far the store has reserved numbers, and reserves more in time."""

    def __init__(self, first: int, reserved: int) -> None:
        self.next_number = first
        self.reserved = reserved
        self._below = 0
        self._low_at = reserved
        self._low: Callable[[], None] | None = None

    def watch(self, below: int, low: Callable[[], None]) -> None:
        """Call `low` once when fewer than `below` ids are left, and again for each `extend`; it must only note that more are wanted."""
        self._below, self._low = below, low
        self._low_at = self.reserved - below

    def extend(self, reserved: int) -> None:
        """The store has reserved numbers up to this one."""
        self.reserved = reserved
        self._low_at = reserved - self._below

    def _take(self, prefix: str) -> str:
        if self.next_number >= self.reserved:
            raise RuntimeError("ids ran out before the store reserved more")
        number = self.next_number
        self.next_number += 1
        if number >= self._low_at and self._low is not None:
            self._low_at = self.reserved
            self._low()
        return prefix + base36(number)

    def entity(self, kind: EntityKind) -> Uid:
        """A fresh uid for an entity of this kind."""
        return Uid(self._take(LETTERS[kind]))

    def activity(self) -> str:
        """A fresh id for an activity."""
        return self._take("t")

    def decision(self) -> str:
        """A fresh id for a decision."""
        return self._take("d")

    def question(self) -> str:
        """A fresh id for a question that an answer must name."""
        return self._take("q")

    @property
    def left(self) -> int:
        """How many ids remain before the reserve is used up."""
        return self.reserved - self.next_number


@dataclass(frozen=True, slots=True)
class Cause:
    """Why something happens (`id` of the reading, request, decision or fact that led to it) and who stands behind it.

    `principal` is a person (`uid:1000`, a token's name), a policy's actor id, or `system`.
    """

    id: str
    principal: str = "system"


SYSTEM = Cause("start", "system")
"""The cause of what the manager does by itself when it starts."""


def container_name(plane: str, member: str, generation: int) -> str:
    """The engine's name for one generation of a member; deterministic, so that a lost answer is found again."""
    return f"clocker.{plane}.{member}.g{generation}"


def keeper_name(plane: str) -> str:
    """The engine's name for the container (and its volume) that keeps the secrets of a manager's containers on a host in memory."""
    return f"clocker.{plane}.keeper"


def kept_folder(member: str, generation: int) -> str:
    """Where a keeper has the secrets of one generation."""
    return f"{member}.g{generation}"


def policy_id(entity: str, name: str) -> str:
    """Actor id (and uid) of a policy, enricher or feed of an entity."""
    return f"{entity}:{name}"


LABEL_PLANE = "clocker.plane"
LABEL_APPLICATION = "clocker.application"
LABEL_MEMBER = "clocker.member"
LABEL_GENERATION = "clocker.generation"
LABEL_EPOCH = "clocker.epoch"
LABEL_SPEC = "clocker.spec"
LABEL_LEASE = "clocker.lease"
LABEL_TASK = "clocker.task"
LABEL_KEEPER = "clocker.keeper"
"""On a container that runs a command and ends: until when (epoch seconds) it may be there."""
LABEL_STATE = "clocker.state"
"""Identity of the state directory that something was made from: what another one made is never touched, even if it calls itself the same plane."""
