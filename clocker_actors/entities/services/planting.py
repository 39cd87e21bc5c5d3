"""From a service's spec to the durable state of a new entity: identity, desired state, the policies every one has.

Self-healing is on by default: a member is given a failure detector and a restarter, a cluster a roll-up of its members' numbers and a replacer. They are
ordinary policies: listed, suspended and removed like any other.
"""

from dataclasses import replace

from clocker_actors.entities.records import ClusterState, Identity, MemberState
from clocker_actors.model.identity import Cause, EntityKind, Ids, Uid
from clocker_actors.model.ownership import AdjunctState
from clocker_actors.model.specs import PolicySpec, ServiceSpec

FAILURE_DETECTOR = "service-failure-detector"
RESTARTER = "service-restarter"
REPLACER = "service-replacer"
ROLLUP = "rollup"
AUTOSCALER = "autoscaler"
DEFAULTS = frozenset({FAILURE_DETECTOR, RESTARTER, REPLACER, ROLLUP})


def service_kind(spec: ServiceSpec) -> EntityKind:
    """Whether a service becomes a cluster or a member."""
    return EntityKind.MEMBER if spec.cluster is None else EntityKind.CLUSTER


def plant(spec: ServiceSpec, parent: Identity, ids: Ids, cause: Cause, pool: Uid) -> ClusterState | MemberState:
    """The state of a new entity for `spec` below `parent`, to run in that pool; `cause` is why it is planted."""
    kind = service_kind(spec)
    identity = Identity(ids.entity(kind), spec.name, f"{parent.path}/{spec.id}", parent.uid, parent.application, pool)
    if spec.cluster is not None:
        return ClusterState(identity, spec, size=spec.cluster.initial_size, cause=cause, adjuncts=adjuncts(spec))
    return MemberState(identity, spec, cause=cause, adjuncts=adjuncts(spec))


def plant_member(spec: ServiceSpec, cluster: Identity, index: int, ids: Ids, cause: Cause) -> MemberState:
    """The state of a new member of a cluster (`spec` is that of the member). `index` is its place in the path, never used again in that cluster."""
    uid = ids.entity(EntityKind.MEMBER)
    identity = replace(cluster, uid=uid, name=f"{cluster.name}-{index}", path=f"{cluster.path}/{index}", parent=cluster.uid)
    return MemberState(identity, spec, cluster=cluster.uid, cause=cause, adjuncts=adjuncts(spec))


def adjuncts(spec: ServiceSpec) -> tuple[AdjunctState, ...]:
    """The policies and enrichers a new entity begins with: the usual ones, unless the blueprint has its own of that type."""
    own = {policy.type for policy in (*spec.enrichers, *spec.policies)}
    usual = [ROLLUP] if spec.cluster is not None else []
    if spec.healing:
        usual += [REPLACER] if spec.cluster is not None else [FAILURE_DETECTOR, RESTARTER] if spec.container is not None else []
    given = [PolicySpec(kind, kind) for kind in usual if kind not in own]
    return tuple(AdjunctState(policy) for policy in (*given, *spec.enrichers, *spec.policies))


def watched_closely(states: tuple[AdjunctState, ...]) -> bool:
    """Whether somebody works with this entity's numbers, so that they should be fresh. An autoscaler says itself how fresh."""
    return any(state.spec.type not in {*DEFAULTS, AUTOSCALER} for state in states)
