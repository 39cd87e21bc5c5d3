"""From a spec to the durable state of a new entity."""

from pathlib import Path

from clocker_actors.entities.members.generations import intent, planned, request, volume_names
from clocker_actors.entities.records import ClusterState, Identity, MemberState
from clocker_actors.entities.services.planting import adjuncts, plant, plant_member, watched_closely
from clocker_actors.model.decisions import Decision
from clocker_actors.model.identity import SYSTEM, Ids, Uid
from clocker_actors.model.placements import Placement
from clocker_actors.model.specs import ClusterSpec, ContainerSpec, ImageSpec, PolicySpec, ServiceSpec, VolumeKind, VolumeSpec
from clocker_actors.store.sqlite import SqliteStore

CONTAINER = ContainerSpec(
    ImageSpec("clocker/web:1"), volumes=(VolumeSpec(VolumeKind.VOLUME, "pages", "/data"), VolumeSpec(VolumeKind.TMPFS, "", "/tmp"))
)
MEMBER = ServiceSpec("web", "web", "container", container=CONTAINER)
CLUSTER = ServiceSpec("many", "many", "cluster", cluster=ClusterSpec(MEMBER, initial_size=3))
SHOP = Identity(Uid("a1"), "shop", "shop", Uid("root"), Uid("a1"), Uid("p1"))


def names(spec: ServiceSpec) -> list[str]:
    return [state.spec.type for state in adjuncts(spec)]


def test_healing_is_the_default_and_can_be_left_out_or_replaced_by_ones_own() -> None:
    assert names(MEMBER) == ["service-failure-detector", "service-restarter"]
    assert names(CLUSTER) == ["rollup", "service-replacer"]
    quiet = ServiceSpec("web", "web", "container", container=CONTAINER, healing=False)
    assert names(quiet) == []
    own = ServiceSpec("web", "web", "container", container=CONTAINER, policies=(PolicySpec("service-restarter", "mine"),))
    assert [state.spec.name for state in adjuncts(own)] == ["service-failure-detector", "mine"]


def test_members_are_watched_closely_for_what_works_with_their_numbers_unless_it_says_itself_how_closely() -> None:
    for kind, closely in (("aggregate", True), ("autoscaler", False)):
        spec = ServiceSpec("many", "many", "cluster", cluster=CLUSTER.cluster, policies=(PolicySpec(kind, "mine"),))
        assert watched_closely(adjuncts(spec)) is closely
    assert not watched_closely(adjuncts(CLUSTER))


def test_members_have_their_own_uid_and_an_index_in_the_path() -> None:
    ids = Ids(1, 100)
    cluster = plant(CLUSTER, SHOP, ids, SYSTEM, SHOP.pool)
    assert isinstance(cluster, ClusterState) and cluster.size == 3 and cluster.identity.path == "shop/many"
    members = [plant_member(MEMBER, cluster.identity, index, ids, SYSTEM) for index in (1, 2)]
    assert [member.identity.path for member in members] == ["shop/many/1", "shop/many/2"]
    assert {member.cluster for member in members} == {cluster.identity.uid} and len({member.identity.uid for member in members}) == 2


async def test_a_generation_carries_all_a_host_needs(tmp_path: Path) -> None:
    member = plant(MEMBER, SHOP, Ids(1, 100), SYSTEM, SHOP.pool)
    assert isinstance(member, MemberState)
    asked = request(member, CONTAINER, (), SYSTEM)
    assert (asked.generation, asked.member) == (1, member.identity.uid)
    decision = Decision("d1", member.identity.uid, "p1", "place", 1.0, "place", "room", SYSTEM)
    placed = Placement(member.identity.uid, 1, Uid("h1"), "one", "10.0.0.1", {"8080/tcp": 20_000}, decision)
    store = await SqliteStore.open(tmp_path / "state")
    made = intent(member, planned(placed, "main"), CONTAINER, "main", store)
    await store.close()
    assert made.name == f"clocker.main.{member.identity.uid}.g1" and made.labels["clocker.epoch"] == "1"
    assert made.labels["clocker.state"] == store.identity and len(store.identity) == 8
    assert made.volume_names == volume_names("main", SHOP, CONTAINER) == {"pages": "clocker.main.a1.pages"}
