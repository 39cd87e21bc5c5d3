"""Is a secret had from a variable, a command and Vault, in bounded time and size, and does no fault ever show one?"""

import asyncio
import ssl
import time
from pathlib import Path

import pytest

from clocker_actors.drivers import suppliers
from clocker_actors.drivers.suppliers import Suppliers
from clocker_actors.errors import ClockerError, SecretUnavailable, SettingsError
from clocker_actors.masking import HIDDEN, masked_text
from clocker_actors.settings import load
from tests.bed.tls import make_authority
from tests.vault import TOKEN, Vault, serving

pytestmark = pytest.mark.real_loop
VALUE = "hunter2 is the value"


def given(tmp_path: Path, text: str, mode: int = 0o600, **variables: str) -> Suppliers:
    file = tmp_path / "clocker.toml"
    file.write_text(text)
    file.chmod(mode)
    return Suppliers(load({}, {"CLOCKER_STATE": str(tmp_path), **variables}).externals)


def program(tmp_path: Path, body: str) -> str:
    file = tmp_path / "give"
    file.write_text(f"#!/bin/sh\n{body}\n")
    file.chmod(0o700)
    return str(file)


# --- variables and commands


async def test_a_variable_of_any_name(tmp_path: Path) -> None:
    assert await given(tmp_path, '[external.shop]\nkey_env = "SHOP_KEY"', 0o644, SHOP_KEY=VALUE).open("shop", "key") == VALUE
    with pytest.raises(SettingsError, match="the daemon has no variable SHOP_KEY"):
        given(tmp_path, '[external.shop]\nkey_env = "SHOP_KEY"')


async def test_what_a_command_writes_for_one_key_or_for_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOCKER_TOKEN", "not for it")
    monkeypatch.setenv("PASS_DIR", "for it")
    give = program(tmp_path, 'echo "$1 $2 $CLOCKER_KEY $CLOCKER_TOKEN$PASS_DIR"')
    one = given(tmp_path, f'[external.shop]\npin_command = ["{give}", "show", "a/b; rm -rf"]\nother = "x"')
    assert await one.open("shop", "pin") == "show a/b; rm -rf pin for it"
    every = given(tmp_path, f'[external.shop]\ncommand = ["{give}", "show", "shop/{{key}}"]\ntimeout = 3\nother = "own"')
    assert await every.open("shop", "db") == "show shop/db db for it"
    assert await every.open("shop", "other") == "own"
    shell = given(tmp_path, '[external.shop]\ncommand = \'printf "%s-%s" one "$1" | tr a-z A-Z\'\nshell = true')
    assert await shell.open("shop", "db") == "ONE-DB"
    assert masked_text("it was ONE-DB, was it?") == f"it was {HIDDEN}, was it?"


@pytest.mark.parametrize("key", ["-rf", "../x", "a b;c", "$(id)", "", "a\nb"])
async def test_keys_that_are_no_keys_are_not_handed_on(tmp_path: Path, key: str) -> None:
    give, called = program(tmp_path, f"touch {tmp_path}/called; echo x"), tmp_path / "called"
    with pytest.raises(SettingsError):
        await given(tmp_path, f'[external.shop]\ncommand = ["{give}", "{{key}}"]').open("shop", key)
    assert not called.exists()


async def test_commands_are_bounded_and_what_they_say_is_not_repeated(tmp_path: Path) -> None:
    async def fault(body: str, more: str = "") -> ClockerError:
        with pytest.raises(ClockerError) as caught:
            await given(tmp_path, f'[external.shop]\ncommand = ["{program(tmp_path, body)}"]\n{more}').open("shop", "db")
        assert "hunter2" not in f"{caught.value}{caught.value.details}{caught.value.__cause__}"
        return caught.value

    began = time.monotonic()
    slow = await fault("sleep 30 & sleep 30; echo hunter2", "timeout = 0.3")
    assert isinstance(slow, SecretUnavailable) and "did not end within 0.3 s" in str(slow)
    assert time.monotonic() - began < 5
    assert "ended with 3 for db" in str(await fault("echo hunter2; echo hunter2 >&2; exit 3"))
    assert "more than 64 KiB" in str(await fault("yes hunter2"))
    assert "gave nothing" in str(await fault("true"))
    assert "gave nothing, or no text" in str(await fault("printf '\\377'"))
    with pytest.raises(SettingsError, match="cannot be run"):
        await given(tmp_path, '[external.shop]\ncommand = ["/nowhere/to/be/found"]').open("shop", "db")


async def test_nothing_of_a_slow_command_goes_on(tmp_path: Path) -> None:
    give = program(tmp_path, f"(sleep 1; touch {tmp_path}/late) & sleep 30")
    with pytest.raises(SecretUnavailable):
        await given(tmp_path, f'[external.shop]\ncommand = ["{give}"]\ntimeout = 0.2').open("shop", "db")
    await asyncio.sleep(1.2)
    assert not (tmp_path / "late").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('db_command = "pass show"', "no words of a command"),
        ('command = ["pass", "show"]', "no words of a command"),
        ("command = []", "no words of a command"),
        ('command = ["/bin/pass"]\nshell = true', 'write command = "…"'),
        ('command = ["/bin/pass"]\ntimeout = 600', "at most 60"),
        ('vault = "http://vault.example.org:8200"\ntoken = "x"', "would show the token to the network"),
        ('vault = "https://vault.example.org:8200"', "has no token"),
        ('vault = "https://vault.example.org:8200"\ntoken = "hunter2"\nversion = 3', "write 1 or 2"),
        ('vault = "https://vault.example.org:8200"\ntoken = "hunter2"\npasword = "hunter2"', "no such key of a Vault"),
        ('vault = "https://vault.example.org:8200"\ntoken = "hunter2"\nmount = 3', "mount: not text"),
    ],
)
def test_faults_of_settings_say_what_and_where(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        given(tmp_path, f"[external.shop]\n{text}")
    assert said in str(caught.value) and "[external.shop]" in str(caught.value)
    assert "hunter2" not in str(caught.value)


# --- Vault


def asking(tmp_path: Path, vault: Vault, more: str = 'path = "shop"') -> Suppliers:
    token = tmp_path / "token"
    token.write_text(TOKEN + "\n")
    token.chmod(0o600)
    return given(tmp_path, f'[external.v]\nvault = "{vault.url}"\ntoken_file = "{token}"\n{more}')


async def test_both_versions_of_the_engine(tmp_path: Path) -> None:
    async with serving() as vault:
        vault.kept = {
            ("secret", "shop"): {"db": VALUE, "port": 5432},
            ("secret", "shop/tls"): {"key": "k"},
            ("old", "shop"): {"db": "v1 " + VALUE},
        }
        two = asking(tmp_path, vault)
        assert [await two.open("v", key) for key in ("db", "port", "tls#key")] == [VALUE, "5432", "k"]
        vault.kept["secret", "shop"] = {"db": "another"}
        assert await two.open("v", "db") == "another", "each time anew"
        one = asking(tmp_path, vault, 'mount = "old"\nversion = 1\nnamespace = "team"')
        assert await one.open("v", "shop#db") == "v1 " + VALUE
        assert vault.asked[0] == ("/v1/secret/data/shop", "") and vault.asked[-1] == ("/v1/old/shop", "team")


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("nothing", "has no field nothing"),
        ("closed#key", "does not let our token read shop/closed"),
        ("gone#key", "has no secret shop/gone"),
        ("deleted#key", "has no secret shop/deleted"),
    ],
)
async def test_vault_refuses_in_one_message(tmp_path: Path, key: str, said: str) -> None:
    async with serving() as vault:
        vault.kept = {
            ("secret", "shop"): {"db": VALUE},
            ("secret", "shop/closed"): {"key": VALUE},
            ("secret", "shop/deleted"): {"key": VALUE},
        }
        vault.closed, vault.deleted = {"shop/closed"}, {"shop/deleted"}
        with pytest.raises(SettingsError) as caught:
            await asking(tmp_path, vault).open("v", key)
    assert said in str(caught.value) and "[external.v]" in str(caught.value)
    assert VALUE not in str(caught.value) and TOKEN not in str(caught.value)


async def test_a_new_token_is_taken_when_its_file_has_it(tmp_path: Path) -> None:
    async with serving() as vault:
        vault.kept = {("secret", "shop"): {"db": VALUE}}
        asked = asking(tmp_path, vault)
        vault.token = "hvs.another"
        with pytest.raises(SettingsError, match="does not let our token"):
            await asked.open("v", "db")
        (tmp_path / "token").write_text("hvs.another\n")
        assert await asked.open("v", "db") == VALUE


async def test_a_sealed_one_is_asked_again_and_one_that_is_away_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suppliers, "PAUSE", 0.01)
    async with serving() as vault:
        vault.kept = {("secret", "shop"): {"db": VALUE}}
        asked = asking(tmp_path, vault)
        vault.sealed = 2
        assert await asked.open("v", "db") == VALUE
        vault.sealed = 99
        with pytest.raises(SecretUnavailable, match="Vault is sealed"):
            await asked.open("v", "db")
    with pytest.raises(SecretUnavailable, match="does not answer") as caught:
        await asked.open("v", "db")
    assert TOKEN not in str(caught.value)


async def test_its_certificate_is_verified(tmp_path: Path) -> None:
    authority = make_authority(tmp_path / "ca")
    flags = dict(each.removeprefix("--").split("=", 1) for each in authority.server_flags("vault", "127.0.0.1") if "=" in each)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(flags["tlscert"], flags["tlskey"])
    async with serving(context) as vault:
        vault.kept = {("secret", "shop"): {"db": VALUE}}
        assert await asking(tmp_path, vault, f'path = "shop"\nca = "{authority.ca}"').open("v", "db") == VALUE
        with pytest.raises(SecretUnavailable, match=r"(?i)certificate"):
            await asking(tmp_path, vault).open("v", "db")
        assert len(vault.asked) == 1
