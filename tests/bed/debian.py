"""A fresh Debian as a cloud's image has it: made once per run with the machine's own package sources, no Docker in it.

Where packages come from is read from this machine at run time and written nowhere else; nodes get at them through the bed's mirror.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from tests.bed.process import BedError, run
from tests.once import once

INCLUDED = "openssh-server,iproute2,ca-certificates,sudo"
APT = Path("/etc/apt")
_OPTIONS = ("Acquire::Check-Valid-Until", "Acquire::Check-Date")


def make_root(folder: Path) -> Path:
    """Make the root file system in a folder (25 s, the second time in a run of tests 2 s); BedError with the program's last words when it cannot be."""
    archive = once("debian.tar", make_archive)
    if archive is None:
        return _make(folder)
    root = folder / "root"
    root.mkdir()
    run("tar", "-C", str(root), "--numeric-owner", "-xf", str(archive), timeout=120.0)
    return root


def make_archive(path: Path) -> None:
    """The same as one file (tar)."""
    with tempfile.TemporaryDirectory(prefix="root-") as folder:
        run("tar", "-C", str(_make(Path(folder))), "--numeric-owner", "-cf", str(path), ".", timeout=120.0)


def _make(folder: Path) -> Path:
    codename = _codename()
    sources = folder / "machine.sources"
    sources.write_text(_sources(codename))
    options = _options()
    root = folder / "root"
    run(
        *("mmdebstrap", "--quiet", "--variant=minbase", "--mode=root", "--format=directory", f"--include={INCLUDED}"),
        *(f"--aptopt={option}" for option in options),
        *(codename, str(root), str(sources)),
        timeout=300.0,
    )
    (root / "etc/apt/apt.conf.d/90machine").write_text("".join(f"{option}\n" for option in options))
    (root / "etc/dpkg/dpkg.cfg.d/90unsafe").write_text(
        "force-unsafe-io\n"
    )  # nobody needs it after a crash of this machine; as in Debian's images
    bundle = Path("/etc/ssl/certs/ca-certificates.crt")  # the machine may trust an authority of its own mirror
    if bundle.exists():
        (root / "etc/ssl/certs/ca-certificates.crt").write_bytes(bundle.read_bytes())
    for key in (root / "etc/ssh").glob("ssh_host_*"):  # each node makes its own
        key.unlink()
    return root


def _codename() -> str:
    found = re.search(r"^VERSION_CODENAME=\"?(\w+)", Path("/etc/os-release").read_text(), re.MULTILINE)
    if found is None:
        raise BedError("this machine's /etc/os-release has no VERSION_CODENAME: bare machines need a Debian or Ubuntu")
    return found[1]


def _sources(codename: str) -> str:
    """Those of the machine's package sources that are of the distribution itself, in deb822 form."""
    paragraphs = []
    for file in sorted((APT / "sources.list.d").glob("*.sources")):
        paragraphs += [text.strip() for text in re.split(r"\n\s*\n", file.read_text()) if _of(codename, text)]
    for file in [APT / "sources.list", *sorted((APT / "sources.list.d").glob("*.list"))]:
        lines = file.read_text().splitlines() if file.exists() else []
        paragraphs += [made for line in lines if (made := _paragraph(line)) and _of(codename, made)]
    if not paragraphs:
        raise BedError(f"no package source of {codename} with component main is in {APT}: bare machines cannot be made")
    return "\n\n".join(paragraphs) + "\n"


def _paragraph(line: str) -> str:
    found = re.match(r"deb\s+(?:\[(?P<options>[^]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+(?P<components>.+)", line.strip())
    if found is None:
        return ""
    signed = re.search(r"signed-by=(\S+)", found["options"] or "")
    key = f"Signed-By: {signed[1]}\n" if signed else ""
    return f"Types: deb\nURIs: {found['uri']}\nSuites: {found['suite']}\nComponents: {found['components']}\n{key}".strip()


def _of(codename: str, paragraph: str) -> bool:
    suites = re.search(r"^Suites:\s*(.+)$", paragraph, re.MULTILINE)
    parts = re.search(r"^Components:\s*(.+)$", paragraph, re.MULTILINE)
    if suites is None or parts is None or "main" not in parts[1].split() or re.search(r"^Enabled:\s*no", paragraph, re.MULTILINE):
        return False
    return all(suite == codename or suite.startswith(f"{codename}-") for suite in suites[1].split())


def _options() -> list[str]:
    lines = run("apt-config", "dump").splitlines()
    return [line for line in lines if line.startswith(_OPTIONS)]
