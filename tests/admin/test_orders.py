"""Orders: an effector is run with a cause and a principal, and answered with its activity; refusals have the status that fits."""

import os

import httpx
import pytest

from clocker_actors.model.activities import ActivityState
from clocker_actors.model.identity import EntityKind
from tests.admin.house import House, Probe
from tests.telemetry.samples import entity

pytestmark = pytest.mark.real_loop


async def test_an_effector_is_answered_with_its_activity(house: House, http: httpx.AsyncClient) -> None:
    answer = await http.post("/v1/entities/c2/effectors/resize", json={"size": 3})
    assert answer.status_code == 202
    assert (answer.json()["activity"], answer.json()["path"]) == ("t1", "shop/web")
    activity = (await http.get("/v1/activities/t1")).json()["activity"]
    assert (activity["state"], activity["arguments"]) == ("done", {"size": 3})


async def test_the_one_who_asks_stands_behind_the_order(house: House, http: httpx.AsyncClient) -> None:
    for _ in range(2):
        await http.post("/v1/entities/c2/effectors/start")
    first, second = (invoked.cause for invoked in house.invoked)
    assert first.principal == second.principal == f"uid:{os.getuid()}"
    assert first.id != second.id


@pytest.mark.parametrize(
    ("path", "body", "status", "kind", "words"),
    [
        ("/v1/entities/c2/effectors/resize", {"size": -1}, 400, "BadRequest", "size=-1"),
        ("/v1/entities/c2/effectors/resize", {"size": 10**9}, 400, "BadRequest", "out of range"),
        ("/v1/entities/c2/effectors/resize", {"sise": 3}, 400, "BadRequest", "takes size"),
        ("/v1/entities/c2/effectors/resize", {}, 400, "BadRequest", "size=INTEGER"),
        ("/v1/entities/c2/effectors/resiz", {"size": 3}, 404, "NotFound", "try resize"),
        ("/v1/entities/m3/effectors/resize", {"size": 3}, 404, "NotFound", "cluster, pool entities have it"),
        ("/v1/entities/nobody/effectors/resize", {"size": 3}, 404, "NotFound", "nobody"),
    ],
)
async def test_what_cannot_be_done_says_what_and_how(
    http: httpx.AsyncClient, path: str, body: dict[str, object], status: int, kind: str, words: str
) -> None:
    answer = await http.post(path, json=body)
    assert (answer.status_code, answer.json()["error"]["kind"]) == (status, kind)
    assert words in answer.json()["error"]["message"]


@pytest.mark.parametrize("body", [b"[1]", b"{", b'{"size": 3', b"\xff", b"[" * 100_000])
async def test_a_body_that_is_no_map_is_refused(http: httpx.AsyncClient, body: bytes) -> None:
    answer = await http.post("/v1/entities/c2/effectors/resize", content=body)
    assert answer.status_code == 400
    assert "JSON map" in answer.json()["error"]["message"]


async def test_a_conflict_is_409(house: House, http: httpx.AsyncClient) -> None:
    house.refusal = "shop is being deleted: wait for that to end"
    answer = await http.delete("/v1/applications/shop")
    assert answer.status_code == 409
    assert answer.json()["error"] == {"kind": "Conflict", "message": house.refusal, "details": {}, "faults": [], "retry_after": None}


async def test_an_entity_whose_actor_is_gone_is_410(house: House, http: httpx.AsyncClient) -> None:
    house.kernel.stop_actor("c2")
    await house.kernel.settle()
    answer = await http.post("/v1/entities/c2/effectors/start")
    assert (answer.status_code, answer.json()["error"]["kind"]) == (410, "ActorDead")


async def test_an_activity_that_runs_can_be_cancelled_once(house: House, http: httpx.AsyncClient) -> None:
    house.outcome = None
    await http.post("/v1/entities/c2/effectors/start")
    assert [item["activity"]["id"] for item in (await http.get("/v1/activities?running=true")).json()["items"]] == ["t1"]
    assert (await http.post("/v1/activities/t1/cancel")).status_code == 202
    assert house.cancelled == [("t1", f"uid:{os.getuid()}")]
    await house.kernel.settle()
    assert house.model.activities.get("t1").state is ActivityState.CANCELLED  # type: ignore[union-attr]
    assert (await http.post("/v1/activities/t1/cancel")).status_code == 409


async def test_only_applications_are_deleted_as_such(house: House, http: httpx.AsyncClient) -> None:
    assert (await http.delete("/v1/applications/p5")).status_code == 404
    assert (await http.delete("/v1/applications/shop")).status_code == 202
    assert [(each.effector, each.cause.principal) for each in house.invoked] == [("delete", f"uid:{os.getuid()}")]


async def test_an_application_named_as_a_uid_of_another_is_the_one_deleted(house: House, http: httpx.AsyncClient) -> None:
    house.note(entity("a9", "a1"))
    house.kernel.spawn("a9", lambda: Probe("a9", EntityKind.APPLICATION, house))
    await house.kernel.settle()
    assert (await http.delete("/v1/applications/a1")).json()["entity"] == "a9"
    assert (await http.get("/v1/entities", params={"path": "a1"})).json()["items"][0]["uid"] == "a9"
    assert (await http.post("/v1/entities/a1/effectors/start")).json()["entity"] == "a1"
