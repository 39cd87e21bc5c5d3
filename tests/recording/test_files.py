"""Is a recording bounded, private, readable up to where it was cut off, and never a matter of life and death for the daemon?"""

import logging
import os
import stat
from pathlib import Path

import pytest

from clocker_actors import masking
from clocker_actors.errors import BadRequest
from clocker_actors.recording.files import FORMAT, HEAD, SUFFIX, Writer, read
from clocker_actors.recording.scribe import Bounds, begin

BIG = 1_000_000


def written(path: Path, records: int, size: int = BIG) -> Writer:
    """A file of as many records, each in a piece of its own."""
    writer = Writer(path, size)
    writer.add([HEAD, FORMAT])
    for number in range(records):
        writer.add(["seen", "noise", os.urandom(1000), number])
        writer.flush()
    return writer


def test_it_is_its_owners_alone_and_reads_as_it_was_written(tmp_path: Path) -> None:
    scribe = begin(tmp_path / "recordings", "0", Bounds(3, BIG), {}, ())
    assert scribe is not None
    scribe.end(0)
    path = tmp_path / "recordings" / f"1{SUFFIX}"
    written(path, 5).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [record[3] for record in read(path) if record[0] == "seen"] == [0, 1, 2, 3, 4]


def test_a_full_file_ends_and_says_so_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        writer = written(tmp_path / f"1{SUFFIX}", 40, size=10_000)
        writer.close()
    assert writer.path.stat().st_size <= 10_000
    assert [record.message for record in caplog.records if "recording_size" in record.message] == [caplog.records[0].message]
    numbers = [record[3] for record in read(writer.path) if record[0] == "seen"]
    assert numbers == list(range(len(numbers)))
    assert 5 <= len(numbers) < 40


def test_a_full_disk_ends_it_and_nothing_else(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    writer = written(tmp_path / f"1{SUFFIX}", 0)
    writer._file.close()
    writer._file = Path("/dev/full").open("wb")  # noqa: SIM115 - the writer closes it
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            writer.add(["seen", "x", b""])
            writer.flush()
        writer.close()
    assert writer.stopped == "it cannot be written (No space left on device)"
    assert len(caplog.records) == 1


@pytest.mark.parametrize("cut", [1, 7, 700, 1500])
def test_what_was_cut_off_is_read_up_to_there(tmp_path: Path, cut: int) -> None:
    path = tmp_path / f"1{SUFFIX}"
    written(path, 6).close()
    path.write_bytes(path.read_bytes()[:-cut])
    numbers = [record[3] for record in read(path) if record[0] == "seen"]
    assert numbers == list(range(5 if cut < 1000 else 4))


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\x1f\x8b\x08\x00nonsense and more of it"])
def test_what_is_no_recording_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    with pytest.raises(BadRequest, match=r"cannot be read as a recording|is empty"):
        list(read(path))


def test_a_recording_of_a_later_form_is_refused(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "x", BIG)
    writer.add([HEAD, FORMAT + 1])
    writer.close()
    with pytest.raises(BadRequest, match="another version"):
        list(read(writer.path))


def there(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_oldest_go_when_something_is_heard(tmp_path: Path) -> None:
    for number in range(1, 7):
        (tmp_path / f"{number:08}{SUFFIX}").touch()
    (tmp_path / "mine.txt").touch()
    scribe = begin(tmp_path, f"{7:08}", Bounds(3, BIG), {}, ())
    assert scribe is not None
    scribe.admitted(1, 5.0, 0, [])
    scribe.end(1)
    assert there(tmp_path) == [f"{5:08}{SUFFIX}", f"{6:08}{SUFFIX}", f"{7:08}{SUFFIX}", "mine.txt"]


def test_a_daemon_that_does_not_come_up_takes_no_recording_away(tmp_path: Path) -> None:
    """A used port, say: its supervisor tries again and again."""
    (tmp_path / f"{1:08}{SUFFIX}").touch()
    for number in range(2, 9):
        scribe = begin(tmp_path, f"{number:08}", Bounds(2, BIG), {}, ())
        assert scribe is not None
        scribe.end(0)
    assert there(tmp_path) == [f"{1:08}{SUFFIX}"]


def test_no_secret_value_is_in_it_and_what_is_around_it_is_readable(tmp_path: Path) -> None:
    secret = 'hun"ter-äö-2222'
    masking.remember(secret)
    writer = Writer(tmp_path / "x", BIG)
    writer.add([HEAD, FORMAT])
    writer.add(["kept", "member", "m1", f'{{"env": "hun\\"ter-äö-2222 {secret}"}}'.encode()])
    writer.add(["seen", "x", secret, {"deep": [f"url?{secret}!"]}, 12])
    writer.close()
    _, kept, seen = read(writer.path)
    assert "hun" not in repr(kept) + repr(seen)
    assert seen[3]["deep"][0].startswith("url?**") and seen[4] == 12
