"""What a simulated container does with itself, told by its image's name, its command and its environment.

Words in an image's name choose a character, so that a blueprint alone can set up a bad day:
`exits` (dies at once with code 3), `never-healthy` (no probe ever succeeds), `ignores-term` (a stop lasts the whole grace),
`healthcheck` (brings a HEALTHCHECK of 30 s), `missing` (cannot be pulled), `denied` (the registry refuses whoever has no name and password).
A command of `echo`, `sleep N`, `exit N`, `true` and `false`, parted by `;`, is done as written; anything else runs for ever.
`SIMULATED_LIFE`, `SIMULATED_STOP` and `SIMULATED_READY` in the environment are seconds to live, to stop and until ready.
"""

import io
import re
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from clocker_actors.errors import EngineFault, ImageNotFound, PullDenied
from clocker_actors.model.containers import ContainerRequest, ImageInfo, Login
from clocker_actors.model.specs import BuildSpec

Kept = tuple[ImageInfo, dict[str, str]]
"""An image and its labels, as a registry or a copy of it keeps them."""

READY_AFTER = 0.3
STOPS_IN = 0.15
_AT_ONCE = 0.02
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True)
class Nature:
    """One container's behaviour in seconds; None stands for never (lives on, is never ready, ignores TERM, has no HEALTHCHECK)."""

    lives: float | None = None
    exit_code: int = 0
    ready_after: float | None = READY_AFTER
    stops_in: float | None = STOPS_IN
    health_interval: float | None = None
    output: tuple[str, ...] = ()
    runnable: bool = True


def full_reference(reference: str) -> str:
    """A reference with its tag; a digest is a tag of its own."""
    last = reference.rpartition("/")[2]
    return reference if ":" in last or "@" in last else f"{reference}:latest"


def nature_of(request: ContainerRequest, image: ImageInfo) -> Nature:
    """Behaviour of a container made from this request and image."""
    nature = _from_command([*(request.spec.entrypoint or ()), *(request.spec.command or ())])
    name = request.image
    if "exits" in name:
        nature = replace(nature, lives=_AT_ONCE, exit_code=3)
    if "never-healthy" in name:
        nature = replace(nature, ready_after=None)
    if "ignores-term" in name:
        nature = replace(nature, stops_in=None)
    environment = request.spec.env
    return replace(
        nature,
        health_interval=image.health_interval,
        lives=_seconds(environment, "SIMULATED_LIFE", nature.lives),
        stops_in=_seconds(environment, "SIMULATED_STOP", nature.stops_in),
        ready_after=_seconds(environment, "SIMULATED_READY", nature.ready_after),
    )


def pulled(reference: str, login: Login | None = None) -> ImageInfo:
    """The image a registry would give; ImageNotFound or PullDenied by the words in its name."""
    if "missing" in reference:
        raise ImageNotFound(
            f"pull of {reference}: no such image in the registry; correct the name or tag", status=404, operation="pull", image=reference
        )
    if "denied" in reference and login is None:
        raise PullDenied(
            f"pull of {reference}: the registry refuses access; log the engine in or make the image public",
            status=403,
            operation="pull",
            image=reference,
        )
    return known(reference)


def known(reference: str) -> ImageInfo:
    """An image that the engine simply has."""
    return ImageInfo(f"sha256:simulated-{full_reference(reference)}", 30.0 if "healthcheck" in reference else None)


def built(reference: str, build: BuildSpec, context: bytes) -> ImageInfo:
    """The image a build gives; EngineFault when the context is no tar or has no such Dockerfile, ImageNotFound when its base is missing."""
    text = _dockerfile(reference, build, context)
    base = re.search(r"^FROM\s+(\S+)", text, re.MULTILINE | re.IGNORECASE)
    if base is None:
        raise EngineFault(f"build of {reference}: {build.dockerfile} has no FROM line; add one", status=400, operation="build")
    pulled(base[1])
    check = re.search(r"^HEALTHCHECK\s+(?!NONE)(.*)", text, re.MULTILINE | re.IGNORECASE)
    interval = None if check is None else _interval(check[1])
    return ImageInfo(f"sha256:simulated-{full_reference(reference)}", interval)


def _dockerfile(reference: str, build: BuildSpec, context: bytes) -> str:
    try:
        with tarfile.open(fileobj=io.BytesIO(context)) as archive:
            for member in archive:
                if member.name.removeprefix("./") == build.dockerfile:
                    found = archive.extractfile(member)
                    return "" if found is None else found.read().decode(errors="replace")
    except tarfile.TarError as error:
        raise EngineFault(f"build of {reference}: the context is not a tar; send one", status=400, operation="build") from error
    raise EngineFault(
        f"build of {reference}: no {build.dockerfile} in the context; put it there or name another", status=500, operation="build"
    )


def _interval(options: str) -> float:
    given = re.search(r"--interval=(\d+)(ms|s|m|h)", options)
    return 30.0 if given is None else int(given[1]) * _UNITS[given[2]]


def _from_command(words: Sequence[str]) -> Nature:
    if words and ("missing" in words[0] or "no-such" in words[0]):
        return Nature(runnable=False)
    done = run(words)
    if done is None:
        return Nature()
    seconds, code, output = done
    return Nature(lives=max(seconds, _AT_ONCE), exit_code=code, output=output)


def run(words: Sequence[str]) -> tuple[float, int, tuple[str, ...]] | None:
    """Seconds, exit code and output lines of a simple command; None for one that goes on for ever (or that we don't know)."""
    shell = len(words) >= 3 and words[0].endswith("sh") and words[1] == "-c"
    text = words[2] if shell else " ".join(words)
    seconds, output = 0.0, list[str]()
    for statement in filter(None, (part.strip() for part in re.split(r";|&&", text))):
        verb, _, rest = statement.partition(" ")
        match verb.rpartition("/")[2]:
            case "echo":
                output.append(rest.strip("\"'"))
            case "sleep" if re.fullmatch(r"[\d.]+", rest):
                seconds += float(rest)
            case "exit":
                return seconds, int(rest or 0), tuple(output)
            case "false":
                return seconds, 1, tuple(output)
            case "true" | "export":
                continue
            case _:
                return None
    return (seconds, 0, tuple(output)) if text.strip() else None


def _seconds(environment: Mapping[str, str], name: str, default: float | None) -> float | None:
    return float(environment[name]) if name in environment else default
