"""An application: the services of one blueprint.

deploy ──▶ STARTING ──all services up──▶ RUNNING ◀──▶ ON_FIRE (a service is on fire)
                               stop ──▶ STOPPING ──all stopped──▶ STOPPED ──▶ start …
         each service is stopped by itself ──▶ STOPPED ──▶ one is started ──▶ STARTING …
                             update ──▶ updates.py
                             delete ──▶ STOPPING ──children deleted, volumes and images removed──▶ forgotten
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import ClassVar

from clocker_actors.entities.entity import Arguments, EffectorMethod, Entity
from clocker_actors.entities.outside import Outside
from clocker_actors.entities.polling import Polling
from clocker_actors.entities.records import ApplicationState, Desired, read_state
from clocker_actors.entities.services.directory import Directory
from clocker_actors.entities.services.family import Family
from clocker_actors.entities.services.updates import OldImages, Updates
from clocker_actors.entities.wanted import images_of
from clocker_actors.model import sensors
from clocker_actors.model.activities import Activity
from clocker_actors.model.dependencies import Where
from clocker_actors.model.generations import ImagesRemoved, RemoveImages, RemoveVolumes, VolumesRemoved
from clocker_actors.model.identity import SYSTEM, Cause, EntityKind, Uid
from clocker_actors.model.lifecycle import Lifecycle
from clocker_actors.model.messages import ChildChanged, ChildDeleted
from clocker_actors.model.values import Value

VOLUMES_AGAIN = 90.0
IMAGES_LIMIT = 30.0
"""Seconds that a delete waits for built images; whatever is left then is removed without anybody waiting."""


class VolumesAgain:
    """Timer message: nobody has said that the volumes are removed; ask again."""


class ImagesLate:
    """Timer message: the images have had their time; hosts go on by themselves."""


class Application(Entity[ApplicationState]):
    """Plants its services once, then starts, stops and deletes them together."""

    kind: ClassVar[EntityKind] = EntityKind.APPLICATION
    family: Family[ApplicationState]
    directory: Directory

    def __init__(self, uid: Uid, outside: Outside) -> None:
        super().__init__(uid, outside)
        self._volumes_asked = False
        self._tidying = Polling()  # pools that remove its volumes, then its images
        self._said: Mapping[str, Uid] | None = None  # the children that people and dependants know of
        self._ending = False  # nothing but images is left of it
        self.updates = Updates(self)
        self._behind: Mapping[str, Value] = {}

    def on_start(self) -> None:
        self.take_up(lambda: read_state(ApplicationState, self.outside.store, self.kind, self.uid))
        self.family = Family(self)
        self.directory = Directory(self)
        self.note()
        self.adjuncts.spawn_all()
        self.orders.take_up()
        self.service.expect(Lifecycle.STARTING if self.state.desired is Desired.RUNNING else Lifecycle.STOPPING)
        self.settle()

    def on_receive(self, message: object) -> object:
        match message:
            case ChildChanged():
                self.family.brood.heard(message)
                self.settle()
            case ChildDeleted():
                self.change(self.family.without(message.child))
            case VolumesRemoved():
                if not self._ending and self._tidying.answered(self.uid, message.host):
                    self._remove_images()
            case ImagesRemoved() if self._ending:
                poll = self._tidying.answered(self.uid, message.host, message.left)
                if poll is not None:
                    self._images_removed("; ".join(poll.left))
            case ImagesRemoved():
                pass  # of a revision before; hosts say what they could not remove, and go on trying
            case Where():
                return self.directory.find(message)
            case ImagesLate():
                self._images_removed(f"not all hosts have answered within {IMAGES_LIMIT:g} s")
            case OldImages():
                self.updates.remove_images()
            case VolumesAgain():
                self._volumes_asked = False
                self.settle()
            case _:
                return super().on_receive(message)
        return None

    def below(self) -> tuple[Uid, ...]:
        return self.family.uids

    def describe(self) -> Mapping[str, Value]:
        return {"location": self.state.spec.location, "pool": self.identity.pool, "revision": self.state.spec.revision, **self._behind}

    def pools(self) -> tuple[Uid, ...]:
        """Where it may have left something: its own pool, and those beside it that are still there."""
        others = (pool for pool in self.state.elsewhere if self.outside.store.read(EntityKind.POOL, pool) is not None)
        return tuple(dict.fromkeys((self.identity.pool, *others)))

    def effector_methods(self) -> Mapping[str, EffectorMethod]:
        return {
            "start": self._bring_up,
            "stop": self._bring_down,
            "delete": self._delete,
            "restart": self._restart,
            "update": self.updates.begin,
        }

    # --- effectors

    def _bring_up(self, activity: Activity, _: Arguments) -> None:
        self._aim(activity, Desired.RUNNING, Lifecycle.STARTING)

    def _bring_down(self, activity: Activity, _: Arguments) -> None:
        self._aim(activity, Desired.STOPPED, Lifecycle.STOPPING)

    def _delete(self, activity: Activity, _: Arguments) -> None:
        self._aim(activity, Desired.DELETED, Lifecycle.STOPPING)

    def _aim(self, activity: Activity, desired: Desired, expected: Lifecycle) -> None:
        self.refuse_if_deleting(activity)
        self.running.supersede("start", "restart", "stop", "delete", *(["update"] if desired is Desired.DELETED else []), by=activity)
        self.family.anew()
        self.service.expect(expected)
        self.change(replace(self.state, desired=desired))

    def goes_on(self, activity: Activity, memory: Mapping[str, Value]) -> bool:
        if activity.effector == "update":
            self.updates.take_up(memory)
        elif activity.effector == "restart":
            self.fanout.take_up(activity, memory)
        return activity.effector in {"update", "restart"}

    def _order_restarts(self, activity: Activity, children: Iterable[Uid]) -> None:
        self.family.brood.order_anew(children, "restart", Cause(activity.id, activity.cause.principal), activity.id, self.uid)

    def _restart(self, activity: Activity, _: Arguments) -> None:
        self.refuse_if_deleting(activity)
        children = self.family.uids
        self.running.supersede("stop", by=activity)
        self.fanout.begin(activity.id, children)
        if self.state.desired is Desired.STOPPED:
            self.family.anew()
            self.service.expect(Lifecycle.STARTING)
            self.change(replace(self.state, desired=Desired.RUNNING))
        self._order_restarts(activity, children)

    def activity_cancelled(self, activity: Activity) -> None:
        """What leads to it below is taken back too; services that are up stay so."""
        self.family.brood.take_back(self.family.uids, activity)

    def child_restarted(self, child: Uid) -> None:
        self.family.brood.tell_again(child)
        self.settle()

    def spec_changed(self) -> None:
        """It is another one: who is who in it, and what people see of it."""
        self.directory = Directory(self)
        self.note()

    # --- towards the desired state

    def reconcile(self) -> None:
        if self.family.planted():
            return
        self.family.reconcile()
        for activity, children in self.fanout.untold():
            self._order_restarts(activity, children)
        if self._said is not self.state.children:
            self._said = self.state.children
            self.observe(sensors.SERVICES, dict(self.family.staying))
        if self.state.desired is Desired.DELETED and not self.state.children and not self._volumes_asked:
            self._volumes_asked = True
            self.after("volumes", VOLUMES_AGAIN, VolumesAgain())
            self._tidying.begin(self.uid, self.uid, self.pools())
            for pool in self.pools():
                self.tell(pool, RemoveVolumes(self.uid, (), self.uid, self._cause_of_end()))
        self._refresh()

    def _cause_of_end(self) -> Cause:
        activity = self.running.newest("delete")
        return Cause(activity.id, activity.cause.principal) if activity else SYSTEM

    def _remove_images(self) -> None:
        """What was built for it goes, too, unless somebody else wants the same."""
        self.cancel_timer("volumes")
        images, self._ending = images_of(self.state), True
        if not images:
            self.forget()
            return
        for activity in self.running.all("delete"):
            self.running.step(activity.id, "images", f"remove what was built: {', '.join(images)}")
        self.after("images", IMAGES_LIMIT, ImagesLate())
        self._tidying.begin(self.uid, self.uid, self.pools())
        for pool in self.pools():
            self.tell(pool, RemoveImages(self.uid, images, self.uid, self._cause_of_end()))

    def _images_removed(self, left: str) -> None:
        if self._forgotten:
            return  # it was not waited for
        self.cancel_timer("images")
        for activity in self.running.all("delete") if left else ():
            note = f"not all that was built could be removed yet, it goes as soon as that is possible: {left}"
            self.running.step(activity.id, "left behind", note)
            self.running.progress(activity.id, done=activity.done, total=activity.total, note=note)
        self.forget()

    # --- what people see

    def _note_update(self) -> None:
        """People are told which services stay behind since they could not become what they are to be."""
        failed = self.family.update_failed()
        told = {"update_failed": "; ".join(f"{name}: {words}" for name, words in list(failed.items())[:5])} if failed else {}
        if told != self._behind:
            self._behind = told
            self.note()

    def _refresh(self) -> None:
        resting = bool(self.family.uids) and self.family.stopped()
        down, fire = "all services are stopped" if resting else self.family.down(), self.family.fire()
        if self.state.desired is Desired.RUNNING:
            self._rest(resting)
        self.service.set_indicator("children", down)
        self.service.set_problem("children", fire)
        self.updates.refresh()
        self._note_update()
        if self.state.desired is Desired.RUNNING:
            self._refresh_running("" if resting else self.family.unstarted(), fire)
        elif self.state.desired is Desired.STOPPED and self.family.stopped():
            self.service.expect(Lifecycle.STOPPED)
            for activity in self.running.all("stop"):
                self.running.finish(activity.id)

    def _rest(self, resting: bool) -> None:
        """It is stopped while all its services were stopped one by one, which is no alarm."""
        if resting and self.service.expected is not Lifecycle.STOPPED:
            self.service.expect(Lifecycle.STOPPING)
            self.service.expect(Lifecycle.STOPPED)
        elif not resting and self.service.expected is Lifecycle.STOPPED:
            self.service.expect(Lifecycle.STARTING)

    def _refresh_running(self, unstarted: str, fire: str) -> None:
        if (fire or not unstarted) and self.service.expected is Lifecycle.STARTING:
            self.service.expect(Lifecycle.RUNNING)
        for activity in self.running.all("start"):
            self.running.progress(activity.id, done=self.family.up(), total=len(self.family.uids), note=unstarted)
            if fire:
                self.running.fail(activity.id, fire)
            elif not unstarted:
                self.running.finish(activity.id)
