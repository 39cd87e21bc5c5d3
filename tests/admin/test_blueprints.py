"""Blueprints and their files: deployed as specs, planned, and refused with every fault."""

import hashlib

import httpx
import pytest

from clocker_actors.model.specs import ApplicationSpec, Blueprint
from clocker_actors.store.codec import convert
from tests.admin.house import House

pytestmark = pytest.mark.real_loop

GOOD = "name: mine\nservices:\n- type: docker:nginx:1.25\n  id: web\n"
CLOUD = "- type: docker-cloud\n  id: mycloud\n  hosts:\n  - name: one\n    engine: tcp://10.0.0.1:2375\n"
BUILT = "name: mine\nservices:\n- type: container\n  id: web\n  brooklyn.config:\n    build: ./site\n"


def deployed(house: House) -> ApplicationSpec:
    """The application that the root was asked to deploy."""
    blueprint = convert(Blueprint, house.invoked[0].arguments["blueprint"])
    return blueprint.applications[0]


async def test_yaml_is_deployed(house: House, http: httpx.AsyncClient) -> None:
    answer = await http.post("/v1/applications", content=GOOD)
    assert answer.status_code == 202, answer.text
    assert (house.invoked[0].effector, deployed(house).id) == ("deploy", "mine")


async def test_json_names_the_file(http: httpx.AsyncClient) -> None:
    answer = await http.post("/v1/applications", json={"text": "services:\n- type: dokcer:x\n", "filename": "mine.yaml"})
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert error["kind"] == "BlueprintError"
    assert error["faults"][0].startswith("mine.yaml:2:")


@pytest.mark.parametrize("body", [b"", b"\t- x", b"services: [", b"\xff\xfe", b"{}", b"a: &a [*a, *a]"])
async def test_what_is_no_blueprint_is_refused(house: House, http: httpx.AsyncClient, body: bytes) -> None:
    answer = await http.post("/v1/applications", content=body)
    assert answer.status_code in {400, 422}
    assert answer.json()["error"]["message"]
    assert not house.invoked


async def test_an_upload_is_kept_under_its_sum(http: httpx.AsyncClient) -> None:
    content = b"some tar"
    sha256 = hashlib.sha256(content).hexdigest()
    assert (await http.head(f"/v1/blobs/{sha256}")).status_code == 404
    answer = await http.put(f"/v1/blobs/{sha256}", content=content)
    assert (answer.status_code, answer.json()) == (201, {"sha256": sha256, "size": len(content)})
    assert (await http.head(f"/v1/blobs/{sha256}")).status_code == 200


async def test_an_upload_with_another_sum_is_refused(http: httpx.AsyncClient) -> None:
    answer = await http.put(f"/v1/blobs/{'0' * 64}", content=b"other")
    assert answer.status_code == 400
    assert (await http.head(f"/v1/blobs/{'0' * 64}")).status_code == 404
    assert (await http.head("/v1/blobs/nonsense")).status_code == 400


async def test_a_plan_says_what_would_be_created_and_where(house: House, http: httpx.AsyncClient) -> None:
    cloud = "- type: docker-cloud\n  id: mycloud\n  hosts:\n  - name: one\n    engine: tcp://10.0.0.1:2375\n"
    answer = await http.post("/v1/plan", content=f"location: mycloud\n{GOOD}{cloud}")
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["changes"], found["pools"]) == (True, ["mycloud"])
    assert [step["path"] for step in found["plans"][0]["steps"]] == ["mine", "mine/web"]
    assert not house.invoked


@pytest.mark.parametrize("door", ["plan", "applications"])
async def test_an_unknown_location_is_told_at_its_place_with_near_ones(http: httpx.AsyncClient, door: str) -> None:
    cloud = "- type: docker-cloud\n  id: mycloud\n  hosts:\n  - name: one\n    engine: tcp://10.0.0.1:2375\n"
    answer = await http.post(f"/v1/{door}", content=f"location: mycluod\n{GOOD}{cloud}")
    assert answer.status_code == 422
    (told,) = answer.json()["error"]["faults"]
    assert told == "blueprint.yaml:1:11: there is no docker cloud 'mycluod' to run on; write one of mycloud"


async def test_unknown_locations_of_services_are_told_each_at_its_place(http: httpx.AsyncClient) -> None:
    cloud = "- {type: docker-cloud, name: mycloud, hosts: ['tcp://10.0.0.1:2375']}\n"
    text = f"location: mycloud\nservices:\n- {{type: 'docker:web', location: yard}}\n- {{type: 'docker:db', location: myclod}}\n{cloud}"
    answer = await http.post("/v1/plan", content=text)
    assert answer.status_code == 422
    assert answer.json()["error"]["faults"] == [
        "blueprint.yaml:3:34: there is no docker cloud 'yard' to run on; write one of mycloud",
        "blueprint.yaml:4:33: there is no docker cloud 'myclod' to run on; write one of mycloud",
    ]


@pytest.mark.parametrize("name", ["root", "clocker"])
async def test_a_plan_refuses_the_names_that_a_deploy_refuses(http: httpx.AsyncClient, name: str) -> None:
    answer = await http.post("/v1/plan", content=f"location: mycloud\n{GOOD.replace('mine', name)}{CLOUD}")
    error = answer.json()["error"]
    assert (answer.status_code, error["kind"]) == (400, "BadRequest")
    assert error["message"] == f"{name} is the name of the management plane itself: give this application or pool another name"


async def test_a_plan_on_hosts_nobody_has_asked_yet_takes_them_to_have_room_and_says_so(http: httpx.AsyncClient) -> None:
    cloud = "- type: docker-cloud\n  id: mycloud\n  strategies: [MaxCpuUsage]\n  hosts:\n  - name: one\n    engine: tcp://10.0.0.1:2375\n"
    large = GOOD + "  memory: 64m\n  cpus: 2\n"
    found = (
        await http.post(
            "/v1/plan", content=f"location: mycloud\n{large}{large.partition('services:')[2].replace('web', 'db').lstrip()}{cloud}"
        )
    ).json()
    assert found["possible"], found["plans"][0]["refusals"]
    assert "not known before this is deployed" in found["plans"][0]["warnings"][0]["message"]


async def test_a_group_is_called_so(http: httpx.AsyncClient) -> None:
    group = "name: mine\nservices:\n- type: group\n  id: side\n  children:\n  - type: docker:nginx:1.25\n    id: web\n"
    steps = (await http.post("/v1/plan", content=f"location: mycloud\n{group}{CLOUD}")).json()["plans"][0]["steps"]
    assert [(step["path"], step["kind"]) for step in steps][:2] == [("mine", "application"), ("mine/side", "group")]
