"""A way to run commands on a machine as its root, over SSH or here. Errors: ShellUnavailable (no way in, `details["reason"]`), TimedOut."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended; of long outputs only the end is kept. `exit_code` is negative when a signal ended it."""

    exit_code: int
    output: str
    errors: str

    @property
    def ok(self) -> bool:
        return self.exit_code == 0


class Shell(Protocol):
    """A command that fails is a value; one that cannot be run raises. A command may go on after the waiting for it ended."""

    async def run(self, command: str, limit: float, stdin: bytes = b"") -> Ran:
        """Run it with `sh -c`, for `limit` seconds at most."""
        ...

    async def put(self, path: str, content: bytes, mode: int) -> None:
        """Write a file, whole or not at all; its folder is made where it is missing. Raises ShellFault when the machine does not take it."""
        ...

    async def close(self) -> None: ...
