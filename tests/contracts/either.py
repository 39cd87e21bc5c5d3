"""The loop of a contract's test, known only when the test is set up: virtual time for what is simulated, the real loop for what is real."""

import asyncio
from collections.abc import Callable, Mapping

import pytest

from clocker_actors.kernel import VirtualLoop

KIND = pytest.StashKey[str]()


def loops(config: pytest.Config, real: Callable[[str], bool]) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """For a conftest's hook of pytest-asyncio: `real` says of which kinds."""

    def loop() -> asyncio.AbstractEventLoop:
        return asyncio.new_event_loop() if real(config.stash.get(KIND, "")) else VirtualLoop()

    return {"either": loop}


@pytest.hookimpl(tryfirst=True)
def note_kind(item: pytest.Item) -> None:
    """Note what the test is about to run on; a conftest has this as its hook `pytest_runtest_setup`."""
    kind: str = item.callspec.params.get("kind", "") if hasattr(item, "callspec") else ""
    item.config.stash[KIND] = kind
