"""From specs, what runs and a pool to a Plan: what `clocker plan` shows before anything is done, and what `clocker deploy` then does.

Members are placed one after the other on an index made from the pool's views, by the very pipeline the Pool uses, so that the plan shows where things would go as
the pool is now. What a changed spec does to what runs, and what stays as somebody else set it, is worked out by the functions that the entities use themselves.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from clocker_actors.model.identity import EntityKind, Uid
from clocker_actors.model.ownership import BLUEPRINT
from clocker_actors.model.specs import ApplicationSpec, ClusterSpec, ServiceSpec
from clocker_actors.model.values import counted
from clocker_actors.planning.differences import differing
from clocker_actors.planning.draft import NO_CLUSTER, Draft, Room
from clocker_actors.planning.members import Resizing, bounded, resizing
from clocker_actors.planning.merging import STAYS_AWAY, Services, Sized, adjuncts, depended, remade, services, size
from clocker_actors.planning.order import lasting, measured, waves
from clocker_actors.planning.updating import named
from clocker_actors.planning.values import Action, Plan, PlanWarning, PoolView, RunningApplication, RunningService
from clocker_actors.planning.warnings import cluster_warnings, container_warnings

GROUP = "group"
"""What people call a member without a container."""


def plan(
    application: ApplicationSpec, pool: PoolView, running: RunningApplication | None = None, others: Mapping[str, PoolView] | None = None
) -> Plan:
    """What deploying this application on this pool would do. `running` is the application as it is now, None if there is none; `others` are the pools that
    services of it name beside its own."""
    was = running.services if running is not None else ()
    there = frozenset(service.spec.id for service in _below(was))
    made = frozenset(service.id for service in _specs(application.services) if service.id not in there)
    rooms = {application.location: Room(pool), **{name: Room(other) for name, other in (others or {}).items()}}
    draft = Draft(rooms, running.uid if running is not None else Uid(application.id), waves(application.services, made))
    _Walk(draft).application(application, running)
    doing = any(step.action is not Action.KEEP for step in draft.steps)
    draft.warnings = [_depended(warning, application) for warning in draft.warnings]
    found = draft.plan(application.name)
    told = measured(draft.images, pool.starts) if doing and not draft.refusals else ""
    return replace(found, seconds=lasting(found.steps) if doing and not draft.refusals else None, measured=told)


def name_of(service: ServiceSpec) -> str:
    """The service's segment of a path."""
    return service.id or service.name


def kind_of(service: ServiceSpec) -> str:
    """What a service becomes, in the words of people: one with children only is a group."""
    if service.cluster is not None:
        return EntityKind.CLUSTER
    return EntityKind.MEMBER if service.container is not None else GROUP


def _depended(warning: PlanWarning, application: ApplicationSpec) -> PlanWarning:
    """With those that depend on what stays away."""
    users = depended({warning.path.rpartition("/")[2]}, application) if warning.message == STAYS_AWAY else ""
    return replace(warning, message=f"{warning.message}; {users}") if users else warning


def _below(running: tuple[RunningService, ...]) -> Iterator[RunningService]:
    for service in running:
        yield service
        yield from _below(service.children)


def _specs(wanted: tuple[ServiceSpec, ...]) -> Iterator[ServiceSpec]:
    for service in wanted:
        yield service
        yield from _specs(service.children)


@dataclass(slots=True)
class _Walk:
    """Goes through the services of the file and those that run, top down."""

    draft: Draft

    def application(self, spec: ApplicationSpec, running: RunningApplication | None) -> None:
        """The whole of it."""
        if running is None:
            self.draft.step(Action.CREATE, EntityKind.APPLICATION, spec.id, "it does not exist yet", wave=1)
            self._services(spec.id, spec.services, None, (), Services())
            return
        old = running.spec
        changed = differing(old, spec) if old is not None else ()
        reason = f"changed: {named(changed)}" if changed else "it exists"
        self.draft.step(Action.UPDATE if changed else Action.KEEP, EntityKind.APPLICATION, spec.id, reason, changed, int(bool(changed)))
        if old is not None:
            self.draft.warn(
                spec.id, *adjuncts((*old.enrichers, *old.policies), (*spec.enrichers, *spec.policies), running.adjuncts, spec.id).kept
            )
        self._services(spec.id, spec.services, old.services if old is not None else None, running.services, running.left)

    def _services(
        self,
        path: str,
        wanted: tuple[ServiceSpec, ...],
        old: tuple[ServiceSpec, ...] | None,
        running: tuple[RunningService, ...],
        left: Services,
    ) -> None:
        """Steps for all services below a path; those that run and are no longer named go. `old` is what the file said, None if that is not known."""
        there = {service.spec.id: service for service in running}
        merged = services(old if old is not None else tuple(each.spec for each in running), wanted, there, left)
        for service in wanted:
            where, known = f"{path}/{name_of(service)}", there.get(service.id)
            if known is None and service.id not in merged.missing:
                self.draft.step(Action.KEEP, kind_of(service), where, "somebody deleted it, and the file says of it what it said before")
                self.draft.warn(where, STAYS_AWAY)
                continue
            if known is not None and remade(known.spec, service):
                self._gone(where, known, "another kind of service takes its name", ())
                known = None
            with self.draft.at(service.location):
                self.service(where, service, known)
        for name, users in merged.going.items():
            if name not in {service.id for service in wanted}:
                self._gone(f"{path}/{name_of(there[name].spec)}", there[name], "the blueprint no longer names it", users)
        for service in old or ():
            if service.id not in there and service.id not in {each.id for each in wanted}:
                why = "it is not there any more, and the blueprint no longer names it"
                self.draft.step(Action.REMOVE, kind_of(service), f"{path}/{name_of(service)}", why, wave=1)

    def _gone(self, path: str, running: RunningService, why: str, users: tuple[str, ...]) -> None:
        more = f"; its {counted(len(running.members), 'member')} {'goes' if len(running.members) == 1 else 'go'}" if running.members else ""
        after = f", after {', '.join(users)}, which used it" if users else ""
        self.draft.step(Action.REMOVE, kind_of(running.spec), path, f"{why}{more}{after}", wave=2 if users else 1)

    def service(self, path: str, service: ServiceSpec, running: RunningService | None) -> None:
        """Steps for one service of the application."""
        if service.cluster is not None:
            self._cluster(path, service, service.cluster, running)
        elif running is None:
            self._new(path, service, NO_CLUSTER, self.draft.waves.get(service.id, 1))
            return
        else:
            self._existing(path, service, running)
        if running is not None:
            self._services(path, service.children, running.spec.children, running.children, running.left)
        else:
            self._services(path, service.children, None, (), Services())

    # --- one that is new

    def _new(self, path: str, service: ServiceSpec, cluster: Uid, wave: int) -> None:
        if service.container is None:
            self.draft.step(Action.CREATE, kind_of(service), path, "it does not exist yet", wave=wave)
        else:
            if cluster == NO_CLUSTER:  # members of a cluster share their warnings
                self.draft.warnings.extend(container_warnings(path, service.container, self.draft.pool))
            self.draft.begin(path, service, service.container, cluster, wave)
        self._services(path, service.children, None, (), Services())

    # --- one that exists

    def _existing(self, path: str, service: ServiceSpec, running: RunningService) -> None:
        self._kept(path, service, running)
        before = len(self.draft.steps) + len(self.draft.refusals)
        if not running.stopped:
            self.draft.change(path, running.uid, running.spec, service, running.runs.get(running.uid), NO_CLUSTER)
        changed = differing(running.spec, service)
        if len(self.draft.steps) + len(self.draft.refusals) > before:
            self._alone(changed)
            return
        reason = f"changed: {named(changed)}" if changed else "it runs as asked"
        if changed and running.stopped:
            reason += "; it stays stopped, and begins with this when it is started"
        self.draft.step(Action.UPDATE if changed else Action.KEEP, kind_of(service), path, reason, changed, int(bool(changed)))

    def _alone(self, changed: tuple[str, ...]) -> None:
        """The step of a container that stands for its whole service tells all that changed."""
        if changed and self.draft.steps:
            self.draft.steps[-1] = replace(self.draft.steps[-1], changes=tuple(dict.fromkeys((*self.draft.steps[-1].changes, *changed))))

    def _kept(self, path: str, service: ServiceSpec, running: RunningService) -> None:
        """Warn of what stays as somebody else set it."""
        old = (*running.spec.enrichers, *running.spec.policies)
        self.draft.warn(path, *adjuncts(old, (*service.enrichers, *service.policies), running.adjuncts, path).kept)

    # --- clusters

    def _cluster(self, path: str, service: ServiceSpec, cluster: ClusterSpec, running: RunningService | None) -> None:
        self.draft.warnings.extend(cluster_warnings(path, cluster, self.draft.pool))
        if cluster.member.container is not None:
            self.draft.warnings.extend(container_warnings(path, cluster.member.container, self.draft.pool))
        if running is None or running.spec.cluster is None:
            wave = self.draft.waves.get(service.id, 1)
            wanted = bounded(cluster.initial_size, cluster.min_size, cluster.max_size)
            note = f" ({wanted.clamped[0]})" if wanted.clamped else ""
            reason = f"it does not exist yet; {counted(wanted.size, 'member')}{note}"
            self.draft.step(Action.CREATE, EntityKind.CLUSTER, path, reason, wave=wave)
            self._members(path, cluster.member, Uid(path), range(1, wanted.size + 1), wave)
        else:
            self._changed_cluster(path, service, cluster, running, running.spec.cluster)

    def _changed_cluster(self, path: str, service: ServiceSpec, cluster: ClusterSpec, running: RunningService, old: ClusterSpec) -> None:
        self._kept(path, service, running)
        now = running.sized or Sized(running.counted, BLUEPRINT)
        sized = size(old, cluster, now, path)
        self.draft.warn(path, sized.kept)
        change = resizing(running.members, sized.size, cluster.removal)
        changed, at = differing(running.spec, service), len(self.draft.steps)
        renewed = self._renewed(path, cluster.member, running, old.member, frozenset(change.remove))
        resized = not running.stopped and (change.add > 0 or change.remove != ())
        doing = bool(changed) or renewed > 0 or resized
        texts = [f"changed: {named(changed)}"] if changed else ["not all of it runs as asked yet"] if doing else ["it runs as asked"]
        texts += [f"{running.counted} members become {sized.size}"] if resized else []
        texts += [f"{counted(renewed, 'member')} renewed, one after the other"] if renewed else []
        in_place = sum(step.action is Action.UPDATE and step.host != "" for step in self.draft.steps[at:])
        texts += [f"{counted(in_place, 'member')} changed in place"] if in_place else []
        texts += ["it stays stopped"] if running.stopped and doing else []
        self.draft.step(Action.UPDATE if doing else Action.KEEP, EntityKind.CLUSTER, path, "; ".join(texts), changed, int(doing))
        self.draft.steps.insert(at, self.draft.steps.pop())
        if resized:
            self._resized(path, cluster, running, change, _clamped(sized.size, now.size, cluster))

    def _renewed(self, path: str, member: ServiceSpec, running: RunningService, old: ServiceSpec, going: frozenset[Uid]) -> int:
        """Steps for the members that stay; how many get a new container, which they do one after the other."""
        turns = 0
        for each in running.members:
            if each.uid in going or each.quarantined or running.stopped:
                continue
            runs = running.runs.get(each.uid)
            turns += self.draft.change(f"{path}/{each.name}", each.uid, old, member, runs, running.uid, turns + 1)
        return turns

    def _resized(self, path: str, cluster: ClusterSpec, running: RunningService, change: Resizing, why: str) -> None:
        names = {member.uid: member.name for member in running.members}
        self._members(path, cluster.member, running.uid, range(running.next_index, running.next_index + change.add), 1)
        for uid, reason in zip(change.remove, change.reasons, strict=True):
            self.draft.step(Action.REMOVE, EntityKind.MEMBER, f"{path}/{names[uid]}", f"{why}; {reason}", wave=1)

    def _members(self, path: str, member: ServiceSpec, cluster: Uid, numbers: range, wave: int) -> None:
        for number in numbers:
            self._new(f"{path}/{number}", member, cluster, wave)


def _clamped(wanted: int, now: int, cluster: ClusterSpec) -> str:
    """Why a size changes."""
    within = bounded(now, cluster.min_size, cluster.max_size)
    return within.clamped[0] if within.clamped else f"{wanted} are wanted"
