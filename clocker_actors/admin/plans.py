"""Plans that people have seen, so that a deploy can be held to one: the file as it was, and the world it was made against.

The last few are kept, for an hour, in memory: a plan is no promise over a restart. Its id is short and says what it was made of, so the same plan asked for
twice has the same id.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from clocker_actors.errors import Conflict, NotFound
from clocker_actors.model.specs import Blueprint
from clocker_actors.planning.moved import World, moved, rewritten

KEPT, FOR = 64, 3600.0
"""How many plans are kept, and for how many seconds."""


@dataclass(frozen=True, slots=True)
class _Kept:
    blueprint: Blueprint
    world: World
    at: float


class Plans:
    """See the module. `now` gives epoch seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def keep(self, blueprint: Blueprint, world: World) -> str:
        """The id under which this plan is known from now on."""
        made = hashlib.sha256(msgspec.json.encode((blueprint, world.facts, world.specs), order="deterministic"))
        name = made.hexdigest()[:8]
        self._kept[name] = _Kept(blueprint, world, self._now())
        self._kept.move_to_end(name)
        self._forget()
        return name

    def hold(self, name: str, blueprint: Blueprint, world: World, reaches: Callable[[str], bool] = lambda _: True) -> None:
        """Raises NotFound for a plan that is not known (any more) or has applications out of reach, Conflict with a line for each thing that moved in the file or in the world since."""
        self._forget()
        kept = self._kept.get(name)
        if kept is None or not all(reaches(application.id) for application in kept.blueprint.applications):
            raise NotFound(
                f"plan {name[:40]!r} is not known: the last {KEPT} plans are kept, for an hour, and not over a restart of the daemon; "
                "`clocker plan FILE` makes one",
                plan=name[:40],
            )
        lines = [f"the file: {line}" for line in rewritten(kept.blueprint, blueprint)] + list(moved(kept.world, world))
        if lines:
            raise Conflict(
                "\n".join((f"plan {name} does not hold any more, and nothing was done:", *lines, "look at a new one: `clocker plan FILE`")),
                plan=name,
            )

    def _forget(self) -> None:
        before = self._now() - FOR
        while self._kept and (len(self._kept) > KEPT or next(iter(self._kept.values())).at < before):
            self._kept.popitem(last=False)
