"""From a seed to a story. Everything random is drawn here, so that one story is told the same way whatever happens in it."""

import random
from collections.abc import Mapping

from clocker_actors.model.values import Value
from tests.simulation.story import Step, Story

APPLICATIONS = ("north", "south")
MOMENTS = (0.0, 0.0, 0.01, 0.05, 0.1, 0.3, 0.7, 1.0, 2.0, 5.0, 12.0)
CALLS = ("create", "start", "stop", "remove", "list", "inspect", "ping", "ensure_volume", "put", "update", "info")
WEIGHTS: Mapping[str, int] = {
    "deploy": 10,
    "resize": 8,
    "restart": 3,
    "stop": 3,
    "start": 3,
    "delete": 3,
    "replace": 2,
    "move": 3,
    "cancel": 2,
    "suspend": 1,
    "cordon": 2,
    "uncordon": 2,
    "drain": 2,
    "load": 4,
    "die": 6,
    "oom": 1,
    "sicken": 2,
    "remove": 2,
    "crash": 2,
    "hang": 2,
    "cut": 2,
    "slow": 1,
    "fail": 3,
    "lose": 3,
    "twice": 1,
    "kill": 5,
    "kill_in_write": 6,
    "begin_again": 1,
}
"""How often each kind of step is drawn, against all others."""


def story(seed: int) -> Story:
    """The story of this seed."""
    dice = random.Random(seed)
    hosts, room = dice.randint(2, 4), dice.choice((5, 40, 40))
    first = Step(0.0, "deploy", 0, _deploy(dice))
    kinds, weights = zip(*WEIGHTS.items(), strict=True)
    rest = [_step(dice, kind) for kind in dice.choices(kinds, weights, k=dice.randint(4, 22))]
    return Story(seed, hosts, room, (first, *rest))


def _step(dice: random.Random, kind: str) -> Step:
    details: Mapping[str, Value] = {}
    match kind:
        case "deploy":
            details = _deploy(dice)
        case "resize":
            details = {"size": dice.randint(0, 6)}
        case "load":
            details = {"percent": dice.choice((0, 30, 120, 400))}
        case "slow":
            details = {"factor": dice.choice((2, 5)), "for": dice.choice((1.0, 5.0))}
        case "crash" | "hang" | "cut":
            details = {"for": dice.choice((0.5, 2.0, 4.0, 10.0, 40.0))}
        case "fail":
            details = {"call": dice.choice(CALLS), "times": dice.randint(1, 3)}
        case "lose":
            details = {"call": dice.choice(("create", "start", "stop", "remove", "update", "put"))}
        case "kill_in_write":
            details = {"write": dice.randint(1, 25), "kept": dice.random() < 0.5, "pause": dice.choice((0.0, 1.0, 30.0))}
        case "kill":
            details = {"pause": dice.choice((0.0, 0.0, 1.0, 30.0))}
    return Step(dice.choice(MOMENTS), kind, dice.randrange(12), details)


# --- blueprints


def _deploy(dice: random.Random) -> Mapping[str, Value]:
    """One of two applications. Deployed again, with other services, it becomes that."""
    name = dice.choice(APPLICATIONS)
    services = [_service(dice, f"s{number}") for number in range(1, dice.randint(1, 3) + 1)]
    for service, before in zip(services[1:], services, strict=False):
        if dice.random() < 0.3:
            service["dependsOn"] = [before["id"]]
    return {"blueprint": {"id": name, "name": name, "location": "farm", "services": services}}


def _service(dice: random.Random, name: str) -> dict[str, Value]:
    if dice.random() < 0.3:
        return {**_container(dice, alone=True), "id": name}
    least = dice.choice((0, 0, 1))
    cluster: dict[str, Value] = {
        "type": "cluster",
        "id": name,
        "initialSize": dice.randint(max(least, 1), 4),
        "minSize": least,
        "maxSize": dice.randint(4, 6),
        "memberSpec": _container(dice, alone=False),
    }
    if dice.random() < 0.25:
        cluster["policies"] = [_autoscaler(dice)]
    return cluster


def _container(dice: random.Random, *, alone: bool) -> dict[str, Value]:
    made: dict[str, Value] = {"type": f"docker:clocker/{dice.choice(('web', 'web', 'nginx'))}:1"}
    if dice.random() < 0.4:
        made["ports"] = [8080]
    if dice.random() < 0.4:
        made["readiness"] = {"tcp": 8080, "period": "2s", "timeout": "1s"}
        made["ports"] = [8080]
    if dice.random() < 0.3:
        made["memory"] = dice.choice(("64MiB", "96MiB"))
    if alone and dice.random() < 0.3:
        made["volumes"] = ["data:/data"]
    if alone and dice.random() < 0.2:
        made["directPorts"] = [18_080]
    if dice.random() < 0.15:
        made["duplicate"] = "never"
    if dice.random() < 0.2:
        made["affinity"] = ["PREFER NOT CLUSTER"]
    if dice.random() < 0.3:
        made["env"] = {"WORD": dice.choice(("one", "two"))}
    return made


def _autoscaler(dice: random.Random) -> dict[str, Value]:
    return {
        "type": "autoscaler",
        "config": {
            "metric": "cpu.mean.average",
            "metricLowerBound": 20,
            "metricUpperBound": 60,
            "minPoolSize": 1,
            "maxPoolSize": dice.randint(3, 5),
            "resizeUpStabilizationDelay": "1s",
            "resizeDownStabilizationDelay": "5s",
        },
    }
