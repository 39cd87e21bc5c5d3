"""A story: what people, loads and bad luck do to a manager, when. A plain value, so that it can be cut down to what is needed for a fault, and printed.

Who is meant is said by number (`who`), of those who are there at that moment: so a step still means something when steps before it are left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from clocker_actors.model.values import Value


@dataclass(frozen=True, slots=True)
class Step:
    """After `wait` seconds, somebody does `what` to number `who`; an order is given by one of several clients."""

    wait: float
    what: str
    who: int = 0
    details: Mapping[str, Value] = field(default_factory=dict)
    client: int = 0

    def __str__(self) -> str:
        given = " ".join(f"{name}={value}" for name, value in self.details.items())
        return f"+{self.wait:<6.2f} {self.what} #{self.who} {given} (client {self.client})"


@dataclass(frozen=True, slots=True)
class Story:
    """Hosts of the farm with the room of each, what clouds give and how well (`quota`, chances that creating, booting and installing fail), and the steps."""

    seed: int
    hosts: int
    room: int
    steps: tuple[Step, ...]
    quota: int = 6
    odds: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def __str__(self) -> str:
        lead = f"seed {self.seed}: {self.hosts} hosts with room for {self.room} each; clouds have {self.quota} machines and fail by {self.odds}"
        return "\n".join((lead, *(f"  {step}" for step in self.steps)))
