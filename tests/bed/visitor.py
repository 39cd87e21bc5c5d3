"""Somebody with a key, and a bare machine of the bed's cloud that lets them in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.bed.cloud import BedCloud
from tests.bed.node import BareNode
from tests.bed.process import run


@dataclass(frozen=True, slots=True)
class Visitor:
    """A machine that is up, and the private key that opens it."""

    machine: BareNode
    key: Path
    cloud: BedCloud


def make_key(folder: Path, name: str = "id") -> tuple[Path, str]:
    """A new key pair: the private file, the public line."""
    key = folder / name
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "visitor", "-f", str(key))
    return key, key.with_suffix(".pub").read_text().strip()


def visit(cloud: BedCloud, folder: Path, name: str) -> Visitor:
    """Have a machine made and wait until it can be entered."""
    key, public = make_key(folder, name)
    made = cloud.create(name, {}, public)
    made.machine.await_sshd()
    return Visitor(made.machine, key, cloud)
