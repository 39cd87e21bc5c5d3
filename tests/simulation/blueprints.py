"""Blueprints of stories, drawn by dice: two applications of a few services each, and a docker cloud whose hosts a cloud makes.

What rules are held against (affinity) belongs to the name of a service, and is the same whenever it is deployed, so that what ran before is judged by what it was placed by.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass

from clocker_actors.model.values import Value

APPLICATIONS = ("north", "south")
YARD = "yard"
AFFINITIES = ("PREFER NOT CLUSTER", "SPREAD OVER ZONE", "NOT CLUSTER", "AT MOST 2 CLUSTER")
APART = {"NOT CLUSTER": 1, "AT MOST 2 CLUSTER": 2}
"""How many members of a cluster may be on one host, by the rule that says so."""


@dataclass(frozen=True, slots=True)
class Land:
    """What blueprints of one story have to know of it."""

    seed: int
    hosts: int
    yard: bool


def application(dice: random.Random, land: Land) -> Mapping[str, Value]:
    """One of two applications. Deployed again, with other services, it becomes that."""
    name = dice.choice(APPLICATIONS)
    services = [_service(dice, land, name, f"s{number}") for number in range(1, dice.choice((1, 2, 2, 3, 4)) + 1)]
    for service, before in zip(services[1:], services, strict=False):
        if dice.random() < 0.3:
            service["dependsOn"] = [before["id"]]
        elif dice.random() < 0.2 and before["type"] != "cluster":
            _container_of(service)["env"] = {"PEER": f'$brooklyn:component("{before["id"]}").attributeWhenReady("host.name")'}
    location = YARD if land.yard and random.Random(f"where:{land.seed}:{name}").random() < 0.5 else "farm"
    return {"id": name, "name": name, "location": location, "services": services}


def yard(dice: random.Random) -> Mapping[str, Value]:
    """A docker cloud whose hosts are made. Deployed again, with other numbers, it becomes that."""
    size = dice.randint(0, 2)
    pool: dict[str, Value] = {
        "type": "docker-cloud",
        "name": YARD,
        "location": "simulated:paris",
        "initialSize": size,
        "minSize": dice.randint(0, size),
        "maxSize": dice.randint(3, 5),
        "strategies": [{"MaxContainers": {"maxContainers": dice.choice((4, 6, 40))}}],
        "machineCreateAttempts": dice.randint(1, 3),
        "onFailure": dice.choice(("quarantine", "destroy")),
    }
    if dice.random() < 0.5:
        pool |= {"headroom": dice.randint(1, 3), "resizeUpStabilizationDelay": "3s", "resizeDownStabilizationDelay": "20s"}
        pool["coldEnabled"] = dice.random() < 0.7
    if dice.random() < 0.3:
        pool |= {"removeEmpty": True, "idleTime": "15s"}
    return {"services": [pool]}


def _container_of(service: dict[str, Value]) -> dict[str, Value]:
    member = service.get("memberSpec", service)
    assert isinstance(member, dict)
    return member


def _service(dice: random.Random, land: Land, app: str, name: str) -> dict[str, Value]:
    if dice.random() < 0.3:
        return {**_container(dice, alone=True), "id": name}
    least = dice.choice((0, 0, 1))
    cluster: dict[str, Value] = {
        "type": "cluster",
        "id": name,
        "initialSize": dice.randint(max(least, 1), 4),
        "minSize": least,
        "maxSize": dice.randint(4, 6),
        "removalStrategy": dice.choice(("newest", "oldest")),
        "memberSpec": _container(dice, alone=False),
    }
    if dice.random() < 0.4:
        cluster["quorum"] = dice.randint(0, 4)
    _stand_apart(cluster, land, app, name)
    if dice.random() < 0.3:
        cluster["policies"] = [_autoscaler(dice)]
    return cluster


def _stand_apart(cluster: dict[str, Value], land: Land, app: str, name: str) -> None:
    dice = random.Random(f"affinity:{land.seed}:{app}:{name}")
    if dice.random() > 0.4:
        return
    rule = dice.choice(AFFINITIES)
    if rule in APART:
        if land.hosts < 3 or land.yard:
            return
        most = (land.hosts - 1) * APART[rule]  # one host is free for what takes the place of another
        first, least = cluster["initialSize"], cluster["minSize"]
        assert isinstance(first, int) and isinstance(least, int)
        cluster |= {"maxSize": most, "initialSize": min(first, most), "minSize": min(least, most)}
        if isinstance(quorum := cluster.get("quorum"), int):
            cluster["quorum"] = min(quorum, most)
    cluster["affinity"] = [rule]


def _container(dice: random.Random, *, alone: bool) -> dict[str, Value]:
    made: dict[str, Value] = {"type": f"docker:clocker/{dice.choice(('web', 'web', 'nginx'))}:1"}
    if dice.random() < 0.4:
        made["ports"] = [8080]
    if dice.random() < 0.4:
        made["readiness"] = {"tcp": 8080, "period": "2s", "timeout": "1s"}
        made["ports"] = [8080]
    if dice.random() < 0.3:
        made["memory"] = dice.choice(("64MiB", "96MiB"))
    if dice.random() < (0.3 if alone else 0.1):
        made["volumes"] = ["data:/data"]
    if alone and dice.random() < 0.2:
        made["directPorts"] = [18_080]
    if dice.random() < 0.25:
        made["duplicate"] = "never"
    if dice.random() < 0.3:
        made["env"] = {"WORD": dice.choice(("one", "two"))}
    if dice.random() < 0.1:
        made["leaveDelay"] = "1s"
    if dice.random() < 0.1:
        made["files"] = {"/etc/word": dice.choice(("one", "two"))}
    return made


def _autoscaler(dice: random.Random) -> dict[str, Value]:
    return {
        "type": "autoscaler",
        "config": {
            "metric": "cpu.mean.average",
            "metricLowerBound": 20,
            "metricUpperBound": 60,
            "minPoolSize": dice.choice((1, 1, 2)),
            "maxPoolSize": dice.randint(3, 5),
            "resizeUpStabilizationDelay": "1s",
            "resizeDownStabilizationDelay": "5s",
        },
    }
