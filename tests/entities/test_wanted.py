"""Which images and uploads do records want, and until when?"""

from dataclasses import replace

from clocker_actors.entities.records import ApplicationState, Desired, Identity, MemberState, PoolState, State, record
from clocker_actors.entities.wanted import images_of, named_blobs, wanted_images
from clocker_actors.model.identity import ROOT, EntityKind, Uid
from clocker_actors.model.specs import ApplicationSpec, BuildSpec, ContainerSpec, EngineSpec, HostSpec, ImageSpec, PoolSpec, ServiceSpec
from clocker_actors.ports.store import Record, Store

OLD, NEW = f"clocker/build:{'a' * 24}", f"clocker/build:{'b' * 24}"
BLOB = "c" * 64
KINDS: dict[type[State], EntityKind] = {
    ApplicationState: EntityKind.APPLICATION,
    MemberState: EntityKind.MEMBER,
    PoolState: EntityKind.POOL,
}


class Shelf:
    """A store with these records."""

    def __init__(self, *states: State) -> None:
        self._records = [record(KINDS[type(state)], state) for state in states]

    def all(self, kind: str) -> list[Record]:
        return [kept for kept in self._records if kept.kind == kind]


def store(*states: State) -> Store:
    return Shelf(*states)  # type: ignore[return-value]


def service(image: str) -> ServiceSpec:
    build = BuildSpec(BLOB) if image.startswith("clocker/build") else None
    return ServiceSpec("web", "web", "container", ContainerSpec(ImageSpec(image, build)))


def application(uid: str = "a1", image: str = NEW, *, pool: str = "p1") -> ApplicationState:
    identity = Identity(Uid(uid), uid, uid, ROOT, Uid(uid), Uid(pool))
    return ApplicationState(identity, ApplicationSpec(uid, uid, pool, (service(image),)))


def member(uid: str, image: str, *, of: str = "a1", pool: str = "p1") -> MemberState:
    return MemberState(Identity(Uid(uid), uid, uid, Uid(of), Uid(of), Uid(pool)), service(image))


def pool(uid: str, url: str) -> PoolState:
    return PoolState(Identity(Uid(uid), uid, uid, ROOT), PoolSpec(uid, (HostSpec("one", EngineSpec(url)),)))


def going(state: ApplicationState) -> ApplicationState:
    return replace(state, desired=Desired.DELETED)


def test_an_application_wants_what_it_is_built_as_until_it_is_deleted() -> None:
    running = application()
    assert images_of(running) == (NEW,)
    assert wanted_images(store(running)) == {NEW}
    assert wanted_images(store(replace(running, desired=Desired.STOPPED))) == {NEW}
    assert wanted_images(store(going(running))) == frozenset()
    assert wanted_images(store(application(image="web:1"))) == frozenset()


def test_a_member_that_still_runs_as_what_the_application_was_before() -> None:
    running = application()
    assert wanted_images(store(running, member("m1", OLD), member("m2", NEW))) == {OLD, NEW}
    assert wanted_images(store(running, member("m1", OLD)), members=False) == {NEW}
    assert wanted_images(store(going(running), member("m1", OLD))) == frozenset()


def test_another_application_that_is_built_as_the_same() -> None:
    both = (going(application("a1")), application("a2"))
    for order in (both, both[::-1]):
        assert wanted_images(store(*order, member("m1", NEW, of="a1"))) == {NEW}


def test_at_one_engine() -> None:
    pools = (pool("p1", "unix:///one"), pool("p2", "unix:///two"), pool("p3", "unix:///one"))
    kept = store(*pools, application("a1", OLD, pool="p1"), application("a2", NEW, pool="p2"))
    assert wanted_images(kept, "unix:///one") == {OLD}
    assert wanted_images(kept, "unix:///two") == {NEW}
    assert wanted_images(store(*pools, application("a1", pool="p3")), "unix:///one") == {NEW}, "two pools may have one engine"


def test_uploads_are_wanted_as_long_as_the_record_is_there() -> None:
    assert named_blobs(store(going(application()))) == {BLOB}
    assert named_blobs(store(application(image="web:1"))) == frozenset()
