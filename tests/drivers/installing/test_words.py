"""Are distributions, package managers' words and engines' settings read rightly?"""

import json
import subprocess

import pytest

from clocker_actors.drivers.installing import settings
from clocker_actors.drivers.installing.distribution import Family, parse
from clocker_actors.drivers.installing.packages import packages_of
from clocker_actors.drivers.installing.remedies import cannot_reach, is_locked, remedy

DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nID=debian\n'


@pytest.mark.parametrize(
    ("text", "family", "name"),
    [
        (DEBIAN, Family.DEBIAN, "Debian GNU/Linux 12 (bookworm)"),
        ("ID=linuxmint\nID_LIKE='ubuntu debian'\nNAME=Mint\nVERSION_ID=22\n", Family.DEBIAN, "Mint 22"),
        ('ID="rocky"\nID_LIKE="rhel centos fedora"\nPRETTY_NAME="Rocky Linux 9.5"\n', Family.RED_HAT, "Rocky Linux 9.5"),
        ('ID="amzn"\nID_LIKE="fedora"\nPRETTY_NAME="Amazon Linux 2023"\n', Family.RED_HAT, "Amazon Linux 2023"),
        ('ID=alpine\nPRETTY_NAME="Alpine Linux v3.20"\n', Family.ALPINE, "Alpine Linux v3.20"),
        ("ID=arch\nID_LIKE=archlinux\nPRETTY_NAME=Arch\n", None, "Arch"),
        ("", None, "linux"),
        ('# hand-made\nNAME="half\nID=debian', Family.DEBIAN, "half"),
    ],
)
def test_distributions(text: str, family: Family | None, name: str) -> None:
    found = parse(text)
    assert (found.family, found.name) == (family, name)


@pytest.mark.parametrize(
    "text",
    [
        "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 12 (apt-get)",
        "E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?",
        "dpkg: error: dpkg frontend lock was locked by another process with pid 7",
        "E: Unable to lock directory /var/lib/apt/lists/",
        "Another app is currently holding the yum lock; waiting for it to exit...",
        "ERROR: Unable to lock database: temporary error (try again later)",
    ],
)
def test_locks_are_known(text: str) -> None:
    assert is_locked(text)


@pytest.mark.parametrize(
    ("text", "words", "again"),
    [
        ("E: You don't have enough free space in /var/cache/apt/archives/.", "free space", False),
        ("write error: No space left on device", "free space", False),
        ("Error: At least 210MB more space needed on the / filesystem. No space left on device", "free space", False),
        ("Could not connect to 198.18.0.1:3142 (198.18.0.1). - connect (111: Connection refused)", "network", True),
        ("Temporary failure resolving 'deb.example.org'", "network", True),
        ("Errors during downloading metadata: Curl error (6): Couldn't resolve host name", "network", True),
        ("WARNING: fetching https://x/APKINDEX: temporary error (try again later)", "network", True),
        ("The following signatures couldn't be verified: NO_PUBKEY 12", "keys", False),
        ("The following packages have unmet dependencies", "contradict", False),
        ("dpkg: error: parsing file '/var/lib/dpkg/status' near line 657 package 'x':\n end of file", "take a new machine", False),
        ("something else", "by hand", False),
    ],
)
def test_remedies(text: str, words: str, again: bool) -> None:
    found = remedy(text)
    assert words in found.words
    assert found.again is again
    assert not is_locked("Could not connect")


def test_a_success_that_was_none_is_seen() -> None:
    assert cannot_reach("W: Failed to fetch http://x/InRelease  Could not connect\nW: Some index files failed to download.")
    assert not cannot_reach("Hit:1 http://x bookworm InRelease")


@pytest.mark.parametrize(
    ("family", "offered", "wanted"),
    [
        (Family.DEBIAN, "docker.io\niptables\n", ("docker.io", "iptables")),
        (Family.DEBIAN, "docker.io docker-cli iptables", ("docker.io", "docker-cli", "iptables")),
        (Family.DEBIAN, "iptables", ()),
        (Family.RED_HAT, "moby-engine docker-cli", ("moby-engine", "docker-cli")),
        (Family.RED_HAT, "docker", ("docker",)),
        (Family.RED_HAT, "docker-ce docker-ce-cli", ("docker-ce", "docker-ce-cli")),
        (Family.RED_HAT, "", ()),
        (Family.ALPINE, "docker\n", ("docker",)),
    ],
)
def test_what_is_installed_of_what_is_offered(family: Family, offered: str, wanted: tuple[str, ...]) -> None:
    assert packages_of(family).wanted(offered) == wanted


@pytest.mark.parametrize("family", list(Family))
def test_no_family_upgrades_or_asks(family: Family) -> None:
    packages = packages_of(family)
    for command in (packages.repair, packages.refresh, packages.install):
        assert "upgrade" not in command.replace("--no-upgrade", "")
        assert "reboot" not in command


@pytest.mark.parametrize("family", list(Family))
def test_every_command_is_one_that_a_shell_reads(family: Family) -> None:
    packages = packages_of(family)
    for command in (packages.repair, packages.refresh, packages.offered, packages.install):
        subprocess.run(["sh", "-n", "-c", command], check=True)


def test_settings_keep_what_is_there() -> None:
    made = settings.with_tls('{"data-root": "/srv", "hosts": ["fd://"]}', "/var/run/docker.sock", 2376)
    assert made is not None
    read = json.loads(made)
    assert read["data-root"] == "/srv"
    assert read["hosts"] == ["unix:///var/run/docker.sock", "tcp://0.0.0.0:2376"]
    assert read["tlsverify"] is True
    assert settings.with_tls(made, "/var/run/docker.sock", 2376) is None


@pytest.mark.parametrize("text", ["{ half", "[]", '"words"'])
def test_settings_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        settings.with_tls(text, "/s", 1)
