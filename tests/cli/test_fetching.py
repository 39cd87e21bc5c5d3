"""Build contexts in git repositories: the folder and revision that are named, the same bytes each time, and a clear fault soon for whatever cannot be had."""

import io
import re
import socket
import subprocess
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from clocker_actors.admin.types import type_table
from clocker_actors.blueprint import parse
from clocker_actors.blueprint.blobs import is_repository
from clocker_actors.cli.blueprints import parsed
from clocker_actors.cli.fetching import pack_repository
from clocker_actors.errors import BadRequest, BlueprintError

AUTHOR = ("-c", "user.name=a", "-c", "user.email=a@localhost")


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *AUTHOR, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> str:
    """Two revisions: the first is tagged v1."""
    folder = tmp_path / "app"
    (folder / "docker").mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main")
    for number, tag in enumerate(("v1", "v2")):
        (folder / "docker" / "Dockerfile").write_text(f"FROM scratch\nENV N={number}\n")
        git(folder, "add", ".")
        git(folder, "commit", "-q", "-m", tag)
        git(folder, "tag", tag)
    return f"file://{folder}"


def contents(packed: bytes) -> dict[str, str]:
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        files = {entry.name: archive.extractfile(entry) for entry in archive if entry.isfile()}
        return {name: file.read().decode() for name, file in files.items() if file}


def test_the_revision_and_folder_that_are_named(repository: str) -> None:
    assert contents(pack_repository(repository)) == {"docker/Dockerfile": "FROM scratch\nENV N=1\n"}
    assert contents(pack_repository(f"{repository}#v1:docker")) == {"Dockerfile": "FROM scratch\nENV N=0\n"}
    assert contents(pack_repository(f"{repository}#:docker")) == contents(pack_repository(f"{repository}#main:docker"))
    assert pack_repository(f"{repository}#v2:docker") == pack_repository(f"{repository}#v2:docker")


@pytest.mark.parametrize("behind", ["#nope", "#v1:nope", "#v1:../..", "x"])
def test_what_it_does_not_have(repository: str, behind: str) -> None:
    with pytest.raises(BadRequest, match=r"repository file://.*; (check its url|write one that it has)"):
        pack_repository(repository + behind)


@pytest.fixture
def silent() -> Iterator[int]:
    """A port where somebody takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("scheme", ["http://me:hush@", "git://"])
def test_one_that_does_not_answer_ends_in_time_and_shows_no_password(silent: int, scheme: str) -> None:
    began = time.monotonic()
    with pytest.raises(BadRequest, match=r"did not answer within 1.5 s; look whether it can be reached") as refusal:
        pack_repository(f"{scheme}127.0.0.1:{silent}/app.git", 1.5)
    assert time.monotonic() - began < 10
    assert "hush" not in str(refusal.value) + repr(refusal.value.details)


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(BadRequest, match=r"cannot be fetched .*check its url"):
        pack_repository(f"http://127.0.0.1:{port}/app.git", 20)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("https://host/team/app.git", True),
        ("git@host:team/app.git#main:docker/web", True),
        ("https://host/app#:web", True),
        ("--upload-pack=/bin/sh", False),
        ("ext::sh -c x", False),
        ("https://host/app#--upload-pack=x", False),
        ("web", False),
        ("../web", False),
    ],
)
def test_what_is_a_repository(text: str, is_one: bool) -> None:
    assert is_repository(text) is is_one


def test_a_blueprint_names_one_and_so_may_a_type() -> None:
    (file,) = parse("services: [{type: container, build: 'https://host/app.git#v1:web'}]", "a.yaml", type_table()).files
    assert file.repository and (file.line, file.column) == (1, 37)


def test_lint_looks_whether_build_folders_are_there(tmp_path: Path) -> None:
    text = b"services:\n- {type: container, build: web}\n- {type: container, build: https://host/app.git}\n"
    with pytest.raises(BlueprintError) as refusal:
        parsed(text, "a.yaml", type_table(), tmp_path)
    (found,) = refusal.value.faults
    assert re.fullmatch(r"a.yaml:2:\d+: there is no web next to the blueprint; write the path .*", found)
    (tmp_path / "web").mkdir()
    assert parsed(text, "a.yaml", type_table(), tmp_path).startswith("good: 2 services")
