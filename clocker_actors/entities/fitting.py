"""Whether a policy or enricher can ever work on an entity: asked before one is accepted, and told when it begins to wait for what nothing publishes.

`model.fitness` knows the rules; here they meet what the entity is and has.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar

from clocker_actors.entities.records import State
from clocker_actors.errors import BadRequest
from clocker_actors.model.configuration import checked
from clocker_actors.model.decisions import Decision
from clocker_actors.model.fitness import Placed, certainly_wrong, loop, numbers, published, waits_for
from clocker_actors.model.identity import Cause, EntityKind, policy_id
from clocker_actors.model.specs import PolicySpec
from clocker_actors.model.types import PolicyType

if TYPE_CHECKING:
    from clocker_actors.entities.entity import Entity

S = TypeVar("S", bound=State)
WAIT = "wait"
_EXAMPLES = 4


def refuse_unfit(entity: "Entity[S]", spec: PolicySpec, where: str) -> None:
    """Raise BadRequest for one that can never work on this entity, saying what would be right. Its configuration must be in order."""
    placed = _placed(entity, spec)
    if placed is None:
        return
    wrong = certainly_wrong(placed, EntityKind(entity.kind), _there(entity, spec), entity.outside.types.policies.values())
    wrong = wrong or loop(placed, _beside(entity, spec))
    if wrong is not None:
        raise BadRequest(f"{where}: {wrong[1]}", policy=spec.name, key=wrong[0] or None)


def waiting(entity: "Entity[S]", spec: PolicySpec, where: str, cause: Cause) -> Decision | None:
    """The word that it waits for a sensor that nothing publishes; None if it does not."""
    placed = _placed(entity, spec)
    there = _there(entity, spec)
    names = waits_for(placed, there) if placed is not None else ()
    if not names:
        return None
    known = ", ".join(sorted(numbers(there))[:_EXAMPLES])
    published_here = f"; {where} has for example {known}" if known else ""
    reason = f"waits for sensor {', '.join(names)} that nothing publishes{published_here}"
    change = f"would begin with the first reading of {names[0]}: add the enricher that gives it, or `clocker policies {where} set {spec.name}` another"
    actor = policy_id(entity.uid, spec.name)
    return Decision(
        entity.outside.ids.decision(),
        entity.uid,
        actor,
        WAIT,
        entity.now,
        "",
        reason,
        cause,
        would_change=(change,),
    )


def _there(entity: "Entity[S]", spec: PolicySpec) -> frozenset[str]:
    """Sensors the entity has, with what its policies and enrichers give, this one as it is to be."""
    return published(EntityKind(entity.kind), _beside(entity, spec))


def _beside(entity: "Entity[S]", spec: PolicySpec) -> list[Placed]:
    """Its policies and enrichers, this one as it is to be."""
    others = [adjunct.spec for adjunct in entity.state.adjuncts if adjunct.spec.name != spec.name]
    return [placed for each in (*others, spec) if (placed := _placed(entity, each)) is not None]


def _placed(entity: "Entity[S]", spec: PolicySpec) -> Placed | None:
    row = _type(entity.outside.types.policies, spec.type)
    if row is None:
        return None
    try:
        return Placed(row, checked(row, spec.config))
    except BadRequest:
        return None  # kept from a time when it had other keys: it could not start, which is told by itself


def _type(rows: Mapping[str, PolicyType], name: str) -> PolicyType | None:
    return rows.get(name) or next((row for row in rows.values() if name in row.aliases), None)
