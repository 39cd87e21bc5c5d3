"""Are secrets found where people put them, refused where others can read them, and never shown?"""

import copy
import json
import logging
import os
import pickle
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from clocker_actors.credentials import Secret, Secrets
from clocker_actors.errors import Failure, SettingsError
from clocker_actors.model.locations import CloudSpec, LocationKind, LocationSpec, MachineSpec, SecretRef
from clocker_actors.settings import Settings, load


def read(tmp_path: Path, text: str = "", mode: int = 0o600, **variables: str) -> Settings:
    file = tmp_path / "clocker.toml"
    file.write_text(text)
    file.chmod(mode)
    return load({}, {"CLOCKER_STATE": str(tmp_path), **variables})


def faults(tmp_path: Path, text: str = "", mode: int = 0o600, **variables: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, text, mode, **variables)
    return str(caught.value).splitlines()


def secret_file(tmp_path: Path, content: bytes = b"hunter2\n", mode: int = 0o600) -> Path:
    file = tmp_path / "secret"
    file.write_bytes(content)
    file.chmod(mode)
    return file


def test_every_place_a_secret_may_be(tmp_path: Path) -> None:
    file = secret_file(tmp_path)
    text = f'[locations.a-b]\nidentity = "me"\ncredential_file = "{file}"\n[locations.c]\npassword = "of file"\n'
    found = read(
        tmp_path,
        text,
        CLOCKER_LOCATION_EC2_IDENTITY="id",
        CLOCKER_LOCATION_EC2_CREDENTIAL_FILE=str(file),
        CLOCKER_LOCATION_C_PASSWORD="of variable",
    )
    assert found.resolve(SecretRef("a-b.identity")) == "me"
    assert found.resolve(SecretRef("a-b.credential")) == "hunter2"
    assert found.resolve(SecretRef("ec2.identity")) == "id"
    assert found.resolve(SecretRef("ec2.credential")) == "hunter2"
    assert found.resolve(SecretRef("c.password")) == "of variable"
    assert found.locations["a-b"].options == {}
    assert found.secrets.has("A_B", "identity")


def test_a_file_is_read_each_time(tmp_path: Path) -> None:
    file = secret_file(tmp_path)
    found = read(tmp_path, CLOCKER_LOCATION_A_CREDENTIAL_FILE=str(file))
    file.write_text("another\n")
    assert found.resolve(SecretRef("a.credential")) == "another"


def test_a_secret_that_nobody_gave(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path).resolve(SecretRef("rack-1.credential"))
    assert str(caught.value) == (
        "location rack-1 has no credential; set CLOCKER_LOCATION_RACK_1_CREDENTIAL for the daemon, "
        "or credential_file under [locations.rack-1] in its clocker.toml"
    )


@pytest.mark.parametrize(
    ("content", "mode", "words"),
    [
        (b"hunter2", 0o644, "others can read this file; chmod 600"),
        (b"hunter2", 0o640, "others can read this file; chmod 600"),
        (b"", 0o600, "is empty, not text"),
        (b"\xffhunter2", 0o600, "is empty, not text"),
        (b"hunter2" * 20_000, 0o600, "larger than 64 KiB"),
    ],
)
def test_files_that_are_refused(tmp_path: Path, content: bytes, mode: int, words: str) -> None:
    file = secret_file(tmp_path, content, mode)
    found = read(tmp_path, CLOCKER_LOCATION_A_CREDENTIAL_FILE=str(file))
    (fault,) = found.secrets.faults()
    with pytest.raises(SettingsError) as caught:
        found.resolve(SecretRef("a.credential"))
    assert str(caught.value) == fault
    assert words in fault
    assert "hunter2" not in fault
    assert caught.value.__cause__ is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_file_of_somebody_else_is_refused(tmp_path: Path) -> None:
    file = secret_file(tmp_path)
    os.chown(file, 12_345, 12_345)
    (fault,) = read(tmp_path, CLOCKER_LOCATION_A_CREDENTIAL_FILE=str(file)).secrets.faults()
    assert "belongs to another user" in fault


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    (fault,) = read(tmp_path, CLOCKER_LOCATION_A_CREDENTIAL_FILE=str(tmp_path / "none")).secrets.faults()
    assert fault.startswith("CLOCKER_LOCATION_A_CREDENTIAL_FILE (")
    assert "No such file" in fault


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("locations = 3", "locations: not a table; write [locations.NAME]"),
        ("[locations]\na = 3", "[locations.a]: not a table"),
        ('[locations."A b"]\nlocation = "x"', "cannot be the name of a location"),
        ("[locations.a-b]\n[locations.a_b]", "is the same to variables as [locations.a-b]"),
        ("[locations.a]\ncredential = 3", "clocker.toml:2: credential of [locations.a]: not text"),
        ('[locations.a]\ncredential_file = "x"', "not a path from the root"),
        ('[locations.a]\ncredential = "hunter2"\ncredential_file = "/x"', "is given in two ways"),
    ],
)
def test_wrong_tables(tmp_path: Path, text: str, words: str) -> None:
    found = faults(tmp_path, text)
    assert any(words in each for each in found), found
    assert "hunter2" not in "".join(found)


def test_a_value_in_a_file_that_others_can_read(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, '\n[locations.a]\ncredential = "hunter2"\n', 0o644)
    assert f"{tmp_path / 'clocker.toml'}:3: credential of [locations.a]: others can read this file; chmod 600" in fault
    assert "hunter2" not in fault


@pytest.mark.parametrize(
    ("variable", "words"),
    [
        ("CLOCKER_LOCATION_EC2_CREDENTAIL", "write CLOCKER_LOCATION_EC2_CREDENTIAL"),
        ("CLOCKER_LOCATION_CREDENTIAL", "no such setting; write CLOCKER_LOCATION_NAME_CREDENTIAL"),
        ("CLOCKER_LOCATION_A_CREDENTIAL_FILE", "not a path from the root"),
        ("CLOCKER_LOCATIONS_A_CREDENTIAL", "no such setting"),
    ],
)
def test_wrong_variables(tmp_path: Path, variable: str, words: str) -> None:
    (fault,) = faults(tmp_path, "", 0o600, **{variable: "hunter2"})
    assert fault.startswith(variable)
    assert words in fault
    assert "hunter2" not in fault


def test_two_variables_for_one_secret(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, CLOCKER_LOCATION_A_CREDENTIAL="hunter2", CLOCKER_LOCATION_A_CREDENTIAL_FILE="/x")
    assert "CLOCKER_LOCATION_A_CREDENTIAL is set too" in fault
    assert "CLOCKER_LOCATION_A_CREDENTIAL" in faults(tmp_path, CLOCKER_LOCATION_A_CREDENTIAL="")[0]


_LOG = logging.getLogger("test.credentials")


@given(
    secret=st.text(alphabet=st.characters(codec="ascii", categories=["L", "N", "P"]), min_size=10).filter(
        lambda text: "credential" not in text
    )
)
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
def test_nothing_but_resolve_shows_a_secret(tmp_path: Path, caplog: pytest.LogCaptureFixture, secret: str) -> None:
    found = read(tmp_path, f"[locations.b]\npassword = {json.dumps(secret)}\n", CLOCKER_LOCATION_A_CREDENTIAL=secret)
    reference = SecretRef("a.credential")
    assert found.resolve(reference) == found.resolve(SecretRef("b.password")) == secret
    caplog.clear()
    cloud = CloudSpec("ec2", "eu", SecretRef("a.identity"), reference)
    location = LocationSpec(LocationKind.CLOUD, "a", cloud=cloud, machines=(MachineSpec("m", "m", password=SecretRef("b.password")),))
    shown = [
        repr(found),
        str(found),
        repr(found.secrets),
        str(found.secrets),
        f"{found.secrets.sources}",
        repr(found.locations),
        msgspec.json.encode(location).decode(),
        repr(location),
    ]
    for value in (found, found.secrets, Secret(secret), found.secrets.sources):
        _LOG.warning("%s %r", value, value, extra={"seen": value})
        shown += [
            _fault_of(encode, value) for encode in (msgspec.json.encode, msgspec.to_builtins, json.dumps, pickle.dumps, copy.deepcopy)
        ]
    shown.append(caplog.text)
    try:
        Secrets().resolve(reference)
    except SettingsError as error:
        shown.append(repr(msgspec.json.encode(Failure.of(error))))
    assert not [text for text in shown if secret in text or json.dumps(secret)[1:-1] in text]


def _fault_of(encode: object, value: object) -> str:
    """What an encoder gives, or says that it cannot."""
    assert callable(encode)
    try:
        return repr(encode(value))
    except Exception as error:
        return repr(error)
