"""An application becomes what a changed file says.

    update ──merged, revision + 1, durable──▶ children adopt (`family.py`), new ones are planted, those that the file leaves out go
                                              └──▶ all run as it says: done, and images of before that nobody wants are removed
                                              └──▶ one stays behind, or is on fire with what it adopted: failed; what ran goes on
    the same file again ──▶ nothing to do; or, where services stay behind, they try anew

Nothing of it is remembered but the spec itself, with its activity which services it is about: the next manager compares children with it as ever.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from clocker_actors.entities.records import ApplicationState, ClusterState, Desired, MemberState
from clocker_actors.entities.services.planting import adjuncts
from clocker_actors.entities.wanted import images_of, pool_named
from clocker_actors.errors import BadRequest, Conflict
from clocker_actors.model.activities import Activity
from clocker_actors.model.generations import RemoveImages
from clocker_actors.model.identity import SYSTEM, EntityKind, Uid
from clocker_actors.model.lifecycle import Lifecycle
from clocker_actors.model.ownership import AdjunctState
from clocker_actors.model.places import pools_of
from clocker_actors.model.specs import ApplicationSpec, ServiceSpec
from clocker_actors.model.values import Value
from clocker_actors.planning import merging
from clocker_actors.planning.places import moving
from clocker_actors.planning.plainsecrets import REFUSE, in_plain
from clocker_actors.planning.powers import refused as not_allowed
from clocker_actors.ports.store import Store
from clocker_actors.store.codec import convert, decode, encode

if TYPE_CHECKING:
    from clocker_actors.entities.entity import Arguments
    from clocker_actors.entities.services.application import Application

RESTS = frozenset({Lifecycle.STOPPING, Lifecycle.STOPPED})


LEAVING = 15.0
"""Seconds that containers of before have to be gone, until what they were built as is removed; what is not gone by then is found by the hosts in a while."""


class OldImages:
    """Timer message: containers of the revision before are gone."""


class Updates:
    """Of one application. `_changed` are the ids of the services that the newest update is about, `_images` what was built for the revision before it, `_worked`
    the newest activity that had something to do: a new revision, or what stayed behind."""

    __slots__ = ("_application", "_changed", "_images", "_worked")

    def __init__(self, application: "Application") -> None:
        self._application = application
        self._changed: frozenset[str] = frozenset()
        self._images: frozenset[str] = frozenset()
        self._worked = ""

    def take_up(self, memory: Mapping[str, Value]) -> None:
        """An update that a manager before had begun goes on: what it is about, and whether it had anything to do, is kept with its activity."""
        changed, images = memory.get("changed"), memory.get("images")
        self._changed = frozenset(map(str, changed)) if isinstance(changed, list | tuple) else frozenset()
        self._images = frozenset(map(str, images)) if isinstance(images, list | tuple) else frozenset()
        self._worked = str(memory.get("worked") or "")

    def _remember(self, activity: Activity) -> None:
        self._application.running.remember(activity.id, changed=sorted(self._changed), images=sorted(self._images), worked=self._worked)

    def begin(self, activity: Activity, arguments: "Arguments") -> None:
        """The effector update."""
        application = self._application
        application.refuse_if_deleting(activity)
        state = application.state
        spec = replace(convert(ApplicationSpec, arguments["spec"]), revision=state.spec.revision)
        refused = moving(state.spec, spec)
        if refused:
            raise Conflict(refused, name=spec.id)
        faults = [each.refusal for each in not_allowed(spec, application.outside.allow)]
        if application.outside.plain_secrets == REFUSE:
            faults += map(str, in_plain(spec))
        if faults:
            raise BadRequest("\n".join(faults))
        application.running.supersede("update", by=activity)
        for path in self._away(spec):
            application.running.step(activity.id, "keep", f"{path}: {merging.STAYS_AWAY}")
        if encode(spec) == encode(state.spec):
            self._again(activity)
        else:
            self._adopt(activity, replace(spec, revision=state.spec.revision + 1))

    def _away(self, spec: ApplicationSpec) -> Iterator[str]:
        """Paths of the services that a person deleted, and that stay so."""
        state = self._application.state
        left = merging.Services(state.missing, state.going)
        names = merging.away(state.spec.services, spec.services, state.children, left) if state.planted else ()
        yield from (f"{state.identity.path}/{name}" for name in names)

    def _again(self, activity: Activity) -> None:
        """The file says what it said before."""
        family = self._application.family
        behind, failed = family.behind(), family.update_failed()
        if not behind and not failed:
            self._application.running.step(activity.id, "compare", "nothing to do")
            self._application.running.finish(activity.id, self._result(activity))
            return
        # What has only just been begun, and says nothing yet, is no work of this one.
        if failed or self._changed or any(why != self._application.family.UNHEARD for why in behind.values()):
            self._worked = activity.id
        self._changed |= {*behind, *failed}
        self._remember(activity)
        self._application.running.step(activity.id, "try again", ", ".join(failed or behind))
        family.try_anew(failed)
        self._application.settle()

    def _adopt(self, activity: Activity, spec: ApplicationSpec) -> None:
        application, state = self._application, self._application.state
        old = {service.id: service for service in state.spec.services}
        changed = [service for service in spec.services if old.get(service.id) != service]
        self._changed = frozenset(service.id for service in changed)
        self._images |= set(images_of(state))
        self._worked = activity.id
        self._remember(activity)
        kept = [words for service in changed for words in stays(service, state.children.get(service.id), application.outside.store)]
        policies = application.adjuncts.adopt(own_adjuncts(state.spec), own_adjuncts(spec))
        after = replace(
            application.family.adopted(state.spec.services, spec.services, state),
            spec=spec,
            identity=replace(state.identity, name=spec.name),
            elsewhere=self._elsewhere(spec),
            adjuncts=policies.adjuncts,
        )
        application.running.step(activity.id, "adopt", _summary(state, after, self._changed))
        for words in (*policies.kept, *kept):
            application.running.step(activity.id, "keep", words)
        application.change(after, *policies.records)
        application.spec_changed()

    def _elsewhere(self, spec: ApplicationSpec) -> tuple[Uid, ...]:
        """The pools beside its own that it has something in, or had. Raises Conflict for one that is gone since the file was read."""
        application = self._application
        named = {name: pool_named(application.outside.store, name) for name in pools_of(spec) if name != spec.location}
        gone = [name for name, uid in named.items() if uid is None]
        if gone:
            raise Conflict(f"application {spec.id}: there is no docker cloud {gone[0]!r} any more: name another location", location=gone[0])
        return tuple(dict.fromkeys((*application.state.elsewhere, *(uid for uid in named.values() if uid is not None))))

    def _result(self, activity: Activity) -> dict[str, object]:
        return {"revision": self._application.state.spec.revision, "changed": activity.id == self._worked}

    # --- how far it is

    def refresh(self) -> None:
        """Say how far it is, and end it when its goal is reached or cannot be."""
        application = self._application
        activity = application.running.newest("update")
        if activity is None:
            return
        family = application.family
        behind, failed = family.behind(), family.update_failed()
        waiting = {**self._down(), **behind}
        total = len(family.staying) + len(application.state.missing) + len(application.state.going)
        note = "; ".join(f"{name}: {words}" if words else name for name, words in list(waiting.items())[:5])
        application.running.progress(activity.id, done=total - len(waiting), total=total, note=note)
        lead = f"{application.identity.path}/"
        said = (words if words.startswith(f"{lead}{name}") else f"{lead}{name}: {words}" for name, words in failed.items())
        problem = "; ".join(list(said)[:5])
        if not problem and application.state.desired is Desired.RUNNING:
            problem = family.fire(among=self._changed - {name for name, why in behind.items() if why == family.UNHEARD})
        if problem:
            application.running.fail(activity.id, problem, self._result(activity))
        elif not waiting:
            self._done(activity)

    def _down(self) -> dict[str, str]:
        """Services that it is about and that do not serve, but for those that rest."""
        application = self._application
        said = application.family.brood.said
        if application.state.desired is not Desired.RUNNING:
            return {}
        mine = {name: uid for name, uid in application.family.staying.items() if name in self._changed}
        return {name: "is not up yet" for name, uid in mine.items() if uid not in said or not (said[uid].up or said[uid].state in RESTS)}

    def _done(self, activity: Activity) -> None:
        application = self._application
        if application.state.desired is Desired.STOPPED:
            application.running.step(
                activity.id, "rest", f"{application.identity.path} is stopped, and starts as the file says when it is started"
            )
        application.running.finish(activity.id, self._result(activity))
        self._changed = frozenset()
        if self._images:
            application.after("old images", LEAVING, OldImages())

    def remove_images(self) -> None:
        """What was built for a revision before goes; what somebody still wants stays, as hosts find out."""
        application = self._application
        images = tuple(sorted(self._images - set(images_of(application.state))))
        self._images = frozenset()
        if images and application.state.desired is not Desired.DELETED:
            for pool in application.pools():
                application.tell(pool, RemoveImages(application.uid, images, application.uid, SYSTEM))


def own_adjuncts(spec: ApplicationSpec) -> tuple[AdjunctState, ...]:
    """The policies and enrichers that an application begins with."""
    return tuple(AdjunctState(policy) for policy in (*spec.enrichers, *spec.policies))


def _summary(before: ApplicationState, after: ApplicationState, changed: frozenset[str]) -> str:
    new = [name for name in changed if name in after.missing]
    parts = {
        "to change": sorted(changed - {*new}),
        "new": sorted(new),
        "to go": sorted(name for name in after.going if name not in after.missing),
    }
    words = "; ".join(f"{what}: {', '.join(names)}" for what, names in parts.items() if names)
    return f"revision {before.spec.revision} → {after.spec.revision}" + (f": {words}" if words else "")


def stays(new: ServiceSpec, uid: Uid | None, store: Store) -> Iterator[str]:
    """What of a service (and below it) stays as a policy or a person has set it, though the file changed it, in words. `uid` is the entity's, None if there is none."""
    if uid is None:
        return
    body = store.read(EntityKind.CLUSTER, uid)
    if body is not None:
        cluster = decode(ClusterState, body)
        if new.cluster is None or cluster.spec.cluster is None:
            return
        sized = merging.Sized(cluster.size, cluster.size_owner, cluster.lease)
        kept = merging.size(cluster.spec.cluster, new.cluster, sized, cluster.identity.path).kept
        yield from [f"{cluster.identity.path}: {kept}"] if kept else []
        yield from _policies(cluster, new)
        old = cluster.spec.cluster.member
        if (old.policies, old.enrichers, old.healing) != (
            new.cluster.member.policies,
            new.cluster.member.enrichers,
            new.cluster.member.healing,
        ):
            for member in cluster.members:
                yield from stays(new.cluster.member, member, store)
        return
    body = store.read(EntityKind.MEMBER, uid)
    if body is not None:
        state = decode(MemberState, body)
        yield from _policies(state, new)
        for child in new.children:
            yield from stays(child, state.children.get(child.id), store)


def _policies(state: ClusterState | MemberState, new: ServiceSpec) -> Iterator[str]:
    old, given = ([each.spec for each in adjuncts(spec)] for spec in (state.spec, new))
    for words in merging.adjuncts(old, given, state.adjuncts, state.identity.path).kept:
        yield f"{state.identity.path}: {words}"
