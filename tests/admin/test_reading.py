"""What can be read: every list and view, each with the event number it is true at."""

import httpx
import pytest

from tests.admin.house import House
from tests.telemetry.samples import NOW, activity, decision, entity

pytestmark = pytest.mark.real_loop


async def test_a_list_says_the_event_number_it_is_true_at(house: House, http: httpx.AsyncClient) -> None:
    answer = await http.get("/v1/applications")
    assert answer.status_code == 200
    assert answer.json()["event"] == house.model.events.number == int(answer.headers["Clocker-Event"])
    (shop,) = answer.json()["items"]
    assert (shop["uid"], shop["path"], shop["members"], shop["members_up"], shop["state"]) == ("a1", "shop", 2, 2, "running")


async def test_an_entity_is_found_by_path_and_by_uid(http: httpx.AsyncClient) -> None:
    for name in ("shop/web", "c2"):
        answer = await http.get("/v1/entities", params={"path": name})
        assert [item["uid"] for item in answer.json()["items"]] == ["c2"]


async def test_entities_under_one_come_parents_first(http: httpx.AsyncClient) -> None:
    answer = await http.get("/v1/entities", params={"under": "shop"})
    assert [item["uid"] for item in answer.json()["items"]] == ["a1", "c2", "m3", "m4"]
    answer = await http.get("/v1/entities", params={"kind": "host"})
    assert [item["uid"] for item in answer.json()["items"]] == ["h6"]


async def test_an_unknown_entity_is_404_with_the_nearest_names(http: httpx.AsyncClient) -> None:
    answer = await http.get("/v1/entities", params={"path": "shop/wob"})
    assert answer.status_code == 404
    error = answer.json()["error"]
    assert error["kind"] == "NotFound"
    assert "shop/web" in error["message"]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/entities/c2",
        "/v1/entities/c2/config",
        "/v1/entities/c2/sensors",
        "/v1/entities/c2/sensors/cpu.mean.average/history",
        "/v1/entities/c2/effectors",
        "/v1/entities/c2/policies",
        "/v1/entities/c2/decisions",
        "/v1/entities/c2/explain",
        "/v1/activities",
        "/v1/hosts",
        "/v1/dump",
        "/healthz",
        "/readyz",
        "/metrics",
        "/openapi.json",
        "/docs",
    ],
)
async def test_every_view_answers(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.content


async def test_a_sensor_comes_with_unit_and_meaning(http: httpx.AsyncClient) -> None:
    found = {item["sensor"]: item for item in (await http.get("/v1/entities/c2/sensors")).json()["items"]}
    assert found["cpu.mean.average"]["value"] == 41.5
    assert found["cpu.mean.average"]["unit"] == "percent"


async def test_metrics_are_of_prometheus_kind(http: httpx.AsyncClient) -> None:
    answer = await http.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "clocker_entities" in answer.text


async def test_not_ready_says_why(house: House, http: httpx.AsyncClient) -> None:
    house.not_ready = "the store is being read"
    answer = await http.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["reason"] == "the store is being read"


@pytest.mark.parametrize("path", ["/v1/nothing", "/v1/entities/zz9", "/v1/activities/t99"])
async def test_what_is_not_there_is_404_in_our_shape(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.get(path)
    assert answer.status_code == 404
    assert set(answer.json()["error"]) >= {"kind", "message", "details"}


async def test_a_long_list_is_made_in_slices_and_is_the_same(house: House, http: httpx.AsyncClient) -> None:
    house.note(*(entity(f"m{number}", f"shop/web/{number}", "c2") for number in range(100, 750)))
    await house.kernel.settle()
    answer = await http.get("/v1/entities", params={"under": "c2"})
    assert "transfer-encoding" in answer.headers
    assert [item["uid"] for item in answer.json()["items"]] == ["c2", "m3", "m4", *(f"m{number}" for number in range(100, 750))]
    assert answer.json()["event"] == house.model.events.number


@pytest.mark.parametrize(("name", "uid"), [("here", "h6"), ("shop.web.1.g1", "k7"), ("web/2", "m4"), ("clocker", "root"), ("c2", "c2")])
async def test_an_entity_is_found_by_what_people_call_it(http: httpx.AsyncClient, name: str, uid: str) -> None:
    answer = await http.get("/v1/entities", params={"name": name})
    assert [item["uid"] for item in answer.json()["items"]] == [uid]
    assert (await http.get("/v1/explain", params={"name": name})).json()["uid"] == uid


async def test_paths_alone_name_what_is_acted_on(http: httpx.AsyncClient) -> None:
    assert (await http.get("/v1/entities", params={"path": "here"})).status_code == 404
    assert (await http.post("/v1/entities/web/effectors/stop")).status_code == 404


async def test_an_ambiguous_name_is_400_with_those_it_may_mean(http: httpx.AsyncClient, house: House) -> None:
    house.model.note(entity("h31", "far/here", "p5"), NOW)
    answer = await http.get("/v1/explain", params={"name": "here"})
    assert answer.status_code == 400
    assert "local/here (host h6), far/here (host h31)" in answer.json()["error"]["message"]


async def test_a_decision_and_an_activity_are_explained_by_their_ids(http: httpx.AsyncClient, house: House) -> None:
    house.model.note(decision(77, "c2", "resize to 3"), NOW)
    house.model.note(activity(78, "c2", cause="d77"), NOW)
    for asked in ("d77", "t78"):
        found = (await http.get("/v1/explain", params={"name": asked})).json()
        assert (found["about"], found["path"]) == (asked, "shop/web")
        assert "resize to 3" in str(found["lines"])
    assert (await http.get("/v1/entities/d77/explain")).json()["about"] == "d77"
    forgotten = await http.get("/v1/explain", params={"name": "d3"})
    assert forgotten.status_code == 404
    assert "not remembered any more" in forgotten.json()["error"]["message"]
