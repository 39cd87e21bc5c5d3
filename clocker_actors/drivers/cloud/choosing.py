"""Which of a cloud's sizes and images fits a template: the cheapest size that is large enough, the newest image of the name. Pure.

Ids win over regular expressions, and those over amounts. An image is taken that runs on the sizes, then a size that runs the image. When nothing fits,
the error names what came nearest.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from clocker_actors.errors import NothingFits
from clocker_actors.model.locations import NodeTemplate

SHOWN = 4
X86, ARM = "x86_64", "arm64"
"""Architectures; "" is of what nobody says: an image is taken for one of X86, and a size runs everything."""


@dataclass(frozen=True, slots=True)
class Size:
    """What a cloud offers as hardware. Amounts are bytes and cores; 0 where the cloud does not say, which fits everything. A price of 0 is an unknown one."""

    id: str
    name: str
    ram: int
    disk: int
    cores: float
    price: float = 0.0
    architecture: str = ""

    def __str__(self) -> str:
        parts = (f"{self.ram >> 20} MiB", f"{self.cores:g} cores", f"{self.disk >> 30} GiB disk")
        return f"{self.id} ({', '.join(part for part in parts if not part.startswith('0 '))})"


@dataclass(frozen=True, slots=True)
class Image:
    """What a cloud offers as a system. `made` orders images of a name, as text."""

    id: str
    name: str
    made: str = ""
    architecture: str = ""

    def __str__(self) -> str:
        return f"{self.id} ({self.name})"


def choose_size(template: NodeTemplate, offered: Sequence[Size], where: str, image: Image | None = None) -> Size:
    """The smallest that fits and runs the image, by price where there is one: what has none may cost anything. Raises NothingFits."""
    named = named_sizes(template, offered, where)
    running = [size for size in named if image is None or size.architecture in ("", _runs_on(image))]
    if not running:
        words = f"{where}: image {image} is of {_runs_on(image) if image else X86}, and {_listed(named[:SHOWN])} not: name others"
        raise NothingFits(words, cloud=where)
    if template.hardware_id:
        return running[0]
    fitting = [size for size in running if not _lacks(size, template)]
    if not fitting:
        nearest = sorted(running, key=lambda size: (_lacks(size, template), -size.ram, size.id))[:SHOWN]
        wanted = Size("minRam, minCores and minDisk", "", template.min_ram, template.min_disk, template.min_cores)
        raise NothingFits(f"{where} has no size with {wanted}; nearest are {_listed(nearest)}: ask for less", cloud=where)
    return min(fitting, key=lambda size: (not size.price, size.price, size.ram, size.cores, size.disk, size.id))


def named_sizes(template: NodeTemplate, offered: Sequence[Size], where: str) -> list[Size]:
    """Those that the template's hardwareId or hardwareNameRegex names, at least one. Raises NothingFits."""
    if template.hardware_id:
        found = next((size for size in offered if template.hardware_id in (size.id, size.name)), None)
        if found is None:
            raise _unknown("hardwareId", template.hardware_id, [size.id for size in offered], where)
        return [found]
    named = [size for size in offered if _matches(template.hardware_regex, size.id, size.name)]
    if not named:
        raise _unknown("hardwareNameRegex", template.hardware_regex, [size.id for size in offered], where)
    return named


def choose_image(template: NodeTemplate, offered: Sequence[Image], where: str, sizes: Sequence[Size] = ()) -> Image:
    """The newest that fits and that one of the sizes runs; one for ARM only where there is no other or no other size. Raises NothingFits."""
    if template.image_id:
        found = next((image for image in offered if template.image_id in (image.id, image.name)), None)
        if found is None:
            raise _unknown("imageId", template.image_id, [image.id for image in offered], where)
        return found
    named = [image for image in offered if _matches(template.image_regex, image.id, image.name)]
    if not named:
        raise _unknown("imageNameRegex", template.image_regex, [image.name for image in offered], where)
    family = [image for image in named if template.os_family.lower() in image.name.lower()]
    if not family:
        raise _unknown("osFamily", template.os_family, [image.name for image in named], where)
    if not (template.image_regex or template.os_family):
        raise NothingFits(f"{where}: which of its {len(offered)} images? Name an imageId, imageNameRegex or osFamily", cloud=where)
    for architecture in (X86, ARM):
        if not sizes or any(size.architecture in ("", architecture) for size in sizes):
            running = [image for image in family if (image.architecture or X86) == architecture]
            if running:
                return max(running, key=lambda image: (image.made, image.name, image.id))
    kinds = ", ".join(sorted({image.architecture or X86 for image in family}))
    raise NothingFits(f"{where}: images of that name are of {kinds}, which no such size runs: name other hardware or images", cloud=where)


def _runs_on(image: Image) -> str:
    return ARM if image.architecture == ARM else X86


def _matches(pattern: str, *names: str) -> bool:
    try:
        return not pattern or any(re.search(pattern, name) for name in names)
    except re.error as error:
        raise NothingFits(f"{pattern!r} is no regular expression ({error}): correct it") from error


def _lacks(size: Size, template: NodeTemplate) -> int:
    """How many of the least amounts it does not have."""
    pairs = ((size.ram, template.min_ram), (size.cores, template.min_cores), (size.disk, template.min_disk))
    return sum(0 < has < least for has, least in pairs)


def _unknown(key: str, value: str, known: Sequence[str], where: str) -> NothingFits:
    near = get_close_matches(value, known, n=SHOWN, cutoff=0.3) or sorted(known)[:SHOWN]
    said = f"nearest are {_listed(near)}" if near else "it has none at all"
    return NothingFits(f"{where} has nothing with {key} {value!r}; {said}: correct it", cloud=where)


def _listed(things: Sequence[object]) -> str:
    return ", ".join(str(thing) for thing in things)
