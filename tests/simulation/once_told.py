"""One story on a loop of its own, in a folder of its own: what it broke, in words."""

import asyncio
import contextlib
import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path

import structlog

from clocker_actors.kernel import VirtualLoop
from tests.simulation.acting import tell
from tests.simulation.story import Story

MEMORY = Path("/dev/shm")
"""Where writing costs nothing, if this machine has that."""


def told(story: Story) -> str:
    """What is wrong at the end, or at any time; "" when nothing is."""
    with _silent(), tempfile.TemporaryDirectory(prefix="story-", dir=MEMORY if MEMORY.is_dir() else None) as folder:
        try:
            with asyncio.Runner(loop_factory=VirtualLoop) as runner:
                runner.run(tell(story, Path(folder) / "state"))
        except AssertionError as broken:
            return str(broken)
        except Exception as error:
            with contextlib.suppress(Exception):
                return f"{type(error).__name__}: {error}"
    return ""


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
