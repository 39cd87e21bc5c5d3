"""Tell stories: `python -m tests.simulation --seed 7`, or `--seeds 0-299`. A story that breaks a rule is cut down to what is needed for that, and printed."""

import argparse
import sys
import time

from tests.simulation.cutting import cut
from tests.simulation.once_told import outcome, told
from tests.simulation.telling import story


def main() -> int:
    """1 if a story broke a rule."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="one story")
    parser.add_argument("--seeds", default="0-99", help="from-to, the last one included")
    parser.add_argument("--whole", action="store_true", help="do not cut down a story that breaks a rule")
    parser.add_argument("--digest", action="store_true", help="print the SHA-256 of all that came of each story")
    given = parser.parse_args()
    first, _, last = (str(given.seed) if given.seed is not None else given.seeds).partition("-")
    broken = []
    began = time.monotonic()
    for seed in range(int(first), int(last or first) + 1):
        made = story(seed)
        problem, digest = outcome(made)
        if given.digest:
            sys.stdout.write(f"{seed} {digest or problem}\n")
        elif problem:
            broken.append(seed)
            shortest = made if given.whole else cut(made)
            sys.stdout.write(f"\n{shortest}\n\n{told(shortest)}\n")
            sys.stdout.flush()
    count = int(last or first) - int(first) + 1
    seconds = time.monotonic() - began
    if not given.digest:
        words = f"{len(broken)} broke a rule{': ' if broken else ''}{', '.join(map(str, broken))}"
        sys.stdout.write(f"{count} stories in {seconds:.1f} s, {words}\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
