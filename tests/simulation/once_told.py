"""One story on a loop of its own, in a folder of its own: what it broke, in words, and the hash of all that came of it."""

import asyncio
import contextlib
import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path

import structlog

from tests.simulation.acting import tell
from tests.simulation.loop import StoryLoop
from tests.simulation.story import Story

MEMORY = Path("/dev/shm")
"""Where writing costs nothing, if this machine has that."""


def told(story: Story) -> str:
    """What is wrong at the end, or at any time; "" when nothing is."""
    return outcome(story)[0]


def outcome(story: Story) -> tuple[str, str]:
    """The same, and the digest of the whole trace ("" if it came to no end)."""
    with _silent(), tempfile.TemporaryDirectory(prefix="story-", dir=MEMORY if MEMORY.is_dir() else None) as folder:
        try:
            with asyncio.Runner(loop_factory=StoryLoop) as runner:
                return "", runner.run(tell(story, Path(folder) / "state")).digest
        except AssertionError as broken:
            return str(broken), ""
        except Exception as error:
            with contextlib.suppress(Exception):
                return f"{type(error).__name__}: {error}", ""
    return "it ended without a word", ""


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Bad days are logged, and here they are all there is."""
    before, config = logging.root.manager.disable, structlog.get_config()
    logging.disable(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        logging.disable(before)
        structlog.configure(**config)
