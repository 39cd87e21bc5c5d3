"""Are the types that form clusters refused where they would not work, found by the ancestor's names, and are the scripts sound that nobody could try with the
real software: with commands in its place that say what it says?"""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from clocker_actors.admin.types import type_table
from clocker_actors.blueprint import parse
from clocker_actors.errors import BlueprintError
from clocker_actors.model.specs import ServiceSpec

TYPES = type_table()
INFO = """ID                     : 7a2e
Gossip active          : true
Native Transport active: true
Load                   : 75.83 KiB
Uptime (seconds)       : 1234
Heap Memory (MB)       : 120.00 / 495.00
Exceptions             : 2"""
STATUS = """Datacenter: datacenter1
Status=Up/Down
|/ State=Normal/Leaving/Joining/Moving
--  Address   Load       Tokens  Owns (effective)  Host ID                               Rack
UN  10.0.0.1  75.83 KiB  16      100.0%            7a2e  rack1
DN  10.0.0.2  70.1 KiB   16      100.0%            8b3f  rack1
DN  10.0.0.9  70.1 KiB   16      100.0%            dead  rack1"""
POOLS = """Pool Name                    Active   Pending      Completed   Blocked  All time blocked
ReadStage                         0         3            555         0                 0
MutationStage                     0         4            777         0                 0"""
PEERS = "ma 1 10.0.0.1 yes\nmb 2 10.0.0.2 yes\nmc 3 10.0.0.3 no\n"


def read(type_: str, *lines: str) -> ServiceSpec:
    """One service of a type, with these lines."""
    text = "\n".join(("name: x", "services:", f"- type: {type_}", "  id: db", *(f"  {line}" for line in lines)))
    return parse(text, "x.yaml", TYPES).blueprint.applications[0].services[0]


def member(type_: str, *lines: str) -> ServiceSpec:
    """What each member of it is."""
    cluster = read(type_, *lines).cluster
    assert cluster is not None
    return cluster.member


@pytest.mark.parametrize(
    ("type_", "line", "words"),
    [
        ("etcd", "quota: 100", "16777216"),
        ("etcd", "history: long", "long"),
        ("etcd", "dataVolume: /srv", "/srv"),
        ("zookeeper", "tickTime: 1", "100"),
        ("zookeeper", "heap: much", "much"),
        ("cassandra", "clusterName: a/b", "a/b"),
        ("cassandra", "heap: 1", "heap"),
        ("couchbase", "initialSize: 1", "`password` is required"),
        ("couchbase", "clusterRamSize: 1", "256"),
        ("solr", "core: my core", "my core"),
    ],
)
def test_what_would_not_work_is_a_fault(type_: str, line: str, words: str) -> None:
    with pytest.raises(BlueprintError) as caught:
        read(type_, line)
    assert words in str(caught.value) and "x.yaml:" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "type_"),
    [
        ("org.apache.brooklyn.entity.zookeeper.ZooKeeperEnsemble", "zookeeper:3.8"),
        ("org.apache.brooklyn.entity.nosql.cassandra.CassandraDatacenter", "cassandra:4.1"),
        ("brooklyn.entity.nosql.etcd.EtcdCluster", "etcd:3.4"),
        ("org.apache.brooklyn.entity.nosql.solr.SolrServer", "solr:9"),
    ],
)
def test_the_ancestors_names_mean_them(name: str, type_: str) -> None:
    assert read(name).types[0] == type_


@pytest.fixture
def box(tmp_path: Path) -> Path:
    """A folder for commands that stand for the real ones, before all others on the path; what they are called with is in `called`."""
    return tmp_path


def command(box: Path, name: str, body: str) -> None:
    """A command there."""
    file = box / name
    file.write_text(f'#!/bin/sh\necho "{name} $*" >> {box}/called\n{body}\n')
    file.chmod(0o755)


def run(box: Path, script: str, **env: str) -> str:
    """Run a script of a container, whose files are in the folder."""
    text = script.replace("/etc/clocker/", f"{box}/").replace("/members/", f"{box}/members/").replace("chown ", "true chown ")
    path = f"{box}:{os.environ['PATH']}"
    ran = subprocess.run(["bash", "-c", text], env={"PATH": path, **env}, capture_output=True, text=True, timeout=30, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def called(box: Path) -> list[str]:
    """What was called, in order."""
    return (box / "called").read_text().splitlines() if (box / "called").exists() else []


def scripts(service: ServiceSpec) -> Mapping[str, str]:
    """The files of its container, by path."""
    assert service.container is not None
    return {file.path: file.content for file in service.container.files}


def test_cassandra_tells_how_it_is(box: Path) -> None:
    command(
        box, "nodetool", f"case $1 in info) cat <<E\n{INFO}\nE\n;; status) cat <<E\n{STATUS}\nE\n;; tpstats) cat <<E\n{POOLS}\nE\n;; esac"
    )
    feed = next(each for each in member("cassandra").enrichers if each.type == "exec-feed")
    assert json.loads(run(box, str(feed.config["command"]))) == {
        "live": 1, "uptime": 1234, "exceptions": 2, "heap": 120, "read": 555, "readPending": 3, "write": 777, "writePending": 4, "load": 77650,
    }  # fmt: skip


def test_the_oldest_cassandra_takes_out_who_is_down_and_no_member(box: Path) -> None:
    (box / "peers").write_text(PEERS)
    command(box, "nodetool", f"[ $1 != status ] || cat <<E\n{STATUS}\nE")
    command(box, "nohup", 'exec "$@"')
    follow = scripts(member("cassandra"))["/etc/clocker/follow"].replace(" >/dev/null 2>&1 &", "")
    run(box, follow, NODE="mb")
    assert called(box) == []
    run(box, follow, NODE="ma")
    assert [line for line in called(box) if line.startswith("nodetool")] == ["nodetool status", "nodetool removenode dead"]


@pytest.mark.parametrize(("node", "seeds"), [("ma", "10.0.0.1,10.0.0.2"), ("mc", "10.0.0.1,10.0.0.2")])
def test_cassandra_begins_with_the_oldest_as_seeds(box: Path, node: str, seeds: str) -> None:
    (box / "peers").write_text(PEERS)
    command(box, "docker-entrypoint.sh", f'echo "$CASSANDRA_SEEDS $CASSANDRA_BROADCAST_ADDRESS" > {box}/env')
    (box / "home").mkdir()
    run(box, scripts(member("cassandra"))["/etc/clocker/start"], NODE=node, CASSANDRA_HOME=f"{box}/home")
    address = {"ma": "10.0.0.1", "mc": "10.0.0.3"}[node]
    assert (box / "env").read_text().split() == [seeds, address]
    assert (box / "home" / "data").resolve() == box / "members" / node
    assert called(box) == ["docker-entrypoint.sh cassandra -f"]


@pytest.mark.parametrize(("node", "first"), [("ma", "cluster-init"), ("mc", "server-add -c 10.0.0.1")])
def test_couchbase_begins_or_joins(box: Path, node: str, first: str) -> None:
    (box / "peers").write_text(PEERS if node != "ma" else PEERS.replace("yes", "no"))
    command(box, "couchbase-cli", f"case $1 in server-list) [ -e {box}/in ] ;; cluster-init | rebalance) touch {box}/in ;; esac")
    command(box, "sleep", "true")
    start = scripts(member("couchbase", "password: secret1", 'buckets: "shop:128"'))["/etc/clocker/start"]
    joins = start.partition("mkdir -p")[0].replace("/tmp/joined", f"{box}/joined") + "\njoin\n"
    run(box, joins, NODE=node, CB_REST_USERNAME="anna", CB_REST_PASSWORD="secret1", BUCKETS="shop:128", SERVICES="data", RAM_SIZE="300")
    said = [line.removeprefix("couchbase-cli ") for line in called(box) if line.startswith("couchbase-cli")]
    assert any(line.startswith(first) for line in said) and (box / "joined").exists()
    assert any("bucket-create" in line and "--bucket shop" in line and "--bucket-ramsize 128" in line for line in said) == (node == "ma")


def built(type_: str) -> Mapping[str, str]:
    """What its image is built with, by path."""
    (source,) = (each for each in TYPES.catalogue if each.filename == f"{type_}.yaml")
    return dict(yaml.safe_load(source.text)["memberSpec"].get("build", {}).get("files", {}))


@pytest.mark.parametrize("type_", ["etcd", "zookeeper", "cassandra", "couchbase"])
def test_their_scripts_can_be_read_by_a_shell(type_: str, box: Path) -> None:
    service = member(type_, *(["password: secret1"] if type_ == "couchbase" else []))
    for text in (*scripts(service).values(), *built(type_).values()):
        if text.startswith("#!/bin"):
            (box / "script").write_text(text)
            subprocess.run([shutil.which("bash") or "bash", "-n", str(box / "script")], check=True, capture_output=True)


def test_a_command_for_leaving_may_be_words_or_a_line_and_belongs_to_one_container() -> None:
    text = "services: [{type: docker:web, leaveCommand: 'say \"good bye\"', leaveTimeout: 5m, children: [docker:other]}]"
    (service,) = parse(text, "x.yaml", TYPES).blueprint.applications[0].services
    assert service.leave_command == ("say", "good bye") and service.leave_timeout == 300
    assert service.children[0].leave_command == ()
    with pytest.raises(BlueprintError, match="leaveCommand"):
        parse("services: [{type: docker:web, leaveCommand: 'say \"good'}]", "x.yaml", TYPES)
