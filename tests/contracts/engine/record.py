"""Record the contract suite anew on a current engine: `python -m tests.contracts.engine.record`, as root on Debian, with a mirror.

It makes a Debian that has such an engine (once, in a folder of its own), starts that engine on a host of the bed, refusing old clients
as engines from 29.0 on do, and runs the suite through a recording proxy. The recording is replaced only when all of it passed.
`--live` runs the suite on that engine through all its doors instead and records nothing: so it is told whether an engine of another
release (`--suite trixie`) differs.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bed.ready import why_not
from tests.contracts.engine.recorded import tape

SUITE = "forky"
MIRROR = "http://deb.debian.org/debian"
PACKAGES = ("docker.io", "iptables", "iproute2", "ca-certificates", "openssh-server")
KEPT = Path("/var/cache/clocker-bed")
TESTS = Path(__file__).parent


def main(words: list[str] | None = None) -> int:
    """Exit code: 0 all well, else pytest's."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suite", default=SUITE, help="the Debian to take the engine from (default %(default)s)")
    parser.add_argument("--mirror", default=MIRROR, help="where its packages are (default %(default)s)")
    parser.add_argument("--root", type=Path, help=f"the folder for that Debian, made if missing (default {KEPT}/SUITE)")
    parser.add_argument("--live", action="store_true", help="run the suite on that engine, record nothing")
    parser.add_argument("pytest", nargs="*", help="further words for pytest, after --")
    given = parser.parse_args(words)
    if (reason := why_not()) is not None:
        parser.error(reason)
    root = given.root or KEPT / given.suite
    if not (root / "usr/sbin/dockerd").exists():
        make_root(root, given.suite, given.mirror)
    if given.live:
        return run_suite(given.pytest, CLOCKER_BED_ROOT=str(root))
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "tape"
        code = run_suite(given.pytest, CLOCKER_BED_ROOT=str(root), CLOCKER_RECORD=str(made))
        if code == 0:
            shutil.copyfile(made, tape.FILE)
            recorded = tape.load()
            print(f"{tape.FILE}: {len(recorded.tracks)} tests, {tape.FILE.stat().st_size} bytes, {dict(recorded.engine)}")
        return code


def make_root(root: Path, suite: str, mirror: str) -> None:
    """Make a small Debian with an engine; about 20 s. A mirror that stands still is as good as any, so its date does not matter."""
    root.parent.mkdir(parents=True, exist_ok=True)
    options = ("--variant=minbase", '--aptopt=Acquire::Check-Valid-Until "false"', f"--include={','.join(PACKAGES)}")
    subprocess.run(["mmdebstrap", *options, suite, str(root), mirror], check=True)


def run_suite(words: list[str], **environment: str) -> int:
    """The contract suite in a process of its own."""
    return subprocess.run([sys.executable, "-m", "pytest", str(TESTS), *words], env=os.environ | environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
