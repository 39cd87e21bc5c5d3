"""Images without a registry or a network: from scratch, with busybox as the only program. About a second to build, 2 MB.

The web image answers `/` with the container's host name and `/cgi-bin/spin?N` after burning N rounds of a busy loop (3,000 are about
10 ms of a core), with the processor time it took (as `times` of a shell says it) before. The variants are the same image with one thing wrong.
"""

from __future__ import annotations

import io
import tarfile
from enum import StrEnum
from pathlib import Path

from tests.bed.host import BedHost

WEB_PORT = 8080
WEB_TAG = "clocker/web:1"

_INDEX = """\
#!/bin/sh
printf 'Content-Type: text/plain\\r\\n\\r\\n'
echo "hello from $(hostname)"
"""

_SPIN = """\
#!/bin/sh
case $QUERY_STRING in '' | *[!0-9]*) rounds=0 ;; *) rounds=$QUERY_STRING ;; esac
round=0
while [ $round -lt $rounds ]; do round=$((round + 1)); done
printf 'Content-Type: text/plain\\r\\n\\r\\n'
times
echo "$(hostname) spun $rounds"
"""

# busybox httpd as first process ignores SIGTERM, which would make each stop take the full 10 s
_DOCKERFILE = f"""\
FROM scratch
COPY root/ /
ENV PATH=/bin
EXPOSE {WEB_PORT}
STOPSIGNAL SIGKILL
CMD ["httpd", "-f", "-p", "{WEB_PORT}", "-h", "/www"]
"""


class Variant(StrEnum):
    """What is wrong with a variant of the web image."""

    EXITS_AT_ONCE = "exits-at-once"  # exit code 3 after one line of log
    NEVER_HEALTHY = "never-healthy"  # serves, but its HEALTHCHECK (each second, one try) always fails
    SLOW_START = "slow-start"  # listens only 5 s after its start

    @property
    def tag(self) -> str:
        return f"clocker/{self.value}:1"


_CHANGES = {
    Variant.EXITS_AT_ONCE: 'CMD ["sh", "-c", "echo giving up; exit 3"]\n',
    Variant.NEVER_HEALTHY: 'HEALTHCHECK --interval=1s --timeout=1s --retries=1 CMD ["false"]\n',
    Variant.SLOW_START: f'CMD ["sh", "-c", "sleep 5; exec httpd -f -p {WEB_PORT} -h /www"]\n',
}


async def build_web_image(host: BedHost, tag: str = WEB_TAG) -> str:
    """Build the web image on a host's engine and return its tag."""
    return await _build(host, tag, _DOCKERFILE)


async def build_variant(host: BedHost, variant: Variant) -> str:
    """Build a faulty variant on a host's engine and return its tag."""
    return await _build(host, variant.tag, _DOCKERFILE + _CHANGES[variant])


def web_context() -> bytes:
    """The web image's build context, for whoever builds it without the docker command."""
    return _context(_DOCKERFILE)


def spin_path(rounds: int) -> str:
    """The path that burns this many rounds per request."""
    return f"/cgi-bin/spin?{rounds}"


def write_context(folder: Path) -> Path:
    """Write the web image's build context (with its Dockerfile) as files, for blueprints and the demo; returns the folder."""
    with tarfile.open(fileobj=io.BytesIO(_context(_DOCKERFILE))) as archive:
        for entry in archive.getmembers():  # one by one: extractall has no filter before Python 3.11.4, and Debian 12 has 3.11.2
            archive.extract(entry, folder)
    return folder


async def _build(host: BedHost, tag: str, dockerfile: str) -> str:
    await host.docker("build", "-q", "-t", tag, "-", stdin=_context(dockerfile))
    return tag


def _context(dockerfile: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        _file(archive, "Dockerfile", dockerfile.encode(), 0o644)
        _file(archive, "root/bin/busybox", Path("/bin/busybox").read_bytes(), 0o755)
        for name in ("sh", "httpd", "hostname", "sleep", "true", "false", "cat", "echo", "ls", "ps", "wget", "env", "id", "mkdir", "touch"):
            link = tarfile.TarInfo(f"root/bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            archive.addfile(link)
        _file(archive, "root/www/cgi-bin/index.cgi", _INDEX.encode(), 0o755)
        _file(archive, "root/www/cgi-bin/spin", _SPIN.encode(), 0o755)
        for folder in ("root/tmp", "root/etc"):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if folder.endswith("tmp") else 0o755
            archive.addfile(entry)
    return out.getvalue()


def _file(archive: tarfile.TarFile, name: str, content: bytes, mode: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    archive.addfile(entry, io.BytesIO(content))
