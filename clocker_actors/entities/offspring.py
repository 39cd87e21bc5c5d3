"""The actors of an entity's child entities: made from their records, kept over a crash of their parent, tried again when they cannot start, let go when they are
no more. Policies, which are children too, are looked after by themselves (`adjuncts.py`)."""

from typing import TYPE_CHECKING, Generic, TypeVar

from clocker_actors.entities import catalogue
from clocker_actors.entities.records import State
from clocker_actors.kernel import StartFailed
from clocker_actors.model.identity import EntityKind, Uid
from clocker_actors.model.messages import ChildDeleted, TellAgain

if TYPE_CHECKING:
    from clocker_actors.entities.entity import Entity

S = TypeVar("S", bound=State)
CHILD_RETRY = 5.0


class TryChildAgain:
    """Timer message: make the actor of a child once more."""

    __slots__ = ("child",)

    def __init__(self, child: Uid) -> None:
        self.child = child


class Offspring(Generic[S]):
    """Of one entity."""

    __slots__ = ("_entity", "_inherited", "_kept")

    def __init__(self, entity: "Entity[S]") -> None:
        self._entity = entity
        self._kept: set[Uid] = set()
        self._inherited: frozenset[str] | None = None  # children of the behaviour before a crash

    def keep(self, child: Uid, kind: EntityKind) -> bool:
        """Have the actor of a child entity; whether it was not known to this behaviour yet. One that lives already (we were restarted) is kept."""
        entity = self._entity
        if child in self._kept:
            return False
        if self._inherited is None:
            self._inherited = frozenset(entity.children)
        self._kept.add(child)
        if child not in self._inherited and entity.outside.store.read(kind, child) is None:
            # It was removed, and the manager was killed before that was written here, too.
            entity.tell(entity.uid, ChildDeleted(child))
            return False
        entity.spawn(child, catalogue.factory(kind, child, entity.outside))
        if child in self._inherited:
            entity.tell(child, TellAgain())
        return True

    def not_started(self, failed: StartFailed) -> None:
        """A child's actor could not be made: said, and tried again after a pause."""
        entity = self._entity
        if entity.adjuncts.not_started(failed.id, failed.failure):
            return
        child = Uid(failed.id)
        self._kept.discard(child)
        words = f"{child} could not be started: {failed.failure.message}; it is tried again, look at the daemon's log meanwhile"
        entity.service.set_problem(f"child {child}", words)
        for activity in entity.running.all("start", "deploy"):
            entity.running.fail(activity.id, words)
        entity.after(f"child:{child}", CHILD_RETRY, TryChildAgain(child))

    def let_go(self, child: Uid) -> None:
        """Stop the actor of a child entity that is no more."""
        self._kept.discard(child)
        self._entity.outside.commits.heard(child)
        if child in self._entity.children:
            self._entity.stop_child(child)
