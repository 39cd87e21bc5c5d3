"""On what the demo stands: an engine that answers, else one of its own, else simulated engines. It says which, and why not a better one."""

import os
import subprocess
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tests.bed.engine import find_engine, start_engine
from tests.bed.process import BedError
from tests.demo import docker
from tests.demo.home import Home
from tests.demo.narration import Narrator

PACKAGES = Path(__file__).parents[2] / ".ci" / "packages.sh"
FOR_AN_ENGINE = ("docker.io", "iptables", "iproute2")
BUSYBOX = Path("/bin/busybox")


class Kind(StrEnum):
    """Whose engine it is."""

    FOUND = "found"
    OWN = "own"
    SIMULATED = "simulated"


@dataclass(frozen=True, slots=True)
class Ground:
    """Where containers run: the engine's address ("" if simulated), and in words what it is."""

    kind: Kind
    url: str
    words: str


def prepare(home: Home, narrator: Narrator, wanted: Kind | None = None) -> Ground:
    """Find or make what the demo stands on. `wanted` leaves no choice; BedError if that cannot be had."""
    if wanted is Kind.SIMULATED:
        return _simulated("as asked")
    try:
        if wanted is not Kind.OWN and (found := _found()) is not None:
            _want_busybox(narrator)
            return found
        if wanted is Kind.FOUND:
            raise BedError(f"no engine answers at {_addresses()}")
        return _own(home, narrator)
    except BedError as fault:
        if wanted is not None:
            raise
        return _simulated(str(fault))


def release(home: Home, ground: Ground) -> list[str]:
    """Remove what the demo made on its ground, then the ground itself if it is the demo's own; what is left, in words."""
    left = docker.clear(ground.url, home.plane) if ground.kind is Kind.FOUND else []
    engine = find_engine(home.engine)
    if engine is not None:
        engine.stop()
    return left


def _found() -> Ground | None:
    for address in _addresses():
        version = docker.version(address)
        if version is not None:
            words = f"the engine that answers at {address} (Docker {version}); the demo touches only containers that carry its label"
            return Ground(Kind.FOUND, address, words)
    return None


def _addresses() -> list[str]:
    return [address for address in (os.environ.get("DOCKER_HOST"), docker.USUAL) if address]


def _own(home: Home, narrator: Narrator) -> Ground:
    if _may_install():
        narrator.say("No Docker engine answers here, so the demo runs one of its own.")
        _install(narrator, *FOR_AN_ENGINE, "busybox-static")
        if find_engine(home.engine) is None and (found := _found()) is not None:
            return found  # the package brought a running one after all
    _want_busybox(narrator)
    engine = start_engine(home.engine)
    words = f"an engine of the demo's own (Docker {docker.version(engine.host)}), with all it keeps below {home.engine}"
    return Ground(Kind.OWN, engine.host, words)


def _simulated(why: str) -> Ground:
    return Ground(Kind.SIMULATED, "", f"SIMULATED engines ({why}): everything below is the real manager, but no container is real")


def _may_install() -> bool:
    return os.geteuid() == 0 and Path("/etc/debian_version").exists()


def _install(narrator: Narrator, *packages: str) -> None:
    """Say what was installed, if anything was missing."""
    done = subprocess.run(["bash", str(PACKAGES), *packages], capture_output=True, text=True, check=False)
    for line in done.stdout.splitlines():
        if "nothing missing" not in line:
            narrator.say(f"  {line}", "dim")
    if done.returncode:
        raise BedError((done.stderr or done.stdout).strip())


def _want_busybox(narrator: Narrator) -> None:
    """The web image is made of busybox alone, which must not need libraries."""
    if not _is_static(BUSYBOX) and _may_install():
        _install(narrator, "busybox-static")
    if not _is_static(BUSYBOX):
        raise BedError(f"{BUSYBOX} is missing or not static, and the demo's image is made of it: install busybox-static")


def _is_static(program: Path) -> bool:
    try:
        return b"/ld-" not in program.read_bytes()[:4096]
    except OSError:
        return False
