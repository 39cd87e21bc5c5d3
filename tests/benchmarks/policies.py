"""What judgement costs: from a metric that crosses its bound to the order to resize, in a manager with many entities.

Ten thousand entities are alive and each is read once a second meanwhile. No peer does this in one process, so the row has none.
"""

import asyncio
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from clocker_actors.enrichers import catalogue as enrichers
from clocker_actors.kernel import Actor, Kernel
from clocker_actors.model.activities import Activity, ActivityState
from clocker_actors.model.identity import Ids, Uid, policy_id
from clocker_actors.model.messages import ActivityEnded, Invoke, MembersChanged, SensorChanged, SetReading
from clocker_actors.model.sensors import Reading
from clocker_actors.model.specs import PolicySpec
from clocker_actors.policies import catalogue as policies
from tests.benchmarks.kernel import ROUNDS, Row

ENTITIES = 10_000
MEMBERS = 200
CROSSINGS = 10
PAUSE = 0.12
GOAL_MS = 5.0
METRIC = "cpu.mean.average"
CLUSTER = Uid("c1")


class Thing(Actor):
    """As much of an entity as this needs: keeps readings and publishes them."""

    def __init__(self, uid: str) -> None:
        super().__init__()
        self.uid = Uid(uid)
        self.readings: dict[str, Reading] = {}

    def on_receive(self, message: Any) -> None:
        if isinstance(message, SetReading):
            self.readings[message.reading.sensor] = message.reading
            self.publish(message.reading.sensor, SensorChanged(self.uid, message.reading))


class Cluster(Thing):
    """Takes the size it is told, and notes when."""

    def __init__(self, ordered: Callable[[int], None]) -> None:
        super().__init__(CLUSTER)
        self.ordered = ordered

    def on_receive(self, message: Any) -> None:
        if isinstance(message, Invoke):
            size = message.arguments["size"]
            assert isinstance(size, int)
            self.ordered(size)
            self.publish("cluster.size.desired", SensorChanged(self.uid, Reading("cluster.size.desired", size, self.now)))
            done = Activity("t1", self.uid, "resize", message.cause, self.now, state=ActivityState.DONE)
            self.tell(message.reply_to, ActivityEnded(done))
        elif isinstance(message, MembersChanged):
            self.publish("members", message)
        else:
            super().on_receive(message)


async def _traffic(kernel: Kernel, uids: list[str]) -> None:
    """Each entity is read once a second, evenly spread."""
    slices = [uids[number::100] for number in range(100)]
    number = 0
    while True:
        for uid in slices[number % 100]:
            kernel.tell(uid, SetReading(Reading("memory.bytes", number, kernel.now())))
        number += 1
        await asyncio.sleep(0.01)


async def _reaction_times(entities: int, members: int, crossings: int) -> list[float]:
    kernel, loop = Kernel(), asyncio.get_running_loop()
    state: dict[str, Any] = {"size": members, "waiter": loop.create_future()}

    def ordered(size: int) -> None:
        state["size"] = size
        state["waiter"].set_result(time.perf_counter())

    kernel.spawn(CLUSTER, lambda: Cluster(ordered))
    uids = [f"m{number}" for number in range(entities)]
    for uid in uids:
        kernel.spawn(uid, partial(Thing, uid))
    ids = Ids(1, 10**9)
    config = {"metric": METRIC, "metricLowerBound": 30, "metricUpperBound": 60}
    kernel.spawn(policy_id(CLUSTER, "a"), policies.make(PolicySpec("autoscaler", "a", config), CLUSTER, ids=ids))
    kernel.spawn(policy_id(CLUSTER, "r"), enrichers.make(PolicySpec("rollup", "r"), CLUSTER, ids=ids))
    kernel.tell(CLUSTER, SetReading(Reading("cluster.size.desired", members, kernel.now())))
    kernel.tell(CLUSTER, MembersChanged(CLUSTER, tuple(Uid(uid) for uid in uids[:members])))
    await kernel.settle()
    traffic = asyncio.create_task(_traffic(kernel, uids))
    found = []
    for crossing in range(crossings):
        await asyncio.sleep(PAUSE)
        state["waiter"] = loop.create_future()
        size, value = state["size"], 90.0 if crossing % 2 == 0 else 20.0
        sent = time.perf_counter()
        kernel.tell(CLUSTER, SetReading(Reading(METRIC, value, kernel.now(), "", size, size)))
        found.append((await state["waiter"] - sent) * 1000)
    traffic.cancel()
    await asyncio.gather(traffic, return_exceptions=True)
    await kernel.stop(deadline=60.0)
    return found


def metric_to_resize() -> list[Row]:
    """Milliseconds from the reading's arrival at the cluster to the order's arrival there: two ways through the run queue and the policy between."""
    rounds = [asyncio.run(_reaction_times(ENTITIES, MEMBERS, CROSSINGS)) for _ in range(ROUNDS)]
    middle = statistics.median(statistics.median(each) for each in rounds)
    worst = max(max(each) for each in rounds)
    return [
        Row(
            what=f"metric crosses the bound -> resize ordered, {ENTITIES:,} entities alive and read each second",
            mark="none",
            ours=f"{middle:.2f} ms (worst of {ROUNDS * CROSSINGS}: {worst:.2f} ms)",
            peer="",
            ratio="",
            goal=f"<= {GOAL_MS:g} ms",
            met=middle <= GOAL_MS,
        )
    ]


REPORTS: tuple[Callable[[], list[Row]], ...] = (metric_to_resize,)


def main() -> None:
    """Print this room's rows."""
    for report in REPORTS:
        for row in report():
            sys.stdout.write(f"{row.what} | ours {row.ours} | {row.goal} | {'met' if row.met else 'MISSED'}\n")


if __name__ == "__main__":
    main()
