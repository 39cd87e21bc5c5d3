"""What entities may use of the outside world, put together once by the composition root."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from clocker_actors.entities.commits import Commits
from clocker_actors.kernel import Actor
from clocker_actors.model.identity import LABEL_PLANE, LABEL_STATE, Ids, Uid
from clocker_actors.model.specs import EngineSpec, PolicySpec, StrategySpec
from clocker_actors.model.types import TypeTable
from clocker_actors.model.values import Value
from clocker_actors.ports.engine import Engine
from clocker_actors.ports.machine import Machine
from clocker_actors.ports.store import Blobs, Store


@dataclass(frozen=True, slots=True)
class Timing:
    """Periods and bounds of the hosts, in seconds."""

    ping_period: float = 1.0
    ping_limit: float = 2.0
    ping_misses: int = 2
    engine_grace: float = 10.0
    relist_period: float = 30.0
    watched_period: float = 1.0
    other_period: float = 10.0
    vitals_period: float = 10.0
    disk_period: float = 600.0
    start_limit: float = 2.0
    start_target: float = 0.9
    probe_until_ready: float = 0.25
    start_settle: float = 1.0


class AdjunctMaker(Protocol):
    """Makes the factory of a policy, enricher or feed; raises NotFound or BadRequest for a type or configuration that cannot be."""

    def __call__(self, spec: PolicySpec, entity: Uid, *, state: Mapping[str, Value] | None, suspended: bool) -> Callable[[], Actor]: ...


@dataclass(frozen=True)
class Outside:
    """Ports, ids and tables. Hosts with one engine share what leads to it; `disconnect` closes that once no host has this engine any more."""

    plane: str
    store: Store
    blobs: Blobs
    ids: Ids
    types: TypeTable
    connect: Callable[[EngineSpec], Engine]
    machine: Callable[[EngineSpec], Machine | None]
    disconnect: Callable[[EngineSpec], None]
    adjunct: AdjunctMaker
    strategies: tuple[StrategySpec, ...] = ()
    timing: Timing = field(default_factory=Timing)
    commits: Commits = field(default_factory=Commits)
    crashed: set[Uid] = field(default_factory=set)
    """Pools whose behaviour crashed: what it had promised may not be in any record yet."""

    @property
    def ours(self) -> Mapping[str, str]:
        """Labels of everything that was made from this state."""
        return {LABEL_PLANE: self.plane, LABEL_STATE: self.store.identity}
