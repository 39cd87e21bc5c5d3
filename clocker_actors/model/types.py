"""What may be written in a blueprint for policies, enrichers and placement strategies, as a table.

Each room that has such types describes them as rows; the daemon and the CLI collect them into one `TypeTable`, which the blueprint room checks against. So that
room needs to know no policy, and the documentation is made from the same rows.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from clocker_actors.model.catalogue import TypeSource
from clocker_actors.model.identity import EntityKind
from clocker_actors.model.placements import Resident
from clocker_actors.model.values import Value


@dataclass(frozen=True, slots=True)
class KeyType:
    """One configuration key. `type` is string, integer, number, boolean, duration (seconds), size (bytes), sensor, list, map, labels (conditions on
    labels), regex or formula (see `model.formula`); bounds are inclusive."""

    name: str
    type: str
    default: Value
    meaning: str
    least: float | None = None
    most: float | None = None
    required: bool = False
    choices: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    """Other spellings."""


@dataclass(frozen=True, slots=True)
class PolicyType:
    """A type by name: `role` is policy, enricher, feed or strategy; `aliases` are other spellings (the ancestor's Java names).

    The rest says where it can work (see `model.fitness`): `kinds` of entity (none: all); keys of which one must be written (`needs`); keys of which one must be
    above 0 for the first of those to lead to anything, unless another of them is written (`bounds`); keys that name sensors of its
    entity it listens to (`hears`, unless one of `elsewhere` is written) or gives (`gives`, `names` for the keys of a map, and `rolls_up` for a list), that name effectors it orders, with
    the parameter these must take (`orders`); and the sensors it fires whatever is written (`emits`). Keys that name
    sensors of members or services below which it hears (`gathers`) or which it gives them (`hands_down`); keys with which it may give any sensor (`opens`).
    `check` judges a whole configuration: the key to blame
    ("" for none) and what would be right, or None.
    """

    name: str
    role: str
    keys: tuple[KeyType, ...] = ()
    aliases: tuple[str, ...] = ()
    meaning: str = ""
    kinds: tuple[EntityKind, ...] = ()
    needs: tuple[str, ...] = ()
    bounds: tuple[str, ...] = ()
    hears: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    gathers: tuple[str, ...] = ()
    hands_down: tuple[str, ...] = ()
    opens: tuple[str, ...] = ()
    rolls_up: str = ""
    emits: tuple[str, ...] = ()
    orders: Mapping[str, str] = field(default_factory=dict)
    check: Callable[[Mapping[str, Value]], tuple[str, str] | None] | None = None


@dataclass(frozen=True, slots=True)
class TypeTable:
    """All types by name. `makers` are the classes of strategies of somebody's own, `predicates` what a PREDICATE rule of affinity may name. With `partial` others
    may be known elsewhere: a client lets the manager judge names it does not know itself. `catalogue` are the types of services."""

    policies: Mapping[str, PolicyType] = field(default_factory=dict)
    strategies: Mapping[str, PolicyType] = field(default_factory=dict)
    makers: Mapping[str, Callable[..., object]] = field(default_factory=dict)
    predicates: Mapping[str, Callable[[Resident], bool]] = field(default_factory=dict)
    partial: bool = False
    catalogue: tuple[TypeSource, ...] = ()
