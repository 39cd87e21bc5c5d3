"""A location of several parts: what one part does not give is asked of the next, and people are told why.

host failed for good ──its part is a cloud, and another part can give──▶ that part rests (`rests.py`), a decision ──▶ another host is made in the next part
                     └──nobody else can──▶ None: the pool gives up for now
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from clocker_actors.entities.pools.sources import next_source, parts_of
from clocker_actors.entities.records import HostState
from clocker_actors.model.decisions import Decision
from clocker_actors.model.identity import EntityKind, Uid
from clocker_actors.model.machines import Made
from clocker_actors.model.values import counted
from clocker_actors.store.codec import decode

if TYPE_CHECKING:
    from clocker_actors.entities.pools.supply import Supply


class Turning:
    """Of one supply."""

    __slots__ = ("_supply",)

    def __init__(self, supply: "Supply") -> None:
        self._supply = supply

    def away(self, failed: Iterable[Uid]) -> set[Uid]:
        """Those of these hosts in whose place the next part of the location is asked; parts that failed are left alone for a while."""
        supply, location = self._supply, self._supply.pool.state.spec.location
        if location is None or len({part.name for part in parts_of(location)}) < 2:
            return set()
        of_part: dict[str, list[Uid]] = {}
        for uid in failed:
            made = supply.made[uid].made
            if made is not None and made.source.cloud is not None:
                of_part.setdefault(made.source.name, []).append(uid)
        for part, hosts in of_part.items():
            supply.rests.failed(part, supply.pool.now, self._reason(hosts[0]))
        following = self._following()
        if following is None:
            return set()
        for part, hosts in of_part.items():
            self._decide(part, hosts, following)
        return {uid for hosts in of_part.values() for uid in hosts}

    def is_bare(self, uid: Uid) -> bool:
        """Whether its cloud made no machine for it, so that there is nothing to be looked at."""
        body = self._supply.pool.outside.store.read(EntityKind.HOST, uid)
        made = decode(HostState, body).made if body is not None else None
        return made is not None and made.source.cloud is not None and not (made.node or made.asked_at)

    def _following(self) -> Made | None:
        supply, pool = self._supply, self._supply.pool
        taken = (each.made for each in supply.made.values() if each.made is not None)
        return next_source(pool.state.spec, taken, supply.rests.closed(pool.now))

    def _reason(self, uid: Uid) -> str:
        said = self._supply.news.said.get(uid)
        return said.reason if said is not None else "a host failed there"

    def _decide(self, part: str, hosts: list[Uid], following: Made) -> None:
        pool, news = self._supply.pool, self._supply.news
        names = ", ".join(news.name(uid) for uid in hosts[:3])
        decision = Decision(
            pool.ids.decision(),
            pool.uid,
            pool.uid,
            "location",
            pool.now,
            f"make {counted(len(hosts), 'host')} in {following.source.name} instead of {part}",
            f"{names} in {part}: {self._reason(hosts[0])}",
            self._supply.cause(),
            {"failed": len(hosts), "from": part, "to": following.source.name},
            (),
            (),
            (f"{part} is asked again after a while, or with the next `clocker resize {pool.identity.path} N`",),
        )
        pool.decided(decision, acted=True)
