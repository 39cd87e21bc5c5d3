"""Are the lock files whole: every dependency pinned within what pyproject allows, every file by its hash, and no word of where it came from?"""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCKS = {
    "requirements.lock": PROJECT["dependencies"],
    "requirements-dev.lock": PROJECT["dependencies"] + PROJECT["optional-dependencies"]["test"],
}
_BLOCK = re.compile(r"^(\S+?)==(\S+)((?:[^\n]*\\\n\s+--hash=sha256:[0-9a-f]{64}(?: ;.*)?)+)$", re.MULTILINE)


def pinned(name: str) -> dict[str, str]:
    """Versions by package."""
    text = (ROOT / name).read_text()
    found: dict[str, str] = {canonicalize_name(block[1].partition("[")[0]): block[2] for block in _BLOCK.finditer(text)}
    assert len(found) == sum(1 for line in text.splitlines() if "==" in line and not line.startswith(" ")), "each has its hashes"
    return found


@pytest.mark.parametrize("name", LOCKS)
def test_every_dependency_is_pinned_by_hash_within_its_bounds(name: str) -> None:
    versions = pinned(name)
    for asked in map(Requirement, LOCKS[name]):
        version = versions.get(canonicalize_name(asked.name))
        assert version is not None and asked.specifier.contains(version), f"{asked}: {version}; run `make lock`"


@pytest.mark.parametrize("name", LOCKS)
def test_it_names_no_place(name: str) -> None:
    text = (ROOT / name).read_text()
    assert not re.search(r"https?://|file:|--index|--find-links|--extra-index|/", re.sub(r"(?m)^\s*#.*$", "", text))


def test_what_runs_is_the_same_in_both() -> None:
    wide = pinned("requirements-dev.lock")
    assert {name: wide.get(name) for name in pinned("requirements.lock")} == pinned("requirements.lock")
