"""What entities may use of the outside world, put together once by the composition root."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from clocker_actors.allowances import EVERYTHING, Allowances
from clocker_actors.entities.commits import Commits
from clocker_actors.entities.journal import Journal
from clocker_actors.entities.sharing import Sharing
from clocker_actors.kernel import Actor
from clocker_actors.model.containers import Login
from clocker_actors.model.identity import LABEL_PLANE, LABEL_STATE, Ids, Uid
from clocker_actors.model.locations import LocationSpec, MachineSpec
from clocker_actors.model.specs import EngineSpec, PolicySpec, StrategySpec
from clocker_actors.model.types import TypeTable
from clocker_actors.model.values import Value
from clocker_actors.ports.cloud import Cloud
from clocker_actors.ports.engine import Engine
from clocker_actors.ports.http import Http
from clocker_actors.ports.installer import Installer
from clocker_actors.ports.machine import Machine
from clocker_actors.ports.secrets import Secrets
from clocker_actors.ports.shell import Shell
from clocker_actors.ports.store import Blobs, Record, Store

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Timing:
    """Periods and bounds of the hosts, in seconds."""

    ping_period: float = 1.0
    ping_limit: float = 1.0
    ping_misses: int = 3
    engine_grace: float = 30.0
    lease_ttl: float = 10.0
    longest_lease: float = 10.0  # of those that may be out there: never less than the one above
    relist_period: float = 30.0
    watched_period: float = 1.0
    other_period: float = 10.0
    vitals_period: float = 10.0
    disk_period: float = 600.0
    start_limit: float = 2.0
    start_target: float = 0.9
    probe_until_ready: float = 0.25
    start_settle: float = 1.0

    @property
    def leases(self) -> tuple[float, float]:
        """How long leases live that are made now, and how long those that may be out there."""
        return self.lease_ttl, self.longest_lease


class Grounds(Protocol):
    """Leads to where machines come from, and into them. What it gives belongs to whoever asked, clouds apart, and is closed by them."""

    def cloud(self, location: LocationSpec) -> Cloud:
        """The cloud of a location of kind CLOUD or SIMULATED; kept, and closed at the end of the manager."""
        ...

    def entry(self, host: Uid, location: LocationSpec, address: str) -> MachineSpec:
        """How a machine that this cloud made, and that is at this address, is entered."""
        ...

    def public_key(self, location: LocationSpec) -> str:
        """The line by which new machines of a location let us in. Raises SettingsError."""
        ...

    def shell(self, location: LocationSpec, way: MachineSpec) -> Shell:
        """Root on the machine."""
        ...

    def installer(self, location: LocationSpec, authority: str = "") -> Installer:
        """One that signs for engines on the network with this authority, which is made when it is first needed."""
        ...

    def engine(self, location: LocationSpec, way: MachineSpec, socket: str, authority: str = "") -> EngineSpec:
        """How its engine is reached."""
        ...

    def expiry(self, authority: str) -> float | None:
        """When an authority ends (epoch seconds); None for one that is not made. To be called in a thread. Raises StoreFault."""
        ...

    def keep_authorities(self, names: frozenset[str]) -> None:
        """Forget all others, with their keys. To be called in a thread."""
        ...

    def forget(self, host: Uid) -> None:
        """The machine of this host is gone: what was known of it (its host key) is forgotten."""
        ...

    def forget_key(self) -> None:
        """No machine of a cloud is left, nor any pool that makes some: nothing is kept to enter one by."""
        ...


class Witness(Protocol):
    """Has a handler look at the outside: a recording keeps what was seen under that name, and a replay sees it again. Not for works."""

    def __call__(self, name: str, look: Callable[[], T], /) -> T: ...


def unrecorded(name: str, look: Callable[[], T], /) -> T:
    """Look, and tell nobody."""
    del name
    return look()


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
    http: Http
    disconnect: Callable[[EngineSpec], None]
    adjunct: AdjunctMaker
    secrets: Secrets
    grounds: Grounds
    settle: Callable[[LocationSpec], LocationSpec]
    """Puts the locations that settings name in; raises BadRequest for one that nobody knows."""
    login: Callable[[str], Login | None] = lambda _: None
    """Who we are to the registry of an image; None where nobody said. Raises SettingsError."""
    readdress: Callable[[EngineSpec, EngineSpec], None] = lambda _was, _now: None
    """An engine is reached by other files from now on, by all who have it."""
    allow: Allowances = EVERYTHING
    plain_secrets: str = "allow"
    """What becomes of secrets in plain text: allow, warn or refuse."""
    """What containers may have beyond the usual."""
    strategies: tuple[StrategySpec, ...] = ()
    timing: Timing = field(default_factory=Timing)
    commits: Commits = field(default_factory=Commits)
    journal: Journal = field(default_factory=Journal)
    remains: list[Record] = field(default_factory=list)
    """What entities had still to write when the manager stopped in order: written last of all."""
    sharing: Sharing = field(default_factory=Sharing)
    witness: Witness = unrecorded
    crashed: set[Uid] = field(default_factory=set)
    """Pools whose behaviour crashed: what it had promised may not be in any record yet."""

    @property
    def ours(self) -> Mapping[str, str]:
        """Labels of everything that was made from this state."""
        return {LABEL_PLANE: self.plane, LABEL_STATE: self.store.identity}
