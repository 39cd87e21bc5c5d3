"""Short ways to make facts for the tests of this folder."""

from clocker_actors.model import noted
from clocker_actors.model.activities import Activity, ActivityState
from clocker_actors.model.decisions import Decision
from clocker_actors.model.identity import Cause, EntityKind, Uid
from clocker_actors.model.sensors import Reading
from clocker_actors.model.values import Value
from clocker_actors.telemetry.readmodel import ReadModel

KINDS = {"r": EntityKind.ROOT, "a": EntityKind.APPLICATION, "c": EntityKind.CLUSTER, "m": EntityKind.MEMBER}
KINDS |= {"p": EntityKind.POOL, "h": EntityKind.HOST, "k": EntityKind.CONTAINER}
NOW = 1_800_000_000.0


def entity(uid: str, path: str, parent: str | None = None, at: float = NOW, **facts: Value) -> noted.EntityNoted:
    """An entity whose kind is told by the first letter of its uid."""
    above = None if parent is None else Uid(parent)
    return noted.EntityNoted(Uid(uid), KINDS[uid[0]], path, path.rpartition("/")[2], above, None, at, facts=facts)


def readings(uid: str, at: float = NOW, **values: Value) -> noted.SensorsNoted:
    """Readings; a double underscore in a name stands for a dot."""
    return noted.SensorsNoted(Uid(uid), tuple(Reading(name.replace("__", "."), value, at) for name, value in values.items()))


def activity(
    number: int, uid: str, state: ActivityState = ActivityState.RUNNING, *, cause: str = "start", parent: str = "", effector: str = "resize"
) -> noted.ActivityNoted:
    """An activity that began at NOW + number, and took two seconds if it has ended."""
    began = NOW + number
    ended = began + 2 if state.ended else None
    return noted.ActivityNoted(Activity(f"t{number}", Uid(uid), effector, Cause(cause), began, parent=parent, state=state, ended=ended))


def decision(number: int, uid: str, action: str = "", cause: str = "start", kind: str = "autoscale") -> noted.DecisionNoted:
    """A decision made at NOW + number."""
    return noted.DecisionNoted(Decision(f"d{number}", Uid(uid), f"{uid}:scaler", kind, NOW + number, action, "because", Cause(cause)))


def shop() -> ReadModel:
    """A small world: application shop, cluster shop/web with two members, pool local with one host and two containers."""
    model = ReadModel()
    for fact in (
        entity("root", ""),
        entity("a1", "shop", "root"),
        entity("c2", "shop/web", "a1"),
        entity("m3", "shop/web/1", "c2"),
        entity("m4", "shop/web/2", "c2"),
        entity("p5", "local", "root"),
        entity("h6", "local/here", "p5"),
        entity("k7", "local/here/shop.web.1.g1", "h6", member="m3", generation=1),
        entity("k8", "local/here/shop.web.2.g1", "h6", member="m4", generation=1),
    ):
        model.note(fact, NOW)
    return model
