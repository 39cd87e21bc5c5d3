"""Shells to run the contract on: a simulated machine's, this machine's, and over SSH as root and as somebody who becomes root."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from clocker_actors.drivers.shell import LocalShell, SshShell, Trust
from clocker_actors.drivers.simulated.machines import SimulatedMachine, SimulatedShell
from clocker_actors.drivers.ssh import SshAddress
from clocker_actors.ports.shell import Shell
from tests.bed.node import USER
from tests.bed.visitor import Visitor
from tests.contracts.either import loops, note_kind


@dataclass(slots=True)
class ShellLab:
    """A shell, and a folder on its machine where a test may write."""

    kind: str
    shell: Shell
    folder: str


def pytest_asyncio_loop_factories(config: pytest.Config) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Virtual time for the simulated shell."""
    return loops(config, lambda kind: kind != "simulated")


pytest_runtest_setup = note_kind


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test that asks for a lab in every shell."""
    if "lab" in metafunc.fixturenames:
        real = [pytest.param(kind, marks=pytest.mark.real) for kind in ("ssh", "ssh-sudo")]
        metafunc.parametrize("kind", ["simulated", "local", *real])


@pytest.fixture
def visitor(kind: str, request: pytest.FixtureRequest) -> Visitor | None:
    """A bare machine and its key, for those who go there; apart from `lab` because it is not made inside a running loop."""
    if not kind.startswith("ssh"):
        return None
    met: Visitor = request.getfixturevalue("bare_node")
    return met


@pytest_asyncio.fixture
async def lab(kind: str, visitor: Visitor | None, tmp_path: Path) -> AsyncIterator[ShellLab]:
    """A shell, closed afterwards."""
    shell = _shell(kind, visitor, tmp_path)
    yield ShellLab(kind, shell, str(tmp_path) if kind == "local" else "/root/some where")
    await shell.close()


def _shell(kind: str, visitor: Visitor | None, folder: Path) -> Shell:
    if kind == "simulated":
        return SimulatedShell(SimulatedMachine("m1", boots_at=0.0))
    if visitor is None:
        return LocalShell()
    user = USER if kind == "ssh-sudo" else "root"
    return SshShell(SshAddress(visitor.machine.address, 22, user, str(visitor.key)), Trust(folder / "keys" / "known"))
