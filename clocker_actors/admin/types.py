"""Every policy, enricher and strategy that a blueprint may name, for the daemon and the CLI alike."""

from clocker_actors.enrichers import catalogue as enrichers
from clocker_actors.model.types import TypeTable
from clocker_actors.placement import catalogue as placement
from clocker_actors.policies import catalogue as policies


def type_table() -> TypeTable:
    """All types by name."""
    return TypeTable({**policies.TYPES, **enrichers.TYPES}, placement.STRATEGIES)
