"""Whose is a container that an engine shows? Labels say whom it was made for, records whether it is still wanted there."""

from clocker_actors.entities.records import MemberState
from clocker_actors.model.containers import Observed
from clocker_actors.model.identity import LABEL_GENERATION, LABEL_MEMBER, LABEL_PLANE, LABEL_STATE, LABEL_TASK, EntityKind
from clocker_actors.ports.store import Store
from clocker_actors.store.codec import decode


def owned(seen: Observed, plane: str, identity: str) -> tuple[str, int] | None:
    """Member and generation of a container made from this state; None for a foreign one, be it of another state directory that calls itself the same
    plane (or one whose labels were forged badly)."""
    if seen.labels.get(LABEL_PLANE) != plane or seen.labels.get(LABEL_STATE) != identity:
        return None
    member, number = seen.labels.get(LABEL_MEMBER, ""), seen.labels.get(LABEL_GENERATION, "")
    return (member, int(number)) if member and number.isdecimal() else None


def wanted(store: Store, member: str, generation: int) -> bool:
    """Whether the member's record has this generation, in whatever part. Durable memory knows every intent before its effect."""
    body = store.read(EntityKind.MEMBER, member)
    if body is None:
        return False
    return any(kept.number == generation for kept in decode(MemberState, body).generations)


def owned_now(seen: Observed, plane: str, store: Store) -> tuple[str, int] | None:
    """As `owned`; but None, too, for what was made for a member of after the backup that this state was restored from: nobody knows what it is to be, so
    it is only shown, as foreign ones are."""
    whose = owned(seen, plane, store.identity)
    if whose is not None and store.lost(whose[0]) and store.read(EntityKind.MEMBER, whose[0]) is None:
        return None
    return whose


def task_until(seen: Observed, plane: str, state: str) -> float | None:
    """Until when one of our containers that only run a command may be there; None for any other container."""
    labels = seen.labels
    if labels.get(LABEL_PLANE) != plane or labels.get(LABEL_STATE) != state or LABEL_TASK not in labels:
        return None
    try:
        return float(labels[LABEL_TASK])
    except ValueError:
        return 0.0
