"""Orders given to one entity: who gave one is answered when it is durable, and one that a manager before was given is gone on with.

Invoke ──▶ activity begins ──▶ written, with the intent it led to ──▶ Accepted            killed before that: nobody was told that it was accepted
the next manager ──▶ taken up under its id ──▶ goes on │ given way to a newer one │ ended, as what it was to do is done │ interrupted, with what was done
the same order given again, by a parent that began anew ──▶ the same activity, or the end that it came to
"""

from typing import TYPE_CHECKING, Generic, TypeVar

from clocker_actors.entities.records import Desired, State
from clocker_actors.entities.running import done_so_far
from clocker_actors.entities.superseding import overtaken
from clocker_actors.model.activities import Activity, KeptActivity
from clocker_actors.model.messages import ActivityEnded, Invoke

if TYPE_CHECKING:
    from clocker_actors.entities.entity import Entity

S = TypeVar("S", bound=State)
AIMS = {"start": Desired.RUNNING, "stop": Desired.STOPPED, "delete": Desired.DELETED}
"""What an entity is to be by effectors that `reconcile` looks after, whoever began them."""


class Orders(Generic[S]):
    """Of one entity."""

    __slots__ = ("_entity",)

    def __init__(self, entity: "Entity[S]") -> None:
        self._entity = entity

    def told_before(self, invoke: Invoke) -> Activity | None:
        """The activity of this very order, if it was given before the manager was restarted, and is given again by whoever began anew."""
        entity = self._entity
        known = entity.running.claim(invoke)
        if known is None:
            known = entity.outside.journal.done(entity.uid, invoke)
            if known is not None and invoke.reply_to:
                entity.tell(invoke.reply_to, ActivityEnded(known))
        return known

    def take_up(self) -> None:
        """Go on with what the manager before had begun here, or say that it was interrupted."""
        running = self._entity.running
        kept = self._entity.outside.journal.open_of(self._entity.uid)
        newer = overtaken(kept)
        for each in kept:
            activity = running.take_up(each)
            by = newer.get(activity.id)
            if by is not None:
                running.give_way(activity.id, f"superseded by {by.effector} ({by.id})")
            elif not self._goes_on(each, activity):
                why = f"the manager was restarted before it had ended, and cannot go on with it; {done_so_far(activity)}"
                running.interrupted(activity.id, f"{why}: look at it, and give the command again if it is still wanted")

    def _goes_on(self, kept: KeptActivity, activity: Activity) -> bool:
        entity = self._entity
        aim, desired = AIMS.get(activity.effector), getattr(entity.state, "desired", None)
        if aim is not None and desired not in {None, aim}:
            entity.running.give_way(activity.id, f"superseded: it is to be {desired} by now")
            return True
        ours = entity.adjuncts.goes_on(activity)
        return (aim is not None or entity.goes_on(activity, kept.memory)) if ours is None else ours
