"""Effectors: the named operations of entities, with typed parameters, and the one place where arguments are checked.

An effector is a key here and a method on its entity. Arguments come from people (text) or policies (values); `bind` turns both into checked values,
or says which argument is wrong and what would be right.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import cast

from clocker_actors.errors import BadRequest, NotFound
from clocker_actors.masking import masked
from clocker_actors.model.identity import EntityKind
from clocker_actors.model.values import Value


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: `type` is one of string, integer, number, boolean, map. Bounds are inclusive."""

    name: str
    type: str
    meaning: str
    required: bool = True
    default: Value = None
    least: float | None = None
    most: float | None = None
    noted: bool = True  # whether activities keep it; what is long or may hold secrets is not


@dataclass(frozen=True, slots=True)
class Effector:
    """One operation: name, meaning, parameters, and the kinds of entity that have it."""

    name: str
    meaning: str
    kinds: frozenset[EntityKind]
    parameters: tuple[Parameter, ...] = field(default=())


_SERVICES = frozenset({EntityKind.APPLICATION, EntityKind.CLUSTER, EntityKind.MEMBER})
_ALL = frozenset(EntityKind)
_CLUSTER = frozenset({EntityKind.CLUSTER})
_ROOT = frozenset({EntityKind.ROOT})
_POLICY_NAME = Parameter("policy", "string", "name of the policy, as `clocker policies` lists it")
_CONFIG = Parameter("config", "map", "configuration keys and values", required=False, default={})

START = Effector("start", "bring the service up", _SERVICES)
STOP = Effector("stop", "stop the service and remove its containers; the entity stays and can be started again", _SERVICES)
RESTART = Effector("restart", "replace what runs by a fresh generation", _SERVICES)
DELETE = Effector("delete", "stop the service, remove all that was made for it, and forget it", _SERVICES | {EntityKind.POOL})
UPDATE = Effector(
    "update",
    "become what a changed blueprint says (parsed specs); `deploy` does this for what exists",
    frozenset({EntityKind.APPLICATION, EntityKind.POOL}),
    (Parameter("spec", "map", "the parsed spec", noted=False),),
)
RESIZE = Effector(
    "resize",
    "set the number of members, for good or for a while",
    _CLUSTER,
    (
        Parameter("size", "integer", "members wanted", least=0, most=1_000_000),
        Parameter(
            "for",
            "number",
            "seconds after which it is a policy's again, or as it was; 0: for good",
            required=False,
            default=0.0,
            least=0.0,
            most=31_536_000.0,
        ),
    ),
)
RESIZE_POOL = Effector(
    "resize",
    "set the number of hosts that a docker cloud makes",
    frozenset({EntityKind.POOL}),
    (Parameter("size", "integer", "hosts wanted", least=0, most=1_000_000),),
)
RESIZE_BY_DELTA = Effector(
    "resizeByDelta",
    "change the number of members",
    _CLUSTER,
    (Parameter("delta", "integer", "members more (or less, if negative)", least=-1_000_000, most=1_000_000),),
)
REPLACE_MEMBER = Effector(
    "replaceMember",
    "start a new member, then stop this one",
    _CLUSTER,
    (Parameter("member", "string", "the member to replace: its path, its number or its uid"),),
)
MOVE = Effector(
    "move",
    "start a new container on another host, then stop this one (or the other way round, where two may not run at a time)",
    frozenset({EntityKind.MEMBER}),
    (
        Parameter("host", "string", "the host to move to; without one the pool chooses", required=False, default=""),
        Parameter("exclude", "string", "hosts it may not move to, parted by commas", required=False, default=""),
        Parameter("leave", "string", "uid of the host to move away from; nothing is done if it is not there", required=False, default=""),
        Parameter("urgent", "boolean", "go before starts that can wait", required=False, default=False),
    ),
)
_HOST = frozenset({EntityKind.HOST})
CORDON = Effector("cordon", "place nothing new on this host; what is there stays", _HOST)
UNCORDON = Effector("uncordon", "take the host into use again; ends a drain", _HOST)
DRAIN = Effector(
    "drain",
    "cordon the host and move all members away from it, each started elsewhere before it ends here where that may be",
    _HOST,
    (Parameter("surge", "integer", "members that move at a time", required=False, default=3, least=1, most=1000),),
)
EVACUATE = Effector("evacuate", "drain a host that is about to die: all members at once", _HOST)
RESUME_HEALING = Effector(
    "resumeHealing",
    "take hosts that do not answer as lost: go on replacing what ran there, after that was stopped because too many went silent at once",
    frozenset({EntityKind.POOL}),
)
DESTROY_ORPHANS = Effector(
    "destroyOrphans",
    "give back machines that carry this manager's tags and belong to no host",
    frozenset({EntityKind.POOL}),
)
GIVE_BACK = Effector(
    "giveBack",
    "give back the machine of a host that failed to come up and was kept to be looked at",
    frozenset({EntityKind.POOL}),
    (Parameter("host", "string", "the host: its name, its path or its uid"),),
)
ROTATE_CERTIFICATES = Effector(
    "rotateCertificates",
    "make a new authority and certificates of it for engines that listen on the network, one host after the other; the old ones hold no more",
    frozenset({EntityKind.POOL}),
)
REBALANCE = Effector(
    "rebalance",
    "move members, one of a cluster at a time, where that makes the load of hosts more alike by at least 10 points",
    frozenset({EntityKind.POOL}),
    (Parameter("moves", "integer", "members that may move in all", required=False, default=10, least=1, most=1000),),
)
ADD_POLICY = Effector(
    "add_policy",
    "add a policy",
    _ALL,
    (
        Parameter("type", "string", "type of the policy, e.g. autoscaler"),
        Parameter("name", "string", "its name here", required=False, default=""),
        _CONFIG,
    ),
)
SET_POLICY = Effector("set_policy", "change a policy's configuration", _ALL, (_POLICY_NAME, _CONFIG))
SUSPEND_POLICY = Effector("suspend_policy", "let a policy rest", _ALL, (_POLICY_NAME,))
RESUME_POLICY = Effector("resume_policy", "let a policy work again", _ALL, (_POLICY_NAME,))
REMOVE_POLICY = Effector("remove_policy", "take a policy away", _ALL, (_POLICY_NAME,))
DEPLOY = Effector(
    "deploy",
    "deploy a blueprint (parsed specs)",
    _ROOT,
    (Parameter("blueprint", "map", "the parsed blueprint", noted=False),),
)
ADD_TYPES = Effector(
    "add_types",
    "add types of services to the catalogue",
    _ROOT,
    (Parameter("files", "map", "files of types that were checked, each with the types in it", noted=False),),
)
REMOVE_TYPE = Effector(
    "remove_type",
    "take a type of services that was added out of the catalogue",
    _ROOT,
    (Parameter("type", "string", "the type, as id:version"),),
)

ALL: tuple[Effector, ...] = (
    START,
    STOP,
    RESTART,
    DELETE,
    UPDATE,
    RESIZE,
    RESIZE_POOL,
    RESIZE_BY_DELTA,
    DESTROY_ORPHANS,
    GIVE_BACK,
    ROTATE_CERTIFICATES,
    REPLACE_MEMBER,
    MOVE,
    CORDON,
    UNCORDON,
    DRAIN,
    EVACUATE,
    REBALANCE,
    RESUME_HEALING,
    ADD_POLICY,
    SET_POLICY,
    SUSPEND_POLICY,
    RESUME_POLICY,
    REMOVE_POLICY,
    DEPLOY,
    ADD_TYPES,
    REMOVE_TYPE,
)


def effectors_of(kind: EntityKind) -> dict[str, Effector]:
    """The effectors an entity of this kind has, by name."""
    return {effector.name: effector for effector in ALL if kind in effector.kinds}


def bind(effector: Effector, arguments: Mapping[str, Value]) -> dict[str, Value]:
    """Checked values for every parameter. Raises BadRequest naming the argument, what it got and what it takes."""
    known = {parameter.name: parameter for parameter in effector.parameters}
    for name in arguments:
        if name not in known:
            takes = ", ".join(known) or "no parameters"
            raise BadRequest(f"effector {effector.name} has no parameter {name!r}; it takes {takes}", parameter=name)
    bound: dict[str, Value] = {}
    for parameter in effector.parameters:
        if parameter.name in arguments:
            bound[parameter.name] = _coerce(effector, parameter, arguments[parameter.name])
        elif parameter.required:
            raise BadRequest(
                f"effector {effector.name} needs {parameter.name}={parameter.type.upper()} ({parameter.meaning})", parameter=parameter.name
            )
        else:
            bound[parameter.name] = parameter.default
    return bound


def noted(effector: Effector, arguments: Mapping[str, Value]) -> dict[str, Value]:
    """The arguments as an activity keeps them; what may be left out, and says nothing, is. What is a secret by its name is hidden."""
    kept = {parameter.name: parameter.required for parameter in effector.parameters if parameter.noted}
    told = {name: value for name, value in arguments.items() if kept.get(name) or (value and name in kept)}
    return cast("dict[str, Value]", masked(told))


def find(kind: EntityKind, name: str, others: Iterable[str] = ()) -> Effector:
    """The effector of that name; raises NotFound with the nearest known names, those of `others` beside them."""
    known = effectors_of(kind)
    if name in known:
        return known[name]
    names = (*others, *known)
    near = get_close_matches(name, names, n=3) or sorted(names)
    there = [str(other) for other in EntityKind if other is not kind and name in effectors_of(other)]
    elsewhere = f"; {', '.join(there)} entities have it, and `clocker tree` shows those" if there else ""
    raise NotFound(f"{kind} entities have no effector {name!r}{elsewhere or '; try ' + ', '.join(near)}", effector=name)


def _coerce(effector: Effector, parameter: Parameter, value: Value) -> Value:
    try:
        result = _CONVERTERS[parameter.type](value)
    except (ValueError, TypeError):
        raise BadRequest(
            f"effector {effector.name}: {parameter.name}={value!r} is not of type {parameter.type} ({parameter.meaning})",
            parameter=parameter.name,
        ) from None
    if isinstance(result, int | float) and not isinstance(result, bool):
        _check_bounds(effector, parameter, result)
    return result


def _check_bounds(effector: Effector, parameter: Parameter, value: float) -> None:
    too_low = parameter.least is not None and value < parameter.least
    too_high = parameter.most is not None and value > parameter.most
    if too_low or too_high:
        shown = value if isinstance(value, int) else f"{value:.15g}"
        bounds = [
            f"{word} {bound:.15g}" for word, bound in (("at least", parameter.least), ("at most", parameter.most)) if bound is not None
        ]
        right = (
            f"{parameter.least:.15g} to {parameter.most:.15g}" if parameter.least is not None and parameter.most is not None else bounds[0]
        )
        raise BadRequest(f"effector {effector.name}: {parameter.name}={shown} is out of range; give {right}", parameter=parameter.name)


def _integer(value: Value) -> int:
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise ValueError
    if not isinstance(value, int | float | str):
        raise TypeError
    return int(value)


def _number(value: Value) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError
    number = float(value)
    if not math.isfinite(number):
        raise ValueError
    return number


def _boolean(value: Value) -> bool:
    if isinstance(value, bool):
        return value
    words = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
    if isinstance(value, str) and value.lower() in words:
        return words[value.lower()]
    raise ValueError


def _string(value: Value) -> str:
    if isinstance(value, bool | int | float):
        return str(value)
    if not isinstance(value, str):
        raise TypeError
    return value


def _map(value: Value) -> Mapping[str, Value]:
    if not isinstance(value, Mapping):
        raise TypeError
    return value


_CONVERTERS = {"string": _string, "integer": _integer, "number": _number, "boolean": _boolean, "map": _map}
