"""Policies, enrichers and feeds of one entity: made from its durable state, kept as its children, changed at run time.

They are told about and talked to by message only; what they are is the business of the rooms that make them.
"""

from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Generic, TypeVar

from clocker_actors.entities.records import AdjunctState, State
from clocker_actors.errors import BadRequest, Conflict, NotFound
from clocker_actors.kernel import Actor, Answered, RequestFailed, TimedOut
from clocker_actors.model.activities import Activity
from clocker_actors.model.identity import RECORDER, Cause, policy_id
from clocker_actors.model.messages import PolicyNoted, Reconfigure, Resume, Suspend
from clocker_actors.model.specs import PolicySpec
from clocker_actors.model.values import Value, as_map

if TYPE_CHECKING:
    from clocker_actors.entities.entity import Arguments, EffectorMethod, Entity

S = TypeVar("S", bound=State)
ANSWER_LIMIT = 5.0


class Adjuncts(Generic[S]):
    """The policies, enrichers and feeds of an entity, by name."""

    __slots__ = ("_asked", "_entity")

    def __init__(self, entity: "Entity[S]") -> None:
        self._entity = entity
        self._asked: dict[int, tuple[str, str]] = {}  # request number → (activity, policy name)

    def spawn_all(self) -> None:
        """Make (or keep) the actors of all of them."""
        for adjunct in self._entity.state.adjuncts:
            self._spawn(adjunct)

    def _spawn(self, adjunct: AdjunctState) -> None:
        entity = self._entity
        make = entity.outside.adjunct
        factory = make(adjunct.spec, entity.uid, state=adjunct.state, suspended=adjunct.suspended)

        def fresh() -> Actor:
            # A restarted policy begins with the state it had last asked to keep, not with that of its first start.
            kept = self.find(adjunct.spec.name)
            if kept == adjunct:
                return factory()
            return make(kept.spec, entity.uid, state=kept.state, suspended=kept.suspended)()

        entity.spawn(policy_id(entity.uid, adjunct.spec.name), fresh)

    def find(self, name: str) -> AdjunctState:
        """The adjunct of that name; raises NotFound with the nearest known names."""
        known = {adjunct.spec.name: adjunct for adjunct in self._entity.state.adjuncts}
        if name in known:
            return known[name]
        near = get_close_matches(name, known, n=3) or sorted(known) or ["none; add one with `clocker policies ID add TYPE`"]
        raise NotFound(f"{self._entity.uid} has no policy {name!r}; it has {', '.join(near)}", policy=name)

    def effector_methods(self) -> "Mapping[str, EffectorMethod]":
        """The effectors for policies, common to all entities."""
        return {
            "add_policy": self._add,
            "set_policy": self._set,
            "suspend_policy": self._suspend,
            "resume_policy": self._resume,
            "remove_policy": self._remove,
        }

    def _add(self, activity: Activity, arguments: "Arguments") -> None:
        entity = self._entity
        kind = str(arguments["type"])
        name = str(arguments["name"]) or kind
        if any(adjunct.spec.name == name for adjunct in entity.state.adjuncts):
            raise Conflict(f"{entity.uid} has a policy {name!r} already: give another name=…, or change it with set_policy", policy=name)
        adjunct = AdjunctState(PolicySpec(kind, name, as_map(arguments["config"])))
        entity.outside.adjunct(adjunct.spec, entity.uid, state=None, suspended=False)
        entity.change(replace(entity.state, adjuncts=(*entity.state.adjuncts, adjunct)))
        self._spawn(adjunct)
        entity.running.finish(activity.id, name)

    def _set(self, activity: Activity, arguments: "Arguments") -> None:
        name = str(arguments["policy"])
        self.find(name)
        message = Reconfigure(as_map(arguments["config"]), Cause(activity.id, activity.cause.principal))
        number = self._entity.request(policy_id(self._entity.uid, name), message, ANSWER_LIMIT)
        self._asked[number] = (activity.id, name)

    def answered(self, message: Answered | RequestFailed | TimedOut) -> bool:
        """A policy has answered whether it takes its new configuration; whether the message was for us."""
        asked = self._asked.pop(message.request, None)
        if asked is None:
            return False
        activity, name = asked
        if isinstance(message, Answered):
            config = as_map(message.value)
            self._keep(replace(self.find(name), spec=replace(self.find(name).spec, config=config)))
            self._entity.running.finish(activity, dict(config))
        else:
            said = message.failure.message if isinstance(message, RequestFailed) else f"policy {name} did not answer in {ANSWER_LIMIT:g} s"
            self._entity.running.fail(activity, said)
        return True

    def _suspend(self, activity: Activity, arguments: "Arguments") -> None:
        self._rest(activity, str(arguments["policy"]), suspended=True)

    def _resume(self, activity: Activity, arguments: "Arguments") -> None:
        self._rest(activity, str(arguments["policy"]), suspended=False)

    def _rest(self, activity: Activity, name: str, *, suspended: bool) -> None:
        adjunct = self.find(name)
        self._keep(replace(adjunct, suspended=suspended))
        cause = Cause(activity.id, activity.cause.principal)
        self._entity.tell(policy_id(self._entity.uid, name), Suspend(cause) if suspended else Resume(cause))
        self._entity.running.finish(activity.id)

    def _remove(self, activity: Activity, arguments: "Arguments") -> None:
        entity = self._entity
        adjunct = self.find(str(arguments["policy"]))
        if policy_id(entity.uid, adjunct.spec.name) not in entity.children:
            raise BadRequest(f"policy {adjunct.spec.name} of {entity.uid} is still starting; try again in a second")
        left = tuple(kept for kept in entity.state.adjuncts if kept.spec.name != adjunct.spec.name)
        entity.change(replace(entity.state, adjuncts=left))
        entity.stop_child(policy_id(entity.uid, adjunct.spec.name))
        entity.tell(RECORDER, PolicyNoted(entity.uid, adjunct.spec.name, adjunct.spec.type, "policy", "removed"))
        entity.running.finish(activity.id)

    def keep(self, name: str, state: Mapping[str, Value]) -> None:
        """A policy asks to keep its state; unknown names (just removed) are ignored."""
        if any(adjunct.spec.name == name for adjunct in self._entity.state.adjuncts):
            self._keep(replace(self.find(name), state=state))

    def _keep(self, adjunct: AdjunctState) -> None:
        entity = self._entity
        kept = tuple(adjunct if old.spec.name == adjunct.spec.name else old for old in entity.state.adjuncts)
        if kept != entity.state.adjuncts:
            entity.change(replace(entity.state, adjuncts=kept))
