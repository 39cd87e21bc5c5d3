"""The rebalancer: lets a pool move members when its hosts are loaded unlike. Off unless somebody adds it to a pool.

    ┌──────┐ hosts differ by enough, have been the same for a while, budget left  ┌────────┐
    │ IDLE │ ────────────────────────────────────────────────────────────────▶ │ MOVING │
    └──────┘ ◀──────────────────────────────────────────────────────────────── └────────┘
                    the pool has made its moves; if there were none, not before loads change

What to move is the pool's to work out (`planning/rebalancing.py`). A host that comes and goes never has been there for long enough to be moved to, and
whatever happens, no more members move in a window of time than the budget allows.
"""

from collections.abc import Mapping

from clocker_actors.kernel import past
from clocker_actors.model import sensors
from clocker_actors.model.activities import Activity, ActivityState
from clocker_actors.model.identity import SYSTEM, Cause, EntityKind
from clocker_actors.model.messages import ActivityEnded, SensorChanged
from clocker_actors.model.types import KeyType, PolicyType
from clocker_actors.model.values import Value, as_number
from clocker_actors.policies.base import PolicyActor
from clocker_actors.policies.conclusion import Conclusion, clock_time

REBALANCER = PolicyType(
    "rebalancer",
    "policy",
    (
        KeyType("period", "duration", 30.0, "how often it is looked at", least=1),
        KeyType("stabilisation", "duration", 120.0, "how long the hosts have to be the same ones before members move", least=0),
        KeyType("leastSpread", "number", 10.0, "by how many points of 100 loads have to differ at least", least=1),
        KeyType("moves", "integer", 2, "members that may move within the window", least=1),
        KeyType("window", "duration", 600.0, "the window in which moves are counted", least=0),
    ),
    (),
    "moves members when hosts join or are loaded unlike",
    kinds=(EntityKind.POOL,),
)


class Look:
    """Timer message: see how the hosts are."""


class Rebalancer(PolicyActor):
    """See the drawing. Durable: when members were moved, and the decision whose moves are under way."""

    type = REBALANCER

    def begin(self) -> None:
        times = self.kept.get("moved")
        found = (past(each, self.now) for each in times) if isinstance(times, list | tuple) else ()
        self.moved = [each for each in found if each is not None]
        self.spread: float | None = None
        self.hosts: float | None = None
        self.changed_at = self.now
        self.fruitless: float | None = None  # what loads differed by when nothing could be moved
        self.ordered = str(self.kept.get("ordered") or "")  # the decision whose moves are under way
        self.subscribe(self.entity, sensors.POOL_SPREAD.name)
        self.subscribe(self.entity, sensors.POOL_HOSTS_UP.name)
        self.after("look", self.seconds_of("period"), Look())

    def take(self, message: object) -> object:
        match message:
            case SensorChanged():
                self._heard(message)
            case Look():
                self.after("look", self.seconds_of("period"), Look())
                self._look()
            case ActivityEnded():
                self._ended(message.activity)
            case _:
                return super().take(message)
        return None

    def resumed(self, cause: Cause) -> None:  # noqa: ARG002 - the hook's signature
        self.fruitless, self.changed_at = None, self.now

    def reconfigured(self, old: Mapping[str, Value], cause: Cause) -> None:  # noqa: ARG002 - the hook's signature
        self.fruitless = None
        self.after("look", self.seconds_of("period"), Look())

    def _heard(self, message: SensorChanged) -> None:
        value = as_number(message.reading.value)
        if message.reading.sensor == sensors.POOL_SPREAD.name:
            self.spread = value
        elif value != self.hosts:
            self.hosts, self.changed_at, self.fruitless = value, self.now, None

    @property
    def left(self) -> int:
        """Members that may still move in this window."""
        window = self.seconds_of("window")
        self.moved = [at for at in self.moved if self.now - at < window]
        return int(as_number(self.config["moves"]) or 0) - len(self.moved)

    def _look(self) -> None:
        if self.suspended or self.ordered or self.spread is None:
            return
        least = as_number(self.config["leastSpread"]) or 0.0
        if self.spread < least or self.spread == self.fruitless:
            return
        inputs: dict[str, Value] = {"spread": self.spread, "least": least, "left": self.left}
        steady = self.changed_at + self.seconds_of("stabilisation")
        if self.now < steady:
            changes = (f"would move after {clock_time(steady)}, if hosts stay as they are",)
            self.decide("rebalance", Conclusion("unsteady", "hosts have come or gone lately", inputs=inputs, would_change=changes), SYSTEM)
        elif self.left <= 0:
            free = clock_time(self.moved[0] + self.seconds_of("window"))
            changes = (f"would move again after {free}",)
            reason = f"{len(self.moved)} members have moved within the window, and no more may"
            self.decide("rebalance", Conclusion("budget", reason, inputs=inputs, would_change=changes), SYSTEM)
        else:
            reason = f"loads of hosts differ by {self.spread:.0f} points"
            decision = self.decide(
                "rebalance", Conclusion("rebalance", reason, f"rebalance, at most {self.left} moves", inputs=inputs), SYSTEM
            )
            if decision is not None:
                self.ordered = decision.id
                self._keep_all()
                self.invoke("rebalance", {"moves": self.left}, decision)
        self.note()

    def _ended(self, activity: Activity) -> None:
        if activity.cause.id != self.ordered:
            return
        self.ordered = ""
        self.moved += [self.now] * activity.done
        if not activity.done or activity.state is not ActivityState.DONE:
            self.fruitless = self.spread
        self._keep_all()
        self.note()

    def waits_for(self, decisions: frozenset[str]) -> None:
        """Moves of which nobody knows any more were not made."""
        if self.ordered and self.ordered not in decisions:
            self.ordered = ""
            self._keep_all()

    def _keep_all(self) -> None:
        self.keep({"moved": list(self.moved), "ordered": self.ordered})

    def status(self) -> Mapping[str, Value]:
        return {"phase": "moving" if self.ordered else "idle", "moved": len(self.moved), "moves": self.config["moves"]}
