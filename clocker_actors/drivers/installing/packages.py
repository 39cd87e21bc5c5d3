"""The commands of each package manager that an installation is made of. Pure words; the runner runs them.

None of them upgrades what is there, asks a question, or removes a package.
"""

from dataclasses import dataclass

from clocker_actors.drivers.installing.distribution import Family


@dataclass(frozen=True, slots=True)
class Packages:
    """What one family needs. `repair` finishes what was interrupted, `offered` prints which of our packages its sources have, one per line.

    `engines` are the packages that have the engine, best first; `with_engine` go along where they exist. `no_engine` is what to do
    when its sources have none.
    """

    repair: str
    refresh: str
    offered: str
    install: str
    engines: tuple[str, ...]
    with_engine: tuple[str, ...]
    no_engine: str

    def wanted(self, offered: str) -> tuple[str, ...]:
        """What to install of what is offered; empty when no engine is among it."""
        names = offered.split()
        engine = next((name for name in self.engines if name in names), None)
        return (engine, *(name for name in self.with_engine if name in names)) if engine else ()


_APT = (
    "DEBIAN_FRONTEND=noninteractive apt-get -y --no-install-recommends -o Dpkg::Options::=--force-confold "
    "-o Acquire::Retries=2 -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20"
)
_DNF = 'pm=$(command -v dnf || command -v yum) || { echo "neither dnf nor yum is here" >&2; exit 1; }; $pm'

# A power cut may leave a package unpacked or half-installed and marked as to be reinstalled: dpkg refuses to configure such a one, and `apt-get -f` does not
# reinstall it by itself. Files of dpkg's own that end without a line's end were cut off; a list of files that was is made again with its package.
_DPKG = f"""\
d=/var/lib/dpkg; export DEBIAN_FRONTEND=noninteractive
cut_off() {{ perl -e 'for (@ARGV) {{ next unless open my $f, "<", $_; local $/; my $t = <$f>; print "$_\\n" unless defined $t && $t =~ /\\n\\z/ }}' "$@"; }}
broken() {{ dpkg-query -W -f '${{db:Status-Abbrev}}|${{binary:Package}}\\n' | sed -n 's/^[ih].R|//p; s/^[ih]H |//p'; }}
rm -f $(cut_off $d/updates/[0-9]*)
lists=$(cut_off $d/info/*.list); rm -f $lists
hurt=$(for l in $lists; do l=${{l##*/}}; echo ${{l%.list}}; done)
if [ -n "$hurt$(dpkg --audit 2>&1)" ] || ls $d/updates/[0-9]* >/dev/null 2>&1; then
dpkg --force-confold --configure -a
dpkg-query -W >/dev/null || exit 1
bad="$hurt $(broken)"
[ -z "${{bad# }}" ] || {{ {_APT} update; {_APT} --reinstall install $bad; }}
{_APT} -f install && dpkg --force-confold --configure -a && [ -z "$(broken)" ]
fi"""

_TABLE = {
    Family.DEBIAN: Packages(
        repair=_DPKG,
        refresh=f"{_APT} update",
        offered="for p in docker.io docker-cli iptables; do ! apt-cache show $p >/dev/null 2>&1 || echo $p; done",
        install=f"{_APT} --no-upgrade --no-remove install",
        engines=("docker.io",),
        with_engine=("docker-cli", "iptables"),
        no_engine="enable component main (Ubuntu: universe) in its package sources",
    ),
    Family.RED_HAT: Packages(
        repair="true",
        refresh=f"{_DNF} -q makecache",
        offered=f"{_DNF} --version >/dev/null; for p in moby-engine docker docker-cli docker-ce docker-ce-cli; do ! $pm -q info $p >/dev/null 2>&1 || echo $p; done",
        install=f"{_DNF} -y --exclude='kernel*' install",
        engines=("moby-engine", "docker", "docker-ce"),
        with_engine=("docker-cli", "docker-ce-cli"),
        no_engine="its own packages have Podman instead: add a repository with docker-ce there, or take an image of another distribution",
    ),
    Family.ALPINE: Packages(
        repair="apk fix",
        refresh="apk update",
        offered="apk search -q -x docker",
        install="apk add --no-interactive",
        engines=("docker",),
        with_engine=(),
        no_engine="enable the community repository in /etc/apk/repositories",
    ),
}


def packages_of(family: Family) -> Packages:
    """The family's commands."""
    return _TABLE[family]
