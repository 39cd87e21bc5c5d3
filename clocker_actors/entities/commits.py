"""Writes that were given to the store and of whose end their entity has not heard yet, kept outside the entities so that they outlive a crash.

    handler: change ──▶ (next turn of the loop) given to the store ──▶ durable ──▶ the entity hears of it
                                   └── the entity crashes ──▶ its successor takes this state on, writes the same again, and acts when that is durable

Without it a successor would read the record of before while the newer one is still on its way: it would act on what is not so any more, and its own next
write would undo what was accepted. The store writes in the order in which it was asked, so the end of the second write is the end of the first one, too.
A change made by the very handler that crashed was never given to the store, and is not taken on.
"""

from dataclasses import dataclass
from typing import Generic, TypeVar

from clocker_actors.entities.records import State
from clocker_actors.ports.store import Record, Store

S = TypeVar("S", bound=State)


@dataclass(frozen=True, slots=True)
class Pending(Generic[S]):
    """One write: the entity's state it makes durable (the last one, if it removes it: `forgets`), and all its records."""

    state: S
    batch: tuple[Record, ...]
    forgets: bool = False


class Commits:
    """By uid of the entity; one of each at a time."""

    __slots__ = ("_pending",)

    def __init__(self) -> None:
        self._pending: dict[str, Pending[State]] = {}

    async def write(self, store: Store, pending: "Pending[State]") -> int:
        """Give it to the store. Raises what the store says; then it stays pending, to be tried again."""
        self._pending[pending.state.identity.uid] = pending
        return await store.write(pending.batch)

    def of(self, uid: str) -> "Pending[State] | None":
        """The write of this entity that was under way when its behaviour ended, None if there was none."""
        return self._pending.get(uid)

    def heard(self, uid: str) -> None:
        """Its entity knows that it is durable, or is no more."""
        self._pending.pop(uid, None)
