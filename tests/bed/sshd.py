"""The SSH door of a host: sshd in the host's namespaces, with keys of its own and one client key that may enter as root."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.bed.process import BedError, run, wait_until

PORT = 22
REMOTE_SOCKET = "/run/docker.sock"  # where the engine listens, as someone on the host sees it

_CONFIG = """\
Port {port}
ListenAddress {address}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/client_key.pub
PidFile {folder}/pid
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
UseDNS no
"""


@dataclass(frozen=True, slots=True)
class SshAccess:
    """How to enter a host; `known_hosts` is the line to trust, `socket` the engine's socket on the host."""

    user: str
    host: str
    port: int
    key: Path
    known_hosts: str
    socket: str = REMOTE_SOCKET


def configure_sshd(folder: Path, address: str) -> SshAccess:
    """Make keys and configuration in a new folder; a host with this folder starts sshd at each boot."""
    folder.mkdir(mode=0o700)
    for key in ("host_key", "client_key"):
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "bed", "-f", str(folder / key))
    (folder / "config").write_text(_CONFIG.format(port=PORT, address=address, folder=folder))
    kind, public, _ = (folder / "host_key.pub").read_text().split()
    return SshAccess("root", address, PORT, folder / "client_key", f"{address} {kind} {public}")


def start_sshd(folder: Path, inside: int) -> None:
    """Start sshd on a running host, given the pid of any process in its namespaces."""
    enter = ("nsenter", "-t", str(inside), "-m", "-u", "-i", "-n", "-p")
    run(*enter, "/usr/sbin/sshd", "-f", str(folder / "config"), "-E", str(folder / "log"))
    try:
        wait_until((folder / "pid").exists, 5.0, "sshd does not come up")
    except BedError as fault:
        raise BedError(f"{fault}: {(folder / 'log').read_text()}") from fault
