"""Is a service the same whichever of the known ways it is written in, and does it get the names it needs?"""

import pytest

from clocker_actors.model.specs import Duplicate
from tests.blueprint.reading import application, cluster, cluster_faults, fault, faults, service, service_faults


@pytest.mark.parametrize(
    "text",
    [
        "type: docker:team/web:2\nmemory: 64m\nname: web",
        "serviceType: docker:team/web:2\nbrooklyn.config: {memory: 64m}\nname: web",
        "service_type: container\nname: web\nimage: team/web:2\nconfig: {docker.memory: 65536k}",
        "type: container\nname: web\nconfig: {imageName: team/web, imageTag: 2, memory: 64MiB}",
        "type: java:clocker.docker.entity.container.application.VanillaDockerApplication\nname: web\nimage: 'team/web:2'\nmemory: 67108864",
    ],
)
def test_spellings_of_one_container(text: str) -> None:
    assert service(text) == service("type: container\nname: web\nimage: team/web:2\nmemory: 64m")


@pytest.mark.parametrize("kind", ["cluster", "dynamic-cluster", "DynamicCluster", "org.apache.brooklyn.entity.group.DynamicCluster"])
@pytest.mark.parametrize("member", ["docker:web", "{type: docker:web}", '{$brooklyn:entitySpec: {type: "docker:web"}}'])
def test_spellings_of_one_cluster(kind: str, member: str) -> None:
    assert service(f"type: {kind}\ncluster.initial.size: 2\nmemberSpec: {member}") == service(
        "type: cluster\nconfig: {initialSize: 2, dynamiccluster.memberspec: {type: container, image: web}}"
    )


def test_a_service_may_be_its_type_alone() -> None:
    found = application("services: ['docker:redis:7']").services[0]
    assert (found.id, found.name, found.type) == ("redis", "redis", "container")


def test_keys_of_ones_own_stand_only_under_config() -> None:
    text = "type: docker:web\nconfig: {my.colour: [red, 2, {a: true}], database: x}"
    assert service(text).config == {"my.colour": ["red", 2, {"a": True}], "database": "x"}
    assert "`my.colour` is not a key of a container" in service_faults("type: docker:web\nmy.colour: red")[0]


def test_names_and_ids_not_written_are_made_and_keep_clear_of_those_that_are() -> None:
    text = """\
    services:
    - docker:team/web:1
    - docker:other/web:2
    - {type: docker:a, id: web-2}
    - {type: docker:b, name: Web}
    - {type: group, children: ['docker:web', {type: container, build: web}]}
    """
    services = application(text).services
    assert [(each.name, each.id) for each in services] == [
        ("web", "web"),
        ("web-2", "web-2-2"),
        ("web-2-2", "web-2"),
        ("Web", "Web"),
        ("group", "group"),
    ]
    assert [(each.name, each.id) for each in services[-1].children] == [("web", "web-3"), ("container", "container")]


def test_the_application_is_named_after_its_file_and_lives_locally() -> None:
    found = application("services: ['docker:web']")
    assert (found.id, found.name, found.location, found.revision) == ("shop", "shop", "local", 1)


@pytest.mark.parametrize("text", ["location: yard", "locations: yard", "locations: [yard]"])
def test_one_location(text: str) -> None:
    assert application(f"{text}\nservices: ['docker:web']").location == "yard"


def test_duplicates() -> None:
    assert service("type: docker:web").duplicate is Duplicate.OK
    assert service("type: docker:web\nduplicate: never").duplicate is Duplicate.NEVER
    assert cluster("duplicate: never").member.duplicate is Duplicate.NEVER
    never = service("type: cluster\nmemberSpec: {type: docker:web, duplicate: never}").cluster
    assert never is not None
    assert never.member.duplicate is Duplicate.NEVER
    assert "does not go with the engine's own `restart`" in service_faults("type: docker:web\nduplicate: never\nrestart: always")[0]
    assert "write one of ok, never" in service_faults("type: docker:web\nduplicate: no")[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("locations: [a, 'ssh:root@blue']", "write `location: hosts`, and in services"),
        ("location: {aws: {minRam: 8g}}", "write the name of a docker cloud alone"),
    ],
)
def test_other_locations_are_faults(text: str, words: str) -> None:
    assert words in fault(f"{text}\nservices: ['docker:web']")


def test_a_file_with_one_cloud_runs_its_services_there() -> None:
    text = "services: ['docker:web', {type: docker-cloud, name: yard, hosts: ['unix:///run/docker.sock']}]"
    assert application(text).location == "yard"


def test_a_cloud_stands_only_at_the_root() -> None:
    text = "services: [{type: group, children: [{type: docker-cloud, name: yard, hosts: ['unix:///a']}]}]"
    assert "stands only in `services` at the root" in fault(text)


def test_a_group_without_children() -> None:
    assert "list the services in it" in service_faults("type: group")[0]


def test_sizes_of_a_cluster() -> None:
    found = cluster("initialSize: 3\nminSize: 2\nmaxSize: 9\nquorumSize: 2\nquarantine: no\nremovalStrategy: OLDEST")
    assert (found.initial_size, found.min_size, found.max_size, found.quorum, found.quarantine, found.removal) == (
        3,
        2,
        9,
        2,
        False,
        "oldest",
    )
    bare = cluster("minSize: 4")
    assert (bare.initial_size, bare.min_size, bare.max_size, bare.quorum, bare.quarantine, bare.removal) == (
        4,
        4,
        10_000,
        -1,
        True,
        "newest",
    )


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        ("initialSize: -1", "4:16", "out of range; write a value of at least 0"),
        ("initialSize: 10001", "4:16", "above the most, 10000 (the limit, unless `maxSize` says more); write at most 10000"),
        ("initialSize: 1000000000", "4:16", "write at most 10000"),
        ("initialSize: two", "4:16", "`initialSize` has `two`; write a whole number"),
        ("initialSize: 5\nmaxSize: 4", "4:16", "above the most, 4; write at most 4"),
        ("initialSize: 1\nminSize: 2", "4:16", "below `minSize` 2; write at least 2"),
        ("minSize: 3\ncluster.max.size: 2", "4:12", "`minSize` 3 is above `cluster.max.size` 2"),
        ("quorum: 5\nmaxSize: 4", "4:11", "never be met"),
        ("removalStrategy: random", "4:20", "write one of newest, oldest"),
        ("quarantine: maybe", "4:15", "write true or false"),
    ],
)
def test_sizes_that_cannot_be(text: str, where: str, words: str) -> None:
    (found,) = cluster_faults(text)
    assert found.startswith(f"shop.yaml:{where}: ")
    assert words in found


def test_a_larger_cluster_than_usual_must_be_said() -> None:
    assert cluster("initialSize: 20000\nmaxSize: 20000").max_size == 20_000


def test_a_cluster_without_member() -> None:
    assert service_faults("type: cluster") == ["shop.yaml:2:3: a cluster has no `memberSpec`; write the service that each member is"]


def test_members_take_placement_and_healing_from_their_cluster_unless_they_say() -> None:
    found = cluster("strategies: [DepthFirst]\nhealing: false\nstartTimeout: 1m").member
    assert ([each.type for each in found.strategies], found.healing, found.start_timeout) == (["DepthFirst"], False, 60.0)
    own = service("type: cluster\nstrategies: [DepthFirst]\nmemberSpec: {type: docker:web, strategies: Random, startTimeout: 5s}").cluster
    assert own is not None
    assert ([each.type for each in own.member.strategies], own.member.start_timeout) == (["Random"], 5.0)


def test_faults_inside_children_and_members_are_found() -> None:
    text = """\
    services:
    - type: group
      children:
      - {type: cluster, memberSpec: {type: docker:Web}}
      - {type: docker:web, children: [{type: nothing}]}
    """
    assert [each.split(":")[1] for each in faults(text)] == ["4", "5"]
