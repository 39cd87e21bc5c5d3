"""Build contexts that stand in git repositories: fetched here, as little of them as it takes, and packed as folders are, so that equal content is equal bytes.

    https://host/team/app.git            https://host/team/app.git#v1.2           git@host:team/app.git#main:docker/web

Behind `#` stands a branch, tag or commit, and behind `:` the folder in it. Nobody is asked for a password: access is what git has here.
"""

import os
import re
import subprocess
import tempfile
from pathlib import Path

from clocker_actors.cli.packing import pack
from clocker_actors.errors import BadRequest

LIMIT = 120.0
"""Seconds until a repository has to have answered with all that is wanted."""
_SLOW = ("-c", "http.lowSpeedLimit=1000", "-c", "http.lowSpeedTime=20")
_PASSWORD = re.compile(r"(://[^/@:\s]*:)[^/@\s]*@")


def pack_repository(written: str, limit: float = LIMIT) -> bytes:
    """The tar of a folder in a repository. Raises BadRequest: no git here, no answer in time, no such branch or folder, and what `pack` raises."""
    url, _, behind = written.partition("#")
    reference, _, inside = behind.partition(":")
    with tempfile.TemporaryDirectory(prefix="clocker-git-") as name:
        folder = Path(name)
        _git(folder, url, limit, "init", "--quiet")
        _git(folder, url, limit, *_SLOW, "fetch", "--quiet", "--depth", "1", "--no-tags", url, reference or "HEAD")
        _git(folder, url, limit, "checkout", "--quiet", "FETCH_HEAD")
        where = (folder / inside).resolve()
        if not where.is_relative_to(folder.resolve()) or not where.is_dir():
            raise BadRequest(
                f"repository {_shown(url)} has no folder {inside!r} at {reference or 'its newest revision'}; write one that it has"
            )
        _without_history(folder)
        return pack(where)


def _git(folder: Path, url: str, limit: float, *words: str) -> None:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": "http:https:git:ssh:file",
        "GIT_SSH_COMMAND": "ssh -o BatchMode=yes -o ConnectTimeout=10",
        "LC_ALL": "C",
    }
    try:
        done = subprocess.run(
            ["git", *words],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=limit,
            check=False,
        )
    except FileNotFoundError:
        raise BadRequest("there is no git here, which fetches build contexts; install it, or put the files next to the blueprint") from None
    except subprocess.TimeoutExpired:
        raise BadRequest(
            f"repository {_shown(url)} did not answer within {limit:g} s; look whether it can be reached from here", url=_shown(url)
        ) from None
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()] or [f"exit code {done.returncode}"]
        said = next((line for line in lines if line.startswith(("fatal:", "error:", "ssh:"))), lines[-1])
        raise BadRequest(
            f"repository {_shown(url)} cannot be fetched ({_shown(said)}); check its url, its branch and access", url=_shown(url)
        )


def _without_history(folder: Path) -> None:
    """What git keeps of itself differs from fetch to fetch."""
    for path in sorted((folder / ".git").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    (folder / ".git").rmdir()


def _shown(text: str) -> str:
    """Without a password in a url."""
    return _PASSWORD.sub(r"\1…@", text)
