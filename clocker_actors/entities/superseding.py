"""Which order ends which older one, where a manager begins anew and finds both: it was killed before it was written that the older one had ended."""

from collections.abc import Mapping, Sequence

from clocker_actors.model.activities import Activity, KeptActivity

_AIMS = frozenset({"start", "restart", "stop", "delete", "resize", "resizeByDelta"})
_RESIZES = frozenset({"resize", "resizeByDelta"})
_DRAINS = frozenset({"drain", "evacuate", "cordon", "uncordon"})
SUPERSEDES: Mapping[str, frozenset[str]] = {
    "start": _AIMS,
    "stop": _AIMS,
    "delete": _AIMS | {"update"},
    "restart": frozenset({"stop"}),
    "resize": _RESIZES,
    "resizeByDelta": _RESIZES,
    "update": frozenset({"update", "renew"}),
    "renew": frozenset({"update", "renew"}),
    "rebalance": frozenset({"rebalance"}),
    "drain": _DRAINS - {"cordon"},
    "evacuate": _DRAINS - {"cordon"},
    "uncordon": _DRAINS - {"uncordon"},
}
"""By effector, those whose older activities on the same entity it ends."""


def overtaken(activities: Sequence[KeptActivity]) -> Mapping[str, Activity]:
    """Of activities of one entity, oldest first: those that a newer one has ended, by id, with that one."""
    found: dict[str, Activity] = {}
    for at, newer in enumerate(activities):
        ends = SUPERSEDES.get(newer.activity.effector, frozenset())
        found |= {older.activity.id: newer.activity for older in activities[:at] if older.activity.effector in ends}
    return found
