"""What people hear of the hosts that a pool makes: how far each order for a size is and how it ends, and which machines are in trouble."""

from typing import TYPE_CHECKING

from clocker_actors.model.activities import Activity
from clocker_actors.model.identity import SYSTEM, Cause, Uid
from clocker_actors.model.machines import MachineChanged, MachinePhase
from clocker_actors.model.messages import Invoke
from clocker_actors.model.values import counted

if TYPE_CHECKING:
    from clocker_actors.entities.pools.supply import Supply

EMPTY_LIMIT = 30.0
"""Seconds that an order waits for hosts to become empty, or to answer, before it says which do not."""
SHOWN = 3


class SupplyNews:
    """Of one pool. `asked` is why there are to be more hosts when nobody gave an order, `why` what became of the last that failed."""

    __slots__ = ("_supply", "asked", "kept", "said", "why")

    def __init__(self, supply: "Supply") -> None:
        self._supply = supply
        self.asked: Cause = SYSTEM
        self.said: dict[Uid, MachineChanged] = {}
        self.kept: dict[Uid, str] = {}  # hosts that cannot go now, and why
        self.why = ""

    def name(self, uid: Uid) -> str:
        """What people call a host."""
        return self._supply.made[uid].spec.name if uid in self._supply.made else uid

    def nothing_free(self, location: str, failed: str) -> None:
        """There is no machine left for a host that is wanted; `failed` says which parts of the location give none for now."""
        words = failed or f"{location} has no more machines that are free"
        if words not in self.why:
            self.why = "; ".join(part for part in (self.why, words) if part)

    def tell(self) -> None:
        """Orders hear how far they are, and the pool what is wrong with its machines."""
        supply, pool, state = self._supply, self._supply.pool, self._supply.pool.state
        if state.spec.location is None:
            return
        if (supply.coming or state.leaving) and not pool.running.all("resize", "delete", "giveBack"):
            pool.running.begin(Invoke("resize", {"size": state.size}, self.asked), {"size": state.size})
        up = sum(1 for uid in supply.active if supply.phases[uid] is MachinePhase.UP and pool.up.get(uid))
        for activity in pool.running.all("delete"):
            total = max(activity.total, len(supply.made))
            pool.running.progress(activity.id, done=total - len(supply.made), total=total, note="; ".join(self.kept.values()))
        for activity in pool.running.all("resize"):
            self._progress(activity, up)
        pool.service.set_problem("machines", self._troubles())

    def _progress(self, activity: Activity, up: int) -> None:
        supply, pool, state = self._supply, self._supply.pool, self._supply.pool.state
        excess = len(supply.active) - state.size
        kept = "; ".join(f"{self.name(uid)} {why}" for uid, why in self.kept.items())
        note = self._note(up, kept if excess > 0 else "")
        pool.running.progress(activity.id, done=min(up, state.size), total=state.size, note=note)
        if up == state.size and not excess and not state.leaving:
            pool.running.progress(activity.id, done=up, total=up)
            pool.running.finish(activity.id, state.size)
        elif problem := self._problem(activity, up, excess, kept):
            pool.running.fail(activity.id, problem)

    def _problem(self, activity: Activity, up: int, excess: int, kept: str) -> str:
        """Why an order cannot be carried out; "" if it goes on."""
        supply, pool, state = self._supply, self._supply.pool, self._supply.pool.state
        quiet = not supply.coming and not state.leaving
        late = pool.now - activity.began > EMPTY_LIMIT
        if state.given_up and quiet and all(uid in pool.up for uid in supply.active):
            return f"{counted(up, 'host')} of {state.size} came up: {self.why}; `clocker resize {pool.identity.path} N` tries again"
        if excess > 0 and kept and not supply.clearing.busy and late:
            return f"not all hosts can go: {kept}; they are given back once nothing is on them"
        silent = [self.name(uid) for uid in supply.active if pool.up.get(uid) is False]
        if silent and quiet and excess <= 0 and late:
            return f"{', '.join(silent[:SHOWN])} came up and {'does' if len(silent) == 1 else 'do'} not answer: `clocker hosts` tells why"
        return ""

    def _note(self, up: int, kept: str) -> str:
        moving = [*self._supply.coming, *self._supply.pool.state.leaving][:SHOWN]
        parts = [f"{up} of {counted(self._supply.pool.state.size, 'host')} up"]
        parts += [f"{self.name(uid)}: {self.said[uid].step or self.said[uid].phase}" for uid in moving if uid in self.said]
        return "; ".join([*parts, *([kept] if kept else [])])

    def _troubles(self) -> str:
        state = self._supply.pool.state
        said = [f"{self.name(uid)}: {self.said[uid].reason}" for uid in state.aside if uid in self.said]
        if state.given_up and self.why and not said:
            said.append(self.why)
        if state.aside:
            said.append(f"`clocker invoke {self._supply.pool.identity.path} giveBack host=NAME` gives one back after it was looked at")
        return "; ".join(said)
