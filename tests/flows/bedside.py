"""What tests on real engines share: pools of the bed's hosts by every door, blueprints of the web image, and the check that nothing is left."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from clocker_actors.model.activities import Activity, ActivityState
from clocker_actors.model.identity import EntityKind
from clocker_actors.telemetry.readmodel import Entry
from tests.bed.bed import Bed
from tests.bed.host import BedHost
from tests.bed.load import Target
from tests.flows.support import Driven, managed

POOL = "bed"
Door = Callable[[BedHost, Path], Awaitable[list[str]]]
"""From a host (and a folder for files) to the lines that say where its engine is."""


async def unix(host: BedHost, folder: Path) -> list[str]:
    """The engine of a host by its unix socket."""
    return [f"engine: {host.docker_host}", f"address: {host.address}"]


async def tcp(host: BedHost, folder: Path) -> list[str]:
    """The same over the network, in plain text or with our certificate."""
    if host.certificate is None:
        return [f"engine: {host.tcp_url}"]
    held = host.certificate
    return [f"engine: {{url: '{host.tcp_url}', tls: {{ca: {held.ca}, cert: {held.certificate}, key: {held.key}}}}}"]


async def ssh(host: BedHost, folder: Path) -> list[str]:
    """The same through SSH."""
    door = await host.start_sshd()
    known = folder / f"known-{host.name}"
    known.write_text(door.known_hosts + "\n")
    return [f"engine: {{url: 'ssh://{door.user}@{door.host}', ssh: {{key: {door.key}, knownHosts: {known}, socket: {door.socket}}}}}"]


async def pool(hosts: Sequence[BedHost], folder: Path, door: Door = unix, strategies: str = "") -> str:
    """A blueprint of a pool with these hosts."""
    lines = ["name: bedpool", "services:", "- type: docker-cloud", f"  id: {POOL}", f"  name: {POOL}", "  hosts:"]
    for host in hosts:
        first, *rest = await door(host, folder)
        lines += [f"  - name: {host.name}", f"    {first}", *(f"    {line}" for line in rest)]
    if strategies:
        lines.append(f"  strategies: {strategies}")
    return "\n".join(lines)


def cluster(name: str, size: int, *member: str, config: Sequence[str] = ()) -> str:
    """A blueprint of one cluster `web` of the web image: further lines of the member, and of the cluster."""
    head = [f"name: {name}", f"location: {POOL}", "services:", "- type: cluster", "  id: web", f"  initialSize: {size}"]
    spec = ["  memberSpec:", "    type: docker:clocker/web:1", "    ports: [8080]", "    stopTimeout: 1"]
    return "\n".join([*head, *(f"  {line}" for line in config), *spec, *(f"    {line}" for line in member)])


def single(name: str, *lines: str) -> str:
    """A blueprint of one service `web`."""
    return "\n".join(
        [f"name: {name}", f"location: {POOL}", "services:", f"- {lines[0]}", "  id: web", *(f"  {line}" for line in lines[1:])]
    )


@asynccontextmanager
async def on_hosts(
    hosts: Sequence[BedHost],
    folder: Path,
    plane: str,
    *,
    door: Door = unix,
    strategies: str = "",
    grace: float | None = None,
    again: bool = False,
    clean: bool = True,
    environ: Mapping[str, str] | None = None,
) -> AsyncIterator[Driven]:
    """A manager with a pool of these hosts, all up. Afterwards (if `clean`) nothing of its plane may be left on any of them.

    With `again` the pool is in the state already.
    """
    try:
        engine = f"unix://{folder}/none.sock"
        async with managed(folder / "s", environ=environ, plane=plane, local_engine=engine, engine_grace=grace) as driven:
            if not again:
                await done(driven, await driven.deploy(await pool(hosts, folder, door, strategies)))
            await driven.until(lambda: not driven.gone(POOL) and driven.value(POOL, "docker.hosts.up") == len(hosts), 20, "all hosts up")
            yield driven
        for host in hosts if clean else ():
            assert await host.leftovers(plane) == []
    except BaseException:
        for host in hosts:
            await host.clear()  # the next test shares the bed
        raise


async def done(driven: Driven, activity: str, within: float = 60.0) -> Activity:
    """The activity must come to its end and succeed."""
    ended = await driven.ended(activity, within)
    assert ended.state is ActivityState.DONE, f"{ended.problem}\n{driven.picture()}"
    return ended


async def deployed(driven: Driven, text: str, within: float = 60.0) -> None:
    """Deploy an application and wait until it runs."""
    await done(driven, await driven.deploy(text), within)


async def deleted(driven: Driven, *applications: str) -> None:
    """Delete applications, and wait until they are gone."""
    for application in applications:
        await done(driven, await driven.invoke(application, "delete"), 45)


def members_up(driven: Driven, path: str) -> int:
    """How many members of a cluster are up, as it says."""
    return int(str(driven.value(path, "group.members.up") or 0))


def host_of(bed: Bed, entry: Entry) -> BedHost:
    """The bed's host a container is on."""
    return next(host for host in bed.hosts if f"/{host.name}/" in entry.path)


def containers(driven: Driven, host: BedHost | None = None) -> list[Entry]:
    """Containers, of one host or all."""
    return [entry for entry in driven.entries(EntityKind.CONTAINER) if host is None or f"/{host.name}/" in entry.path]


def targets(driven: Driven, below: str) -> list[Target]:
    """Where the members below a path that are up are reached."""
    found: list[Target] = []
    for entry in driven.entries(EntityKind.MEMBER, below):
        endpoints = driven.value(entry.uid, "service.endpoints")
        if driven.up(entry.uid) and isinstance(endpoints, list) and endpoints and isinstance(endpoints[0], dict):
            found.append((str(endpoints[0]["host"]), int(str(endpoints[0]["port"]))))
    return found


def said(what: str, seconds: float) -> None:
    """A measured time, for people (`pytest -s`)."""
    print(f"measured: {what} in {seconds:.2f} s")
