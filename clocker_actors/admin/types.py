"""Every policy, enricher and strategy that a blueprint may name, for the daemon and the CLI alike."""

from collections.abc import Iterable

from clocker_actors.admin.plugins import load
from clocker_actors.enrichers import catalogue as enrichers
from clocker_actors.model.types import TypeTable
from clocker_actors.placement import catalogue as placement
from clocker_actors.policies import catalogue as policies


def type_table(strategy_modules: Iterable[str] = (), *, partial: bool = False) -> TypeTable:
    """All types by name, those of installed packages and of these modules included; built-in names win. `partial`: as a client, who may not know all."""
    own = load(strategy_modules)
    strategies = {**own.types, **placement.STRATEGIES}
    return TypeTable({**policies.TYPES, **enrichers.TYPES}, strategies, own.makers, own.predicates, partial)
