"""Where a service runs, if not where its application does: how that is written, and what is wrong with it."""

import pytest

from clocker_actors.blueprint.parser import parse
from clocker_actors.model.places import pools_of
from tests.blueprint.reading import TYPES, application, fault

DB = "- {type: 'docker:db', id: db, location: blue}\n"


@pytest.mark.parametrize(
    "written", ["location: blue", "locations: [blue]", "location: 'docker:blue'", "location: {docker: blue}", "locations: [blue, green]"]
)
def test_a_service_has_its_own(written: str) -> None:
    found = application(f"location: yard\nservices:\n- 'docker:web'\n- type: docker:db\n  {written}\n")
    assert [service.location for service in found.services] == ["", "blue"]
    assert pools_of(found) == ("yard", "blue")


def test_clusters_groups_and_children_have_theirs() -> None:
    web = "{type: cluster, id: web, location: blue, memberSpec: {type: 'docker:web'}}"
    group = "{type: group, id: data, location: green, children: [{type: 'docker:db'}, {type: 'docker:cache', location: blue}]}"
    found = application(f"location: yard\nservices: [{web}, {group}]")
    cluster, data = found.services
    assert (cluster.location, cluster.cluster and cluster.cluster.member.location) == ("blue", "")
    assert (data.location, [child.location for child in data.children]) == ("green", ["", "blue"])
    assert pools_of(found) == ("yard", "blue", "green")


@pytest.mark.parametrize(
    ("services", "name"),
    [
        (DB, "blue"),
        (f"{DB}- 'docker:web'\n", "local"),
        (f"- {{type: group, id: g, children: [{{type: 'docker:web', location: green}}]}}\n{DB}", "green"),
    ],
)
def test_the_root_needs_none_where_all_services_have_one(services: str, name: str) -> None:
    assert application(f"services:\n{services}").location == name


def test_a_docker_cloud_has_its_own_meaning() -> None:
    cloud = "- {type: docker-cloud, id: blue, location: 'simulated:paris', initialSize: 1}\n"
    blueprint = parse(f"services:\n{DB}{cloud}", "shop.yaml", TYPES).blueprint
    assert blueprint.pools[0].location is not None
    assert blueprint.applications[0].location == "blue"


def test_all_clouds_that_are_named_have_their_place() -> None:
    found = parse(f"locations: [yard, spare]\nservices:\n{DB}", "shop.yaml", TYPES)
    assert found.places == {"yard": "shop.yaml:1:13", "spare": "shop.yaml:1:19", "blue": "shop.yaml:3:41"}


def test_what_is_wrong() -> None:
    member = "services: [{type: cluster, memberSpec: {type: 'docker:web', location: blue}}]"
    assert "all members of a cluster run at its location; write this at the cluster" in fault(member)
    assert "a service runs in one docker cloud" in fault("services: [{type: 'docker:web', location: 'ssh:root@blue'}]")
