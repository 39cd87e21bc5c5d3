"""Draws docs/hosts.svg, the README's picture of `clocker hosts` and `clocker hosts --for`: what the commands really say of the README's own blueprint.

`python -m tests.demo.hosts` runs a daemon on simulated engines, deploys the blueprint of the README's section on pools, and prints what it drew.
"""

import re
import subprocess
import tempfile
import time
from html import escape
from pathlib import Path

from tests.demo import manager
from tests.demo.ground import Ground, Kind
from tests.demo.home import Home

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "docs" / "hosts.svg"
COMMANDS = ("clocker hosts", "clocker hosts --for shop/web")
LIMIT = 180.0
WIDTH, LINE, LEFT, TOP, LETTER = 80, 17, 16, 26, 7.83
INK, PALE, GOOD, BAD, GROUND = "#e6edf3", "#8b949e", "#3fb950", "#f85149", "#161b22"


def blueprint() -> str:
    """The blueprint that the README shows."""
    section = (ROOT / "README.md").read_text().partition("## 4. Pools of hosts")[2]
    found = re.search(r"```yaml\n(.*?)```", section, re.DOTALL)
    assert found is not None, "the README's section on pools has no blueprint"
    return found.group(1)


def say(running: manager.ManagerProcess, command: str) -> str:
    """What a command says, in 80 columns."""
    words = [str(manager.CLOCKER), *command.split()[1:]]
    environment = {**running.environment(), "COLUMNS": str(WIDTH)}
    return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=LIMIT, check=True).stdout


def drawn(shown: list[tuple[str, str]]) -> str:
    """The picture."""
    lines: list[tuple[str, str]] = []
    for command, said in shown:
        lines += [(f"$ {command}", PALE), *((line, INK) for line in said.splitlines() if not line.startswith("local/")), ("", INK)]
    lines.pop()
    height = TOP + LINE * len(lines) + 8
    rows = "\n".join(
        f'<text x="{LEFT}" y="{TOP + LINE * number}" fill="{colour}" xml:space="preserve">{_coloured(line)}</text>'
        for number, (line, colour) in enumerate(lines)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{round(2 * LEFT + WIDTH * LETTER)}" height="{height}" role="img" '
        f'font-family="ui-monospace, Menlo, Consolas, monospace" font-size="13">\n<title>clocker hosts</title>\n'
        f'<rect width="100%" height="100%" rx="8" fill="{GROUND}"/>\n{rows}\n</svg>\n'
    )


def _coloured(line: str) -> str:
    """As a terminal has it: what is up is green, what is refused red."""
    safe = escape(line)
    safe = re.sub(r"\byes\b", f'<tspan fill="{GOOD}">yes</tspan>', safe)
    return re.sub(r"^no\b", f'<tspan fill="{BAD}">no</tspan>', safe)


def main() -> None:
    """Run it all."""
    with tempfile.TemporaryDirectory() as folder:
        running = manager.start(Home(Path(folder)), Ground(Kind.SIMULATED, "", ""))
        try:
            file = Path(folder) / "shop.yaml"
            file.write_text(blueprint())
            say(running, f"clocker deploy {file}")
            until = time.monotonic() + LIMIT
            with running.client() as client:
                while not all(host["up"] for host in client.items("/v1/hosts")) and time.monotonic() < until:
                    time.sleep(0.5)
            shown = [(command, say(running, command)) for command in COMMANDS]
        finally:
            running.stop()
    PICTURE.write_text(drawn(shown))
    for command, said in shown:
        print(f"$ {command}\n{said}")


if __name__ == "__main__":
    main()
