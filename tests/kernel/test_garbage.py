"""Is what survived a long look through everything spared by the next, and looked through again later, so that nothing stays for ever?"""

import asyncio
import gc
import weakref

import pytest

from clocker_actors.kernel.garbage import looks_again, sparing


class Ring:
    """Garbage that only the collector finds."""

    def __init__(self) -> None:
        self.myself = self


def test_a_long_look_spares_what_is_left_for_those_that_come() -> None:
    with sparing(0.0):
        ring = Ring()
        known = weakref.ref(ring)
        gc.collect()
        assert gc.get_freeze_count() > 0
        del ring
        gc.collect()
        assert known() is not None, "it is not looked at"
    gc.collect()
    assert known() is None and gc.get_freeze_count() == 0


def test_a_short_look_changes_nothing() -> None:
    before = len(gc.callbacks)
    with sparing(60.0):
        gc.collect()
        assert gc.get_freeze_count() == 0
    assert len(gc.callbacks) == before


async def test_what_went_meanwhile_is_found_at_last() -> None:
    with sparing(0.0):
        ring = Ring()
        known = weakref.ref(ring)
        gc.collect()
        del ring
        looking = asyncio.create_task(looks_again(3600.0))
        await asyncio.sleep(3601.0)
        gc.collect()
        assert known() is None
        looking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await looking
