"""Every policy, enricher and strategy that a blueprint may name, for the daemon and the CLI alike."""

from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from importlib import resources

from clocker_actors.admin.plugins import load
from clocker_actors.enrichers import catalogue as enrichers
from clocker_actors.entities.cataloguing import added_types
from clocker_actors.feeds import catalogue as feeds
from clocker_actors.model.catalogue import TypeSource
from clocker_actors.model.declared import DECLARED
from clocker_actors.model.types import TypeTable
from clocker_actors.placement import catalogue as placement
from clocker_actors.policies import catalogue as policies
from clocker_actors.ports.store import Store


def type_table(strategy_modules: Iterable[str] = (), *, partial: bool = False) -> TypeTable:
    """All types by name, those of installed packages and of these modules included; built-in names win. `partial`: as a client, who may not know all."""
    own = load(strategy_modules)
    strategies = {**own.types, **placement.STRATEGIES}
    return TypeTable(
        {**policies.TYPES, **enrichers.TYPES, **feeds.TYPES, **DECLARED}, strategies, own.makers, own.predicates, partial, shipped()
    )


@cache
def shipped() -> tuple[TypeSource, ...]:
    """The files of types that come with the program."""
    files = sorted((each for each in (resources.files("clocker_actors") / "catalogue").iterdir()), key=lambda each: each.name)
    return tuple(TypeSource(each.name, each.read_text(encoding="utf-8")) for each in files if each.name.endswith(".yaml"))


def known_types(types: TypeTable, store: Store) -> TypeTable:
    """The table with the types of services that people added."""
    return replace(types, catalogue=(*types.catalogue, *added_types(store)))
