"""Addresses as others reach them: a service says `http://localhost:8080/app` or just 8080, and outside that is another host and port.

The published ports of its entity (`service.endpoints`) say which. The result is a sensor `NAME.mapped.public` or `NAME.mapped.subnet` beside each.
"""

import re
from collections.abc import Sequence
from typing import ClassVar
from urllib.parse import urlsplit, urlunsplit

from clocker_actors.enrichers.derived import Derived
from clocker_actors.model import sensors
from clocker_actors.model.sensors import Reading
from clocker_actors.model.types import KeyType, PolicyType
from clocker_actors.model.values import Value, as_map

_HOST_PORT = re.compile(r"(\[[0-9a-fA-F:]+\]|[^\s:/\[\]]+):(\d{1,5})")
_KEYS = (
    KeyType("sensors", "list", None, "sensors with an address: a url, host:port, or a port", required=True),
    KeyType("mapAll", "boolean", False, "also give those that are of no published port, as they are"),
)


def outside(address: Value, endpoints: Sequence[Value]) -> str | None:
    """The address with host and port as they are published; None if its port is not."""
    published = {str(as_map(each).get("container")).removesuffix("/tcp"): as_map(each) for each in endpoints}

    def place(port: object) -> str | None:
        found = published.get(str(port))
        return None if found is None else f"{found.get('host')}:{found.get('port')}"

    if isinstance(address, int) and not isinstance(address, bool):
        return place(address)
    if not isinstance(address, str):
        return None
    if address.isdigit():
        return place(int(address))
    plain = _HOST_PORT.fullmatch(address)
    if plain is not None:
        return place(int(plain[2]))
    try:
        parts = urlsplit(address)
        port = parts.port or {"http": 80, "https": 443, "ws": 80, "wss": 443}.get(parts.scheme)
    except ValueError:
        return None
    where = place(port) if parts.hostname else None
    return None if where is None else urlunsplit(parts._replace(netloc=where))


class OnPublicNetwork(Derived):
    """Gives a reading for each reading of an address, and when ports change."""

    type: ClassVar[PolicyType] = PolicyType(
        "on-public-network",
        "enricher",
        _KEYS,
        ("OnPublicNetworkEnricher", "org.apache.brooklyn.core.network.OnPublicNetworkEnricher"),
        "gives addresses with the host and port by which they are reached from outside, as NAME.mapped.public",
        hears=("sensors",),
    )
    suffix: ClassVar[str] = "mapped.public"

    def sources(self) -> tuple[str, ...]:
        return (*self.names_of("sensors"), sensors.ENDPOINTS.name)

    def heard(self, reading: Reading) -> None:
        endpoints = self.latest.get(sensors.ENDPOINTS.name)
        if endpoints is None:
            return
        changed = self.names_of("sensors") if reading.sensor == sensors.ENDPOINTS.name else (reading.sensor,)
        for known in (self.latest[name] for name in changed if name in self.latest):
            self._give_mapped(known, endpoints)

    def _give_mapped(self, known: Reading, endpoints: Reading) -> None:
        target = f"{known.sensor}.{self.suffix}"
        gone = known.unavailable or endpoints.unavailable
        ports = endpoints.value if isinstance(endpoints.value, list | tuple) else ()
        found = None if gone else outside(known.value, ports)
        if found is None and not gone and self.config["mapAll"] is True:
            found = str(known.value)
        if found is None:
            self.give_nothing(target, gone or f"{known.value} is at no published port")
        else:
            self.give_value(target, found, (known,))


class OnSubnetNetwork(OnPublicNetwork):
    """The same for those in the same docker cloud, who reach a published port at the same place."""

    type: ClassVar[PolicyType] = PolicyType(
        "on-subnet-network",
        "enricher",
        _KEYS,
        ("OnSubnetNetworkEnricher", "org.apache.brooklyn.core.network.OnSubnetNetworkEnricher"),
        "gives addresses with the host and port by which they are reached within the docker cloud, as NAME.mapped.subnet",
        hears=("sensors",),
    )
    suffix: ClassVar[str] = "mapped.subnet"
