"""What engines have of the daemon's, as they say themselves: asked by `docker`, as somebody would who knows nothing of the manager."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from clocker_actors.model.identity import LABEL_APPLICATION, LABEL_GENERATION, LABEL_MEMBER
from tests.bed.host import BedHost
from tests.bed.process import BedError
from tests.crashes.manager import PLANE


@dataclass(frozen=True, slots=True)
class Seen:
    """A container: where, whose, whether it runs, and what it was started with."""

    host: str
    id: str
    name: str
    member: str
    generation: int
    application: str
    running: bool
    environ: Mapping[str, str]
    memory: int

    def __str__(self) -> str:
        return f"{self.name} on {self.host} ({'runs' if self.running else 'does not run'})"


@dataclass(frozen=True, slots=True)
class Engines:
    """All of ours on all hosts at one moment."""

    containers: tuple[Seen, ...]
    volumes: tuple[tuple[str, str, str], ...]
    """Host, name, application."""
    networks: tuple[tuple[str, str], ...]
    images: tuple[tuple[str, str], ...]


def look(hosts: Sequence[BedHost]) -> Engines:
    """Ask all engines, side by side."""
    with ThreadPoolExecutor(4 * len(hosts)) as threads:
        containers = [threads.submit(lambda host=host: tuple(_containers(host))) for host in hosts]  # type: ignore[misc]
        volumes = [threads.submit(_named, host, "volume", f'{{{{.Name}}}} {{{{.Label "{LABEL_APPLICATION}"}}}}') for host in hosts]
        networks = [threads.submit(_named, host, "network", "{{.Name}}") for host in hosts]
        images = [threads.submit(_named, host, "image", "{{.Repository}}:{{.Tag}}") for host in hosts]
        return Engines(
            tuple(seen for each in containers for seen in each.result()),
            tuple((name, *line.split(" ", 1)) for each in volumes for name, line in each.result()),  # type: ignore[misc]
            tuple(pair for each in networks for pair in each.result()),
            tuple(pair for each in images for pair in each.result()),
        )


def _named(host: BedHost, kind: str, form: str) -> list[tuple[str, str]]:
    lines = host.command(kind, "ls", "--filter", f"label=clocker.plane={PLANE}", "--format", form).splitlines()
    return [(host.name, line) for line in lines]


def _inspected(host: BedHost) -> list[dict[str, Any]]:
    for _ in range(10):
        ids = host.command("ps", "-aq", "--no-trunc", "--filter", f"label=clocker.plane={PLANE}").split()
        try:
            found: list[dict[str, Any]] = json.loads(host.command("inspect", *ids)) if ids else []
            return found
        except BedError:  # one of them has gone meanwhile
            continue
    raise BedError(f"containers of {host.name} come and go all the time")


def _containers(host: BedHost) -> Iterator[Seen]:
    for each in _inspected(host):
        labels = each["Config"]["Labels"]
        environ = dict(line.split("=", 1) for line in each["Config"]["Env"])
        yield Seen(
            host.name,
            each["Id"],
            each["Name"].removeprefix("/"),
            labels.get(LABEL_MEMBER, ""),
            int(labels.get(LABEL_GENERATION, 0)),
            labels.get(LABEL_APPLICATION, ""),
            each["State"]["Running"],
            environ,
            each["HostConfig"]["Memory"],
        )
