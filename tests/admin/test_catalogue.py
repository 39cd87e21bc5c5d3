"""The catalogue over REST: lists, one type, adding in every form, removing; and addresses that have to answer when a blueprint is deployed."""

import asyncio
import io
import tarfile
import zipfile

import httpx
import pytest

from clocker_actors.admin import urls
from clocker_actors.admin.routes import applications
from clocker_actors.blueprint import parse, with_blobs
from clocker_actors.errors import BlueprintError
from clocker_actors.model.specs import Blueprint
from tests.admin.house import House

pytestmark = pytest.mark.real_loop

ONE = 'id: one\nversion: "1"\ntype: docker:web\nparameters: [{name: size, type: integer, default: 2, constraints: [required]}]\n'


async def test_types_are_listed_and_shown(http: httpx.AsyncClient) -> None:
    listed = (await http.get("/v1/catalog")).json()["items"]
    redis = next(each for each in listed if each["id"] == "redis")
    assert redis["newest"] and not redis["added"] and redis["extends"] == "container"
    for reference in ("redis", redis["reference"], "org.apache.brooklyn.entity.nosql.redis.RedisStore"):
        shown = (await http.get(f"/v1/catalog/types/{reference}")).json()
        assert shown["kind"] == "container" and shown["text"].startswith("id: redis")
        assert "maxMemory" in [each["name"] for each in shown["parameters"]]


async def test_a_type_that_is_not_there_is_a_404_with_near_ones(http: httpx.AsyncClient) -> None:
    for reference in ("redsi", "redis:0.1"):
        answer = await http.get(f"/v1/catalog/types/{reference}")
        assert answer.status_code == 404 and "redis" in answer.json()["error"]["message"]
        assert (await http.delete(f"/v1/catalog/types/{reference}")).status_code == 404


def tar(files: dict[str, str], mode: str = "w") -> bytes:
    """A tar archive of these files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    return buffer.getvalue()


def zipped(files: dict[str, str]) -> bytes:
    """A zip archive of these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


FOLDER = {"./types/one.yaml": ONE, "README.md": "about these", ".hidden.yaml": "a: ["}


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/yaml", ONE.encode()),
        ("application/x-tar", tar(FOLDER)),
        ("application/gzip", tar(FOLDER, "w:gz")),
        ("application/zip", zipped(FOLDER)),
    ],
)
async def test_types_are_added_in_every_form(house: House, http: httpx.AsyncClient, kind: str, body: bytes) -> None:
    answer = await http.post("/v1/catalog", content=body, headers={"Content-Type": kind})
    assert answer.status_code == 202, answer.text
    (invoked,) = house.invoked
    ((file,),) = [list(invoked.arguments["files"].values())]  # type: ignore[attr-defined]
    assert file["references"] == ("one:1",) and file["source"]["text"] == ONE and file["source"]["added"]


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        (b"id: one\n", 422, "needs a `version`"),
        (b'id: one\nversion: "1"\ntype: docker:web\nmemory: much\n', 422, "types.yaml:4:9: `memory`"),
        (
            b"id: redis\nversion: '7.0'\ntype: docker:web\n",
            422,
            "`redis:7.0` is in the catalogue already, it came with the program; give this one another version",
        ),
        (b"\xff\xfe", 400, "not UTF-8"),
        (zipped({"a.txt": "a"}), 400, "no types in it"),
        (zipped({f"{n}.yaml": ONE for n in range(300)}), 400, "too much"),
        (zipped({"a.yaml": "#" * (5 << 20)}), 400, "too much"),
        (tar(FOLDER, "w:gz")[:60], 400, "cannot be unpacked"),
        (zipped(FOLDER)[:-30] + b"x" * 30, 400, ""),
    ],
    ids=("no version", "memory", "ships", "no text", "nothing", "files", "bytes", "cut tar", "broken zip"),
)
async def test_what_is_no_type_is_not_added(house: House, http: httpx.AsyncClient, body: bytes, status: int, told: str) -> None:
    answer = await http.post("/v1/catalog", content=body, headers={"Content-Type": "application/octet-stream"})
    assert answer.status_code in {status, 422}, answer.text
    assert told in answer.json()["error"]["message"]
    assert house.invoked == []


async def test_a_body_of_json_has_files(http: httpx.AsyncClient) -> None:
    wrong: tuple[object, ...] = ({}, {"files": {}}, {"files": {"a": 1}}, [])
    for body in wrong:
        assert (await http.post("/v1/catalog", json=body)).status_code == 400
    assert (await http.post("/v1/catalog", json={"files": {"one.yaml": ONE}})).status_code == 202


async def test_what_came_with_the_program_is_not_removed(http: httpx.AsyncClient) -> None:
    answer = await http.delete("/v1/catalog/types/redis")
    assert answer.status_code == 409 and "came with the program" in answer.json()["error"]["message"]


async def test_deploying_a_type_keeps_the_dockerfile_that_stands_in_it(house: House, http: httpx.AsyncClient) -> None:
    answer = await http.post("/v1/applications", content=b"services: [redis]", headers={"Content-Type": "application/yaml"})
    assert answer.status_code == 202, answer.text
    services = house.invoked[0].arguments["blueprint"]["applications"][0]["services"]  # type: ignore[index]
    context = services[0]["container"]["image"]["build"]["context"]
    with tarfile.open(fileobj=io.BytesIO(await house.context.blobs.get(context))) as archive:
        assert archive.getnames() == ["context", "Dockerfile", "start"]


async def test_a_plan_knows_the_name_of_what_would_be_built(house: House, http: httpx.AsyncClient) -> None:
    parsed = parse("services: [redis]", "shop.yaml", house.context.types)
    named = with_blobs(parsed, {}).applications[0].services[0].container
    assert named is not None and named.image.reference.startswith("clocker/build:")
    asked: list[Blueprint] = []

    async def planned(blueprint: Blueprint, *_: object) -> dict[str, object]:
        asked.append(blueprint)
        return {}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(applications, "kept_plan", planned)
        await http.post("/v1/plan", content=b"services: [redis]", headers={"Content-Type": "application/yaml"})
    container = asked[0].applications[0].services[0].container
    assert container is not None and container.image == named.image


async def test_addresses_are_asked_for_when_a_blueprint_is_deployed(house: House, http: httpx.AsyncClient) -> None:
    text = """
services:
- type: docker:web
  parameters: [{name: source, constraints: [urlExists]}]
  source: http://127.0.0.1:9/nobody
"""
    answer = await http.post("/v1/applications", content=text.encode(), headers={"Content-Type": "application/yaml"})
    assert answer.status_code == 422
    assert answer.json()["error"]["faults"][0].startswith("blueprint.yaml:5:11: `http://127.0.0.1:9/nobody` does not answer")
    assert house.invoked == []
    assert (await http.post("/v1/plan", content=text.encode(), headers={"Content-Type": "application/yaml"})).status_code != 422


async def test_an_answer_that_says_no_is_a_fault(house: House) -> None:
    async def answering(status: bytes) -> None:
        async def answer(reader: object, writer: object) -> None:
            await reader.readuntil(b"\r\n\r\n")  # type: ignore[attr-defined]
            writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")  # type: ignore[attr-defined]
            writer.close()  # type: ignore[attr-defined]

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            await urls.check({f"http://127.0.0.1:{port}/app.war": "shop.yaml:1:1"})

    await answering(b"200 OK")
    with pytest.raises(BlueprintError, match="answers 404"):
        await answering(b"404 Not Found")


async def test_a_fault_names_the_file_as_it_was_sent(http: httpx.AsyncClient) -> None:
    """Though a file of that name is in the catalogue already."""
    text = 'id: redis\nversion: "99"\ntype: docker:web\nmemory: much\n'
    answer = await http.post("/v1/catalog", json={"files": {"redis.yaml": text}})
    assert answer.status_code == 422 and answer.json()["error"]["message"].startswith("redis.yaml:4:9: `memory`")
