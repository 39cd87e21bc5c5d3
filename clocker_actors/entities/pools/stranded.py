"""Hosts that a pool cannot give back at its end: they do not answer, and something on them is not ours.

Nobody can be asked to remove that, and it is not destroyed. So after a while the pool ends without them: their machines are left as they are, and a person is
told which they are. A cloud lists them as machines that belong to no host, so another pool's `destroyOrphans` gives them back when somebody says so.
"""

import logging
from typing import TYPE_CHECKING

from clocker_actors.entities.records import HostState
from clocker_actors.model.identity import EntityKind, Uid
from clocker_actors.store.codec import decode

if TYPE_CHECKING:
    from clocker_actors.entities.pools.supply import Supply

log = logging.getLogger(__name__)

PATIENCE = 120.0
"""Seconds that a pool waits at its end for a host that is silent and holds what is not ours; longer than one that holds nothing has (`making.py`)."""


class Stranded:
    """Of one supply. `left` are those that are waited for no more."""

    __slots__ = ("_since", "_supply", "left")

    def __init__(self, supply: "Supply") -> None:
        self._supply = supply
        self._since: dict[Uid, float] = {}
        self.left: set[Uid] = set()

    def kept(self, uid: Uid, why: str) -> None:
        """One was not given back, at the end of its pool."""
        pool = self._supply.pool
        if pool.up.get(uid):
            self._since.pop(uid, None)
        elif pool.now - self._since.setdefault(uid, pool.now) >= PATIENCE and uid not in self.left:
            self.left.add(uid)
            pool.outside.grounds.forget(uid)
            self._say(uid, why)

    def _say(self, uid: Uid, why: str) -> None:
        pool, name = self._supply.pool, self._supply.news.name(uid)
        body = pool.outside.store.read(EntityKind.HOST, uid)
        made = decode(HostState, body).made if body is not None else None
        machine = (made.node or (made.way.address if made.way else "")) if made is not None else ""
        where = f"machine {machine} in {made.source.name}" if made is not None and machine else "its machine"
        words = f"{name} does not answer, and {why}; {where} is left as it is: look there, and remove it by hand"
        log.warning("machine left behind", extra={"pool": pool.uid, "host": uid, "machine": machine, "reason": why})
        for activity in pool.running.all("delete"):
            pool.running.step(activity.id, f"left behind {name}", words)
            pool.running.progress(activity.id, done=activity.done, total=activity.total, note=words)
