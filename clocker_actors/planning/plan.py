"""From specs, what runs and a pool to a Plan: what `clocker plan` shows before anything is done.

Members are placed one after the other on an index made from the pool's views, by the very pipeline the Pool uses, so that the plan shows where things would go as
the pool is now. A running cluster keeps its size: sizes belong to whoever resized it last, and only the bounds of the new spec change them.
"""

from dataclasses import dataclass, field, replace

from clocker_actors.model.identity import Cause, EntityKind, Uid
from clocker_actors.model.placements import Placement, PlacementRequest
from clocker_actors.model.specs import ApplicationSpec, ClusterSpec, ContainerSpec, ServiceSpec
from clocker_actors.model.values import counted
from clocker_actors.placement.index import HostIndex
from clocker_actors.placement.pipeline import Refusal, place
from clocker_actors.planning.differences import differing
from clocker_actors.planning.members import bounded, resizing
from clocker_actors.planning.requests import Asker, placement_request
from clocker_actors.planning.values import (
    Action,
    Plan,
    PlanRefusal,
    PlanStep,
    PlanWarning,
    PoolView,
    RunningApplication,
    RunningService,
)
from clocker_actors.planning.warnings import cluster_warnings, container_warnings

NO_CLUSTER = Uid("")
GROUP = "group"
"""What people call a member without a container."""
_CAUSE = Cause("plan")
NOT_IN_PLACE = (
    "it exists already, and changing it in place is not there yet: `clocker deploy` does none of these steps; `clocker delete {}` first, or give this one "
    "another name"
)
"""Said of what would be changed, with the application's name."""


def plan(application: ApplicationSpec, pool: PoolView, running: RunningApplication | None = None) -> Plan:
    """What deploying this application on this pool would do. `running` is the application as it is now, None if there is none."""
    draft = _Draft(application, pool, running.uid if running is not None else Uid(application.name))
    new = running is None
    draft.step(
        Action.CREATE if new else Action.KEEP, EntityKind.APPLICATION, application.name, "it does not exist yet" if new else "it exists"
    )
    draft.services(application.name, application.services, running.services if running is not None else ())
    if not new and any(step.action is not Action.KEEP for step in draft.steps):
        draft.warnings.insert(0, PlanWarning(application.name, NOT_IN_PLACE.format(application.name)))
    return Plan(application.name, pool.name, tuple(draft.steps), tuple(draft.refusals), tuple(draft.warnings))


def name_of(service: ServiceSpec) -> str:
    """The service's segment of a path."""
    return service.id or service.name


def kind_of(service: ServiceSpec) -> str:
    """What a service becomes, in the words of people: one with children only is a group."""
    if service.cluster is not None:
        return EntityKind.CLUSTER
    return EntityKind.MEMBER if service.container is not None else GROUP


@dataclass(slots=True)
class _Draft:
    """The plan while it is written."""

    application: ApplicationSpec
    pool: PoolView
    uid: Uid
    steps: list[PlanStep] = field(default_factory=list)
    refusals: list[PlanRefusal] = field(default_factory=list)
    warnings: list[PlanWarning] = field(default_factory=list)
    index: HostIndex = field(init=False)
    made: int = 0

    def __post_init__(self) -> None:
        self.index = HostIndex.of(self.pool.hosts, self.pool.ports, types=self.pool.types)

    def step(self, action: Action, kind: str, path: str, reason: str) -> None:
        self.steps.append(PlanStep(action, kind, path, reason))

    def services(self, path: str, wanted: tuple[ServiceSpec, ...], running: tuple[RunningService, ...]) -> None:
        """Steps for all services below a path; those that run and are no longer named go."""
        there = {service.spec.id: service for service in running}
        for service in wanted:
            self.service(f"{path}/{name_of(service)}", service, there.pop(service.id, None))
        for gone in there.values():
            self.step(Action.REMOVE, kind_of(gone.spec), f"{path}/{name_of(gone.spec)}", "the blueprint no longer names it")

    def service(self, path: str, service: ServiceSpec, running: RunningService | None) -> None:
        """Steps for one service of the application."""
        if service.cluster is not None:
            self._cluster(path, service, service.cluster, running)
        elif running is None:
            self._new(path, service, NO_CLUSTER)
            return
        else:
            self._existing(path, service, running)
        self.services(path, service.children, running.children if running is not None else ())

    def _existing(self, path: str, service: ServiceSpec, running: RunningService) -> None:
        changed = differing(running.spec, service)
        reason = f"changed: {'; '.join(changed)}" if changed else "it runs as asked"
        self.step(Action.UPDATE if changed else Action.KEEP, kind_of(service), path, reason)

    def _cluster(self, path: str, service: ServiceSpec, cluster: ClusterSpec, running: RunningService | None) -> None:
        self.warnings.extend(cluster_warnings(path, cluster, self.pool))
        if cluster.member.container is not None:
            self.warnings.extend(container_warnings(path, cluster.member.container, self.pool))
        if running is None:
            size = bounded(cluster.initial_size, cluster.min_size, cluster.max_size)
            note = f" ({size.clamped[0]})" if size.clamped else ""
            self.step(Action.CREATE, EntityKind.CLUSTER, path, f"it does not exist yet; {counted(size.size, 'member')}{note}")
            self._members(path, cluster.member, Uid(path), range(1, size.size + 1))
            return
        self._existing(path, service, running)
        now = sum(not member.quarantined for member in running.members)
        size = bounded(now, cluster.min_size, cluster.max_size)
        change = resizing(running.members, size.size, cluster.removal)
        names = {member.uid: member.name for member in running.members}
        self._members(path, cluster.member, running.uid, range(running.next_index, running.next_index + change.add))
        for uid, reason in zip(change.remove, change.reasons, strict=True):
            self.step(Action.REMOVE, EntityKind.MEMBER, f"{path}/{names[uid]}", f"{size.clamped[0]}; {reason}")

    def _members(self, path: str, member: ServiceSpec, cluster: Uid, numbers: range) -> None:
        for number in numbers:
            self._new(f"{path}/{number}", member, cluster)

    def _new(self, path: str, service: ServiceSpec, cluster: Uid) -> None:
        if service.container is None:
            self.step(Action.CREATE, kind_of(service), path, "it does not exist yet")
        else:
            if cluster == NO_CLUSTER:  # members of a cluster share their warnings
                self.warnings.extend(container_warnings(path, service.container, self.pool))
            self._place(path, service.container, cluster, service)
        self.services(path, service.children, ())

    def _place(self, path: str, container: ContainerSpec, cluster: Uid, service: ServiceSpec) -> None:
        asker = Asker(Uid(path), 1, self.uid, cluster, path, _CAUSE)
        request = placement_request(asker, container, service)
        answer = self._tried(request)
        if not isinstance(answer, Placement):
            answer = self._with_a_new_host(request) or answer
        if not isinstance(answer, Placement):
            self.refusals.append(PlanRefusal(path, answer.decision.reason, answer.decision.would_change))
            return
        ports = {f"{spec.container}/{spec.protocol}": spec.fixed or 0 for spec in container.ports}
        step = PlanStep(Action.CREATE, EntityKind.MEMBER, path, answer.decision.reason, answer.host_name, answer.address, ports)
        self.steps.append(step)

    def _tried(self, request: PlacementRequest) -> Placement | Refusal:
        return place(request, self.index, self.pool.strategies, rules=self.pool.affinity, decision_id="plan", at=0.0)

    def _with_a_new_host(self, request: PlacementRequest) -> Placement | None:
        """The pool makes a host where that helps, as it would if this were asked of it."""
        template = self.pool.template
        if template is None or self.made >= self.pool.may_make:
            return None
        name = f"new-{self.made + 1}"
        host = replace(template, uid=Uid(f"{self.pool.name}/{name}"), name=name, order=1_000_000 + self.made)
        self.index.add(host)
        answer = self._tried(request)
        if not isinstance(answer, Placement):
            self.index.remove(host.uid)
            return None
        self.made += 1
        self.step(Action.CREATE, EntityKind.HOST, host.uid, "the pool makes it, since no other host has room")
        return answer
