"""Who may do what: every route for everybody who may come, made from the routes, so that a new one cannot be forgotten."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import fields, replace
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from fastapi import APIRouter

from clocker_actors.admin import app as application
from clocker_actors.admin.app import asked_for, create_app
from clocker_actors.admin.gates import TABLE, Gate, Gates, Part
from clocker_actors.admin.judging import FILES, files_of
from clocker_actors.admin.rights import effector_scope
from clocker_actors.admin.routes import simulated
from clocker_actors.admin.types import type_table
from clocker_actors.blueprint import parse
from clocker_actors.errors import NotFound
from clocker_actors.model.effectors import effectors_of
from clocker_actors.model.identity import EntityKind, Uid
from clocker_actors.model.locations import MachineSpec, NodeTemplate
from clocker_actors.model.specs import EngineSpec
from clocker_actors.model.tokens import Scope
from tests.admin.house import House, Probe, open_house
from tests.telemetry.samples import activity, decision, entity, readings

pytestmark = pytest.mark.real_loop

BLOG = "services: [{type: 'docker:busybox:1', name: page}]\nid: blog\nlocation: local\n"
SHOP = BLOG.replace("blog", "shop")
FILLED = {"identity": "c2", "uid": "c2", "sensor": "cpu.mean.average", "sha256": "0" * 64, "reference": "redis", "activity": "t93"}
FILLED |= {"name": "start", "container": "x", "file": "favicon.png"}
OF_SHOP = ("shop", *(f'"uid":"{uid}"' for uid in ("a1", "c2", "m3", "k7", "h6")), '"t91"', '"t92"', '"d1"', "secretly")
"""Words of an answer that tells of what is not blog's."""
KINDS = ("none", "wrong", "expired", "revoked", "read", "operate", "admin", "blog-read", "blog-operate")


class NoWorld:
    """Simulated engines, for the routes that only a daemon with those has."""

    def offer(self, key: str, total_cpu_percent: float) -> None:
        """Nothing comes of it."""

    def die(self, container: str) -> None:
        """Nobody is there to die."""
        raise NotFound(container)


class Town:
    """The small daemon with a second application, and everybody who may come. Each comes from an address of his own, each time, as failures are counted by address."""

    def __init__(self, house: House, tokens: dict[str, str]) -> None:
        self.house = house
        self.app = create_app(house.context, NoWorld())
        self.tokens = tokens
        self._addresses = (f"10.{a}.{b}.{c}" for a, b, c in itertools.product(range(250), repeat=3))

    async def ask(self, who: str, method: str, path: str, **sent: object) -> httpx.Response:
        """One request; of a stream the beginning."""
        headers = {"Authorization": f"Bearer {self.tokens[who]}"} if self.tokens.get(who) else {}
        transport = httpx.ASGITransport(self.app, client=(next(self._addresses), 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://there") as http:
            return await http.request(method, path, headers=headers, **sent)  # type: ignore[arg-type]


@pytest_asyncio.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    """With tokens of every kind."""
    async with open_house(tmp_path) as house:
        tell_of_blog(house)
        for uid, kind in (("a21", EntityKind.APPLICATION), ("m23", EntityKind.MEMBER)):
            house.kernel.spawn(uid, lambda uid=uid, kind=kind: Probe(uid, kind, house))  # type: ignore[misc]
        await house.kernel.settle()
        tokens = {
            "none": "",
            "wrong": "clocker_" + "x" * 43,
            "expired": await house.token("expired", lasting=0.001),
            "revoked": await house.token("revoked"),
        }
        await house.context.tokens.revoke("revoked")
        for scope in ("read", "operate", "admin"):
            tokens[scope] = await house.token(scope, scope)
        tokens["blog-read"] = await house.token("blog-read", "read", "blog")
        tokens["blog-operate"] = await house.token("blog-operate", "operate", "blog")
        await asyncio.sleep(0.01)
        yield Town(house, tokens)


def tell_of_blog(house: House) -> None:
    """Application blog with one member on the same host; something was done and concluded with both."""
    model = house.model
    for fact in (
        activity(91, "c2"),
        activity(92, "root", cause="secretly", effector="deploy"),
        replace(entity("a21", "blog", "root"), application=Uid("a21")),
        replace(entity("m23", "blog/page", "a21"), application=Uid("a21"), type="docker:nginx"),
        replace(entity("k24", "local/here/blog.page.g1", "h6", member="m23"), application=Uid("a21")),
        readings("m23", service__state="running", service__isUp=True),
        activity(93, "m23", effector="restart"),
        decision(4, "m23", "restart"),
    ):
        model.note(fact, 0)


def routes() -> list[tuple[str, str]]:
    """All of a daemon with simulated engines, as method and path."""
    rooms = [room.router for room in application.ROOMS] + [simulated.router(NoWorld())]
    return sorted({each for router in rooms for route in router.routes for each in asked_for(route)})


def path_of(route: str, **filled: str) -> str:
    """A path that the route answers to."""
    for name, value in {**FILLED, **filled}.items():
        route = route.replace(f"{{{name}}}", value).replace(f"{{{name}:path}}", value)
    return route


def refused(gate: Gate, who: str) -> int:
    """The status with which the door refuses somebody, 0 if it lets him through."""
    if gate.scope is None:
        return 0
    if who in {"none", "wrong", "expired", "revoked"}:
        return 401
    if not Scope(who.removeprefix("blog-")).covers(gate.scope):
        return 403
    return 403 if who.startswith("blog") and gate.part is Part.NOTHING else 0


async def test_every_route_for_everybody(town: Town) -> None:
    asked = 0
    for method, route in routes():
        gate = TABLE[method, route]
        for who in KINDS:
            path = path_of(route, name="nobody") if "tokens" in route else path_of(route)
            params = {"follow": "false"} if gate.stream else None
            answer = await town.ask(who, method, path, params=params, content=b"nonsense: [" if method in {"POST", "PUT"} else None)
            told, wanted = f"{who}: {method} {path}: {answer.status_code} {answer.text[:200]}", refused(gate, who)
            assert answer.status_code < 500, told
            if wanted:
                assert answer.status_code == wanted, told
                assert method == "HEAD" or answer.json()["error"]["message"], told
            else:
                assert answer.status_code not in {401, 403, 429}, told
            asked += 1
    assert asked == len(routes()) * len(KINDS)
    assert not [each for each in town.house.invoked if each.cause.principal in {"read", "blog-read", "blog-operate", "anybody"}]


async def test_what_one_who_is_limited_is_told_holds_no_word_of_others(town: Town) -> None:
    quiet = {"/openapi.json", "/docs", "/docs/oauth2-redirect", "/v1/catalog", "/v1/catalog/files", "/v1/catalog/types/{reference}"}
    for method, route in routes():
        gate = TABLE[method, route]
        if gate.part not in {Part.OWN, Part.JUDGED} or route in quiet:
            continue
        for query in (
            {},
            {"path": "shop"},
            {"name": "web"},
            {"under": "shop"},
            {"entity": "shop/web"},
            {"name": "shop/web:scaler"},
            {"name": "d1"},
            {"name": "here"},
        ):
            follow = {"follow": "false", "latest": "1000"} if gate.stream else {}
            answer = await town.ask("blog-operate", method, path_of(route), params={**query, **follow})
            text = answer.text
            for asked in (*query.values(), path_of(route)):  # what was asked for is said again
                text = text.replace(asked, "").replace(asked.partition(":")[0], "")
            assert not [word for word in OF_SHOP if word in text], f"{method} {route} {query}: {answer.text}"
            if gate.target:
                assert answer.status_code == 404, f"{method} {route}: {answer.text}"


async def test_and_all_that_is_its_own(town: Town) -> None:
    for path, words in (
        ("/v1/applications", ('"path":"blog"',)),
        ("/v1/entities", ('"m23"', '"k24"')),
        ("/v1/entities/m23/explain", ("running",)),
        ("/v1/entities/k24", ('"k24"',)),
        ("/v1/entities/m23/decisions", ('"d4"',)),
        ("/v1/entities/m23/logs", ("two",)),
        ("/v1/explain?name=d4", ('"d4"',)),
        ("/v1/activities", ('"t93"',)),
        ("/v1/activities/t93", ('"restart"',)),
        ("/v1/events?latest=1000&follow=false", ('"blog/page"', '"t93"', '"d4"')),
    ):
        answer = await town.ask("blog-read", "GET", path)
        assert answer.status_code == 200, answer.text
        assert all(word in answer.text for word in words), answer.text
        assert not [word for word in OF_SHOP if word in answer.text], answer.text
    everything = await town.ask("read", "GET", "/v1/entities")
    assert all(word in everything.text for word in ('"m23"', '"m3"', '"h6"'))


async def test_orders_reach_what_the_token_is_for(town: Town) -> None:
    for who, uid, status in (
        ("blog-operate", "m23", 202),
        ("blog-operate", "m3", 404),
        ("blog-operate", "blog", 202),
        ("operate", "m3", 202),
        ("blog-read", "m23", 403),
    ):
        assert (await town.ask(who, "POST", f"/v1/entities/{uid}/effectors/start")).status_code == status, (who, uid)
    assert (await town.ask("blog-operate", "DELETE", "/v1/applications/shop")).status_code == 404
    assert (await town.ask("blog-operate", "DELETE", "/v1/applications/blog")).status_code == 202
    assert (await town.ask("blog-operate", "POST", "/v1/activities/t91/cancel")).status_code == 404


async def test_what_a_blueprint_deploys_is_judged(town: Town) -> None:
    for who, text, status in (
        ("blog-operate", BLOG, 202),
        ("blog-operate", SHOP, 403),
        ("operate", SHOP, 202),
        ("read", SHOP, 403),
    ):
        answer = await town.ask(who, "POST", "/v1/applications", content=text.encode())
        assert answer.status_code == status, (who, answer.text)
        planned = await town.ask(who, "POST", "/v1/plan", content=text.encode())
        assert planned.status_code == (400 if status == 202 else status), (who, planned.text)  # there is no pool to plan for


async def test_who_is_limited_does_not_hear_of_others_by_expressions(town: Town) -> None:
    enricher = '  enrichers: [{type: propagator, producer: $brooklyn:application("shop"), sensorMapping: {a: b}}]\n'
    for more in (
        '  env: {X: $brooklyn:application("shop").attributeWhenReady("a")}\n',
        '  enrichers: [{type: static-sensor, targetSensor: b, value: $brooklyn:application("shop").attributeWhenReady("a")}]\n',
        enricher,
    ):
        text = f"id: blog\nlocation: local\nservices:\n- type: docker:busybox:1\n  id: page\n{more}"
        for who, status in (("blog-operate", 403), ("operate", 202)):
            for route in ("applications", "plan")[: 2 if status == 403 else 1]:
                answer = await town.ask(who, "POST", f"/v1/{route}", content=text.encode())
                assert answer.status_code == status, (who, more, answer.text)
    own = BLOG.replace("page}", 'page, env: {X: \'application:shop\', Y: $brooklyn:application("blog").attributeWhenReady("a")}}')
    assert (await town.ask("blog-operate", "POST", "/v1/applications", content=own.encode())).status_code == 202
    for who, producer, status in (
        ("blog-operate", "application:shop", 403),
        ("blog-operate", "application:a1", 403),
        ("blog-operate", "application:blog", 202),
        ("operate", "application:shop", 202),
    ):
        given = {"type": "propagator", "config": {"producer": producer, "sensorMapping": {"a": "b"}}}
        for effector, arguments in (("add_policy", given), ("set_policy", {"policy": "x", "config": given["config"]})):
            answer = await town.ask(who, "POST", f"/v1/entities/m23/effectors/{effector}", json=arguments)
            assert answer.status_code == status, (who, producer, answer.text)


async def test_docker_clouds_are_for_admins_and_their_files_lie_where_they_may(town: Town, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    (keys / "deep").mkdir(parents=True)
    (keys / "deep" / "id").touch()
    (keys / "out").symlink_to("/etc/passwd")
    (tmp_path / "in").symlink_to(keys)
    town.house.context.key_roots = (tmp_path / "in",)
    for who, key, status in (
        ("operate", "", 403),
        ("blog-operate", "", 403),
        ("admin", "", 202),
        ("admin", f"{keys}/deep/id", 202),
        ("admin", f"{tmp_path}/in/deep/id", 202),
        ("admin", f"{keys}/deep/../../other", 403),
        ("admin", f"{keys}/out", 403),
        ("admin", f"{keys}-other/id", 403),
        ("admin", "/etc/passwd", 403),
    ):
        answer = await town.ask(who, "POST", "/v1/applications", content=cloud(key).encode())
        assert answer.status_code == status, (who, key, answer.text)
    async with town.house.client() as owner:
        answer = await owner.post("/v1/applications", content=cloud("/etc/passwd").encode(), headers={"Content-Type": "application/yaml"})
        assert answer.status_code == 202, answer.text


def cloud(key: str) -> str:
    """A docker cloud with one host that is reached by SSH."""
    engine = f"{{url: 'ssh://root@10.0.0.1', ssh: {{key: '{key}'}}}}" if key else "'ssh://root@10.0.0.1'"
    return f"services:\n- type: docker-cloud\n  name: yard\n  hosts: [{{name: one, engine: {engine}}}]\n"


def test_every_field_that_is_a_file_counts_as_one() -> None:
    files = {"privateKeyFile": "/1", "publicKeyFile": "/2"}
    text = f"""
services:
- type: docker-cloud
  name: yard
  hosts:
  - {{name: one, engine: {{url: 'https://10.0.0.1:2376', tls: {{ca: /3, cert: /4, key: /5}}}}}}
  - {{name: two, engine: {{url: 'ssh://root@10.0.0.2', ssh: {{key: /6, knownHosts: /7}}}}}}
- type: docker-cloud
  name: field
  location: {{byon: {{hosts: [{{address: 10.0.0.3, privateKeyFile: /8, knownHosts: /9}}], user: root, privateKeyFile: /a}}}}
- type: docker-cloud
  name: sky
  location: {{"jclouds:aws-ec2:eu-west-1": {{privateKeyFile: {files["privateKeyFile"]}, publicKeyFile: {files["publicKeyFile"]}}}}}
"""
    found = {path for pool in parse(text, "x.yaml", type_table()).blueprint.pools for path in files_of(pool)}
    assert {f"/{each}" for each in "12345678"} | {"/9"} <= found
    own = {field.name for kind in (EngineSpec, MachineSpec, NodeTemplate) for field in fields(kind)}
    assert own >= FILES
    suspicious = {name for name in own if any(word in name for word in ("key", "file", "cert", "_ca", "known", "path", "socket"))}
    assert suspicious - FILES == {"ssh_socket"}, "a new field that looks like a file: see judging.py"


def test_what_changes_something_is_not_for_readers() -> None:
    for (method, route), gate in TABLE.items():
        if method not in {"GET", "HEAD"}:
            assert gate.scope is not None and gate.scope.covers(Scope.OPERATE), (method, route)
    assert {route for (_, route), gate in TABLE.items() if gate.scope is None} == {"/healthz", "/readyz"}
    assert all(
        gate.scope is Scope.ADMIN and gate.part is Part.NOTHING
        for (_, route), gate in TABLE.items()
        if "token" in route or "audit" in route
    )


def test_what_makes_or_ends_machines_for_good_is_for_admins() -> None:
    assert all(effector_scope(EntityKind.ROOT, name) is Scope.ADMIN for name in effectors_of(EntityKind.ROOT))
    for_admins = {name for name in effectors_of(EntityKind.POOL) if effector_scope(EntityKind.POOL, name) is Scope.ADMIN}
    assert {"delete", "update", "destroyOrphans", "giveBack"} <= for_admins
    assert {"resize", "rebalance", "resumeHealing"}.isdisjoint(for_admins)


async def test_what_was_parsed_elsewhere_is_taken_from_the_owner_alone(town: Town) -> None:
    for path in ("/v1/entities/root/effectors/deploy", "/v1/entities/a1/effectors/update"):
        answer = await town.ask("admin", "POST", path, json={"blueprint": {}, "spec": {}})
        assert (answer.status_code, answer.json()["error"]["kind"]) == (403, "Forbidden")
    answer = await town.ask("operate", "POST", "/v1/entities/root/effectors/add_policy", json={"type": "x"})
    assert answer.status_code == 403
    assert not town.house.invoked


def test_a_route_that_was_forgotten_cannot_be_served(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"not in the table: \[\('GET', '/v1/new'\)\]"):
        Gates([*TABLE, ("GET", "/v1/new")])
    with pytest.raises(RuntimeError, match=r"in it, and no route: .*/v1/events"):
        Gates([each for each in TABLE if each[1] != "/v1/events"])
    room = APIRouter()
    room.add_api_websocket_route("/v1/secret", lambda: None)
    with pytest.raises(TypeError, match="does not know how"):
        list(asked_for(room.routes[0]))


async def test_what_nobody_judged_is_withheld(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clocker_actors.admin.routes.applications.judge", lambda *_: None)
    answer = await town.ask("admin", "POST", "/v1/applications", content=BLOG.encode())
    assert answer.status_code == 403
    assert "fault of the program" in answer.text


def test_the_world_of_this_file_is_one() -> None:
    world: simulated.World = NoWorld()
    world.offer("x", 1.0)
