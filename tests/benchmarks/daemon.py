"""What the manager costs while nothing happens: a thousand containers that run and are read, through the real adapter, at default periods.

Three processes: this one, an HTTP engine (so that what the engine costs is not ours), and the manager alone, which measures itself. The manager is
what `clocker daemon` runs, without its doors. Memory counts above what the imports take.
"""

import argparse
import asyncio
import gc
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import uvloop

from clocker_actors.telemetry.calls import Calls
from tests.benchmarks.kernel import Row

SECONDS = 600.0
CONTAINERS = 1_000
CLUSTERS = 10
MOST_MB, MOST_CPU = 60.0, 10.0
UP_WITHIN = 300.0
SETTLE = 15.0
"""Seconds after the last start before measuring: the first readings of all containers come meanwhile."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What the manager's process found: memory in megabytes above the imports (`least` and `most` of samples each second), CPU in percent of one core."""

    imports: float
    least: float
    most: float
    cpu: float
    readings: int
    seconds: float


def watching() -> list[Row]:
    """Memory and processor time of a manager with a thousand containers."""
    with tempfile.TemporaryDirectory(prefix="clkbench-") as folder, _http_engine(Path(folder) / "engine.sock") as socket:
        command = [sys.executable, "-m", "tests.benchmarks.daemon", "--state", str(Path(folder) / "s"), "--engine", str(socket)]
        longest = UP_WITHIN + SETTLE + SECONDS + 60.0
        done = subprocess.run(
            [*command, "--seconds", str(SECONDS), "--containers", str(CONTAINERS)],
            stdout=subprocess.PIPE,
            check=True,
            text=True,
            timeout=longest,
        )
    found = Measured(**json.loads(done.stdout))
    what = f"daemon with {CONTAINERS:,} watched containers, default periods, {found.seconds:g} s, {found.readings / found.seconds:.0f} readings/s"
    memory = f"{found.most:.0f} MB (imports {found.imports:.0f} MB)"
    return [
        Row(f"memory: {what}", "none", memory, "", "", f"<= {MOST_MB:g} MB above the imports", found.most <= MOST_MB),
        Row(f"processor: {what}", "none", f"{found.cpu:.1f} %", "", "", f"<= {MOST_CPU:g} % of one core", found.cpu <= MOST_CPU),
    ]


@contextmanager
def _http_engine(socket: Path) -> Iterator[Path]:
    """An engine in a process of its own; it ends when its input does, so also when we are killed."""
    command = [sys.executable, "-m", "tests.benchmarks.http_engine", str(socket)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as engine:
        assert engine.stdout is not None
        if engine.stdout.readline() != "ready\n":
            raise RuntimeError("the HTTP engine did not start: its words are above")
        yield socket


def _resident() -> float:
    """Megabytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


async def _measure(state: Path, engine: Path, seconds: float, containers: int) -> Measured:
    from tests.flows.support import Driven, managed  # with all that the daemon imports

    gc.collect()
    imports = _resident()

    async def deploy(driven: Driven, number: int) -> None:
        lines = [f"name: app{number}", "location: local", "services:", "- type: cluster", "  id: web"]
        lines += [f"  initialSize: {containers // CLUSTERS}", "  memberSpec:", "    type: docker:clocker/web:1"]
        await driven.deploy("\n".join(lines))

    async with managed(state, plane="bench", local_engine=f"unix://{engine}") as driven:
        await driven.until(lambda: not driven.gone("local") and driven.value("local", "docker.hosts.up") == 1, 30.0)
        for number in range(CLUSTERS):
            await deploy(driven, number)

        def up() -> int:
            values = [driven.value(entry.uid, "group.members.up") for entry in driven.model.all() if entry.path.endswith("/web")]
            return sum(value for value in values if isinstance(value, int))

        deadline = time.perf_counter() + UP_WITHIN
        while up() < containers:
            if time.perf_counter() > deadline:
                raise TimeoutError(f"only {up()} of {containers} containers run after {UP_WITHIN:g} s")
            await asyncio.sleep(0.5)
        await asyncio.sleep(SETTLE)
        return await _watch(imports, seconds, driven.manager.metrics.calls)


def _readings(calls: Calls) -> int:
    """Statistics read so far."""
    counted = next(iter(calls.families()))
    return int(sum(sample.value for sample in counted.samples if sample.labels.get("operation") == "stats"))


async def _watch(imports: float, seconds: float, calls: Calls) -> Measured:
    began, worked, read = time.perf_counter(), time.process_time(), _readings(calls)
    sizes = [_resident()]
    while time.perf_counter() - began < seconds:
        await asyncio.sleep(1.0)
        sizes.append(_resident())
    took = time.perf_counter() - began
    cpu = 100 * (time.process_time() - worked) / took
    return Measured(imports, min(sizes) - imports, max(sizes) - imports, cpu, _readings(calls) - read, round(took, 1))


REPORTS: tuple[Callable[[], list[Row]], ...] = (watching,)


def main() -> None:
    """The manager's process: print what was measured as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--engine", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--containers", type=int, default=CONTAINERS)
    given = parser.parse_args()
    found = uvloop.run(_measure(given.state, given.engine, given.seconds, given.containers))
    sys.stdout.write(json.dumps(asdict(found)))


if __name__ == "__main__":
    main()
