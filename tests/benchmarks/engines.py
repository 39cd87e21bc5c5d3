"""What the manager adds to what engines can do: deploying, scaling, healing and growing with load, on real engines.

Peers work on the very same engines in the same run, in turns with us: bare aiodocker scripts, and Docker's own Swarm mode. Ours is timed until the
manager says that the service is up; the script until `start` was answered; Swarm until the engine says that the last container has started.
"""

import asyncio
import statistics
import sys
from collections.abc import Callable, Sequence

from clocker_actors.model.identity import LABEL_PLANE
from tests.bed.image import spin_path
from tests.bed.load import apply_load
from tests.benchmarks import bare
from tests.benchmarks.kernel import Row
from tests.benchmarks.ours import PLANE, Ours, ours
from tests.benchmarks.stand import Stand, percentile, run, stand, until
from tests.benchmarks.swarm import Swarm

ROUNDS = 5
KILLS = 3
"""Kills in a round: each is short, and they differ more than a whole deployment does."""
MEMBERS, GROWN = 6, 6.0
"""Members that are killed in turn, oldest first, and the seconds they run before: of one that dies young, the manager first asks what it said last."""
AT_ONCE, TRIES = (1, 2, 3, 4), 2
LOADED = 8.0
CLIENTS = 4
ROUNDS_OF_SPIN = 3000


def deploy() -> list[Row]:
    """N containers on one engine and on three, beside a bare script at its best concurrency."""
    return [run(_deploy(1, 12)), run(_deploy(3, 24))]


async def _deploy(hosts: int, count: int) -> Row:
    took: list[float] = []
    script: list[float] = []
    async with stand(hosts) as here, ours(here) as manager:
        best = await _best_concurrency(here, count)
        for number in range(ROUNDS):
            took.append(await manager.deploy(f"shop{number}", count))
            await manager.delete(f"shop{number}")
            script.append(await _script(here, count, best))
    mine, theirs = statistics.median(took), statistics.median(script)
    return _row(
        f"deploy {count} containers on {hosts} engine{'s' if hosts > 1 else ''}",
        f"bare aiodocker script, best concurrency ({best} per engine)",
        mine,
        theirs,
        "<= 1.10 x the script",
        mine <= 1.10 * theirs,
    )


async def _best_concurrency(here: Stand, count: int) -> int:
    """Found before the rounds: the least of several medians would be better than any script really is."""
    found = {at_once: min([await _script(here, count, at_once) for _ in range(TRIES)]) for at_once in AT_ONCE}
    return min(found, key=lambda at_once: found[at_once])


async def _script(here: Stand, count: int, at_once: int) -> float:
    took = await bare.deploy(here.eyes, count, at_once)
    await bare.clear(here.eyes)
    return took


def scale() -> list[Row]:
    """A cluster from 3 to 30 on three engines, beside Swarm mode on the same engines."""
    return run(_scale())


async def _scale() -> list[Row]:
    took: list[float] = []
    theirs: list[float] = []
    running: list[float] = []
    async with stand(3) as here, ours(here) as manager:
        swarm = Swarm(here)
        await swarm.form()
        await swarm.create("peer", 3)
        await manager.deploy("shop", 3)
        manager.calls.starts.clear()
        for _ in range(ROUNDS):
            asked = manager.driven.manager.kernel.now()
            took.append(await manager.resize("shop", 30))
            running += manager.ready_since("shop/web", asked)
            await manager.resize("shop", 3)
            theirs.append(await swarm.scale("peer", 30))
            await swarm.scale("peer", 3)
            await asyncio.sleep(1.0)  # Swarm removes what it stopped a little later
        starts = manager.calls.starts
    mine, peer = statistics.median(took), statistics.median(theirs)
    slow = percentile(starts, 0.99)
    return [
        _row("scale a cluster 3 -> 30 on three engines", "Swarm mode, same engines", mine, peer, "faster than Swarm", mine < peer),
        Row(
            f"engine call `start`, sent -> answered, {len(starts)} of them while scaling",
            "none",
            f"p99 {slow:.2f} s (median {statistics.median(starts):.2f} s)",
            "",
            "",
            "p99 <= 1 s",
            slow <= 1.0,
        ),
        Row(
            "replica asked for -> running, while scaling 3 -> 30",
            "none",
            f"p99 {percentile(running, 0.99):.2f} s (median {statistics.median(running):.2f} s)",
            "",
            "",
            "stated",
            met=True,
        ),
    ]


def healing() -> list[Row]:
    """A container is killed: how long until its replacement runs."""
    return run(_heal_beside_script()) + run(_heal_beside_swarm())


async def _heal_beside_script() -> list[Row]:
    """One engine, so that both have to work around the remains of the dead container."""
    took: list[float] = []
    script: list[float] = []
    async with stand(1) as here, ours(here) as manager:
        eye = here.eyes[0]
        await manager.deploy("shop", MEMBERS)
        await bare.start_one(eye)
        await asyncio.sleep(GROWN)
        for _ in range(ROUNDS * KILLS):
            took.append(await _one_heal(manager, here))
            script.append(await bare.heal(eye))
            await asyncio.sleep(0.5)
    mine, theirs = statistics.median(took), statistics.median(script)
    met = mine <= 0.8 and mine <= 1.10 * theirs
    goal = "<= 0.8 s and <= 1.10 x the script"
    return [_row("container killed -> replacement running, one engine", "bare script: die event, create, start", mine, theirs, goal, met)]


async def _heal_beside_swarm() -> list[Row]:
    took: list[float] = []
    usual: list[float] = []
    keen: list[float] = []
    async with stand(3) as here, ours(here) as manager:
        await manager.deploy("shop", 3)
        swarm = Swarm(here)
        await swarm.form()
        await swarm.create("usual", 3)
        await swarm.create("keen", 3, "--restart-delay", "0s")
        await asyncio.sleep(GROWN)
        for number in range(ROUNDS):
            eye = here.eyes[number % 3]
            took.append(await _one_heal(manager, here, number))
            usual.append(await swarm.heal("usual", eye))
            keen.append(await swarm.heal("keen", eye))
    mine, peer, best = (statistics.median(times) for times in (took, usual, keen))
    what = "container killed -> replacement running, three engines"
    return [
        _row(what, "Swarm mode, same engines", mine, peer, "<= 0.8 s", mine <= 0.8),
        _row(what, "Swarm mode without its restart delay of 5 s", mine, best, "shown", met=True),
    ]


async def _one_heal(manager: Ours, here: Stand, number: int = 0) -> float:
    """Kill on the engine whose turn it is, or on the next one that has something to kill; then wait for the remains to be removed."""
    eyes = [eye for eye in (*here.eyes[number % len(here.eyes) :], *here.eyes) if eye.count(LABEL_PLANE, PLANE)]
    took = await manager.heal("shop", eyes[0])
    await asyncio.sleep(1.0)
    return took


def load_step() -> list[Row]:
    """Real load arrives: how long until one more replica runs, at default settings."""
    return run(_load_steps())


async def _load_steps() -> list[Row]:
    async with stand(3) as here, ours(here) as manager:
        took = [await _load_step(manager, f"shop{number}") for number in range(ROUNDS)]
    mine = statistics.median(took)
    return [
        Row(
            "load step -> new replica running, default settings (one member under four clients, bound 30 % of a core in the mean over 5 s)",
            "Kubernetes HPA 90-150 s +, KEDA >= 30 s +, Nomad >= 10 s +",
            f"{mine:.2f} s",
            "",
            "",
            "<= 4 s",
            mine <= 4.0,
        )
    ]


async def _load_step(manager: Ours, name: str) -> float:
    path = f"{name}/web"
    scaler = ["  policies:", "  - type: autoscaler", "    config:", "      metric: cpu.mean.average"]
    bounds = ["      metricLowerBound: 5", "      metricUpperBound: 30", "      minPoolSize: 1", "      maxPoolSize: 4"]
    await manager.deploy(name, 1, *scaler, *bounds, ports=True)
    driven = manager.driven
    await until(lambda: driven.value(path, "cpu.mean.average") is not None, 30.0, "the first reading")
    await asyncio.sleep(6.0)  # a full window of calm, so that the step is one
    targets = [(str(point["host"]), int(str(point["port"]))) for point in _endpoints(driven.value(f"{path}/1", "service.endpoints"))]
    loop = asyncio.get_running_loop()
    began = loop.time()
    load = asyncio.create_task(apply_load(targets, spin_path(ROUNDS_OF_SPIN), seconds=LOADED, clients=CLIENTS))
    await until(lambda: manager.up(path) > 1, 30.0, f"a second replica\n{driven.picture()}")
    took = loop.time() - began
    load.cancel()
    await asyncio.gather(load, return_exceptions=True)
    await manager.delete(name)
    return took


def _endpoints(value: object) -> Sequence[dict[str, object]]:
    return [point for point in value if isinstance(point, dict)] if isinstance(value, list) else []


def _row(what: str, mark: str, mine: float, peer: float, goal: str, met: bool) -> Row:
    return Row(what, mark, f"{mine:.2f} s", f"{peer:.2f} s", f"{mine / peer:.2f}", goal, met)


REPORTS: tuple[Callable[[], list[Row]], ...] = (deploy, scale, healing, load_step)


def main() -> None:
    """Print this room's rows."""
    for report in REPORTS:
        for row in report():
            sys.stdout.write(f"{row.what} | {row.mark} | ours {row.ours} | peer {row.peer} | {row.ratio} | {row.goal} | {row.met}\n")


if __name__ == "__main__":
    main()
