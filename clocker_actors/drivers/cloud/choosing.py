"""Which of a cloud's sizes and images fits a template: the cheapest size that is large enough, the newest image of the name. Pure.

Ids win over regular expressions, and those over amounts. When nothing fits, the error names what came nearest.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from clocker_actors.errors import NothingFits
from clocker_actors.model.locations import NodeTemplate

SHOWN = 4


@dataclass(frozen=True, slots=True)
class Size:
    """What a cloud offers as hardware. Amounts are bytes and cores; 0 where the cloud does not say, which fits everything."""

    id: str
    name: str
    ram: int
    disk: int
    cores: float
    price: float = 0.0

    def __str__(self) -> str:
        parts = (f"{self.ram >> 20} MiB", f"{self.cores:g} cores", f"{self.disk >> 30} GiB disk")
        return f"{self.id} ({', '.join(part for part in parts if not part.startswith('0 '))})"


@dataclass(frozen=True, slots=True)
class Image:
    """What a cloud offers as a system. `made` orders images of a name, as text."""

    id: str
    name: str
    made: str = ""

    def __str__(self) -> str:
        return f"{self.id} ({self.name})"


def choose_size(template: NodeTemplate, offered: Sequence[Size], where: str) -> Size:
    """The smallest that fits, by price where there is one. Raises NothingFits."""
    if template.hardware_id:
        found = next((size for size in offered if template.hardware_id in (size.id, size.name)), None)
        if found is None:
            raise _unknown("hardware_id", template.hardware_id, [size.id for size in offered], where)
        return found
    named = [size for size in offered if _matches(template.hardware_regex, size.id, size.name)]
    if not named:
        raise _unknown("hardware_regex", template.hardware_regex, [size.id for size in offered], where)
    fitting = [size for size in named if not _lacks(size, template)]
    if not fitting:
        nearest = sorted(named, key=lambda size: (_lacks(size, template), -size.ram, size.id))[:SHOWN]
        wanted = Size("min_ram, min_cores and min_disk", "", template.min_ram, template.min_disk, template.min_cores)
        raise NothingFits(f"{where} has no size with {wanted}; nearest are {_listed(nearest)}: ask for less", cloud=where)
    return min(fitting, key=lambda size: (size.price, size.ram, size.cores, size.disk, size.id))


def choose_image(template: NodeTemplate, offered: Sequence[Image], where: str) -> Image:
    """The newest that fits. Raises NothingFits."""
    if template.image_id:
        found = next((image for image in offered if template.image_id in (image.id, image.name)), None)
        if found is None:
            raise _unknown("image_id", template.image_id, [image.id for image in offered], where)
        return found
    named = [image for image in offered if _matches(template.image_regex, image.id, image.name)]
    if not named:
        raise _unknown("image_regex", template.image_regex, [image.name for image in offered], where)
    family = [image for image in named if template.os_family.lower() in image.name.lower()]
    if not family:
        raise _unknown("os_family", template.os_family, [image.name for image in named], where)
    if not (template.image_regex or template.os_family):
        raise NothingFits(f"{where}: which of its {len(offered)} images? Name an image_id, image_regex or os_family", cloud=where)
    return max(family, key=lambda image: (image.made, image.name, image.id))


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
