"""The engine port on a Docker daemon: each method one request, or a few."""

import asyncio
import json
import math
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence

from clocker_actors.drivers.docker import images, lease, observe, requests, wire
from clocker_actors.drivers.docker.files import packed
from clocker_actors.drivers.docker.keeping import Keeping
from clocker_actors.drivers.docker.link import Call, Link
from clocker_actors.drivers.docker.probes import Prober
from clocker_actors.drivers.docker.stats import EngineWatch
from clocker_actors.drivers.docker.streams import frames, lines, raw, text_lines
from clocker_actors.errors import Conflict, EngineUnavailable, NameConflict, TimedOut
from clocker_actors.model.containers import (
    SUBSCRIBED,
    ContainerRequest,
    EngineEvent,
    EngineInfo,
    EngineState,
    ImageInfo,
    KeptFile,
    Login,
    NamedImage,
    Observed,
    ProbeResult,
)
from clocker_actors.model.specs import BuildSpec, EngineSpec, FileSpec, ProbeSpec, Resources
from clocker_actors.ports.engine import StatsWatch

PING_LIMIT = 2.0
LOOK = 5.0
LIST = 10.0
CHANGE = 30.0
START = 60.0
DISK = 120.0
REMOVE_IMAGE = 60.0
LONGEST_OUTPUT = 64 * 1024
LONGEST_CLOCK = 64
"""Bytes of a line that a lease sends: a clock of a dozen digits."""


class DockerEngine:
    """One Docker daemon. Every call is bounded; see the port for its errors."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._prober = Prober(link.address, link.tunnel, self.execute)
        self._builder = images.Builder(link)
        self._keeping = Keeping(self, link)
        self._watches: list[EngineWatch] = []

    async def ping(self) -> None:
        """Whether it answers at all, within two seconds."""
        await self._link.tell(Call("ping", "GET", "_ping", PING_LIMIT, versioned=False))

    async def info(self) -> EngineInfo:
        """Its own description."""
        found = await self._link.ask(Call("info", "GET", "info", LIST), wire.Info)
        major, minor = await self._link.api()
        api = f"{major}.{minor}"
        return EngineInfo(
            found.identity, found.name, found.server_version, api, found.cores, found.memory, found.containers, found.architecture
        )

    async def disk(self) -> int:
        """Bytes that images, containers and volumes take on its disk. It walks them all, so ask seldom."""
        found = await self._link.ask(Call("disk", "GET", "system/df", DISK), wire.Disk)
        volumes = sum(max(0, volume.usage_data.size) for volume in found.volumes or () if volume.usage_data is not None)
        return found.layers_size + sum(container.size_rw for container in found.containers or ()) + volumes

    async def list(self, labels: Mapping[str, str]) -> Sequence[Observed]:
        """All containers with these labels, running or not; start times and oom are only in `inspect`."""
        query = {"all": "1", "filters": _filters(label=_pairs(labels))}
        found = await self._link.ask(Call("list", "GET", "containers/json", LIST, query=query), list[wire.Listed])
        return [observe.listed(line) for line in found]

    async def inspect(self, container: str) -> Observed:
        """One container in full."""
        return observe.inspected(await self._inspect(container))

    async def create(self, request: ContainerRequest) -> str:
        """Create, not start, a container; its id comes back."""
        call = Call("create", "POST", "containers/create", CHANGE, query={"name": request.name}, body=requests.container(request))
        return (await self._link.ask(call, wire.Created)).id

    async def start(self, container: str) -> None:
        """Start it; one that runs is left running."""
        await self._change("start", container, "start", START)

    async def stop(self, container: str, grace: float) -> None:
        """Ask it to end and, after `grace` seconds, make it; one that has ended is fine."""
        seconds = max(0, math.ceil(grace))
        await self._change("stop", container, "stop", grace + CHANGE, query={"t": str(seconds)})

    async def kill(self, container: str) -> None:
        """End it at once; one that does not run is fine."""
        await self._change("kill", container, "kill", CHANGE, fine=(409,))

    async def remove(self, container: str) -> None:
        """Remove it, running or not, with its nameless volumes; one that is gone, or going, is fine."""
        query = {"force": "1", "v": "1"}
        await self._link.tell(Call("remove", "DELETE", f"containers/{container}", CHANGE, query=query, fine=(404, 409)))

    async def put(self, container: str, files: Sequence[FileSpec]) -> None:
        """Have these files in it, whether it runs or not."""
        about = f"{container}, for {', '.join(file.path for file in files)}"
        call = Call("put", "PUT", f"containers/{container}/archive", CHANGE, query={"path": "/"}, body=packed(files), about=about)
        await self._link.tell(call)

    async def update(self, container: str, resources: Resources, restart: str = "") -> None:
        """Change what it may use, and its restart policy; what is None or "" stays as it is."""
        await self._change("update", container, "update", CHANGE, body=requests.update(resources, restart))

    async def execute(self, container: str, command: Sequence[str], limit: float) -> tuple[int, str]:
        """Run a command inside; exit code and output (its first 64 KiB). Raises TimedOut after `limit` seconds; the command runs on."""
        body = {"AttachStdout": True, "AttachStderr": True, "Cmd": [*command]}
        made = await self._link.ask(Call("exec", "POST", f"containers/{container}/exec", min(LOOK, limit + 1.0), body=body), wire.Execution)
        try:
            async with asyncio.timeout(limit):
                output = await self._output(made.id)
        except TimeoutError as error:
            words = f"command {' '.join(command)!r} in {container} on {self._link.where} did not end within {limit:g} s: allow it more"
            raise TimedOut(words, container=container) from error
        done = await self._link.ask(Call("exec", "GET", f"exec/{made.id}/json", LOOK), wire.Executed)
        return (-1 if done.exit_code is None else done.exit_code), output

    async def probe(self, observed: Observed, address: str, probe: ProbeSpec) -> ProbeResult:
        """Ask a container whether it is well; `address` is where the host's published ports are reached ("" = as its url says)."""
        return await self._prober.probe(observed, address, probe)

    async def logs(self, container: str, *, follow: bool, tail: int) -> AsyncIterator[str]:
        """Lines of its output, the last `tail` of them first; with `follow` until it ends."""
        pairs = raw if (await self._inspect(container)).config.tty else frames
        query = {"stdout": "1", "stderr": "1", "tail": str(tail), "follow": "1" if follow else "0"}
        limit = None if follow else CHANGE
        call = Call("logs", "GET", f"containers/{container}/logs", limit, query=query, reading=True)
        async with self._link.stream(call) as response:
            async for line in text_lines(pairs(response.content)):
                yield line

    async def events(self, since: str) -> AsyncIterator[EngineEvent]:
        """What happens to containers, after the event with cursor `since` ("" = from now).

        First comes `subscribed` (no id), when the engine has begun to listen: a list made after it misses nothing. Raises
        EngineUnavailable when the stream breaks; what the engine has forgotten meanwhile is not in the next one.
        """
        query = {"filters": _filters(type=["container"], event=list(observe.ACTIONS))}
        if since:
            query["since"] = observe.after(since)
        async with self._link.stream(Call("events", "GET", "events", None, query=query)) as response:
            yield EngineEvent(id="", name="", action=SUBSCRIBED, at=0.0, cursor=since)
            async for line in lines(response.content):
                if line.strip():
                    yield observe.event(wire.decode(line, wire.Event))
        raise EngineUnavailable(f"engine {self._link.where} ended its events: check that it was not stopped", retry_after=1.0)

    def watch(self) -> StatsWatch:
        """A new subscription to statistics, of no container yet."""
        made = EngineWatch(self._link)
        self._watches = [*(watch for watch in self._watches if not watch.closed), made]
        return made

    async def image(self, reference: str) -> ImageInfo | None:
        """An image it has, or None."""
        return await images.look_up(self._link, reference)

    async def pull(self, reference: str, login: Login | None = None) -> None:
        """Fetch an image."""
        await images.pull(self._link, reference, login)

    async def push(self, reference: str, login: Login | None = None) -> None:
        """Send an image to the registry that its name begins with."""
        await images.push(self._link, reference, login)

    async def tag(self, name: str, also: str) -> None:
        """Give an image a second name."""
        repository, tag = requests.reference(also)
        query = {"repo": repository, "tag": tag}
        await self._link.tell(Call("tag", "POST", f"images/{name}/tag", CHANGE, query=query, about=name))

    async def build(self, reference: str, build: BuildSpec, context: bytes, labels: Mapping[str, str]) -> None:
        """Build an image from a tar."""
        await self._builder.build(reference, build, context, labels)

    async def images(self, labels: Mapping[str, str]) -> Sequence[NamedImage]:
        """Images with these labels."""
        call = Call("images", "GET", "images/json", LIST, query={"filters": _filters(label=_pairs(labels))})
        return [images.named(line) for line in await self._link.ask(call, list[wire.ListedImage])]

    async def remove_image(self, name: str) -> None:
        """Take this name away, and with its last one the image and what only that was made of; one that is gone is fine."""
        await self._link.tell(Call("remove_image", "DELETE", f"images/{name}", REMOVE_IMAGE, fine=(404,), about=name))

    def save_image(self, name: str) -> AsyncGenerator[bytes, None]:
        """An image as a tar, piece by piece."""
        return images.save(self._link, name)

    async def load_image(self, content: AsyncIterator[bytes]) -> None:
        """Take a tar of an image as it comes."""
        await images.load(self._link, content)

    async def ensure_volume(self, name: str, labels: Mapping[str, str]) -> None:
        """Make a volume unless there is one of that name."""
        body = {"Name": name, "Labels": dict(labels), "Driver": "local"}
        await self._link.tell(Call("ensure_volume", "POST", "volumes/create", CHANGE, body=body))

    async def volumes(self, labels: Mapping[str, str]) -> Sequence[str]:
        """Names of volumes with these labels."""
        query = {"filters": _filters(label=_pairs(labels))}
        found = await self._link.ask(Call("volumes", "GET", "volumes", LIST, query=query), wire.Volumes)
        return [volume.name for volume in found.volumes or []]

    async def remove_volume(self, name: str) -> None:
        """Remove a volume; one that is gone is fine, one in use is refused."""
        await self._link.tell(Call("remove_volume", "DELETE", f"volumes/{name}", CHANGE, fine=(404,)))

    async def lease(self, name: str, labels: Mapping[str, str], ttl: float) -> None:
        """Have a lease to start; its image is made here if it is not there. Ours of that name that has ended is replaced, a foreign one is a Conflict."""
        if await self.image(lease.IMAGE) is None:
            await self.build(lease.IMAGE, BuildSpec(""), lease.context(), {lease.LABEL: "lease"})
        body = lease.request(dict(labels), ttl)
        call = Call("lease", "POST", "containers/create", CHANGE, query={"name": name}, body=body)
        try:
            await self._link.tell(call)
        except NameConflict:
            found = await self.inspect(name)
            if not labels.items() <= found.labels.items():
                raise Conflict(
                    f"a container named {name} on engine {self._link.where} is not the lease that was made for it: remove it by hand, then restart the member"
                ) from None
            if found.state not in {EngineState.RUNNING, EngineState.CREATED}:
                await self.remove(name)
                await self._link.tell(call)

    async def hold(self, name: str, answer: Callable[[], bool]) -> AsyncIterator[None]:
        """Answer a lease as long as `answer` allows."""
        query = {"stream": "1", "stdin": "1", "stdout": "1"}
        async with self._link.socket(Call("hold", "GET", f"containers/{name}/attach/ws", None, query=query, reading=True)) as socket:
            rest = b""
            async for message in socket:
                *lines_, rest = (rest + (message.data.encode() if isinstance(message.data, str) else message.data)).split(b"\n")
                if not lines_:
                    rest = rest[-LONGEST_CLOCK:]
                    continue
                if not answer():
                    return
                await socket.send_bytes(lines_[-1] + b"\n")
                yield
        raise EngineUnavailable(f"engine {self._link.where} ended the way to lease {name}: look whether it still runs", retry_after=1.0)

    async def keep(self, keeper: str, labels: Mapping[str, str], folder: str, files: Sequence[KeptFile]) -> str:
        """Have secrets in memory; where they are on the engine's machine comes back."""
        return await self._keeping.keep(keeper, labels, folder, files)

    async def kept(self, keeper: str) -> Sequence[str]:
        """The folders of secrets that are there."""
        return await self._keeping.kept(keeper)

    async def forget(self, keeper: str, labels: Mapping[str, str], folders: Sequence[str]) -> None:
        """Take folders of secrets away."""
        await self._keeping.forget(keeper, labels, folders)

    def use(self, spec: EngineSpec) -> None:
        """Be known there by the certificates of this spec from now on."""
        self._link.use(spec)

    async def close(self) -> None:
        """End all watches and connections."""
        watches, self._watches = self._watches, []
        for watch in watches:
            await watch.close()
        await self._link.close()

    async def _inspect(self, container: str) -> wire.Inspected:
        return await self._link.ask(Call("inspect", "GET", f"containers/{container}/json", LOOK), wire.Inspected)

    async def _change(
        self,
        operation: str,
        container: str,
        verb: str,
        limit: float,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        fine: tuple[int, ...] = (),
    ) -> None:
        await self._link.tell(Call(operation, "POST", f"containers/{container}/{verb}", limit, query=query, body=body, fine=fine))

    async def _output(self, execution: str) -> str:
        call = Call("exec", "POST", f"exec/{execution}/start", None, body={"Detach": False, "Tty": False})
        output = bytearray()
        async with self._link.stream(call) as response:
            async for _, data in frames(response.content):
                output += data[: LONGEST_OUTPUT - len(output)]
        return output.decode(errors="replace")


def _filters(**wanted: Sequence[str]) -> str:
    return json.dumps({key: [*values] for key, values in wanted.items() if values})


def _pairs(labels: Mapping[str, str]) -> Sequence[str]:
    return [f"{key}={value}" if value else key for key, value in labels.items()]
