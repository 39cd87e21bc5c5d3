"""Generations of a member, as values: what is asked of the Pool and of a host for one, and which phases mean what. Pure."""

import hashlib
from collections.abc import Mapping

from clocker_actors.entities.filling import fill
from clocker_actors.entities.records import Generation, Identity, MemberState
from clocker_actors.errors import Failure
from clocker_actors.model import sensors
from clocker_actors.model.decisions import Decision
from clocker_actors.model.generations import ContainerIntent, GenerationChanged, Phase
from clocker_actors.model.identity import (
    LABEL_APPLICATION,
    LABEL_EPOCH,
    LABEL_GENERATION,
    LABEL_MEMBER,
    LABEL_PLANE,
    LABEL_SPEC,
    LABEL_STATE,
    Cause,
    Uid,
    container_name,
    keeper_name,
)
from clocker_actors.model.placements import Placement, PlacementRequest
from clocker_actors.model.specs import ContainerSpec, Duplicate, VolumeKind
from clocker_actors.model.values import Value
from clocker_actors.placement.filters import AVOID, Up
from clocker_actors.planning.requests import Asker, placement_request
from clocker_actors.ports.store import Store
from clocker_actors.store.codec import encode

LATER_FIELDS = frozenset({"late", "files", "hosts", "secrets"})
"""Fields of a container's spec that the first release did not have; a new one belongs here."""
NOT_RUNNING = frozenset({Phase.DIED, Phase.FAILED, Phase.LOST, Phase.GONE})
"""Phases in which nothing of a generation works any more."""
TRY_ELSEWHERE = frozenset({"PortTaken", "EngineUnavailable", "TimedOut", "WorkTimedOut", "OutOfDisk"})
"""Failures of a start that another host or another port may not have."""

FORWARDED = tuple(sensor.name for sensor in sensors.USE)
"""Readings of the current generation that are its member's, too."""


def request(state: MemberState, container: ContainerSpec, avoid: tuple[Uid, ...], cause: Cause) -> PlacementRequest:
    """What the Pool is asked for the next generation."""
    identity = state.identity
    asker = Asker(identity.uid, state.number + 1, identity.application, state.cluster, identity.path, cause, state.ports, avoid, state.home)
    return placement_request(asker, container, state.spec)


def planned(placement: Placement, plane: str) -> Generation:
    """The generation that a placement makes possible; its late texts are not filled in yet."""
    return Generation(
        number=placement.generation,
        host=placement.host,
        host_name=placement.host_name,
        address=placement.address,
        name=container_name(plane, placement.member, placement.generation),
        ports=placement.ports,
    )


def has_volumes(container: ContainerSpec | None) -> bool:
    """Whether what it writes into a named volume is to be there for its next generation."""
    return container is not None and any(volume.kind is VolumeKind.VOLUME for volume in container.volumes)


def volume_names(plane: str, identity: Identity, container: ContainerSpec) -> Mapping[str, str]:
    """Engine names of the named volumes; they belong to the application, so that its services may share one."""
    named = (volume.source for volume in container.volumes if volume.kind is VolumeKind.VOLUME)
    return {name: f"clocker.{plane}.{identity.application}.{name}" for name in named}


def spec_hash(container: ContainerSpec) -> str:
    """Hash of the spec that goes into the label `clocker.spec`. A field that came later counts only where it says something, so that an upgrade of the
    manager changes nothing."""
    given: dict[str, object] = {name: getattr(container, name) for name in ContainerSpec.__dataclass_fields__}
    counted = (encode(name) + b":" + encode(value) for name, value in given.items() if name not in LATER_FIELDS or value)
    return hashlib.sha256(b"{" + b",".join(counted) + b"}").hexdigest()[:16]


def intent(state: MemberState, generation: Generation, late: ContainerSpec, plane: str, store: Store) -> ContainerIntent:
    """All a host needs to make this generation run: the container with its texts filled in, secrets as references."""
    identity = state.identity
    was = generation.was
    container = fill(was.container if was is not None else late, generation.filled)
    return ContainerIntent(
        member=identity.uid,
        generation=generation.number,
        application=identity.application,
        name=generation.name,
        host=generation.host,
        address=generation.address,
        image=container.image.reference,
        spec=container,
        ports=generation.ports,
        labels={
            **container.labels,
            LABEL_PLANE: plane,
            LABEL_APPLICATION: identity.application,
            LABEL_MEMBER: identity.uid,
            LABEL_GENERATION: str(generation.number),
            LABEL_EPOCH: str(store.epoch),
            LABEL_STATE: store.identity,
            LABEL_SPEC: spec_hash(container),
        },
        volume_names=volume_names(plane, identity, container),
        start_timeout=state.spec.start_timeout,
        fenced=was.fenced if was is not None else state.spec.duplicate is Duplicate.NEVER,
        keeper=keeper_name(plane) if container.secrets else "",
    )


def no_place(decision: Decision) -> str:
    """Why no host was found, told apart: too little room, which policies remember, or only hosts that do not answer now."""
    if decision.placement is None:  # nobody was asked
        return decision.reason
    rules = set(decision.placement.refused)
    away = bool(rules) and rules <= {Up().rule, AVOID}
    return f"{'no host answers' if away else 'insufficient capacity'}: {decision.reason}"


def endpoints(generation: Generation, address: str) -> list[Value]:
    """Where a running generation is reached: published ports on the host, all others on the container's own address."""
    public: list[Value] = [
        {"host": generation.address, "port": host, "scope": "pool", "container": container}
        for container, host in sorted(generation.ports.items())
    ]
    return public or ([{"host": address, "port": None, "scope": "host", "container": ""}] if address else [])


def is_over(message: GenerationChanged) -> bool:
    """Whether nothing of it runs: it does if it is only not ready, or could not be stopped after that."""
    return message.phase in NOT_RUNNING and not (message.phase is Phase.FAILED and message.observed is not None)


def may_help_elsewhere(failure: Failure | None) -> bool:
    """Whether starting again, on another host or port, makes sense after this failure."""
    return failure is not None and failure.kind in TRY_ELSEWHERE
