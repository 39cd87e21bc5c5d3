"""The command as a person runs it, against the small daemon of tests/admin."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from clocker_actors.cli import main
from tests.admin.house import House, open_house


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """What stands on stderr, without regard to where its lines are broken."""
        return " ".join(self.err.split())


Clocker = Callable[..., Awaitable[Ran]]


@pytest_asyncio.fixture
async def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    """The small daemon, where the command looks for it."""
    async with open_house(tmp_path) as house:
        monkeypatch.setenv("CLOCKER_URL", f"unix://{house.socket}")
        yield house


@pytest.fixture
def clocker(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Clocker:
    """Runs a command in a thread, 80 columns wide; no traceback may ever be seen."""
    monkeypatch.setenv("COLUMNS", "80")

    async def run(*arguments: str) -> Ran:
        code = await asyncio.to_thread(main, arguments)
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return Ran(code, said.out, said.err)

    return run
