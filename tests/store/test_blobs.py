"""Are uploads kept whole, private, checked and bounded?"""

import hashlib
import stat
import time
from pathlib import Path

import pytest

from clocker_actors.errors import BadRequest, NotFound, StoreFault
from clocker_actors.ports.store import Blobs
from clocker_actors.store import FileBlobs
from clocker_actors.store.blobs import PROMISE


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return FileBlobs(tmp_path / "blobs", limit=1000, now=time.time)


async def test_a_blob_is_named_by_its_content(blobs: Blobs, tmp_path: Path) -> None:
    name = await blobs.put(b"tar")
    assert name == hashlib.sha256(b"tar").hexdigest()
    assert await blobs.put(b"tar") == name
    assert blobs.has(name)
    assert await blobs.get(name) == b"tar"
    assert [path.name for path in (tmp_path / "blobs").iterdir()] == [name]
    assert stat.S_IMODE((tmp_path / "blobs" / name).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "blobs").stat().st_mode) == 0o700


async def test_an_unknown_blob_is_asked_for(blobs: Blobs) -> None:
    assert not blobs.has("0" * 64)
    with pytest.raises(NotFound, match=r"no blob 0+ here; upload the file again"):
        await blobs.get("0" * 64)


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "ABC", "0" * 63, "0" * 64 + "\n"])
async def test_a_name_that_is_none_is_refused(blobs: Blobs, name: str) -> None:
    with pytest.raises(BadRequest, match="SHA-256"):
        await blobs.get(name)
    with pytest.raises(BadRequest):
        blobs.has(name)


async def test_too_much_is_refused(blobs: Blobs) -> None:
    with pytest.raises(BadRequest, match=r"1001 bytes and 1000 are allowed; leave files out"):
        await blobs.put(b"x" * 1001)


async def test_a_damaged_blob_is_noticed_and_healed_by_the_next_upload(blobs: Blobs, tmp_path: Path) -> None:
    name = await blobs.put(b"tar")
    (tmp_path / "blobs" / name).write_bytes(b"rat")
    with pytest.raises(StoreFault, match=r"is damaged.*upload the file again"):
        await blobs.get(name)
    await blobs.put(b"tar")
    assert await blobs.get(name) == b"tar"


async def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "blobs").write_text("a file in the way")
    with pytest.raises(StoreFault, match=r"cannot write .*: there is a file of that name; name another"):
        await FileBlobs(tmp_path / "blobs", now=time.time).put(b"tar")


class Watch:
    """A clock that is set by hand, beginning now: files have the machine's time."""

    def __init__(self) -> None:
        self.at = time.time()

    def now(self) -> float:
        return self.at


def folder_of(path: Path) -> set[str]:
    return {found.name for found in path.iterdir()}


async def test_what_no_record_names_is_swept_after_an_hour(tmp_path: Path) -> None:
    folder, watch = tmp_path / "blobs", Watch()
    assert await FileBlobs(folder, now=watch.now).sweep(()) == 0, "there is no directory yet"
    earlier = FileBlobs(folder, now=watch.now)
    named, forgotten = await earlier.put(b"named"), await earlier.put(b"forgotten")
    (folder / ".upload-killed").write_bytes(b"half")
    (folder / "README").write_text("somebody else's")

    blobs = FileBlobs(folder, now=watch.now)
    assert await blobs.sweep({named}) == 0, "its client may deploy it yet, though the daemon was restarted"
    assert folder_of(folder) == {named, forgotten, "README"}
    watch.at += PROMISE + 1
    (folder / ".upload-now").write_bytes(b"half")
    assert await blobs.sweep({named}) == 1
    assert folder_of(folder) == {named, "README", ".upload-now"}, "an upload that is under way is left alone"
    assert not blobs.has(forgotten)


async def test_an_upload_goes_with_the_record_that_named_it(tmp_path: Path) -> None:
    watch = Watch()
    blobs = FileBlobs(tmp_path, now=watch.now)
    name = await blobs.put(b"tar")
    assert await blobs.sweep(()) == 0, "its deploy is not written yet"
    watch.at += 60
    assert await blobs.sweep({name}) == 0
    assert await blobs.sweep(()) == 1, "its application was deleted"


async def test_an_upload_that_is_asked_for_stays_for_the_next_deploy(tmp_path: Path) -> None:
    watch = Watch()
    blobs = FileBlobs(tmp_path, now=watch.now)
    name = await blobs.put(b"tar")
    watch.at += 60
    assert blobs.has(name), "so its client will not send it again, and deploys it a second time"
    assert await blobs.sweep({name}) == 0
    assert await blobs.sweep(()) == 0, "the first application went meanwhile"
    watch.at += 60
    assert await blobs.sweep({name}) == 0
    assert await blobs.sweep(()) == 1
    assert not blobs.has(name)
