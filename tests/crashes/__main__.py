"""The long run: `python -m tests.crashes --kills 100 --seed 1` on a bed of its own."""

import argparse
import asyncio
import logging
import tempfile
import time
from pathlib import Path

from tests.bed.bed import Bed
from tests.bed.image import build_web_image
from tests.crashes.story import run


def main() -> None:
    """Parse, run, report."""
    words = argparse.ArgumentParser(prog="python -m tests.crashes", description=__doc__)
    words.add_argument("--kills", type=int, default=100)
    words.add_argument("--seed", type=int, default=int(time.time()))
    words.add_argument("--hosts", type=int, default=2)
    given = words.parse_args()
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    print(f"seed {given.seed}", flush=True)
    bed = Bed(given.hosts)
    bed.open()
    try:
        for host in bed.hosts:
            asyncio.run(build_web_image(host))
        with tempfile.TemporaryDirectory(prefix="crash-") as folder:
            print(run(bed.hosts, Path(folder), given.kills, given.seed))
    finally:
        bed.close()


if __name__ == "__main__":
    main()
