"""Is what the manager keeps secret readable with its key alone, in its own record alone, and with a new key at whatever instant the change was interrupted?"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from clocker_actors.errors import BadRequest, NotFound, SettingsError
from clocker_actors.externals import Externals
from clocker_actors.ports.store import Record
from clocker_actors.store import SqliteStore
from clocker_actors.store.keyring import FILE, Keyring, make_keyring, read_keyring
from clocker_actors.store.ownsecrets import OwnSecrets, password_key
from clocker_actors.store.strongbox import KIND, Strongbox

VALUES = {"one": b"first value", "two": b"zweiter Wert", "three": bytes(range(256))}


@pytest_asyncio.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = await SqliteStore.open(tmp_path / "state")
    yield store
    await store.close()


async def opened(store: SqliteStore) -> Strongbox:
    return await Strongbox.open(store, store.path.parent, lambda: 7.0)


async def filled(store: SqliteStore) -> Strongbox:
    box = await opened(store)
    for name, value in VALUES.items():
        await box.put(name, value)
    return box


def everything(state: Path) -> bytes:
    return b"".join(path.read_bytes() for path in state.rglob("*") if path.is_file())


def values(box: Strongbox) -> dict[str, bytes]:
    return {name: box.get(name) for name in box.names()}


async def test_values_are_there_again_and_nowhere_in_the_clear(store: SqliteStore) -> None:
    await filled(store)
    assert values(await opened(store)) == VALUES
    assert set((await opened(store)).names().values()) == {7.0}
    kept = everything(store.path.parent)
    assert not any(value in kept for value in VALUES.values())
    assert (store.path.parent / FILE).stat().st_mode & 0o777 == 0o600


async def test_a_record_is_no_use_under_another_name_and_none_when_changed(store: SqliteStore) -> None:
    box = await filled(store)
    body = store.read(KIND, "one") or b""
    await store.write([Record(KIND, "two", body)])
    with pytest.raises(SettingsError, match="two in the store is not what was encrypted there"):
        box.get("two")
    await store.write([Record(KIND, "two", None), Record(KIND, "one", body.replace(b'"text":"', b'"text":"AA'))])
    with pytest.raises(SettingsError, match="restore the state directory from a backup"):
        await opened(store)


async def test_a_key_is_rotated_and_the_old_one_forgotten(store: SqliteStore) -> None:
    box = await filled(store)
    old = (store.path.parent / FILE).read_bytes()
    assert await box.rotate() == 3
    assert values(box) == values(await opened(store)) == VALUES
    new = read_keyring(store.path.parent)
    assert new is not None and len(new.keys) == 1 and new.newest.id == box.key
    assert new.newest.key.encode() not in old
    await box.put("four", b"later")
    assert (await opened(store)).get("four") == b"later"


class Killed(BaseException):
    """As by `kill -9`: nothing that comes after it is done."""


@pytest.mark.parametrize("instant", range(5))
async def test_killed_at_any_instant_of_a_rotation_the_next_start_ends_it(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch, instant: int
) -> None:
    """Before and after the file has the new key, before and after the records are written, before the file has it alone."""
    box = await filled(store)

    def at(step: int, last: object) -> object:
        if step == instant:
            raise Killed
        return last

    with_new, only, write = Keyring.with_new, Keyring.only_newest, store.write
    monkeypatch.setattr(Keyring, "with_new", lambda self: (at(0, 0), with_new(self), at(1, 0))[1])

    async def written(batch: list[Record]) -> int:
        at(2, 0)
        number = await write(batch)
        at(3, 0)
        return number

    monkeypatch.setattr(store, "write", written)
    monkeypatch.setattr(Keyring, "only_newest", lambda self: (at(4, 0), only(self))[1])
    with pytest.raises(Killed):
        await box.rotate()
    monkeypatch.undo()
    again = await opened(store)
    assert values(again) == VALUES
    keyring = read_keyring(store.path.parent)
    assert keyring is not None and [key.id for key in keyring.keys] == [again.key]


async def test_the_keys_have_to_be_those_of_this_state_and_nobody_elses(store: SqliteStore) -> None:
    await filled(store)
    file = store.path.parent / FILE
    kept = file.read_bytes()
    file.chmod(0o644)
    with pytest.raises(SettingsError, match="others can read the keys"):
        await opened(store)
    file.unlink()
    with pytest.raises(SettingsError, match="is missing, and 3 secrets of this state are encrypted by it"):
        await opened(store)
    make_keyring(store.path.parent)
    with pytest.raises(SettingsError, match=r"put the secrets.key back that belongs to this state"):
        await opened(store)
    file.write_bytes(kept[:20])
    with pytest.raises(SettingsError, match="damaged"):
        await opened(store)
    file.write_bytes(kept)
    assert values(await opened(store)) == VALUES


class Others:
    async def open(self, provider: str, key: str) -> str:
        return f"{provider}/{key}"


async def test_secrets_of_people_beside_all_others(store: SqliteStore) -> None:
    own = OwnSecrets(await filled(store), Others(), Externals(providers=("shop",)))
    await own.put("db", b"of people")
    assert await own.open("clocker", "db") == "of people"
    assert list(own.names()) == ["db"] and own.check("clocker", "db") == ""
    with pytest.raises(SettingsError, match="give it one by `clocker secret set web`"):
        await own.open("clocker", "web")
    with pytest.raises(SettingsError, match="no secret web of external provider shop"):
        own.check("shop", "web")
    for name, value in (("../x", b"a"), ("", b"a"), ("x", b""), ("x", b"\xff"), ("x", b"a" * 70_000)):
        with pytest.raises(BadRequest):
            await own.put(name, value)
    await own.remove("db")
    with pytest.raises(NotFound):
        await own.remove("db")
    with pytest.raises(NotFound):
        await own.remove("one")


async def test_the_key_of_passwords_is_taken_over_from_its_file(store: SqliteStore) -> None:
    state = store.path.parent
    (state / "passwords.key").write_bytes(b"k" * 32)
    assert await password_key(await opened(store), state) == b"k" * 32
    assert not (state / "passwords.key").exists() and b"k" * 32 not in everything(state)
    assert await password_key(await opened(store), state) == b"k" * 32
    (state / "passwords.key").write_bytes(b"k" * 32)  # killed before the file went
    assert await password_key(await opened(store), state) == b"k" * 32
    (state / "passwords.key").write_bytes(b"l" * 32)
    with pytest.raises(SettingsError, match="is not the key of passwords that this state has"):
        await password_key(await opened(store), state)
