"""The long run: `python -m tests.load --containers 10000 --clients 200 --streams 50 --minutes 5 --hours 24`; each part is left out with 0."""

import argparse

from tests.load import day, minutes
from tests.load.ground import Size


def main() -> None:
    """Parse, run, report."""
    words = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__)
    for name, usual in (("containers", 10_000), ("clients", 200), ("streams", 50)):
        words.add_argument(f"--{name}", type=int, default=usual)
    words.add_argument("--minutes", type=float, default=5.0, help="of real time, on a daemon of its own")
    words.add_argument("--hours", type=float, default=24.0, help="of virtual time, in this process")
    given = words.parse_args()
    size = Size(given.containers, given.clients, given.streams)
    if given.minutes:
        print(minutes.run(size, given.minutes * 60), flush=True)
    if given.hours:
        print(day.run(size, given.hours, said=print), flush=True)


if __name__ == "__main__":
    main()
