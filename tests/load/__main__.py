"""The long run: `python -m tests.load --containers 10000 --clients 200 --streams 50 --minutes 5 --hours 24`; each part is left out with 0.

It ends with 1 if reads took longer, or memory grew more, than promised.
"""

import argparse
import sys

from tests.load import day, minutes
from tests.load.ground import Size

P99 = 0.05
"""Seconds."""
GROWS = 1.0
"""MiB in a virtual hour, after the first."""


def main() -> None:
    """Parse, run, report."""
    missed = []
    words = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__)
    for name, usual in (("containers", 10_000), ("clients", 200), ("streams", 50)):
        words.add_argument(f"--{name}", type=int, default=usual)
    words.add_argument("--minutes", type=float, default=5.0, help="of real time, on a daemon of its own")
    words.add_argument("--hours", type=float, default=24.0, help="of virtual time, in this process")
    given = words.parse_args()
    size = Size(given.containers, given.clients, given.streams)
    if given.minutes:
        found = minutes.run(size, given.minutes * 60)
        print(found, flush=True)
        missed += [f"p99 of reads is {found.p99:.3f} s, {P99:g} s were promised"] * (found.p99 > P99)
        missed += found.asked.wrong
    if given.hours:
        passed = day.run(size, given.hours, said=print)
        print(passed, flush=True)
        missed += [f"memory grew by {passed.grows:.2f} MiB an hour, {GROWS:g} were promised"] * (passed.grows > GROWS)
    if missed:
        sys.exit("\n".join(missed))


if __name__ == "__main__":
    main()
