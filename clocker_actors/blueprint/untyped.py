"""Services whose type nobody knows: which of their keys can be read all the same, so that one look at a file tells all its faults.

Such a service may be anything, and its type may say anything. So a key that no kind declares may be one of the type's, what is missing may be the type's to give,
and nothing is made of the rest: it is read for the faults in it alone. What could be but a consequence of the type is not told.
"""

from clocker_actors.blueprint.faults import Faults
from clocker_actors.blueprint.keys import KeyTable
from clocker_actors.blueprint.nodes import MapNode, ScalarNode
from clocker_actors.blueprint.tables import CLUSTER_CONFIG, CONFIG_OF, CONTAINER_CONFIG, POOL, SERVICE_TYPES

UNTYPED = "untyped"
"""The kind of such a service."""

ANY_CONFIG = KeyTable(*{**CLUSTER_CONFIG.keys, **CONTAINER_CONFIG.keys}.values())
"""What a service may have that is no docker cloud."""

_CLOUDS = frozenset({"hosts", "engines"})


def config_of(kind: str) -> KeyTable:
    """The configuration that services of a kind declare."""
    return ANY_CONFIG if kind == UNTYPED else CONFIG_OF[kind]


def may_be_cloud(node: MapNode, written: ScalarNode | None, faults: Faults) -> bool:
    """Whether a docker cloud was meant, whose keys have other meanings."""
    name = written.text.rpartition(".")[2] if written is not None else ""
    return not _CLOUDS.isdisjoint(node.entries) or bool(name and faults.near(name, (POOL, *SERVICE_TYPES[POOL]), cutoff=0.7))
