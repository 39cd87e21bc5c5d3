"""Are settings read in the right order, and is every wrong one named with its place and what would be right?"""

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clocker_actors import settings
from clocker_actors.errors import SettingsError
from clocker_actors.settings import Settings, load


def read(tmp_path: Path, text: str = "", flags: dict[str, object] | None = None, **variables: str) -> Settings:
    if text:
        (tmp_path / "clocker.toml").write_text(text)
    return load(flags, {"CLOCKER_STATE": str(tmp_path), **variables})


def faults(tmp_path: Path, text: str = "", flags: dict[str, object] | None = None, **variables: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, text, flags, **variables)
    return str(caught.value).splitlines()


def test_defaults_are_enough(tmp_path: Path) -> None:
    found = read(tmp_path)
    assert found.state == tmp_path
    assert found.socket == tmp_path / "clocker.sock"
    assert (found.plane, found.start_target, found.ping_period, found.stats_watched, found.stats_other) == ("", 0.9, 1.0, 1.0, 10.0)
    assert found.listen == ""
    assert found.local_engine == "unix:///var/run/docker.sock"


def test_settings_cannot_be_changed(tmp_path: Path) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        read(tmp_path).plane = "other"  # type: ignore[misc]


def test_variables_beat_the_file_and_flags_beat_variables(tmp_path: Path) -> None:
    text = 'plane = "file"\nlog_level = "debug"\nping_period = 3\n'
    found = read(tmp_path, text, {"plane": "flag", "log_level": None}, CLOCKER_PLANE="variable", CLOCKER_LOG_LEVEL="error")
    assert (found.plane, found.log_level, found.ping_period) == ("flag", "error", 3.0)


def test_a_named_file_is_read_and_may_name_the_state_directory(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(f'state = "{tmp_path / "elsewhere"}"\nentity_metrics = false\n')
    found = load({}, {"CLOCKER_CONFIG": str(file)})
    assert found.state == tmp_path / "elsewhere"
    assert found.entity_metrics is False


def test_a_file_in_the_state_directory_cannot_move_it(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, 'state = "/elsewhere"\n')
    assert "clocker.toml: state" in fault
    assert "CLOCKER_STATE" in fault


def test_the_state_directory_follows_who_we_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert settings.default_state({}) == Path("/var/lib/clocker")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert settings.default_state({"HOME": str(tmp_path)}) == tmp_path / ".local" / "state" / "clocker"


def test_the_local_engine_is_where_docker_says(tmp_path: Path) -> None:
    assert read(tmp_path, DOCKER_HOST="tcp://127.0.0.1:2375").local_engine == "tcp://127.0.0.1:2375"
    assert read(tmp_path, DOCKER_HOST="tcp://x:1", CLOCKER_LOCAL_ENGINE="unix:///other.sock").local_engine == "unix:///other.sock"
    (fault,) = faults(tmp_path, DOCKER_HOST="npipe://x")
    assert fault.startswith("DOCKER_HOST = 'npipe://x'")
    assert "unix:///path" in fault


def test_the_clients_own_variables_are_none_of_ours(tmp_path: Path) -> None:
    read(tmp_path, CLOCKER_URL="unix:///x", CLOCKER_TOKEN="t", CLOCKER_CA="/ca.pem")


@pytest.mark.parametrize(
    ("name", "text", "right"),
    [
        ("plane", "Main", "a-z"),
        ("plane", "x" * 21, "1 to 20"),
        ("ping_period", "often", "a number from"),
        ("ping_period", "-1", "for example 1.0"),
        ("ping_misses", "1.5", "a whole number"),
        ("start_limit", "0", "from 1 to 64"),
        ("stats_watched", "nan", "a number from"),
        ("log_format", "xml", "auto, console, json"),
        ("log_level", "loud", "debug, info, warning, error"),
        ("entity_metrics", "perhaps", "true or false"),
        ("listen", "8440", "host:port"),
        ("local_engine", "docker", "unix:///path"),
    ],
)
def test_a_bad_value_says_where_what_and_what_would_be_right(tmp_path: Path, name: str, text: str, right: str) -> None:
    variable = f"CLOCKER_{name.upper()}"
    (fault,) = faults(tmp_path, "", None, **{variable: text})
    assert fault.startswith(f"{variable} = {text!r}")
    assert right in fault
    (fault,) = faults(tmp_path, "", {name: text})
    assert fault.startswith(f"flag --{name.replace('_', '-')}")
    (fault,) = faults(tmp_path, f'{name} = "{text}"\n')
    assert fault.startswith(f"{tmp_path / 'clocker.toml'}: {name}")


def test_an_unknown_setting_names_the_nearest(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, CLOCKER_PING_PERIODE="1")
    assert "CLOCKER_PING_PERIODE" in fault
    assert "ping_period" in fault


def test_all_faults_come_at_once(tmp_path: Path) -> None:
    found = faults(tmp_path, "ping_period = true\ncolour = 1\n", {"plane": ""}, CLOCKER_LOG_LEVEL="x")
    assert len(found) == 4


def test_a_certificate_needs_its_key(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, CLOCKER_TLS_CERT=str(tmp_path / "c.pem"))
    assert fault.startswith("CLOCKER_TLS_CERT: tls_cert without tls_key")
    (fault,) = faults(tmp_path, f'tls_key = "{tmp_path / "k.pem"}"\n')
    assert "tls_key without tls_cert" in fault
    found = read(tmp_path, CLOCKER_TLS_CERT=str(tmp_path / "c.pem"), CLOCKER_TLS_KEY=str(tmp_path / "k.pem"))
    assert (found.tls_cert, found.tls_key) == (tmp_path / "c.pem", tmp_path / "k.pem")


def test_a_file_of_tokens_says_what_there_is_in_its_place(tmp_path: Path) -> None:
    for fault in (*faults(tmp_path, CLOCKER_TOKEN_FILE="/etc/tokens"), *faults(tmp_path, 'token_file = "/etc/tokens"\n')):
        assert "clocker token create" in fault


def test_folders_of_keys_are_named_from_the_root(tmp_path: Path) -> None:
    assert read(tmp_path, CLOCKER_KEY_ROOTS="/etc/a:/etc/b").key_roots == (Path("/etc/a"), Path("/etc/b"))
    (fault,) = faults(tmp_path, 'key_roots = ["keys"]\n')
    assert "/etc/clocker/keys" in fault


def test_a_state_directory_too_long_for_a_socket_is_refused_early(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, CLOCKER_STATE=str(tmp_path / ("d" * 120)))
    assert fault.startswith("CLOCKER_STATE")
    assert "too long" in fault


def test_statistics_nobody_watches_come_no_faster(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, "stats_other = 1\nstats_watched = 5\n")
    assert "stats_watched (5)" in fault


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, "plane =\n")
    assert "clocker.toml" in fault
    assert "line 1" in fault
    with pytest.raises(SettingsError, match="no such file"):
        load({}, {"CLOCKER_CONFIG": str(tmp_path / "none.toml")})


@given(text=st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"])), name=st.sampled_from(sorted(settings._CHECKS)))
def test_any_text_is_taken_or_refused_in_words(text: str, name: str) -> None:
    try:
        load({"state": "/tmp/x", name: text}, {"CLOCKER_CONFIG": "/dev/null"})
    except SettingsError as error:
        assert name.replace("_", "-") in str(error)
