"""From a seed to a story. Everything random is drawn here, so that one story is told the same way whatever happens in it."""

import random
from collections.abc import Mapping

from clocker_actors.model.values import Value
from tests.simulation.blueprints import Land, application, yard
from tests.simulation.story import Step, Story

MOMENTS = (0.0, 0.0, 0.01, 0.05, 0.1, 0.3, 0.7, 1.0, 2.0, 5.0, 12.0)
CALLS = ("create", "start", "stop", "remove", "list", "inspect", "ping", "ensure_volume", "put", "update", "info", "lease", "probe")
CLIENTS = 3
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
    "drain": 3,
    "evacuate": 1,
    "rebalance": 2,
    "load": 4,
    "die": 6,
    "oom": 1,
    "sicken": 2,
    "remove": 2,
    "crash": 2,
    "hang": 2,
    "cut": 2,
    "wipe": 1,
    "slow": 1,
    "full": 1,
    "fail": 3,
    "lose": 3,
    "twice": 1,
    "swap": 1,
    "clock": 2,
    "disk": 2,
    "kill": 4,
    "kill_in_turn": 5,
    "kill_in_write": 5,
    "begin_again": 1,
}
"""How often each kind of step is drawn, against all others."""
OF_CLOUDS: Mapping[str, int] = {"yard": 5, "resize_yard": 5, "vanish": 3, "fail_cloud": 3, "lose_cloud": 3}
"""In stories with a docker cloud that makes its hosts, beside the others."""


def story(seed: int) -> Story:
    """The story of this seed."""
    dice = random.Random(seed)
    land = Land(seed, dice.randint(2, 4), dice.random() < 0.2)
    room = dice.choice((5, 40, 40))
    lead = [Step(0.0, "yard", 0, {"blueprint": yard(dice)})] if land.yard else []
    lead.append(Step(0.0, "deploy", 0, {"blueprint": application(dice, land)}))
    kinds, weights = zip(*{**WEIGHTS, **(OF_CLOUDS if land.yard else {})}.items(), strict=True)
    rest = [_step(dice, kind, land) for kind in dice.choices(kinds, weights, k=dice.randint(4, 22))]
    odds = (0.1, 0.15, 0.15) if dice.random() < 0.5 else (0.0, 0.0, 0.0)
    return Story(seed, land.hosts, room, (*lead, *rest), quota=dice.choice((2, 6)), odds=odds)


def _step(dice: random.Random, kind: str, land: Land) -> Step:
    return Step(dice.choice(MOMENTS), kind, dice.randrange(12), _details(dice, kind, land), dice.randrange(CLIENTS))


def _details(dice: random.Random, kind: str, land: Land) -> Mapping[str, Value]:
    match kind:
        case "deploy":
            return {"blueprint": application(dice, land)}
        case "yard":
            return {"blueprint": yard(dice)}
        case "resize":
            size: Mapping[str, Value] = {"size": dice.randint(0, 6)}
            return {**size, "for": dice.choice((3.0, 30.0))} if dice.random() < 0.15 else size
        case "resize_yard":
            return {"size": dice.randint(0, 4)}
        case "load":
            return {"percent": dice.choice((0, 30, 120, 400))}
        case "slow":
            return {"factor": dice.choice((2, 5, 40)), "for": dice.choice((1.0, 5.0))}
        case "crash" | "hang" | "cut" | "wipe" | "full":
            return {"for": dice.choice((0.5, 2.0, 4.0, 10.0, 40.0))}
        case "fail":
            return {"call": dice.choice(CALLS), "times": dice.randint(1, 3)}
        case "lose":
            return {"call": dice.choice(("create", "start", "stop", "remove", "update", "put", "lease", "ensure_volume"))}
        case "fail_cloud" | "lose_cloud":
            return {"call": dice.choice(("create", "nodes", "destroy"))}
        case "clock":
            return {"seconds": dice.choice((-86_400.0, -60.0, -1.0, 1.0, 300.0, 86_400.0))}
        case "disk":
            return {"for": dice.choice((0.2, 2.0, 20.0)), "kept": dice.random() < 0.5}
        case _:
            return _of_kill(dice, kind)


def _of_kill(dice: random.Random, kind: str) -> Mapping[str, Value]:
    pause = dice.choice((0.0, 0.0, 1.0, 30.0))
    match kind:
        case "kill":
            return {"pause": pause}
        case "kill_in_turn":
            return {"turns": int(2 ** dice.uniform(0, 9)), "pause": pause}
        case "kill_in_write":
            return {"write": dice.randint(1, 25), "kept": dice.random() < 0.5, "pause": pause}
        case _:
            return {}
