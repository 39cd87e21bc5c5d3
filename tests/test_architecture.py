"""Does every function that docs/architecture.md names exist?"""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
NAMED = sorted(set(re.findall(r"`(clocker_actors/[a-z_/]+\.py):([A-Za-z_.]+)`", (ROOT / "docs" / "architecture.md").read_text())))


def defined(path: Path) -> set[str]:
    """Functions of a module, and methods as Class.method."""
    names: set[str] = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}.{part.name}" for part in node.body if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)}
    return names


def test_the_document_names_functions_of_every_room() -> None:
    rooms = {file.split("/")[1] for file, _ in NAMED}
    assert {
        "blueprint",
        "entities",
        "placement",
        "policies",
        "enrichers",
        "telemetry",
        "store",
        "drivers",
        "kernel",
        "admin",
        "cli",
    } <= rooms


@pytest.mark.parametrize(("file", "function"), NAMED, ids=[f"{file}:{function}" for file, function in NAMED])
def test_exists(file: str, function: str) -> None:
    assert function in defined(ROOT / file), f"docs/architecture.md names {file}:{function}, which is not there: correct the document"
