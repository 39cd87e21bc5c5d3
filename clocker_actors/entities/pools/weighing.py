"""What a pool answers to those who ask where something would go: a look through its index, in one step, with nothing reserved."""

from typing import Protocol

from clocker_actors.entities.records import PoolState
from clocker_actors.model.identity import Uid
from clocker_actors.model.specs import StrategySpec
from clocker_actors.model.weighing import Weigh, Weighed
from clocker_actors.placement.index import HostIndex
from clocker_actors.placement.pipeline import weigh


class Owner(Protocol):
    """What is needed of the pool."""

    uid: Uid
    index: HostIndex
    state: PoolState

    def strategies(self) -> tuple[StrategySpec, ...]: ...


def weighed(pool: Owner, asked: Weigh) -> Weighed:
    """The answer. Raises BadRequest for strategies that cannot be used."""
    return weigh(asked.request, pool.index, pool.strategies(), rules=pool.state.spec.affinity, pool=pool.uid, most=asked.most)
