"""Are those read closely who should be, and is nobody remembered who has left?"""

from clocker_actors.entities.hosts.watching import Watching
from clocker_actors.model.identity import Uid

MEMBER, CONTAINER = Uid("m1"), Uid("k1")


class Watch:
    """Remembers what is followed, as an engine's watch does."""

    def __init__(self) -> None:
        self.followed: dict[str, float] = {}

    def follow(self, container: str, period: float) -> None:
        self.followed[container] = period

    def forget(self, container: str) -> None:
        self.followed.pop(container, None)


class Residents:
    """One member with one container, until it leaves."""

    def __init__(self) -> None:
        self.there = {MEMBER: {CONTAINER}}

    def member_of(self, uid: Uid) -> Uid | None:
        return next((member for member, containers in self.there.items() if uid in containers), None)

    def of_member(self, member: Uid) -> set[Uid]:
        return self.there.get(member, set())

    def concerns(self, member: Uid) -> bool:
        return member in self.there


def house() -> tuple[Watching, Watch, Residents]:
    watch, residents = Watch(), Residents()
    return Watching(watch, residents, 10.0), watch, residents  # type: ignore[arg-type]


def test_a_member_that_somebody_scales_on_is_read_closely_whatever_came_first() -> None:
    watching, watch, _ = house()
    watching.runs(CONTAINER, "abc")
    assert watch.followed == {"abc": 10.0}
    watching.closely(MEMBER, 1.0)
    assert watch.followed == {"abc": 1.0}
    watching.runs_not("abc")
    watching.runs(CONTAINER, "def")
    assert watch.followed == {"def": 1.0} and watching.whose("def") == CONTAINER and watching.count == 1


def test_who_has_left_is_forgotten() -> None:
    watching, watch, residents = house()
    watching.closely(MEMBER, 1.0)
    watching.runs(CONTAINER, "abc")
    residents.there.clear()
    watching.ended(CONTAINER, MEMBER)
    assert not watch.followed and not watching.count
    watching.closely(MEMBER, 1.0)  # of one who is not here
    residents.there[MEMBER] = {CONTAINER}
    watching.runs(CONTAINER, "abc")
    assert watch.followed == {"abc": 10.0}
