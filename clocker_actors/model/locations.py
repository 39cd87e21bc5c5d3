"""Where hosts come from: machines that exist, clouds that make them, and names of either.

A blueprint writes locations for a docker cloud, settings give them names, drivers make hosts there. All values are frozen and encodable; none holds a secret:
a `SecretRef` is only the name of one, and `Settings.resolve` finds the value for the driver that needs it. Sizes are bytes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from enum import StrEnum
from typing import TypeAlias

from clocker_actors.errors import BadRequest
from clocker_actors.model.values import Value

TOKENS = frozenset({"digitalocean", "linode", "vultr"})
"""Clouds that know us by one token, the credential."""

MOST_HOSTS = 100
"""The most hosts a docker cloud makes in a location unless its blueprint says more."""


@dataclass(frozen=True, slots=True)
class SecretRef:
    """The name of a secret, `LOCATION.identity`, `LOCATION.credential` or `LOCATION.password`; never its value."""

    name: str


Resolver: TypeAlias = Callable[[SecretRef], str]
"""Gives the value of a secret. Raises SettingsError, which says where to write it."""


@dataclass(frozen=True, slots=True)
class MachineSpec:
    """A machine that exists, reached over SSH (or this one, in a location of kind LOCAL). Files are paths on the manager's machine."""

    name: str
    address: str
    port: int = 22
    user: str = ""
    key_file: str = ""
    known_hosts: str = ""
    zone: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    password: SecretRef | None = None
    trust_first: bool = False
    """Whether the first host key that it shows is believed, and no other later."""


@dataclass(frozen=True, slots=True)
class NodeTemplate:
    """What a machine made by a cloud is to be like. 0 and "" leave the choice to the cloud; ids win over regular expressions."""

    min_ram: int = 0
    min_cores: float = 0
    min_disk: int = 0
    image_id: str = ""
    image_regex: str = ""
    hardware_id: str = ""
    hardware_regex: str = ""
    os_family: str = ""
    image_owners: tuple[str, ...] = ()
    user: str = "root"
    key_file: str = ""
    public_key: str = ""
    security_groups: tuple[str, ...] = ()
    inbound_ports: tuple[int, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    user_metadata: Mapping[str, str] = field(default_factory=dict)
    machine_create_attempts: int = 1
    destroy_on_failure: bool = False
    """Whether a machine that fails to come up is destroyed, if its docker cloud does not say."""


@dataclass(frozen=True, slots=True)
class CloudSpec:
    """One region of a cloud, by libcloud's name of its provider. `endpoint` is an url, for clouds that are not at their usual place."""

    provider: str
    region: str
    identity: SecretRef
    credential: SecretRef
    endpoint: str = ""
    template: NodeTemplate = NodeTemplate()

    @property
    def secrets(self) -> tuple[SecretRef, ...]:
        """Those that it takes to speak with the cloud."""
        return (self.credential,) if self.provider in TOKENS else (self.identity, self.credential)


class LocationKind(StrEnum):
    """What a location is, and so which of its fields mean something."""

    POOL = "pool"  # a docker cloud, by name: `pool`
    LOCAL = "local"  # the manager's own machine: `machines` has it
    MACHINES = "machines"  # machines that exist: `machines`
    CLOUD = "cloud"  # machines that a cloud makes: `cloud`
    MULTI = "multi"  # several: `parts`, in the order they are used
    SIMULATED = "simulated"  # as a cloud, of the simulated driver
    NAMED = "named"  # one of the settings, by name: `name`; `settle` puts it in


@dataclass(frozen=True, slots=True)
class LocationSpec:
    """One location. With `tls` engines that are made there listen on the network, for the manager's certificate alone; else they are reached over SSH.
    `overrides` are fields of the template that the writer of a NAMED one gives anew."""

    kind: LocationKind
    name: str
    pool: str = ""
    machines: tuple[MachineSpec, ...] = ()
    cloud: CloudSpec | None = None
    parts: tuple["LocationSpec", ...] = ()
    tls: bool = False
    overrides: Mapping[str, Value] = field(default_factory=dict)

    @property
    def listens(self) -> bool:
        """Whether engines that are made there, or in a part of it, listen on the network."""
        return self.tls or any(part.listens for part in self.parts)

    @property
    def capacity(self) -> int | None:
        """How many hosts there can be; None if nobody counts them."""
        if self.kind in {LocationKind.LOCAL, LocationKind.MACHINES}:
            return len(self.machines)
        counts = [part.capacity for part in self.parts]
        if self.kind is LocationKind.MULTI and None not in counts:
            return sum(count or 0 for count in counts)
        return None


def settle(location: LocationSpec, named: Mapping[str, LocationSpec], seen: tuple[str, ...] = ()) -> LocationSpec:
    """The location with every NAMED one replaced by that of the settings. `seen` are the names that led here.

    Raises BadRequest for a name that nobody knows or that leads to itself, for one of a docker cloud (no hosts come from there), and for options that do
    not fit.
    """
    if location.kind is LocationKind.MULTI:
        return replace(location, parts=tuple(settle(part, named, seen) for part in location.parts))
    if location.kind is not LocationKind.NAMED:
        return location
    name = location.name
    if name in seen:
        raise BadRequest(f"location {name!r} leads to itself; write in the settings where its machines come from", location=name)
    found = named.get(name)
    if found is None:
        near = get_close_matches(name, named, n=3) or sorted(named)
        known = f"known are {', '.join(near)}" if near else "none are"
        raise BadRequest(
            f"location {name!r} is not in the settings ({known}); write [locations.{name}] in the daemon's clocker.toml", location=name
        )
    if found.kind is LocationKind.POOL:
        raise BadRequest(
            f"location {name!r} is the docker cloud {found.pool}, where no hosts come from; name a cloud or machines", location=name
        )
    found = settle(found, named, (*seen, name))
    return _overlaid(found, location.overrides) if location.overrides else found


def _overlaid(found: LocationSpec, overrides: Mapping[str, Value]) -> LocationSpec:
    if found.parts:
        return replace(found, parts=tuple(_overlaid(part, overrides) for part in found.parts))
    if found.cloud is None:
        raise BadRequest(
            f"location {found.name!r} is of machines that exist, so it takes no options; remove {', '.join(sorted(overrides))}",
            location=found.name,
        )
    # Records and requests are JSON, where a tuple comes back as a list.
    given = {name: tuple(value) if isinstance(value, list) else value for name, value in overrides.items()}
    template = replace(found.cloud.template, **given)  # type: ignore[arg-type]  # read by the table of these fields
    return replace(found, cloud=replace(found.cloud, template=template))
