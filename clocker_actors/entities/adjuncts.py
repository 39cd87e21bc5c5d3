"""Policies, enrichers and feeds of one entity: made from its durable state, kept as its children, changed at run time.

They are told about and talked to by message only; what they are is the business of the rooms that make them. Which there are is part of the entity's state.
What each asks to keep is a record of its own (`memories.py`).

    add ──durable──▶ spawned ──Started──▶ runs                    set, resume ──▶ one that failed is spawned anew
                        └──StartFailed──▶ failed, with a reason   remove ──durable──▶ stopped, if it runs
    an update of the entity ──durable──▶ those added spawned, those taken away stopped, those changed told so (of another type: stopped, then spawned)
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Generic, TypeVar

from clocker_actors.entities.adopting import Adopting, adopting, configuration, keys, owned
from clocker_actors.entities.fitting import refuse_unfit, waiting
from clocker_actors.entities.latevalues import LateValues
from clocker_actors.entities.memories import Memories
from clocker_actors.entities.records import ADJUNCT_KIND, State
from clocker_actors.errors import BadRequest, Conflict, Failure, NotFound
from clocker_actors.kernel import Actor, Answered, RequestFailed, TimedOut
from clocker_actors.model.activities import Activity
from clocker_actors.model.identity import RECORDER, Cause, policy_id
from clocker_actors.model.messages import ActivityEnded, MembersChanged, Reconfigure, Resume, SensorChanged, StillOpen, Suspend
from clocker_actors.model.noted import DecisionNoted, PolicyNoted
from clocker_actors.model.ownership import AdjunctState, Owner, owner_of
from clocker_actors.model.specs import PolicySpec
from clocker_actors.model.values import Value, as_map
from clocker_actors.ports.store import Record

if TYPE_CHECKING:
    from clocker_actors.entities.entity import Arguments, EffectorMethod, Entity

log = logging.getLogger(__name__)

S = TypeVar("S", bound=State)
ANSWER_LIMIT = 5.0


class Adjuncts(Generic[S]):
    """The policies, enrichers and feeds of an entity, by name."""

    __slots__ = (
        "_asked",
        "_entity",
        "_failed",
        "_late",
        "_leaving",
        "_made",
        "_opening",
        "_over",
        "_stopping",
        "memories",
    )

    def __init__(self, entity: "Entity[S]") -> None:
        self._entity = entity
        self._asked: dict[int, tuple[str, str, Mapping[str, Owner]]] = {}  # request number → (activity, policy name, who sets which keys)
        self._made: dict[str, PolicySpec | None] = {}  # those whose actors were spawned, and as what; None: by the behaviour before a crash
        self._stopping: set[str] = set()  # those whose actors were told to stop, and have not yet
        self._failed: dict[str, Failure] = {}  # those of them that could not start
        self._opening: dict[str, str] = {}  # name → activity that ends when it has started
        self._leaving: dict[str, tuple[str, str]] = {}  # name → (activity, type) of those taken away
        self.memories = Memories(entity)
        self._over = False
        self._late = LateValues(entity)

    # --- actors

    def spawn_all(self) -> None:
        """Make (or keep) the actors of all of them, at the start of the entity's behaviour."""
        own = f"{self._entity.uid}:"
        self._made = {child.removeprefix(own): None for child in self._entity.children if child.startswith(own)}
        for adjunct in self._entity.state.adjuncts:
            # One whose record is still on its way begins when it is durable; one that has late values, when they are known.
            if adjunct.spec.name in self._made or (self._entity.durable and self._late.spec(adjunct.spec) is not None):
                self._spawn(adjunct)
        if self._entity.durable:
            self.settle()

    def settle(self) -> None:
        """What was decided about them is durable: make those that are missing, stop those that are no more, change those that are to be otherwise."""
        wanted = {adjunct.spec.name: adjunct for adjunct in self._entity.state.adjuncts}
        self._late.look()
        for name, adjunct in wanted.items():
            spec = self._late.spec(adjunct.spec)
            if spec is None:
                self._wait(name, adjunct.spec)
            elif name not in self._made:
                if name not in self._stopping:
                    self._spawn(adjunct)
            elif self._made[name] != spec:
                self._become(name, spec, adjunct)
        for name in (*self._made, *self._leaving) if self._leaving or self._made.keys() - wanted.keys() else ():
            if name not in wanted:
                self._stop(name)

    def look(self) -> None:
        """Something that late values are made of may have changed."""
        if not self._over and self._late.look() and self._entity.durable:
            self.settle()

    def seen(self) -> None:
        """Something is known of others that was not: values may have come of it, and whatever else the entity waits for."""
        self.look()
        self._entity.settle()

    def _wait(self, name: str, spec: PolicySpec) -> None:
        """Its values are not known yet. What works already goes on as it is, unless it is to be something else."""
        made = self._made.get(name)
        if made is not None and made.type != spec.type:
            self._halt(name, policy_id(self._entity.uid, name))

    def _spawn(self, adjunct: AdjunctState) -> None:
        entity, name = self._entity, adjunct.spec.name
        actor = policy_id(entity.uid, name)
        self.memories.begin(name)
        self._made[name] = None if name in self._made else self._late.spec(adjunct.spec)

        def fresh() -> Actor:
            # A restarted policy begins with the state it had last asked to keep, not with that of its first start.
            now = self.find(name)
            spec = self._late.spec(now.spec)
            if spec is None:
                raise Conflict(f"policy {name} of {self._where} {self._late.why(name)}; it starts when that is there", policy=name)
            return entity.outside.adjunct(spec, entity.uid, state=self.memories.of(name), suspended=now.suspended)()

        entity.spawn(actor, fresh)

    def adopt(self, old: Sequence[AdjunctState], new: Sequence[AdjunctState]) -> Adopting:
        """What the entity has from now on whose file had `old`, and has `new`: to be written with the new spec, and acted upon when that is durable."""
        change = adopting(self._entity, old, new)
        for gone in change.gone:
            self.memories.forget(gone)
        return change

    def _become(self, name: str, spec: PolicySpec, adjunct: AdjunctState) -> None:
        """It is to be otherwise than its actor is: told so, or made anew where it is of another type, or did not start."""
        made, self._made[name] = self._made[name], spec
        actor = policy_id(self._entity.uid, name)
        if name in self._failed or actor not in self._entity.children:
            self._failed.pop(name, None)
            self._spawn(adjunct)
        elif made is not None and made.type != spec.type:
            self._entity.service.set_problem(name, "")
            self._halt(name, actor)
        else:
            given = configuration(self._entity.outside.types, made, spec)
            self._entity.tell(actor, Reconfigure(given, Cause("update")))

    def _halt(self, name: str, actor: str) -> None:
        """Stop its actor; another one can have the name when it has."""
        self._made.pop(name, None)
        self.memories.forget(name)
        if actor in self._entity.children:
            self._stopping.add(name)
            self._entity.stop_child(actor)

    def stopped(self, actor: str) -> None:
        """A child has stopped, perhaps one of them that is to be there again."""
        name = self._name(actor)
        if name in self._stopping:
            self._stopping.discard(name)
            if self._entity.durable and not self._over:
                self.settle()

    def _stop(self, name: str) -> None:
        entity, made = self._entity, self._made.get(name)
        self._halt(name, policy_id(entity.uid, name))
        self._failed.pop(name, None)
        entity.service.set_problem(name, "")
        activity, type_name = self._leaving.pop(name, ("", made.type if made is not None else ""))
        entity.tell(RECORDER, PolicyNoted(entity.uid, name, type_name, "policy", "removed"))
        entity.running.finish(activity)
        for left in entity.state.adjuncts:
            self._tell_waiting(left.spec.name)

    def started(self, actor: str) -> None:
        """A child has started, perhaps one of them."""
        name = self._name(actor)
        self._failed.pop(name, None)
        activity = self._opening.pop(name, "")
        self._tell_waiting(name, activity)
        if activity:
            self._entity.running.finish(activity, name)

    def _tell_waiting(self, name: str, activity: str = "") -> None:
        """Say so if it listens to what nothing publishes: it would otherwise look like one that has nothing to do."""
        entity, adjunct = self._entity, next((kept for kept in self._entity.state.adjuncts if kept.spec.name == name), None)
        decision = waiting(entity, adjunct.spec, self._where, Cause(activity or "start")) if adjunct is not None else None
        if decision is not None:
            entity.tell(RECORDER, DecisionNoted(decision))
            entity.running.progress(activity, done=0, total=0, note=f"{name} {decision.reason}")

    def tell_known(self, actor: str) -> None:
        """One of them that begins, or begins anew after a crash, hears what is known already: readings, and who is below."""
        entity = self._entity
        if self._name(actor):
            for reading in entity.readings.values():
                entity.tell(actor, SensorChanged(entity.uid, reading))
            if below := entity.below():
                entity.tell(actor, MembersChanged(entity.uid, below))
            self._tell_orders(actor)

    def _tell_orders(self, actor: str) -> None:
        """A policy that begins hears what became of what it has ordered before, and which of it is under way."""
        entity, name = self._entity, self._name(actor)
        if not any(each.spec.name == name and self._role(each.spec.type) == "policy" for each in entity.state.adjuncts):
            return
        for ended in entity.outside.journal.ended_for(actor):
            entity.tell(actor, ActivityEnded(ended))
        entity.tell(actor, StillOpen(tuple(each.cause.id for each in entity.running.all() if each.cause.principal == actor)))

    def not_started(self, actor: str, failure: Failure) -> bool:
        """A child could not start; whether it is one of them. It is listed as failed until it is set, resumed or removed."""
        name = self._name(actor)
        if not name:
            return False
        self._failed[name] = failure
        adjunct = next((kept for kept in self._entity.state.adjuncts if kept.spec.name == name), None)
        if adjunct is not None:
            type_name, why = adjunct.spec.type, {"problem": failure.message}
            noted = PolicyNoted(self._entity.uid, name, type_name, self._role(type_name), "failed", adjunct.spec.config, why)
            self._entity.tell(RECORDER, noted)
        self._entity.running.fail(self._opening.pop(name, ""), f"policy {name} could not start: {failure.message}")
        return True

    def _name(self, actor: str) -> str:
        own = f"{self._entity.uid}:"
        return actor.removeprefix(own) if actor.startswith(own) else ""

    def _role(self, type_name: str) -> str:
        rows = self._entity.outside.types.policies.values()
        return next((row.role for row in rows if type_name in (row.name, *row.aliases)), "policy")

    def find(self, name: str) -> AdjunctState:
        """The adjunct of that name; raises NotFound with the nearest known names."""
        known = {adjunct.spec.name: adjunct for adjunct in self._entity.state.adjuncts}
        if name in known:
            return known[name]
        near = get_close_matches(name, known, n=3) or sorted(known) or [f"none; add one with `clocker policies {self._where} add TYPE`"]
        raise NotFound(f"{self._where} has no policy {name!r}; it has {', '.join(near)}", policy=name)

    @property
    def _where(self) -> str:
        """What people call the entity."""
        return self._entity.state.identity.path or self._entity.uid

    # --- effectors

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
            how = f"give another --name, or change it with `clocker policies {self._where} set {name} key=value`"
            raise BadRequest(f"{self._where} has a policy {name!r} already: {how}", policy=name)
        if name in self._leaving or name in self._stopping:
            raise Conflict(f"policy {name!r} of {self._where} is being removed: add it again in a second", policy=name)
        if not name or ":" in name:
            raise BadRequest(f"{name!r} is no name for a policy: give one without a colon", policy=name)
        spec, owner = PolicySpec(kind, name, as_map(arguments["config"])), owner_of(activity.cause, entity.now)
        adjunct = AdjunctState(spec, owners=dict.fromkeys(keys(entity.outside.types, kind, spec.config), owner), added=owner)
        entity.outside.adjunct(adjunct.spec, entity.uid, state=None, suspended=False)
        refuse_unfit(entity, adjunct.spec, self._where)
        self._opening[name] = activity.id
        entity.change(replace(entity.state, adjuncts=(*entity.state.adjuncts, adjunct)))

    def _set(self, activity: Activity, arguments: "Arguments") -> None:
        entity, given = self._entity, as_map(arguments["config"])
        adjunct = self.find(str(arguments["policy"]))
        owners = dict.fromkeys(keys(entity.outside.types, adjunct.spec.type, given), owner_of(activity.cause, entity.now))
        late = tuple(each for each in adjunct.spec.late if each.field not in owners)
        spec = replace(adjunct.spec, config={**adjunct.spec.config, **given}, late=late)
        whole = self._late.spec(spec)
        if whole is not None:
            entity.outside.adjunct(whole, entity.uid, state=None, suspended=False)  # refuses what cannot be, before anything is accepted
            refuse_unfit(entity, whole, self._where)
        if spec.name not in self._made:
            self._change(replace(adjunct, spec=spec, owners={**adjunct.owners, **owners}))
            entity.running.finish(activity.id, dict(spec.config))
            return
        if spec.name in self._failed:
            self._begin_anew(replace(adjunct, spec=spec, owners={**adjunct.owners, **owners}), activity)
            return
        message = Reconfigure(given, Cause(activity.id, activity.cause.principal))
        number = entity.request(policy_id(entity.uid, spec.name), message, ANSWER_LIMIT)
        self._asked[number] = (activity.id, spec.name, owners)

    def answered(self, message: Answered | RequestFailed | TimedOut) -> bool:
        """A policy has answered whether it takes its new configuration; whether the message was for us."""
        asked = self._asked.pop(message.request, None)
        if asked is None:
            return False
        activity, name, owners = asked
        adjunct = next((kept for kept in self._entity.state.adjuncts if kept.spec.name == name), None)
        if adjunct is None:
            self._entity.running.fail(activity, f"policy {name} was removed meanwhile")
        elif isinstance(message, Answered):
            config = as_map(message.value)
            late = tuple(each for each in adjunct.spec.late if each.field not in owners)
            fields = {each.field for each in late}
            spec = replace(adjunct.spec, config={key: value for key, value in config.items() if key not in fields}, late=late)
            self._made[name] = self._late.spec(spec)
            self._change(replace(adjunct, spec=spec, owners={**adjunct.owners, **owners}))
            self._tell_waiting(name, activity)
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
        adjunct = replace(self.find(name), suspended=suspended, rested=owner_of(activity.cause, self._entity.now))
        if name in self._failed and not suspended:
            self._begin_anew(adjunct, activity)
            return
        self._change(adjunct)
        cause = Cause(activity.id, activity.cause.principal)
        if name in self._made:
            self._entity.tell(policy_id(self._entity.uid, name), Suspend(cause) if suspended else Resume(cause))
        self._entity.running.finish(activity.id)

    def _begin_anew(self, adjunct: AdjunctState, activity: Activity) -> None:
        """One that could not start is tried again; the activity ends with that."""
        name = adjunct.spec.name
        self._failed.pop(name, None)
        self._made.pop(name, None)
        self._opening[name] = activity.id
        self._change(adjunct)
        if self._entity.durable:
            self.settle()

    def _remove(self, activity: Activity, arguments: "Arguments") -> None:
        entity = self._entity
        adjunct = self.find(str(arguments["policy"]))
        name = adjunct.spec.name
        entity.running.fail(self._opening.pop(name, ""), f"policy {name} was removed before it had started")
        self._leaving[name] = (activity.id, adjunct.spec.type)
        self.memories.forget(name)
        left = tuple(kept for kept in entity.state.adjuncts if kept.spec.name != name)
        entity.change(replace(entity.state, adjuncts=left), Record(ADJUNCT_KIND, policy_id(entity.uid, name), None))

    def _change(self, adjunct: AdjunctState) -> None:
        entity = self._entity
        states = tuple(adjunct if old.spec.name == adjunct.spec.name else old for old in entity.state.adjuncts)
        if states != entity.state.adjuncts:
            entity.change(replace(entity.state, adjuncts=states))
            entity.note()

    # --- over a restart of the manager

    def goes_on(self, activity: Activity) -> bool | None:
        """Whether an effector for policies that was under way goes on, or is ended here as what it was to do is done; None for any other effector."""
        states = {adjunct.spec.name: adjunct for adjunct in self._entity.state.adjuncts}
        given = activity.arguments
        adjunct = states.get(str(given.get("policy") or given.get("name") or given.get("type")))
        match activity.effector:
            case "add_policy":
                if adjunct is not None:
                    self._opening[adjunct.spec.name] = activity.id
                return adjunct is not None
            case "remove_policy":
                done = adjunct is None
            case "suspend_policy" | "resume_policy":
                done = adjunct is not None and adjunct.suspended == (activity.effector == "suspend_policy")
            case "set_policy":
                wanted = keys(self._entity.outside.types, adjunct.spec.type, as_map(given.get("config"))) if adjunct is not None else ()
                done = adjunct is not None and all(
                    (owner := adjunct.owners.get(key)) is not None and owner.cause == activity.cause.id and owner.at >= activity.began
                    for key in wanted
                )
            case _:
                return None
        if done:
            self._entity.running.finish(activity.id)
        return done

    def facts(self) -> Mapping[str, Value]:
        """Who set what of them at run time, for people."""
        said = [words for adjunct in self._entity.state.adjuncts for words in owned(adjunct)]
        return {"policy_owners": said} if said else {}

    def over(self) -> None:
        """The entity is being forgotten, and its records with it: nothing is written any more."""
        self._over = True
        self.memories.over()
