"""Which distribution a machine has: its /etc/os-release, read into a family whose packages we know."""

import shlex
from dataclasses import dataclass
from enum import StrEnum


class Family(StrEnum):
    """Distributions that install alike."""

    DEBIAN = "debian"
    RED_HAT = "red-hat"
    ALPINE = "alpine"


_FAMILIES = {
    "debian": Family.DEBIAN,
    "ubuntu": Family.DEBIAN,
    "fedora": Family.RED_HAT,
    "rhel": Family.RED_HAT,
    "centos": Family.RED_HAT,
    "rocky": Family.RED_HAT,
    "almalinux": Family.RED_HAT,
    "ol": Family.RED_HAT,
    "amzn": Family.RED_HAT,
    "alpine": Family.ALPINE,
}
KNOWN = "Debian, Ubuntu, Fedora, the RHEL family and Alpine"


@dataclass(frozen=True, slots=True)
class Distribution:
    """`name` is for people; `family` is None for one we do not know."""

    id: str
    version: str
    name: str
    family: Family | None


def parse(os_release: str) -> Distribution:
    """Read the file's text; a distribution that calls itself like a known one is taken as such."""
    fields: dict[str, str] = {}
    for line in os_release.splitlines():
        key, equals, value = line.strip().partition("=")
        if equals and not key.startswith("#"):
            fields[key] = _unquoted(value)
    identity = fields.get("ID", "linux").lower()
    families = (_FAMILIES.get(word) for word in (identity, *fields.get("ID_LIKE", "").lower().split()))
    version = fields.get("VERSION_ID", "")
    name = fields.get("PRETTY_NAME") or f"{fields.get('NAME', identity)} {version}".strip()
    return Distribution(identity, version, name, next((family for family in families if family), None))


def _unquoted(value: str) -> str:
    try:
        return " ".join(shlex.split(value))
    except ValueError:  # somebody wrote the file by hand
        return value.strip("\"'")
