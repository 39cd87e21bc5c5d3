"""What may containers have, whose settings say what? Nothing that leads out of them unless it is allowed, and a socket never by way of its folder."""

import posixpath
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from clocker_actors.allowances import DROPPED, KEPT, NOTHING, USUAL, Allowance, Allowances, gives_root, read_allowances
from clocker_actors.errors import SettingsError
from clocker_actors.settings import load

_ENGINES = KEPT | frozenset(DROPPED)
"""What an engine gives who asks for nothing: fourteen, since 2014."""


def paths(*allowed: str) -> Allowances:
    return Allowances(Allowance(host_paths=allowed))


def test_what_every_container_has_is_less_than_what_engines_give() -> None:
    assert len(_ENGINES) == 14
    assert not KEPT & frozenset(DROPPED)
    assert not USUAL & {"SYS_ADMIN", "NET_ADMIN", "SYS_PTRACE", "SYS_MODULE", "DAC_READ_SEARCH", "ALL", "BPF", "SYS_RAWIO"}


@pytest.mark.parametrize("power", [("privileged", ""), ("capabilities", "SYS_ADMIN"), ("capabilities", "ALL"), ("host_paths", "/srv")])
def test_nothing_is_allowed_by_itself(power: tuple[str, str]) -> None:
    assert not NOTHING.allows("yard", power)
    assert NOTHING.allows("yard", ("capabilities", "NET_RAW"))


def test_one_docker_cloud_may_be_allowed_more_than_all() -> None:
    allow = Allowances(Allowance(capabilities=frozenset({"NET_ADMIN"})), {"yard": Allowance(privileged=True)})
    assert allow.allows("yard", ("privileged", ""))
    assert not allow.allows("barn", ("privileged", ""))
    assert allow.allows("yard", ("capabilities", "NET_ADMIN"))
    assert allow.allows("barn", ("capabilities", "NET_ADMIN"))


@pytest.mark.parametrize(
    ("allowed", "asked", "may"),
    [
        ("/srv", "/srv", True),
        ("/srv", "/srv/www/x", True),
        ("/srv", "/srvother", False),
        ("/srv", "/srv/../etc", False),
        ("/srv", "//srv/./www/", True),
        ("/", "/etc", True),
        ("/", "/", True),
        ("/", "/var/run/docker.sock", False),
        ("/", "/var/run", False),
        ("/", "/run", False),
        ("/run", "/run", True),
        ("/run", "/run/docker.sock", False),
        ("/var", "/var/run", False),
        ("/var/run/docker.sock", "/var/run/docker.sock", True),
        ("/", "/srv/mine/docker.sock", False),
    ],
)
def test_paths_below_allowed_ones_and_sockets_only_by_their_name(allowed: str, asked: str, may: bool) -> None:
    assert paths(allowed).allows("yard", ("host_paths", asked)) is may


@given(st.text(alphabet="/.abrundocke", max_size=30))
def test_no_way_of_writing_a_socket_gets_around_its_folder(tail: str) -> None:
    written = f"/run/{tail}/../docker.sock" if ".." not in tail else f"/run/{tail}"
    assume(posixpath.normpath(written) != "/")  # which is allowed by its own name
    assert not paths("/").allows("yard", ("host_paths", written)) or not gives_root(written)


def test_the_settings_file_and_variables(tmp_path: Path) -> None:
    (tmp_path / "clocker.toml").write_text(
        '[allow]\ncapabilities = ["cap_net_admin"]\nprivileged = true\n[allow.yard]\nhost_paths = ["/srv/"]\n'
    )
    environ = {"HOME": str(tmp_path), "CLOCKER_ALLOW_PRIVILEGED": "false", "CLOCKER_ALLOW_HOST_PATHS": "/etc/ssl:/opt"}
    allow = load({"state": str(tmp_path)}, environ).allow
    assert allow.everywhere == Allowance(capabilities=frozenset({"NET_ADMIN"}), host_paths=("/etc/ssl", "/opt"))
    assert allow.pools == {"yard": Allowance(host_paths=("/srv",))}


def test_faults_of_the_table_say_where_and_what_would_be_right(tmp_path: Path) -> None:
    text = (
        '[allow]\nprivileged = "yes"\ncapabilities = "ALL"\nhost_paths = ["srv"]\nhostpaths = []\n[allow.yard]\ncapabilities = ["n et"]\n'
    )
    (tmp_path / "clocker.toml").write_text(text)
    with pytest.raises(SettingsError) as caught:
        load({"state": str(tmp_path)}, {"HOME": str(tmp_path)})
    lines = str(caught.value).splitlines()
    for part in (
        "privileged = 'yes': write true",
        "capabilities: write a list",
        "'srv' is not a path",
        "hostpaths: no such key",
        "[allow.yard]",
    ):
        assert any(part in line for line in lines), (part, lines)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(("privileged", "capabilities", "host_paths", "yard", "x")), inner, max_size=4)
        ),
        max_leaves=12,
    )
)
def test_whatever_the_table_says_it_is_read_or_its_faults_are_told(table: object) -> None:
    faults: list[str] = []
    found = read_allowances(table, Path("clocker.toml"), {}, faults)
    assert isinstance(found, Allowances)
    if faults:
        assert all("clocker.toml: " in fault for fault in faults)
