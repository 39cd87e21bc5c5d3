"""Which room do members with two generations take, for the Pool and for a plan?"""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from clocker_actors.entities.members.standing import occupy_standing
from clocker_actors.entities.records import Generation, Identity, MemberState, record
from clocker_actors.model.identity import EntityKind, Uid
from clocker_actors.model.placements import HostView
from clocker_actors.model.specs import ContainerSpec, ImageSpec, ServiceSpec
from clocker_actors.placement.index import HostIndex
from clocker_actors.ports.store import Record, Store

POOL, HOST = Uid("p1"), Uid("h1")


@dataclass
class Kept:
    """A store that has these records and takes no others."""

    records: Sequence[Record]

    def all(self, kind: str) -> Sequence[Record]:
        return [kept for kept in self.records if kept.kind == kind]


def generation(number: int, *, ended: bool = False) -> Generation:
    return Generation(number, HOST, "here", "10.0.0.1", f"clocker.x.m1.g{number}", ended=ended)


def moving() -> MemberState:
    """A member whose third generation runs, whose second is leaving, and of whose first only remains are left."""
    identity = Identity(Uid("m1"), "web-1", "shop/web/1", Uid("c1"), Uid("a1"), POOL)
    spec = ServiceSpec("web", "web", "docker:web:1", ContainerSpec(ImageSpec("web:1")))
    leaving = (generation(1, ended=True), generation(2))
    return MemberState(identity, spec, number=3, current=generation(3), leaving=leaving)


@pytest.fixture
def store() -> Store:
    return Kept([record(EntityKind.MEMBER, moving())])  # type: ignore[return-value]


def test_each_generation_takes_room_under_its_own_number(store: Store) -> None:
    index = HostIndex.of([HostView(HOST, "here")])
    occupy_standing(index, store, POOL)
    assert [kept.generation for kept in index.reservations(HOST)] == [2, 3]
    assert index.release(Uid("m1"), 2)
    assert index.host(HOST).containers == 1


def test_members_of_another_pool_take_none(store: Store) -> None:
    index = HostIndex.of([HostView(HOST, "here")])
    occupy_standing(index, store, Uid("p2"))
    assert not index.reservations(HOST)
