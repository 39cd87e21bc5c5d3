"""`python -m tests.demo [show|up|down]`: what `make demo`, `make up` and `make down` run."""

import argparse
import contextlib
import fcntl
import json
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from types import FrameType

import httpx

from clocker_actors.errors import ClockerError
from tests.bed.process import BedError
from tests.demo import docker, ground, manager, shop, standing, story
from tests.demo.ground import Ground, Kind
from tests.demo.home import Home, home_at
from tests.demo.narration import Narrator


def main() -> int:
    """Exit code 0 when everything happened that should have, 1 if not, 130 after Ctrl-C."""
    options = _options()
    signal.signal(signal.SIGTERM, _interrupted)
    signal.signal(signal.SIGHUP, _interrupted)
    narrator = Narrator(options.began)
    wanted = Kind(options.engine) if options.engine else None
    home = home_at(options.state / ("demo" if options.action == "show" else "up"))
    try:
        if options.action == "down":
            return standing.down(home, narrator)
        with _alone(home):
            if options.action == "up":
                return standing.up(home, narrator, wanted)
            return _show(home, narrator, wanted, options)
    except KeyboardInterrupt:
        return 130
    except (BedError, ClockerError, httpx.HTTPError) as error:
        narrator.bad(f"{error}")
        return 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.demo", description=__doc__)
    parser.add_argument("action", nargs="?", default="show", choices=("show", "up", "down"))
    parser.add_argument("--state", type=Path, default=Path(".state"), help="folder for all it keeps (default: .state)")
    parser.add_argument("--engine", choices=[str(kind) for kind in Kind], help="leave it no choice of engine")
    parser.add_argument("--quick", action="store_true", help="the same, with shorter pauses")
    parser.add_argument("--svg", type=Path, help="also write the plot as SVG")
    parser.add_argument("--report", type=Path, help="also write what came of it as JSON")
    parser.add_argument("--began", type=float, help="epoch seconds when setting up began")
    return parser.parse_args()


def _show(home: Home, narrator: Narrator, wanted: Kind | None, options: argparse.Namespace) -> int:
    """The demo from nothing to nothing."""
    narrator.step("Where containers run")
    standing.sweep(home)
    home.make()
    stage = ground.prepare(home, narrator, wanted)
    running, told = None, None
    try:
        narrator.say(f"This demo runs on {stage.words}.")
        if stage.kind is Kind.FOUND:
            docker.clear(stage.url, home.plane)
        narrator.step("The manager starts")
        narrator.say("$ clocker daemon &", "bold")
        running = manager.start(home, stage)
        narrator.good(f"it is ready; its state and its socket are in {running.state}")
        told = story.Story(home, stage, running, narrator, shop.QUICK if options.quick else shop.FULL)
        told.tell()
        told.draw(options.svg)
    except KeyboardInterrupt:
        narrator.say("\nInterrupted: removing everything.", "yellow")
        raise
    finally:
        left = _remove(home, stage, running, narrator)
    if left:
        narrator.bad(f"left behind: {', '.join(left)}")
    told.outcome.left = left
    if options.report is not None:
        options.report.write_text(json.dumps(asdict(told.outcome), indent=2) + "\n")
    narrator.say("")
    narrator.say("To play with it yourself: make up" if told.outcome.good else "Not everything went as it should: see the lines marked !!")
    return 0 if told.outcome.good else 1


def _remove(home: Home, stage: Ground, running: manager.ManagerProcess | None, narrator: Narrator) -> list[str]:
    """Undo all of it, come what may; what is left, in words."""
    with _undisturbed():
        left: list[str] = []
        try:
            if running is not None and running.runs():
                left += story.remove(home, stage, running, narrator)
        except (ClockerError, httpx.HTTPError) as error:
            left.append(str(error))
        if running is not None:
            running.stop()
        left += ground.release(home, stage)
        home.remove()
        if home.path.exists():
            left.append(str(home.path))
        if not left:
            own = ", the engine" if stage.kind is Kind.OWN else ""
            narrator.good(f"gone: the containers, their image, the daemon{own} and {home.path}")
        return left


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """No signal ends the cleaning up half-way."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, signal.SIG_IGN) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


@contextlib.contextmanager
def _alone(home: Home) -> Iterator[None]:
    """Hold the home for ourselves. BedError when another demo runs in it."""
    home.path.parent.mkdir(parents=True, exist_ok=True)
    lock = home.path.with_name(f"{home.path.name}.lock")
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BedError(f"another demo runs in {home.path}: wait for its end, or choose another folder with STATE=...") from None
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)
            home.tidy()
    finally:
        os.close(descriptor)


def _interrupted(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
