"""Build contexts: the same folder gives the same bytes, ignored files stay out, and no link leads out."""

import io
import os
import resource
import tarfile
from pathlib import Path

import pytest

from clocker_actors.cli.packing import Ignored, pack
from clocker_actors.errors import BadRequest


def names(content: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        return archive.getnames()


def fill(folder: Path, *paths: str) -> Path:
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(path)
    return folder


def test_the_same_folder_gives_the_same_bytes(tmp_path: Path) -> None:
    first = fill(tmp_path / "one", "Dockerfile", "b/x", "a")
    second = fill(tmp_path / "two", "a", "b/x", "Dockerfile")
    os.utime(second / "a", (1, 1))
    (second / "a").chmod(0o600)
    assert pack(first) == pack(second)
    (second / "a").chmod(0o755)
    assert pack(first) != pack(second)


def test_ignored_files_stay_out_but_what_the_build_needs(tmp_path: Path) -> None:
    folder = fill(tmp_path, "Dockerfile", "src/main.c", "src/main.o", "node_modules/x/y", "notes.md", "README.md", "deep/a/b/z.o")
    (folder / ".dockerignore").write_text("# built\n**/*.o\nnode_modules\n*.md\n!README.md\nDockerfile\n")
    assert names(pack(folder)) == [".dockerignore", "Dockerfile", "README.md", "deep", "deep/a", "deep/a/b", "src", "src/main.c"]


@pytest.mark.parametrize(
    ("rules", "path", "out"),
    [
        ("*", "a/b", True),
        ("*\n!a", "a/b", False),
        ("*\n!a/b", "a/c", True),
        ("/a/", "a/b", True),
        ("a?", "ab", True),
        ("a?", "a/b", False),
        ("[ab]c", "bc", True),
        ("**/x", "x", True),
        ("**/x", "p/q/x", True),
        ("a/**/x", "a/x", True),
        ("*.tmp", "sub/a.tmp", False),
        ("", "a", False),
    ],
)
def test_rules_are_docker_s(rules: str, path: str, out: bool) -> None:
    assert Ignored(rules)(path) is out


def test_a_link_within_is_kept_as_a_link(tmp_path: Path) -> None:
    folder = fill(tmp_path, "a/x")
    (folder / "a" / "l").symlink_to("../a/x")
    with tarfile.open(fileobj=io.BytesIO(pack(folder))) as archive:
        assert archive.getmember("a/l").linkname == "../a/x"


@pytest.mark.parametrize("target", ["/etc/passwd", "../../secret", ".."])
def test_a_link_out_is_refused(tmp_path: Path, target: str) -> None:
    folder = fill(tmp_path / "site", "a/x")
    (folder / "l").symlink_to(target)
    with pytest.raises(BadRequest, match=r"symlink out of the build context .*copy the file in"):
        pack(folder)


def test_no_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="not a folder"):
        pack(tmp_path / "nothing")


def test_a_gigabyte_is_refused_before_any_of_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    with (tmp_path / "large").open("wb") as file:
        file.truncate(1 << 30)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(BadRequest, match=r"over 512 MiB at large; leave files out with [.]dockerignore"):
        pack(tmp_path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 32 * 1024
    (tmp_path / ".dockerignore").write_text("large\n")
    assert pack(tmp_path)
