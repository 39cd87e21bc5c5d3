"""A Docker engine that exists in memory only, behind the engine port, on whatever loop runs (the virtual one included).

The port's calls go over `wire.py` to `core.py`; `controls.py` has the handles by which tests and `--simulated` make load and bad days.
All that is random comes from the seed, so that one story told twice is the same story.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from clocker_actors.drivers.simulated.boxes import Box
from clocker_actors.drivers.simulated.controls import Controls
from clocker_actors.drivers.simulated.core import Core
from clocker_actors.drivers.simulated.images import Kept, full_reference, known, run
from clocker_actors.drivers.simulated.journal import Journal
from clocker_actors.drivers.simulated.keepers import Keepers
from clocker_actors.drivers.simulated.load import LoadModel
from clocker_actors.drivers.simulated.shelf import Shelf
from clocker_actors.drivers.simulated.timing import Jitter, Timing, start_seconds
from clocker_actors.drivers.simulated.watch import Meter, SimulatedWatch
from clocker_actors.drivers.simulated.wire import Wire
from clocker_actors.errors import ClockerError, EngineFault, EngineUnavailable, TimedOut
from clocker_actors.kernel.clock import Clock
from clocker_actors.model.containers import (
    SUBSCRIBED,
    ContainerRequest,
    EngineEvent,
    EngineInfo,
    ImageInfo,
    KeptFile,
    Login,
    NamedImage,
    Observed,
    ProbeResult,
)
from clocker_actors.model.specs import BuildSpec, FileSpec, ProbeKind, ProbeSpec, Resources
from clocker_actors.ports.calls import CallLog

T = TypeVar("T")
IMAGE_SIZE = 50 * 1024**2
CONTAINER_SIZE = 1024**2
GIGA = 1024**3
USUAL_IMAGES = ("web", "busybox", "debian:bookworm-slim", "nginx", "exits", "never-healthy", "ignores-term", "healthcheck")


class SimulatedEngine(Controls):
    """Implements the port `Engine`. `made` counts calls by operation; `most_starting` is the most starts there were in flight at once.

    `close` ends the streams and watches of our side; the engine itself lives on and may be used again.
    """

    def __init__(
        self,
        name: str,
        seed: int = 1,
        *,
        cores: int = 4,
        memory: int = 8 * GIGA,
        images: Iterable[str] = USUAL_IMAGES,
        timing: Timing | None = None,
        loads: LoadModel | None = None,
        calls: CallLog | None = None,
        registries: dict[str, Kept] | None = None,
    ) -> None:
        self.name = name
        self.calls = calls
        self.made: Counter[str] = Counter()
        self.most_starting = 0
        self.timing = timing or Timing()
        self.loads = loads or LoadModel()
        self._seed = seed
        self._starting = 0
        self._clock: Clock | None = None
        self._jitter = Jitter(f"{name}:{seed}")
        self._wire = Wire(name, self.timing)
        self._journal = Journal(self.now, self._wire.stir, self._wire.later)
        self._core = Core(name, seed, cores, memory, self._journal, self.now, self._wire.later, self._wire.alone)
        self._keepers = Keepers(self._core)
        self._shelf = Shelf(self._core, {} if registries is None else registries)
        self._core.images.update((full_reference(image), known(image)) for image in images)
        self._meter = Meter(self._core, self.loads, seed)
        self._watches: list[SimulatedWatch] = []
        self.loads.join(self._core)

    def now(self) -> float:
        """Epoch seconds by the running loop."""
        if self._clock is None:
            self._clock = Clock()
        return self._clock.now()

    # --- the port -----------------------------------------------------------------------------------------------------------------

    async def ping(self) -> None:
        """An answer, or EngineUnavailable within the ping's own limit."""
        await self._call("ping", self.timing.call, lambda: None, limit=self.timing.ping_limit)

    async def info(self) -> EngineInfo:
        """What `/info` says."""
        core = self._core
        identity = known(f"{self.name}-{self._seed}").id.removeprefix("sha256:")
        return await self._quick(
            "info", lambda: EngineInfo(identity, self.name, "20.10.24", "1.41", core.cores, core.memory, len(core.boxes))
        )

    async def disk(self) -> int:
        """So much for each image, and a little for each container."""
        core = self._core
        return await self._call("disk", self.timing.call, lambda: len(core.images) * IMAGE_SIZE + len(core.boxes) * CONTAINER_SIZE)

    async def list(self, labels: Mapping[str, str]) -> Sequence[Observed]:
        """Containers with all of these labels ("" = any value), whatever their state; start times and oom are only in `inspect`."""
        return await self._quick("list", lambda: [box.listed() for box in self._core.labelled(labels)])

    async def inspect(self, container: str) -> Observed:
        """One container; NotFound."""
        return await self._quick("inspect", lambda: self._core.find(container).observed())

    async def create(self, request: ContainerRequest) -> str:
        """The id; ImageNotFound, NameConflict, OutOfDisk, EngineFault."""
        return await self._call("create", self._jitter.between(*self.timing.create), lambda: self._core.create(request))

    async def start(self, container: str) -> None:
        """Start it, silently if it runs; PortTaken or EngineFault leave it in `created`."""
        begun = self._starting + 1
        box = self._core.boxes.get(container) or self._core.named(container)
        alone = box is not None and box.request.spec.network == "host"
        delay = self._jitter.about(self.timing.start_host if alone else start_seconds(begun))
        self._count_start(delay, box)
        await self._call("start", delay, lambda: self._core.start(self._core.find(container)))

    async def stop(self, container: str, grace: float) -> None:
        """Stop it in good order, by force after `grace` seconds; silent if it does not run."""
        box = self._core.boxes.get(container) or self._core.named(container)
        wants = 0.0 if box is None or not box.running else box.nature.stops_in
        forced = wants is None or wants > grace
        delay = self._jitter.about(self.timing.call) + (grace if wants is None else min(wants, grace))
        await self._call(
            "stop",
            delay,
            lambda: self._core.stop(self._core.find(container), 137 if forced else 143),
            limit=self.timing.call_limit + grace,
        )

    async def kill(self, container: str) -> None:
        """SIGKILL; silent if it does not run."""
        await self._call("kill", self.timing.kill, lambda: self._core.kill(self._core.find(container)))

    async def remove(self, container: str) -> None:
        """Remove it by force; waits for a start in progress, and wins. One that is gone is fine."""
        box = self._core.boxes.get(container) or self._core.named(container)
        waits = 0.0 if box is None else max(box.starting_until - self.now(), 0.0)
        await self._call("remove", waits + self.timing.remove, lambda: self._core.remove(container))

    async def put(self, container: str, files: Sequence[FileSpec]) -> None:
        """Have these files in it."""
        await self._call("put", self.timing.update, lambda: self._core.put(self._core.find(container), files))

    async def update(self, container: str, resources: Resources, restart: str = "") -> None:
        """Change in place what is set."""
        await self._call("update", self.timing.update, lambda: self._core.update(self._core.find(container), resources, restart))

    async def execute(self, container: str, command: Sequence[str], limit: float) -> tuple[int, str]:
        """Exit code and output of a command inside; TimedOut after `limit` seconds, EngineFault if the container does not run."""
        seconds, code, output = self._core.reads(container, command) or run(command) or (0.0, 0, ())
        await self._call("execute", self.timing.execute + min(seconds, limit), lambda: self._running(container), limit=limit + 5.0)
        if seconds > limit:
            raise TimedOut(f"{' '.join(command)} in {container} did not end within {limit:g} s; allow it more", engine=self.name)
        return code, "".join(f"{line}\n" for line in output)

    async def probe(self, observed: Observed, address: str, probe: ProbeSpec) -> ProbeResult:
        """Whether the container answers. It needs the host, but (unless it is an exec) not the engine, so a hanging one is no hindrance."""
        if probe.kind is ProbeKind.EXEC:
            return await self._ask_inside(observed, probe)
        self.made["probe"] += 1
        await asyncio.sleep(probe.timeout if self._wire.cut else self.timing.probe)
        return self._answer(observed, address, probe)

    async def logs(self, container: str, *, follow: bool, tail: int) -> AsyncIterator[str]:
        """The last `tail` lines (negative: all that is kept) and, if followed, those that come until it ends."""
        box = await self._quick("logs", lambda: self._core.find(container))
        session, logged = self._wire.session, box.logged
        for line in list(box.logs)[max(len(box.logs) - tail, 0) if tail >= 0 else 0 :]:
            yield line
        while follow:
            self._wire.check(session)
            fresh = box.logged - logged
            logged = box.logged
            for line in list(box.logs)[max(len(box.logs) - fresh, 0) :]:
                yield line
            if not box.running:
                return
            await self._wire.stirred.wait()

    async def events(self, since: str) -> AsyncIterator[EngineEvent]:
        """Events after the one with this cursor ("" = from now), as far as the ring remembers, `subscribed` before all others.

        Raises EngineUnavailable when the stream breaks.
        """
        position = await self._quick("events", lambda: self._journal.position(since))
        session = self._wire.session
        yield EngineEvent(id="", name="", action=SUBSCRIBED, at=0.0, cursor=since)
        while True:
            self._wire.check(session)
            fresh: Sequence[EngineEvent] = ()
            if not self._wire.silent:
                fresh, position = self._journal.read(position)
            for event in fresh:
                yield event
            if not fresh:
                await self._wire.stirred.wait()

    def watch(self) -> SimulatedWatch:
        """A new, empty watch."""
        watch = SimulatedWatch(self._core, self._wire, self._meter, self.now)
        self._watches.append(watch)
        return watch

    async def image(self, reference: str) -> ImageInfo | None:
        """The image, if the engine has it."""
        return await self._quick("image", lambda: self._core.images.get(full_reference(reference)))

    async def pull(self, reference: str, login: Login | None = None) -> None:
        """Get it; ImageNotFound, PullDenied, OutOfDisk."""
        delay = self._jitter.about(self.timing.pull)
        await self._call("pull", delay, lambda: self._shelf.pull(reference, login), limit=self.timing.transfer_limit)

    async def push(self, reference: str, login: Login | None = None) -> None:
        """Have it in its registry, from where the engines of this world get it."""
        delay = self._jitter.about(self.timing.push)
        await self._call("push", delay, lambda: self._shelf.push(reference, login), limit=self.timing.transfer_limit)

    async def tag(self, name: str, also: str) -> None:
        """A second name."""
        await self._quick("tag", lambda: self._shelf.tag(name, also))

    async def save_image(self, name: str) -> AsyncGenerator[bytes, None]:
        """The image in a form of our own, in two pieces."""
        found = await self._call("save_image", self._jitter.about(self.timing.save), lambda: self._shelf.save(name))
        middle = len(found) // 2
        yield found[:middle]
        await self._quick("save_image", lambda: None)
        yield found[middle:]

    async def load_image(self, content: AsyncIterator[bytes]) -> None:
        """Take it."""
        pieces = [piece async for piece in content]
        delay = self._jitter.about(self.timing.load)
        await self._call("load_image", delay, lambda: self._shelf.load(b"".join(pieces)), limit=self.timing.transfer_limit)

    async def build(self, reference: str, build: BuildSpec, context: bytes, labels: Mapping[str, str]) -> None:
        """Make it from a context (a tar); EngineFault when that is no good."""
        delay = self._jitter.about(self.timing.build)
        await self._call("build", delay, lambda: self._core.build(reference, build, context, labels), limit=self.timing.transfer_limit)

    async def images(self, labels: Mapping[str, str]) -> Sequence[NamedImage]:
        """Images that have all of these labels."""
        return await self._call("images", self.timing.call, lambda: self._core.images_with(labels))

    async def remove_image(self, name: str) -> None:
        """Remove it; EngineFault while a container is made of it. One that is gone is fine."""
        await self._call("remove_image", self.timing.remove, lambda: self._core.remove_image(name))

    async def ensure_volume(self, name: str, labels: Mapping[str, str]) -> None:
        """Have a volume."""
        await self._quick("ensure_volume", lambda: self._core.volume(name, labels))

    async def volumes(self, labels: Mapping[str, str]) -> Sequence[str]:
        """Names of volumes with all of these labels."""
        return await self._quick("volumes", lambda: self._core.volumes_with(labels))

    async def remove_volume(self, name: str) -> None:
        """Remove it; EngineFault while it is used. One that is gone is fine."""
        await self._quick("remove_volume", lambda: self._core.remove_volume(name))

    async def lease(self, name: str, labels: Mapping[str, str], ttl: float) -> None:
        """Have a lease to start."""
        await self._call("lease", self._jitter.between(*self.timing.create), lambda: self._core.lease(name, labels, ttl))

    async def hold(self, name: str, answer: Callable[[], bool]) -> AsyncIterator[None]:
        """Answer a lease once a second, as long as `answer` allows."""
        while True:
            asked_at = await self._quick("hold", lambda: (self._core.find(name), self.now())[1])
            if not self._core.find(name).running:
                raise EngineUnavailable(f"lease {name} on engine {self.name} has ended; see why", retry_after=1.0)
            if not answer():
                return
            await self._quick("hold", lambda at=asked_at: self._core.prolong(self._core.find(name), at))  # type: ignore[misc]
            yield
            await asyncio.sleep(1.0)

    async def keep(self, keeper: str, labels: Mapping[str, str], folder: str, files: Sequence[KeptFile]) -> str:
        """Have secrets in memory."""
        return await self._call("keep", self.timing.update, lambda: self._keepers.keep(keeper, labels, folder, files))

    async def kept(self, keeper: str) -> Sequence[str]:
        """The folders that a keeper has."""
        return await self._quick("kept", lambda: self._keepers.kept(keeper))

    async def forget(self, keeper: str, labels: Mapping[str, str], folders: Sequence[str]) -> None:
        """Take folders away, and the keeper with the last one."""
        await self._call("forget", self.timing.remove, lambda: self._keepers.forget(keeper, labels, folders))

    async def close(self) -> None:
        """End our streams and watches."""
        self._wire.close()
        for watch in self._watches:
            await watch.close()
        self._watches.clear()

    # --- inside -------------------------------------------------------------------------------------------------------------------

    async def _quick(self, operation: str, effect: Callable[[], T]) -> T:
        return await self._call(operation, self._jitter.about(self.timing.call), effect)

    async def _call(self, operation: str, delay: float, effect: Callable[[], T], *, limit: float | None = None) -> T:
        loop = asyncio.get_running_loop()
        begun, result = loop.time(), "ok"
        self.made[operation] += 1
        try:
            return await self._wire.call(operation, delay, effect, limit or self.timing.call_limit)
        except (ClockerError, asyncio.CancelledError) as error:
            result = type(error).__name__
            raise
        finally:
            if self.calls is not None:
                self.calls.record(self.name, operation, result, loop.time() - begun)

    def _count_start(self, delay: float, box: Box | None) -> None:
        self._starting += 1
        self.most_starting = max(self.most_starting, self._starting)
        until = self.now() + delay * self._wire.factor
        if box is not None:
            box.starting_until = max(box.starting_until, until)
        asyncio.get_running_loop().call_later(delay * self._wire.factor, self._start_ended)

    def _start_ended(self) -> None:
        self._starting -= 1

    def _running(self, container: str) -> Box:
        box = self._core.find(container)
        if not box.running:
            raise EngineFault(
                f"container {box.request.name} on engine {self.name} does not run, so nothing can be executed in it; start it first",
                status=409,
                operation="execute",
                engine=self.name,
            )
        return box

    async def _ask_inside(self, observed: Observed, probe: ProbeSpec) -> ProbeResult:
        what = " ".join(probe.command)
        try:
            code, output = await self.execute(observed.id, probe.command, probe.timeout)
        except EngineUnavailable:
            raise  # nobody knows how the container is
        except ClockerError as error:
            return ProbeResult(False, str(error))
        if not code and not self._well(observed):
            return ProbeResult(False, f"{what} ended with 1: not well")
        return ProbeResult(code == 0, f"{what} ended with {code}: {output.strip() or 'no output'}")

    def _answer(self, observed: Observed, address: str, probe: ProbeSpec) -> ProbeResult:
        what = f"{probe.kind} {address}:{probe.port}{probe.path if probe.kind is ProbeKind.HTTP else ''}"
        if self._wire.cut:
            return ProbeResult(False, f"{what}: no answer within {probe.timeout:g} s")
        box = self._core.boxes.get(observed.id)
        if self._wire.down or box is None or not box.running:
            return ProbeResult(False, f"{what}: connection refused")
        return ProbeResult(True, f"{what} answered 200 OK") if self._well(observed) else ProbeResult(False, f"{what} answered 503")

    def _well(self, observed: Observed) -> bool:
        box = self._core.boxes.get(observed.id)
        if box is None or box.started_at is None or box.sick:
            return False
        ready = box.nature.ready_after
        return ready is not None and self.now() >= box.started_at + ready
