"""What the demo says: headings with the time since the beginning, commands as typed, and plain text where there is no terminal."""

import subprocess
import time
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.text import Text

PLAIN_WIDTH = 110


class Narrator:
    """Says things on stdout. `began` is epoch seconds of the beginning, setting up included."""

    def __init__(self, began: float | None = None) -> None:
        self.console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
        if not self.console.is_terminal:
            self.console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True, width=PLAIN_WIDTH)
        self._began = time.time() if began is None else began

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return time.time() - self._began

    def step(self, title: str) -> None:
        """A heading."""
        self.console.print()
        self.console.print(Text.assemble((f"[{self.elapsed:3.0f} s] ", "dim"), (title, "bold cyan")))

    def say(self, text: str, style: str = "") -> None:
        """One paragraph."""
        self.console.print(Text(text, style))

    def good(self, text: str) -> None:
        """Something that went as it should."""
        self.console.print(Text.assemble(("  ok ", "green"), text))

    def bad(self, text: str) -> None:
        """Something that did not."""
        self.console.print(Text.assemble(("  !! ", "bold red"), text))

    def moment(self, text: str) -> None:
        """A line in a story that goes on, with its time."""
        self.console.print(Text.assemble((f"  [{self.elapsed:3.0f} s] ", "dim"), text))

    def run(self, command: Sequence[str], environment: Mapping[str, str], shown: str, most: int | None = None) -> int:
        """Show a command as a person would type it and run it; at most `most` lines of what it prints. Its exit code."""
        self.console.print(Text.assemble(("$ ", "dim"), (shown, "bold")))
        environment = {**environment, "COLUMNS": str(self.console.width)}
        if most is None:
            return subprocess.run(command, env=environment, check=False, stderr=subprocess.STDOUT).returncode
        done = subprocess.run(command, env=environment, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        lines = done.stdout.splitlines()
        for line in lines[:most]:
            self.console.print(Text(line))
        if len(lines) > most:
            self.console.print(Text(f"  ... and {len(lines) - most} lines more", "dim"))
        return done.returncode
