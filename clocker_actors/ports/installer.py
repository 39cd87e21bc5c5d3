"""Making a bare machine a host: what is wanted of it, what came of it, and who does it. InstallFailed says where it ended otherwise."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from clocker_actors.ports.shell import Shell

TLS_PORT = 2376
STEPS = ("enter", "repair", "refresh", "install", "configure", "start", "verify")
"""How the lines of `progress` begin, in order; not every machine needs every step."""


@dataclass(frozen=True, slots=True)
class InstallOptions:
    """What the engine is to be like. Limits are in seconds.

    `tls_for` are addresses and names that the machine's certificate is made for; with any, the engine also listens on `tls_port`
    and takes only clients with a certificate of our authority. Without, it is reached through its socket alone, over SSH, as `user`:
    one who is not root is let at it by the group docker, which is as good as being root there.
    """

    user: str = ""

    tls_for: tuple[str, ...] = ()
    tls_port: int = TLS_PORT
    lock_limit: float = 180.0
    package_limit: float = 600.0
    start_limit: float = 60.0
    least_disk: int = 800 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Installed:
    """A machine whose engine answers. `changed` tells whether anything had to be done for it."""

    distribution: str
    engine_version: str
    socket: str
    changed: bool


class Installer(Protocol):
    """Safe to run twice, and after having been interrupted anywhere. `progress` gets a line as each step begins."""

    async def install(self, shell: Shell, options: InstallOptions, progress: Callable[[str], None]) -> Installed: ...
