"""Software on hosts without a route out: a Debian image made of the machine's own package sources, through the bed's mirror, and a git repository near them.

The image has the usual name, so that Dockerfiles which install packages build here as they would anywhere.
"""

from __future__ import annotations

import io
import shutil
import socket
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from tests.bed.bed import Bed
from tests.bed.debian import make_archive
from tests.bed.host import BedHost
from tests.bed.mirror import Mirror
from tests.bed.process import BedError, run
from tests.once import once

DEBIAN = "debian:bookworm-slim"
_PROXY = "etc/apt/apt.conf.d/90mirror"
_AS_IN_IMAGES = {
    "etc/apt/apt.conf.d/80images": 'Acquire::Languages "none";\nDPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin || true"; };\n',
    "etc/dpkg/dpkg.cfg.d/images": "path-exclude /usr/share/doc/*\npath-exclude /usr/share/man/*\npath-exclude /usr/share/locale/*\n",
}
"""What Debian's own slim images have, too: they keep no packages, no pages of manuals and no other languages."""
_GIT_PORT = 9418


@contextmanager
def with_debian(bed: Bed, hosts: Sequence[BedHost] = ()) -> Iterator[Mirror]:
    """The image on every host of a bed, or on these alone, and the mirror it installs from (30 s; the next time on the same bed no time at all)."""
    mirror = Mirror(bed.gateway)
    mirror.start()
    try:
        if wanting := [host for host in hosts or bed.hosts if not host.command("images", "-q", DEBIAN).strip()]:
            _import(wanting, mirror.url)
        yield mirror
    finally:
        mirror.close()


def _import(hosts: Sequence[BedHost], proxy: str) -> None:
    with tempfile.TemporaryDirectory(prefix="debian-") as name:
        folder = Path(name)
        archive = folder / "root.tar"
        if (made := once("debian.tar", make_archive)) is None:
            make_archive(archive)
        else:
            shutil.copyfile(made, archive)
        files = {**_AS_IN_IMAGES, _PROXY: f'Acquire::http::Proxy "{proxy}";\nAcquire::https::Proxy "{proxy}";\n'}
        with tarfile.open(archive, "a") as tar:
            for path, text in files.items():
                entry = tarfile.TarInfo(f"./{path}")
                entry.size = len(text)
                tar.addfile(entry, io.BytesIO(text.encode()))
        with ThreadPoolExecutor(len(hosts)) as threads:
            list(threads.map(lambda host: host.command("import", str(archive), DEBIAN, timeout=120.0), hosts))


@contextmanager
def git_repository(bed: Bed, files: Mapping[str, str]) -> Iterator[str]:
    """The url of a repository with these files, which the bed's hosts and their containers reach."""
    with tempfile.TemporaryDirectory(prefix="git-") as name:
        base = Path(name)
        folder = base / "app"
        folder.mkdir()
        for path, text in files.items():
            (folder / path).write_text(text)
        author = ("-c", "user.name=bed", "-c", "user.email=bed@localhost")
        for words in (("init", "-q"), ("add", "."), (*author, "commit", "-q", "-m", "one")):
            run("git", "-C", str(folder), *words)
        command = ["git", "daemon", "--export-all", f"--base-path={base}", f"--listen={bed.gateway}", f"--port={_GIT_PORT}", str(base)]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            _wait(bed.gateway, server)
            yield f"git://{bed.gateway}:{_GIT_PORT}/app"
        finally:
            server.terminate()
            server.wait(10)


def _wait(address: str, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until and server.poll() is None:
        try:
            socket.create_connection((address, _GIT_PORT), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise BedError("git daemon does not listen: is git installed here?")
