"""What would Solr, Cassandra and Couchbase be started with, of their official images? These were tried on simulated engines alone."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from clocker_actors.admin.types import type_table
from clocker_actors.blueprint import parse
from clocker_actors.drivers.simulated import SimulatedEngine, SimulatedWorld
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.containers import ContainerRequest
from clocker_actors.model.identity import LABEL_MEMBER, ROOT
from tests.flows.stories import new_world, running
from tests.flows.support import Driven, managed

BLUEPRINTS = Path(__file__).parents[2] / "blueprints"
SECRET = {"CLOCKER_EXTERNAL_DOCUMENTS_PASSWORD": "not-in-clear"}


async def deployed(driven: Driven, example: str) -> None:
    """Deploy an example."""
    parsed = parse((BLUEPRINTS / example).read_bytes(), example, type_table())
    ended = await driven.ended(await driven.invoke(ROOT, "deploy", blueprint=msgspec.to_builtins(parsed.blueprint)), 600)
    assert ended.state is ActivityState.DONE, ended.problem


def asked(world: SimulatedWorld) -> Mapping[str, tuple[SimulatedEngine, ContainerRequest]]:
    """What each engine was asked for, by the uid of the member."""
    return {seen.labels[LABEL_MEMBER]: (engine, engine.asked_of(seen.name)) for engine, seen in running(world)}


async def told(driven: Driven, world: SimulatedWorld, path: str) -> list[list[str]]:
    """Once all members are told of all: the lines about them, the same for each."""

    def texts() -> set[str]:
        return {engine.files_of(request.name)[path].content for engine, request in asked(world).values()}

    await driven.until(lambda: len(texts()) == 1 and " - " not in min(texts()) and " no" not in min(texts()), 60, "peers")
    return [line.split() for line in texts().pop().splitlines() if line.strip()]


async def test_cassandra_has_a_member_on_each_host_and_one_leaves_by_decommission(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await deployed(driven, "23-cassandra.yaml")
        requests = asked(world)
        assert len({engine.name for engine, _ in requests.values()}) == 3
        for uid, (engine, request) in requests.items():
            assert request.image == "cassandra:4.1" and request.ports == {"7000/tcp": 7000, "9042/tcp": 9042}
            assert request.spec.entrypoint == ("/bin/bash", "/etc/clocker/start")
            assert request.spec.env["NODE"] == uid and request.spec.env["CASSANDRA_CLUSTER_NAME"] == "wide"
            assert "exec docker-entrypoint.sh cassandra -f" in engine.files_of(request.name)["/etc/clocker/start"].content
        lines = await told(driven, world, "/etc/clocker/peers")
        assert [(line[0], line[1], line[3]) for line in lines] == [
            (driven.model.resolve(f"wide/ring/{each}"), str(each), "yes") for each in (1, 2, 3)
        ]
        assert len({line[2] for line in lines}) == 3
        service = parse("services: [cassandra]", "x.yaml", type_table()).blueprint.applications[0].services[0]
        assert service.cluster is not None
        assert service.cluster.member.leave_command == ("nodetool", "decommission") and service.cluster.member.leave_timeout == 3600


async def test_couchbase_has_its_password_as_a_secret_and_its_buckets(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world, environ=SECRET) as driven:
        await deployed(driven, "24-couchbase.yaml")
        requests = asked(world)
        assert len({engine.name for engine, _ in requests.values()}) == 3
        for engine, request in requests.values():
            assert request.image == "couchbase:community-7.6.2" and request.spec.network == "host"
            assert request.spec.env["CB_REST_PASSWORD"] == "not-in-clear" and request.spec.env["BUCKETS"] == "shop:128 cache:128"
            assert "server-add" in engine.files_of(request.name)["/etc/clocker/start"].content
        assert len(await told(driven, world, "/etc/clocker/peers")) == 3
    assert b"not-in-clear" not in b"".join(path.read_bytes() for path in (tmp_path / "s").rglob("*") if path.is_file())


async def test_solr_makes_its_core(tmp_path: Path) -> None:
    world = new_world()
    async with managed(tmp_path / "s", world=world) as driven:
        await deployed(driven, "22-solr.yaml")
        ((_, request),) = asked(world).values()
        assert request.image == "solr:9" and request.spec.command == ("solr-precreate", "books")
        assert request.spec.env == {"SOLR_HEAP": "512m"} and [volume.target for volume in request.spec.volumes] == ["/var/solr"]
        assert request.spec.readiness is not None and request.spec.readiness.path == "/solr/books/admin/ping"
