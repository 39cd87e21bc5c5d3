"""Is a password that the manager makes the same each time, one for each sensor, and the key of them all nobody else's?"""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clocker_actors.errors import SettingsError
from clocker_actors.passwords import FILE, PROVIDER, Passwords, key_in, new_key, old_key, reading_of


class Others:
    """All other secrets."""

    async def open(self, provider: str, key: str) -> str:
        return f"{key} of {provider}"


ONE = Passwords(b"1" * 32, Others())


@given(st.integers(4, 256), st.text(min_size=1, max_size=256), st.text(max_size=20), st.text(max_size=20))
def test_it_has_its_length_and_characters_whatever_they_are(length: int, characters: str, entity: str, sensor: str) -> None:
    key = key_in(reading_of(entity.replace(":", ""), sensor, length, characters.encode(errors="replace").decode()))
    assert key is not None
    password = ONE.made(key)
    assert len(password) == length and set(password) <= set(characters.encode(errors="replace").decode())
    assert password == ONE.made(key)


def test_each_sensor_and_each_state_has_its_own() -> None:
    keys = [str(key_in(reading_of(entity, sensor, 20, "abcdefgh"))) for entity in ("m1", "m2") for sensor in ("a", "b")]
    assert len({each.made(key) for key in keys for each in (ONE, Passwords(b"2" * 32, Others()))}) == 8


def test_all_characters_are_as_likely() -> None:
    whole = "".join(ONE.made(str(key_in(reading_of("m1", str(number), 256, "abc")))) for number in range(40))
    assert all(abs(whole.count(each) - len(whole) / 3) < 250 for each in "abc")


def test_the_key_of_an_earlier_release_is_read(tmp_path: Path) -> None:
    assert old_key(tmp_path) is None
    key = new_key()
    (tmp_path / FILE).write_bytes(key)
    assert old_key(tmp_path) == key != new_key()
    assert repr(key) not in repr(Passwords(key, Others()))
    (tmp_path / FILE).write_bytes(b"short")
    with pytest.raises(SettingsError, match="damaged; put its backup back"):
        old_key(tmp_path)


def test_what_is_no_password_is_said() -> None:
    for key in ("", "x:y:z:a", "0:abc:m1:a", "999:abc:m1:a", "5::m1:a"):
        with pytest.raises(SettingsError, match="names no password"):
            ONE.made(key)
    assert key_in("secret: none") is None and key_in(7) is None


async def test_all_other_secrets_are_where_they_are() -> None:
    assert await ONE.open("shop", "key") == "key of shop"
    assert await ONE.open(PROVIDER, "8:abc:m1:a") == ONE.made("8:abc:m1:a")
