"""The audit log: every order and every refusal is in it, for its owner alone; it is bounded, and a full disk stops nothing."""

import asyncio
import json
import os
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from clocker_actors.admin import audit as audits
from clocker_actors.admin.audit import DONE, REFUSED, Audit, Line
from tests.admin.house import House, open_house


def line(number: int, outcome: str = DONE) -> Line:
    """An order."""
    return Line(1_800_000_000.0 + number, "ci", "192.0.2.1", "POST", f"/v1/x/{number}", 202, outcome, f"r{number}", "shop/web")


def written(path: Path) -> list[dict[str, object]]:
    return [json.loads(each) for each in path.read_text().splitlines()]


def until(holds: Callable[[], bool]) -> None:
    """Lines are written by a thread of their own."""
    for _ in range(500):
        if holds():
            return
        time.sleep(0.01)
    pytest.fail("it never came")


@pytest.mark.real_loop
async def test_orders_and_refusals_are_in_it_with_who_and_from_where(tmp_path: Path) -> None:
    async with open_house(tmp_path, listen="127.0.0.1:0") as house:
        token, reader = await house.token(), await house.token("reader", "read")
        async with (
            house.visitor(token) as ci,
            house.visitor(reader) as other,
            house.visitor("wrong", source="127.0.0.9") as nobody,
            house.client() as owner,
        ):
            await ci.post("/v1/entities/c2/effectors/resize", json={"size": 3})
            await ci.get("/v1/applications")
            await other.post("/v1/entities/c2/effectors/start")
            await nobody.get("/v1/applications")
            await owner.post("/v1/entities/shop/effectors/stop")
            await ci.post("/v1/entities/c2/effectors/resize", json={"size": "x"})
            await owner.delete("/v1/tokens/ci")
            await owner.post("/v1/tokens", json={"name": "new", "scope": "operate", "applications": ["shop"]})
            await owner.post("/v1/applications", content=b"id: blog\nservices: [{type: 'docker:busybox:1'}]\n")
        assert token not in (tmp_path / "audit.log").read_text()
    path = tmp_path / "audit.log"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    told = [(each["principal"], each["source"], each["status"], each["outcome"], each.get("target", "")) for each in written(path)]
    uid = next(each[0] for each in told if each[1] == "unix")
    assert told == [
        ("ci", "127.0.0.1", 202, "done", "shop/web"),
        ("reader", "127.0.0.1", 403, "refused", ""),
        ("anybody", "127.0.0.9", 401, "refused", ""),
        (uid, "unix", 202, "done", "shop"),
        ("ci", "127.0.0.1", 400, "failed", "shop/web"),
        (uid, "unix", 200, "done", ""),
        (uid, "unix", 201, "done", "token new: operate of shop"),
        (uid, "unix", 202, "done", "blog"),
    ]
    assert [str(each["why"])[:30] for each in written(path) if "why" in each] == [
        "reader may only read; POST /v1",
        "this door needs a token that i",
    ]
    assert [each["cause"] for each in written(path) if each["status"] == 202] == [each.cause.id for each in house.invoked]
    assert str(uid).startswith("uid:")


@pytest.mark.real_loop
async def test_it_can_be_read_by_rest(house: House) -> None:
    async with house.client() as owner:
        for _ in range(3):
            await owner.post("/v1/entities/shop/effectors/stop")
        items: list[dict[str, object]] = []
        for _ in range(200):
            items = (await owner.get("/v1/audit", params={"latest": 2})).json()["items"]
            if len(items) == 2 and items[-1]["cause"] == house.invoked[-1].cause.id:
                return
            await asyncio.sleep(0.01)
    pytest.fail(f"{items}")


def test_it_is_rotated_and_bounded(tmp_path: Path) -> None:
    audit = Audit(tmp_path, lambda: 0.0, size=1_000, kept=2)
    for number in range(60):
        audit.note(line(number))
        if number % 3 == 0:
            until(lambda: audit.latest(1)[-1:] != [] and audit.latest(1)[0]["cause"] == f"r{number}")  # noqa: B023 - called at once
    audit.close()
    found = sorted(tmp_path.iterdir())
    assert [each.name for each in found] == ["audit.log", "audit.log.1", "audit.log.2"]
    assert all(each.stat().st_size <= 1_000 for each in found)
    latest = [each["cause"] for each in audit.latest(8)]
    assert latest == [f"r{number}" for number in range(52, 60)]


def test_refusals_do_not_push_out_what_was_done(tmp_path: Path) -> None:
    now = 0.0
    audit = Audit(tmp_path, lambda: now)
    for number in range(500):
        audit.note(line(number, REFUSED), known=False)
    audit.note(line(501))
    now = 4.0
    audit.note(line(502, REFUSED), known=True)
    audit.close()
    found = written(tmp_path / "audit.log")
    assert len(found) == audits.REFUSED_BURST + 2
    assert [each.get("unsaid") for each in found[-2:]] == [400, None]


def test_a_full_disk_stops_nothing_and_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    audit = Audit(tmp_path, lambda: 0.0)
    real, full = os.write, True

    def write(descriptor: int, text: bytes) -> int:
        if full:
            if len(text) > 40:
                return real(descriptor, text[:40])  # some of it goes in before the disk is full
            raise OSError(28, "No space left on device")
        return real(descriptor, text)

    monkeypatch.setattr(os, "write", write)
    for number in range(3):
        audit.note(line(number))
    until(lambda: audit.lost == 3)
    assert (tmp_path / "audit.log").read_bytes() == b""
    full = False
    audit.note(line(4))
    audit.close()
    assert [each.get("lost", each.get("cause")) for each in written(tmp_path / "audit.log")] == [3, "r4"]


def test_a_disk_that_hangs_never_holds_who_notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = threading.Event()
    real = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, text: (free.wait(10), real(descriptor, text))[1])
    monkeypatch.setattr(audits, "WAITING", 50)
    audit = Audit(tmp_path, lambda: 0.0)
    began = time.monotonic()
    for number in range(200):
        audit.note(line(number))
    assert time.monotonic() - began < 1
    assert audit.lost >= 100
    free.set()
    audit.close()
    found = written(tmp_path / "audit.log")
    assert sum(int(str(each.get("lost", 0))) for each in found) in {0, audit.lost}
    assert next(each["cause"] for each in found if "cause" in each) == "r0"


def test_what_clients_write_stays_on_its_line(tmp_path: Path) -> None:
    audit = Audit(tmp_path, lambda: 0.0)
    audit.note(Line(0.0, "ci", "x", "POST", '/v1/\n\u2028{"lost": 1}\udcff' + "y" * 10_000, 404, "failed", "r1"))
    audit.close()
    (found,) = written(tmp_path / "audit.log")
    assert len(str(found["path"])) == audits.LONGEST
    assert (tmp_path / "audit.log").read_bytes().count(b"\n") == 1


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "audit.log").symlink_to(tmp_path / "mine")
    audit = Audit(tmp_path, lambda: 0.0)
    audit.note(line(1))
    until(lambda: audit.lost == 1)
    audit.close()
    assert (tmp_path / "mine").read_text() == "mine"


def test_without_a_folder_nothing_is_kept() -> None:
    audit = Audit(None)
    audit.note(line(1))
    assert (audit.latest(5), audit.lost) == ([], 0)
    audit.close()
