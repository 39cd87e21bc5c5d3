"""Whatever services say of themselves, settings say of the daemon, and archives hold: a value, or an error of ours, within bounds."""

import contextlib
import io
import json
import tarfile
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from clocker_actors.admin.archives import MOST_BYTES, from_bytes
from clocker_actors.errors import BadRequest, SettingsError
from clocker_actors.feeds.extracting import Missing, Wanted, decoded, value_of
from clocker_actors.feeds.prometheus_feed import metrics_of, read_out
from clocker_actors.settings import load
from tests.fuzz.answers import ANYTHING, NONSENSE, spoiled

PAGE = '# HELP a b\n# TYPE a counter\na{code="500",path="/x"} 3 1700000000\na{code="200"} 4e3\nb_bucket{le="+Inf"} NaN\n'
METRICS = metrics_of(
    {"metrics": {"one": "a", "two": 'a{code="500"}', "three": {"metric": "b_bucket", "how": "max", "onSuccess": "value / 0"}}}
)
FEW = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def spoiled_text(text: str) -> st.SearchStrategy[str]:
    """It, with something else in the place of a piece of it."""
    ends = st.integers(0, len(text))
    odd = st.sampled_from(
        ['"', "{", "}", "\\", "\n", "=", "[", "[[", "1" * 5000, "1e999", "²", "\x00", "'''", "#", "é", "nan", "{" * 3000, "[" * 3000]
    ) | st.text(max_size=6)
    return st.builds(lambda one, two, new: text[: min(one, two)] + new + text[max(one, two) :], ends, ends, odd)


@FEW
@given(page=st.one_of(spoiled_text(PAGE), st.text(max_size=80), NONSENSE.map(lambda raw: raw.decode("utf-8", "replace"))))
def test_a_page_of_metrics(page: str) -> None:
    try:
        found = read_out(page, METRICS)
    except ValueError:
        return
    assert set(found) == {"one", "two", "three"}


@FEW
@given(
    text=st.one_of(NONSENSE.map(lambda raw: raw.decode("utf-8", "replace")), ANYTHING.map(json.dumps)),
    path=st.sampled_from(["", "$.a.b", "$..*", "$[0]"]),
    formula=st.sampled_from(["", "value * 2", "value / status", "value * value * value"]),
    kind=st.sampled_from(["", "integer", "number", "string", "boolean"]),
)
def test_a_page_of_json(text: str, path: str, formula: str, kind: str) -> None:
    try:
        document = decoded(text)
    except ValueError:
        return
    found = value_of(Wanted("s", path, formula, kind), document, {"status": 200})
    assert isinstance(found, Missing) or len(json.dumps(found)) < 1 << 20


TOML = """log_level = "info"
ping_period = 1.5
start_limit = 2
strategy_modules = ["a.b"]
[allow]
host_paths = ["/srv"]
[locations.paris]
location = "libcloud:ec2:eu-west-1"
identity_file = "/etc/x"
[external.shop]
password_file = "/etc/y"
[registries."a:5000"]
user = "me"
password_file = "/etc/z"
"""


@FEW
@given(text=spoiled_text(TOML) | st.text(max_size=60))
def test_a_settings_file(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "clocker.toml").write_text(text, encoding="utf-8", errors="replace")
        try:
            load({"state": folder}, {"HOME": folder})
        except SettingsError as error:
            assert len(str(error)) < 100_000


@FEW
@given(
    name=st.sampled_from(
        [
            "CLOCKER_PING_PERIOD",
            "CLOCKER_LISTEN",
            "CLOCKER_ALLOW_HOST_PATHS",
            "CLOCKER_EXTERNAL_A_B_FILE",
            "CLOCKER_REGISTRY_X",
            "CLOCKER_LOCATION_A_IDENTITY",
            "CLOCKER_PLANE",
            "CLOCKER_X",
        ]
    ),
    value=st.text(alphabet=st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=12)
    | st.sampled_from(["1" * 5000, "nan", "a:²", "x:99999"]),
)
@example(name="CLOCKER_EXTERNAL_A_B_FILE", value="~nobody-is-called-so/x")
@example(name="CLOCKER_KEY_ROOTS", value="~nobody-is-called-so/x")
def test_variables(name: str, value: str) -> None:
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(SettingsError):
        load({"state": folder}, {"HOME": folder, name: value})


@pytest.mark.parametrize("value", ["1" * 5000, "[" * 5000, "{a=" * 3000, "1e999", "nan", '"\\ud800"', "9999-99-99", '"\\u0000"'])
@pytest.mark.parametrize(
    "key", ["start_limit", "ping_period", "state", "strategy_modules", "allow", "locations", "external.x.y_file", "registries.a"]
)
def test_one_setting(key: str, value: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "clocker.toml").write_text(f"{key} = {value}\n")
        with contextlib.suppress(SettingsError):
            load({"state": folder}, {"HOME": folder})


def _tar(content: bytes) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for name in ("a.yaml", "b/../../c.yaml"):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return made.getvalue()


def _zip(content: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.yaml", content)
    return made.getvalue()


def _plain(content: bytes) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        entry = tarfile.TarInfo("a.yaml")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return made.getvalue()


@settings(max_examples=250, deadline=None)
@given(data=st.data())
def test_an_archive(data: st.DataObject) -> None:
    whole = bytearray(data.draw(st.sampled_from([_tar, _zip, _plain]))(b"id: x\n"))
    for place, byte in data.draw(st.lists(st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 255)), max_size=4)):
        whole[place] = byte
    content = bytes(whole[: data.draw(st.sampled_from([len(whole), len(whole) - 1, len(whole) // 2]))])
    try:
        found = from_bytes("types.tar", content)
    except BadRequest:
        return
    assert sum(len(each.text) for each in found) <= MOST_BYTES


def test_an_archive_that_unpacks_to_a_thousand_times_itself() -> None:
    for make in (_tar, _zip):
        packed = make(b" " * (48 << 20))
        assert len(packed) < 1 << 20
        try:
            from_bytes("types", packed)
        except BadRequest as refused:
            assert "too much" in str(refused)
        else:
            raise AssertionError("it was taken")


@FEW
@given(body=spoiled({"a": [1, {"b": 2}]}))
def test_json_is_read_or_refused_in_words(body: bytes) -> None:
    try:
        decoded(body.decode("utf-8", "replace"))
    except ValueError as why:
        assert str(why)
