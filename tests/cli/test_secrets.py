"""secret and state: what is kept is named and never shown, wherever a value came from."""

import io
import json
from pathlib import Path

import pytest

from tests.admin.house import House
from tests.cli.conftest import Clocker

pytestmark = pytest.mark.real_loop
VALUE = "correct horse battery"


async def test_a_secret_is_kept_from_a_file_or_stdin_listed_and_removed(
    house: House, clocker: Clocker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = house.context.secrets
    assert own is not None
    (tmp_path / "value").write_text(VALUE + "\n")
    assert (await clocker("secret", "set", "db", str(tmp_path / "value"))).code == 0
    assert await own.open("clocker", "db") == VALUE
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"of stdin\n")))
    set_ = await clocker("secret", "set", "web")
    assert set_.code == 0 and "at their next start" in set_.out
    assert await own.open("clocker", "web") == "of stdin"
    listed = await clocker("secret")
    assert "db" in listed.out and "web" in listed.out and VALUE not in listed.out
    assert [each["name"] for each in json.loads((await clocker("secret", "ls", "--json")).out)["items"]] == ["db", "web"]
    assert (await clocker("secret", "rm", "db")).code == 0
    gone = await clocker("secret", "rm", "db")
    assert (gone.code, gone.said) == (2, "clocker: the manager keeps no secret db; list what it keeps by `clocker secret`")


async def test_the_key_is_rotated(house: House, clocker: Clocker) -> None:
    own = house.context.secrets
    assert own is not None
    await own.put("db", VALUE.encode())
    before = own.box.key
    told = json.loads((await clocker("state", "rotate-key", "--json")).out)
    assert (told["values"], told["key"]) == (1, own.box.key) and own.box.key != before
    assert await own.open("clocker", "db") == VALUE
    assert "encrypted with the new key" in (await clocker("state", "rotate-key")).out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("secret", "give", "db"), "there is no action"),
        (("secret", "set"), "takes a name"),
        (("secret", "ls", "db"), "takes nothing"),
        (("secret", "set", "db", "/nowhere"), "cannot be read"),
        (("secret", "set", "db password", "FILE"), "cannot name a secret"),
        (("secret", "set", "db", "EMPTY"), "is empty"),
        (("state", "forget"), "there is no action"),
    ],
)
async def test_what_cannot_be(house: House, clocker: Clocker, tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    (tmp_path / "FILE").write_text(VALUE)
    (tmp_path / "EMPTY").write_text("")
    ran = await clocker(*(str(tmp_path / word) if word in ("FILE", "EMPTY") else word for word in words))
    assert ran.code == 2 and said in ran.said
    assert VALUE not in ran.err


async def test_no_answer_ever_has_a_value(house: House) -> None:
    own = house.context.secrets
    assert own is not None
    async with house.client() as http:
        kept = await http.put("/v1/secrets/db", content=VALUE)
        listed, rotated = await http.get("/v1/secrets"), await http.post("/v1/state/rotate-key")
        wrong = await http.put("/v1/secrets/db", content=b"\xff" + VALUE.encode())
        large = await http.put("/v1/secrets/db", content=VALUE * 10_000)
        gone = await http.delete("/v1/secrets/db")
        never = await http.delete("/v1/secrets/db")
    answers = (kept, listed, rotated, wrong, large, gone, never)
    assert [each.status_code for each in answers] == [200, 200, 200, 400, 413, 200, 404]
    assert not any(VALUE in each.text for each in answers)
