"""What policies, enrichers and feeds of one entity ask to keep: one record each, beside that of the entity.

Written often, it neither holds up nor starts a reconciliation of the entity. It is written within a second, and with whatever the entity writes before that: so
what a policy counts is durable with the intent that it led to.

    KeepState ──▶ waits ──a second──▶ written, all of the entity together
                    └── the entity writes ──▶ in the same batch
"""

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Generic, TypeVar

from clocker_actors.entities.records import ADJUNCT_KIND, State, adjunct_record
from clocker_actors.errors import Failure
from clocker_actors.model.identity import policy_id
from clocker_actors.model.values import Value
from clocker_actors.ports.store import Record
from clocker_actors.store.codec import decode

if TYPE_CHECKING:
    from clocker_actors.entities.entity import Entity

log = logging.getLogger(__name__)

S = TypeVar("S", bound=State)
KEEP = "keep"
KEEP_LIMIT = 30.0
KEEP_AFTER = 1.0
"""Seconds that what is to be kept may wait for more of the same, and for a write of the entity to go with."""


class KeepNow:
    """Timer message: write what is to be kept, for the first time or again."""


class Memories(Generic[S]):
    """By name of the policy, enricher or feed."""

    __slots__ = ("_dirty", "_entity", "_kept", "_over", "_riding", "_writing")

    def __init__(self, entity: "Entity[S]") -> None:
        self._entity = entity
        self._kept: dict[str, Mapping[str, Value]] = {}
        self._dirty: set[str] = set()  # whose is still to be written
        self._writing: tuple[str, ...] = ()
        self._riding: tuple[str, ...] = ()  # whose is in the write of the entity that is under way
        self._over = False

    def begin(self, name: str) -> None:
        """One is made: it begins with what is kept."""
        if name not in self._kept:
            body = self._entity.outside.store.read(ADJUNCT_KIND, policy_id(self._entity.uid, name))
            self._kept[name] = decode(dict[str, Value], body) if body is not None else {}

    def of(self, name: str) -> Mapping[str, Value]:
        """What one asked to keep last."""
        return self._kept.get(name, {})

    def forget(self, name: str) -> None:
        """One is no more; whoever takes it away removes its record."""
        self._kept.pop(name, None)
        self._dirty.discard(name)

    def keep(self, name: str, state: Mapping[str, Value]) -> None:
        """One asks to keep its state; unknown names (just removed) are ignored."""
        if name in self._kept and self._kept[name] != state:
            self._kept[name] = state
            if not self._dirty and not self._over:
                self._entity.after(KEEP, KEEP_AFTER, KeepNow())
            self._dirty.add(name)

    # --- by itself

    def write(self) -> None:
        """Write what is to be kept, unless that is going on: what comes meanwhile is written after it, the newest only."""
        if self._writing or not self._dirty or self._over:
            return
        self._writing = tuple(sorted(self._dirty))
        self._dirty.clear()
        self._entity.work(KEEP, self._entity.outside.store.write, self._records(self._writing), timeout=KEEP_LIMIT)

    def written(self) -> None:
        """It is durable; one removed meanwhile had its record removed after this write, in the store's order."""
        self._writing = ()
        if self._dirty:
            self._entity.after(KEEP, KEEP_AFTER, KeepNow())

    def not_written(self, failure: Failure) -> None:
        """The store refused; it is tried again."""
        log.error("state of policies not written", extra={"entity": self._entity.uid, "failure": failure.message})
        self._again(self._writing)
        self._writing = ()

    # --- with what the entity writes

    def with_others(self) -> list[Record]:
        """The entity writes something: what is to be kept goes with it."""
        if self._over or not self._dirty:
            return []
        self._riding = tuple(sorted(self._dirty))
        self._dirty.clear()
        return self._records(self._riding)

    def written_with_others(self) -> None:
        """That is durable."""
        self._riding = ()

    def not_written_with_others(self, batch: tuple[Record, ...]) -> tuple[Record, ...]:
        """The store refused: the batch without what went with it, which may be another one when that is tried again."""
        riding, self._riding = self._riding, ()
        self._again(riding)
        own = {policy_id(self._entity.uid, name) for name in riding}
        return tuple(each for each in batch if each.body is None or each.kind != ADJUNCT_KIND or each.uid not in own)

    # --- the end

    def unwritten(self) -> list[Record]:
        """What is not durable yet, as the manager stops."""
        return [] if self._over else self._records(tuple(sorted({*self._dirty, *self._writing, *self._riding})))

    def over(self) -> None:
        """The entity is being forgotten, and its records with it: nothing is written any more."""
        self._over = True

    def _records(self, names: tuple[str, ...]) -> list[Record]:
        return [adjunct_record(self._entity.uid, name, self._kept[name]) for name in names if name in self._kept]

    def _again(self, names: tuple[str, ...]) -> None:
        self._dirty.update(name for name in names if name in self._kept)
        if self._dirty and not self._over:
            self._entity.after(KEEP, KEEP_AFTER, KeepNow())
