"""Is what docs/reliability.md names there: settings, commands, tests?"""

import re
import tomllib
from pathlib import Path

from clocker_actors.cli.main import COMMANDS
from clocker_actors.settings import load

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "reliability.md").read_text()


def test_its_settings_are_read(tmp_path: Path) -> None:
    for number, written in enumerate(re.findall(r"^```toml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)):
        file = tmp_path / f"{number}.toml"
        file.write_text(written)
        found = load({}, {"CLOCKER_CONFIG": str(file), "CLOCKER_STATE": str(tmp_path)})
        for name, value in tomllib.loads(written).items():
            assert getattr(found, name) == value


def test_its_commands_are_there() -> None:
    for name in re.findall(r"^\$ clocker (\w+)", TEXT, re.MULTILINE):
        assert name in COMMANDS


def test_every_test_it_names_is_there() -> None:
    for name in re.findall(r"`(tests/[a-z_/*.]+)`", TEXT):
        assert list(ROOT.glob(name)), name
