"""What becomes of replicas whose host is emptied or cut off, beside Swarm mode on the same engines in the same run.

Nine replicas, three on each of three hosts. *Drained*: from the order until nothing of the service is on that host and nine run; how few ran meanwhile is seen
by the bystander. *Cable pulled*: from the pull until nine run on the other two hosts; engines are then reached over the network, and all settings are as
delivered. Both peers are given a second to stop a container, since this image waits for it to be over.
"""

import asyncio
import statistics
import sys
import time
from collections.abc import Callable

from clocker_actors.model.identity import LABEL_PLANE
from tests.benchmarks.kernel import Row
from tests.benchmarks.ours import LONGEST, PLANE, Ours, ours
from tests.benchmarks.stand import Eye, Stand, run, stand, until
from tests.benchmarks.swarm import LABEL, Swarm

ROUNDS = 5
REPLICAS = 9
GRACE = "1s"


class Least:
    """Counts how few containers with a label ran, for as long as it is looked at."""

    def __init__(self, here: Stand, label: str, value: str) -> None:
        self._here, self._label, self._value = here, label, value
        self.count = REPLICAS

    def look(self) -> int:
        """How many run now."""
        now = self._here.count(self._label, self._value)
        self.count = min(self.count, now)
        return now


def drained() -> list[Row]:
    """A host with 3 of 9 replicas is drained."""
    return run(_drained())


async def _drained() -> list[Row]:
    mine: list[float] = []
    theirs: list[float] = []
    stops: list[float] = []
    least, peer_least = REPLICAS, REPLICAS
    async with stand(3) as here, ours(here) as manager:
        swarm = Swarm(here)
        await swarm.form()
        for number in range(ROUNDS):
            eye = here.eyes[1 + number % 2]
            await manager.deploy("shop", REPLICAS, "    stopTimeout: 1")
            stops.append(await _stop_time(manager, here, eye))
            seen = Least(here, LABEL_PLANE, PLANE)
            mine.append(await _drain(manager, eye, seen))
            least = min(least, seen.count)
            await manager.invoke(f"bed/{eye.host.name}", "uncordon")
            await manager.delete("shop")
            await swarm.create("peer", REPLICAS, "--stop-grace-period", GRACE)
            seen = Least(here, LABEL, "peer")
            theirs.append(await swarm.drain("peer", eye, seen.look))
            peer_least = min(peer_least, seen.count)
            await swarm.activate(eye)
            await swarm.remove("peer")
            await asyncio.sleep(2.0)  # Swarm removes what it stopped a little later
    took, peer, stop = (statistics.median(figures) for figures in (mine, theirs, stops))
    met = took <= stop + 2.0 and least == REPLICAS
    return [
        Row(
            f"drain a host with 3 of {REPLICAS} replicas (the image takes {stop:.2f} s to stop)",
            "Swarm mode, same engines",
            f"{took:.2f} s, never below {least}",
            f"{peer:.2f} s, down to {peer_least}",
            f"{took / peer:.2f}",
            f"<= 2 s beyond the image's own stop time, never below {REPLICAS}",
            met,
        )
    ]


async def _stop_time(manager: Ours, here: Stand, eye: Eye) -> float:
    """Seconds that the engine takes to stop one of these, alone; what was stopped is replaced before anything else begins."""
    victim = eye.first(LABEL_PLANE, PLANE)
    began = time.perf_counter()
    await eye.docker.containers.container(victim).stop(t=1)
    took = time.perf_counter() - began
    await until(lambda: manager.up("shop/web") == REPLICAS and here.count(LABEL_PLANE, PLANE) == REPLICAS, LONGEST, "the replacement")
    await asyncio.sleep(3.0)
    return took


async def _drain(manager: Ours, eye: Eye, seen: Least) -> float:
    began = time.perf_counter()
    activity = await manager.driven.invoke(f"bed/{eye.host.name}", "drain")
    ended = await until(lambda: seen.look() == REPLICAS and not eye.count(LABEL_PLANE, PLANE), LONGEST, "the drain")
    await manager.done(activity)
    seen.look()
    return ended - began


def cut_off() -> list[Row]:
    """The cable of a host with 3 of 9 replicas is pulled."""
    return run(_cut_off())


async def _cut_off() -> list[Row]:
    mine: list[float] = []
    theirs: list[float] = []
    async with stand(3) as here, ours(here, network=True) as manager:
        swarm = Swarm(here)
        await swarm.form()
        for number in range(ROUNDS):
            eye = here.eyes[1 + number % 2]
            await manager.deploy("shop", REPLICAS, "    stopTimeout: 1")
            await asyncio.sleep(2.0)
            mine.append(await _pull(here, eye, LABEL_PLANE, PLANE))
            await until(lambda: manager.driven.value("bed", "docker.hosts.up") == len(here.eyes), LONGEST, "the host to be back")
            await manager.delete("shop")
            await swarm.create("peer", REPLICAS, "--stop-grace-period", GRACE)
            await asyncio.sleep(2.0)
            theirs.append(await _pull(here, eye, LABEL, "peer"))
            await swarm.ready(len(here.eyes))
            await swarm.remove("peer")
            await asyncio.sleep(2.0)
    took, peer = statistics.median(mine), statistics.median(theirs)
    return [
        Row(
            f"cable of a host pulled -> all replicas running elsewhere (3 of {REPLICAS})",
            "Swarm mode, same engines",
            f"{took:.2f} s",
            f"{peer:.2f} s",
            f"{took / peer:.2f}",
            "<= 6 s at default settings",
            took <= 6.0,
        )
    ]


async def _pull(here: Stand, eye: Eye, label: str, value: str) -> float:
    """Pull the cable until all run on the other hosts; then plug it in, and wait until what it still had is gone."""
    others = [each for each in here.eyes if each is not eye]
    began = time.perf_counter()
    eye.host.cut_cable()
    try:
        ended = await until(lambda: sum(each.count(label, value) for each in others) == REPLICAS, LONGEST, "all elsewhere")
    finally:
        eye.host.plug_cable()
    await until(lambda: here.count(label, value) == REPLICAS, LONGEST, "stale containers to be removed")
    return ended - began


REPORTS: tuple[Callable[[], list[Row]], ...] = (drained, cut_off)


def main() -> None:
    """Print this room's rows."""
    for report in REPORTS:
        for row in report():
            sys.stdout.write(f"{row.what} | {row.mark} | ours {row.ours} | peer {row.peer} | {row.ratio} | {row.goal} | {row.met}\n")


if __name__ == "__main__":
    main()
