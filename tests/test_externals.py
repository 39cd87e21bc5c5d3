"""Are secrets of blueprints found by provider and key, refused where others can read them, and never shown?"""

from pathlib import Path

import pytest

from clocker_actors.errors import SettingsError
from clocker_actors.settings import Settings, load


def read(tmp_path: Path, text: str = "", mode: int = 0o600, **variables: str) -> Settings:
    file = tmp_path / "clocker.toml"
    file.write_text(text)
    file.chmod(mode)
    return load({}, {"CLOCKER_STATE": str(tmp_path), **variables})


def secret_file(tmp_path: Path, name: str = "secret", content: str = "hunter2\n", mode: int = 0o600) -> Path:
    file = tmp_path / name
    file.write_text(content)
    file.chmod(mode)
    return file


def test_each_place_where_a_secret_may_be(tmp_path: Path) -> None:
    file = secret_file(tmp_path)
    assert read(tmp_path, '[external.shop]\ndb-password = "hunter2"').externals.open("shop", "db-password") == "hunter2"
    assert read(tmp_path, f'[external.shop]\ndb-password_file = "{file}"', 0o644).externals.open("shop", "db-password") == "hunter2"
    assert read(tmp_path, f'[external.shop]\ndirectory = "{tmp_path}"').externals.open("shop", "secret") == "hunter2"
    assert read(tmp_path, CLOCKER_EXTERNAL_SHOP_DB_PASSWORD="hunter2").externals.open("shop", "db-password") == "hunter2"
    assert read(tmp_path, CLOCKER_EXTERNAL_SHOP_KEY_FILE=str(file)).externals.open("shop", "key") == "hunter2"
    named = read(tmp_path, '[external.my-shop]\nother = "x"', CLOCKER_EXTERNAL_MY_SHOP_DB="hunter2")
    assert named.externals.open("my-shop", "db") == "hunter2"


def test_a_file_is_read_each_time(tmp_path: Path) -> None:
    file = secret_file(tmp_path)
    externals = read(tmp_path, CLOCKER_EXTERNAL_SHOP_KEY_FILE=str(file)).externals
    file.write_text("other\n")
    assert externals.open("shop", "key") == "other"


@pytest.mark.parametrize("key", ["../secret", "/etc/passwd", ".hidden", "", "a/b", "clocker.toml\x00"])
def test_a_directory_is_not_left(tmp_path: Path, key: str) -> None:
    (tmp_path / "in").mkdir()
    secret_file(tmp_path)
    secret_file(tmp_path / "in", ".hidden")
    with pytest.raises(SettingsError):
        read(tmp_path, f'[external.shop]\ndirectory = "{tmp_path}/in"').externals.open("shop", key)


def test_what_nobody_gave_is_told_with_where_to_write_it(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, '[external.shop]\nother = "hunter2"').externals.open("shp", "db-password")
    assert "providers are shop" in str(caught.value)
    assert "CLOCKER_EXTERNAL_SHP_DB_PASSWORD" in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "mode", "variables", "said"),
    [
        ('[external.shop]\nkey = "hunter2"', 0o644, {}, "others can read this file"),
        ("[external.shop]\nkey = 3", 0o600, {}, "not text"),
        ("external = 3", 0o600, {}, "external: not a table"),
        ("[external]\nshop = 3", 0o600, {}, "[external.shop]: not a table"),
        ('[external.shop]\nkey_file = "secret"', 0o600, {}, "not a path from the root"),
        ('[external.shop]\ndirectory = "secret"', 0o600, {}, "not a path from the root"),
        ("", 0o600, {"CLOCKER_EXTERNAL_SHOP": "hunter2"}, "names no key"),
        ("", 0o600, {"CLOCKER_EXTERNAL_SHOP_KEY": ""}, "is empty"),
    ],
)
def test_faults_say_what_and_where_and_never_the_value(tmp_path: Path, text: str, mode: int, variables: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, text, mode, **variables)
    assert said in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_file_that_others_can_read_is_refused_when_it_is_used(tmp_path: Path) -> None:
    file = secret_file(tmp_path, mode=0o644)
    with pytest.raises(SettingsError, match="others can read this file"):
        read(tmp_path, CLOCKER_EXTERNAL_SHOP_KEY_FILE=str(file)).externals.open("shop", "key")


def test_settings_do_not_show_them(tmp_path: Path) -> None:
    settings = read(tmp_path, '[external.shop]\nkey = "hunter2"')
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in repr(settings.externals)
