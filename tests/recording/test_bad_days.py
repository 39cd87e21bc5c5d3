"""Does a daemon go on when its recording cannot, and is nothing in a recording that may not be?"""

import logging
from pathlib import Path

import pytest

from clocker_actors.recording.files import read
from clocker_actors.replaying import replayed
from tests.flows.stories import new_world
from tests.flows.support import managed
from tests.flows.test_secret_files import DB, TEXT, TLS, settings

SHOP = "name: shop\nservices:\n- type: cluster\n  id: web\n  initialSize: 2\n  memberSpec: {type: docker:web}\n"


async def test_when_the_disk_is_full_the_recording_ends_and_the_daemon_goes_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "clocker.recording")
    async with managed(tmp_path / "state", world=new_world(), recording=True) as driven:
        await driven.ended(await driven.deploy(SHOP))
        scribe = driven.manager.taping.scribe
        assert scribe is not None
        scribe._writer.drain()
        scribe._writer._file.close()
        scribe._writer._file = Path("/dev/full").open("wb")  # noqa: SIM115, ASYNC230 - the writer closes it
        await driven.ended(await driven.invoke("shop/web", "resize", size=5))
        await driven.ended(await driven.invoke("shop/web", "resize", size=3))
        assert driven.up("shop/web")
    said = [record.getMessage() for record in caplog.records if record.name == "clocker.recording"]
    assert len(said) == 1
    assert "No space left on device" in said[0]
    done = await replayed(scribe.path)
    assert done.parting is None and done.otherwise is None and not done.whole
    assert done.messages > 100


async def test_where_nothing_can_be_written_it_starts_all_the_same(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    state = tmp_path / "state"
    state.mkdir()
    (state / "recordings").write_text("in the way")
    async with managed(state, world=new_world(), recording=True) as driven:
        await driven.ended(await driven.deploy(SHOP))
        assert driven.manager.taping.scribe is None
    assert "nothing is recorded" in caplog.text


async def test_no_secret_comes_into_it(tmp_path: Path) -> None:
    async with managed(tmp_path / "state", world=new_world(), environ=settings(tmp_path), recording=True) as driven:
        await driven.ended(await driven.deploy(TEXT))
        scribe = driven.manager.taping.scribe
    assert scribe is not None
    whole = repr(list(read(scribe.path)))
    assert "db-password" in whole  # it is about them
    assert DB not in whole and TLS not in whole
    done = await replayed(scribe.path)
    assert (done.sha256, done.whole) == (scribe.decisions.hexdigest(), True)
