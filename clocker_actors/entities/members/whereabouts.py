"""Where a member serves: host, addresses and ports as sensors, true while its container is ready, and as values for a generation that is yet to begin."""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import TYPE_CHECKING

from clocker_actors.entities.members.generations import NOT_RUNNING
from clocker_actors.entities.records import Generation
from clocker_actors.model import sensors
from clocker_actors.model.containers import Observed
from clocker_actors.model.generations import Phase
from clocker_actors.model.identity import NOBODY
from clocker_actors.model.sensors import Sensor
from clocker_actors.model.specs import ContainerSpec
from clocker_actors.model.values import Value

if TYPE_CHECKING:
    from clocker_actors.entities.members.member import Member

RUNNING = frozenset({Phase.STARTED, Phase.READY, Phase.UNWELL})


def place(generation: Generation) -> Mapping[str, Value]:
    """The sensors of a generation's place, by name."""
    found: dict[str, Value] = {
        sensors.HOST_NAME.name: generation.host_name,
        sensors.HOST_ADDRESS.name: generation.address,
        sensors.HOST_SUBNET.name: generation.address,
    }
    for port, number in sorted(generation.ports.items(), key=lambda item: item[0].endswith("/tcp")):
        found |= sensors.port_sensors(port, generation.address, number)
    return found


def some_place(container: ContainerSpec) -> Mapping[str, Value]:
    """The same sensors before there is a place: that they have a value is true, the value is not."""
    ports = {f"{port.container}/{port.protocol}": port.fixed or 1 for port in container.ports}
    return place(Generation(0, host=NOBODY, host_name="host", address="address", name="", ports=ports))


class Whereabouts:
    """Of one member."""

    __slots__ = ("_known", "_member", "_seen")

    def __init__(self, member: "Member") -> None:
        self._member = member
        self._known: tuple[str, ...] = ()
        self._seen: Observed | None = None  # of the current generation

    def serves(self, current: Generation, observed: Observed | None) -> None:
        """It is ready there."""
        found = {**place(current), sensors.HOST_SUBNET.name: _inner(current, observed)}
        gone = tuple(name for name in self._known if name not in found)
        self._known = tuple(found)
        if gone:
            self._member.unavailable("not published any more", *(_sensor(name) for name in gone))
        for name, value in found.items():
            self._member.observe(_sensor(name), value)

    def seen(self, observed: Observed) -> None:
        """Its container runs, ready or not, and this is what is seen of it."""
        self._seen = observed

    def refresh(self) -> None:
        """Say whether a container runs; without one it serves nowhere."""
        member = self._member
        runs = member.state.current is not None and member.phase in RUNNING
        serves = self._serves()
        if serves is not None:
            member.observe(sensors.SERVING, serves)
        if runs or sensors.PROCESS_RUNNING.name in member.readings:
            member.observe(sensors.PROCESS_RUNNING, runs)
        if runs and self._seen is not None and member.state.current is not None:
            self._say_place(member.state.current, self._seen)
        if not runs and self._known:
            member.unavailable("no container of it runs", sensors.ENDPOINTS, *(_sensor(name) for name in self._known))
            self._known = ()

    def _say_place(self, current: Generation, observed: Observed) -> None:
        """It is said until it runs elsewhere: whoever lists it must not forget it for being down."""
        numbers = sorted(current.ports.items(), key=lambda item: item[0].endswith("/tcp"))
        ports: dict[str, Value] = {port.partition("/")[0]: number for port, number in numbers}
        served = current.ready_once or bool(self._member.state.home)
        where: dict[str, Value] = {"host": current.host_name, "address": _inner(current, observed), "ports": ports, "served": served}
        self._member.observe(sensors.PLACE, where)

    def _serves(self) -> bool | None:
        """Whether others are to use it; None if that is not known: one that was ready before the manager began anew is looked for."""
        member = self._member
        current = member.state.current
        if member.state.spec.container is None:
            return None
        if current is None or member.phase is Phase.UNWELL or member.phase in NOT_RUNNING:
            return False
        if member.phase is Phase.READY:
            return not member.service.stated
        return None if current.ready_once else False


def _sensor(name: str) -> Sensor:
    known = sensors.ALL.get(name)
    return known if known is not None else Sensor(name, "", "where a port of its container is published")


def _inner(current: Generation, observed: Observed | None) -> str:
    """Where containers reach what it publishes."""
    return observed.gateway if observed is not None and observed.gateway and _own(current.address) else current.address


def _own(address: str) -> bool:
    """Whether the address leads a container to itself."""
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"
