"""Docker engines of our own: started from a state folder in namespaces of their own, so that one kill takes all of it along.

A bed's host is an engine with a network namespace of its own. The standing engine of the demo (`start_engine`) shares the machine's
network instead, so that it can pull images, but without packet filter rules or forwarding: its own bridge and a userland proxy on
127.0.0.1 do, and nothing of the machine changes but that one link. It outlives the process that started it.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.bed.cgroups import remove_groups
from tests.bed.claim import Claim, abandoned, claim
from tests.bed.network import GATEWAY, remove_network
from tests.bed.process import BedError, end, run, spawn, started_at, wait_until
from tests.bed.ready import SBIN, engine_why_not, iptables

# The first process of the host: moves into the host's own system, if it has one, makes the file system private where an engine or
# sshd writes, then keeps an engine running. It reaps what dockerd orphans. Until the engine has answered once, its end is the host's
# end: a wrong flag must not loop.
BOOT = """\
set -eu
state=$1 name=$2
shift 2
if [ -n "${BED_ROOT:-}" ]; then
  mount -t tmpfs -o mode=755 tmpfs /mnt
  mkdir /mnt/upper /mnt/work /mnt/root
  mount -t overlay -o lowerdir="$BED_ROOT",upperdir=/mnt/upper,workdir=/mnt/work overlay /mnt/root
  cd /mnt/root
  bed=${state%/*}
  mkdir -p old ".$bed"
  for folder in /dev /sys /proc "$bed"; do mount --rbind "$folder" ".$folder"; done
  pivot_root . old
  umount -l /old
fi
[ -z "${BED_DISK:-}" ] || mount -t tmpfs -o "mode=711,size=$BED_DISK" tmpfs "$state/data"
mount -t tmpfs -o mode=755 tmpfs /run
for folder in etc opt; do
  mkdir -p /run/upper/$folder /run/work/$folder
  mount -t overlay -o lowerdir=/$folder,upperdir=/run/upper/$folder,workdir=/run/work/$folder overlay /$folder
done
mkdir -p /run/lock /run/sshd /etc/docker
mount --bind "$state/docker" /etc/docker
rm -f /etc/resolv.conf
cp "$state/resolv.conf" /etc/resolv.conf
printf '127.0.0.1 localhost %s\\n' "$name" >/etc/hosts
sed -i 's/^root:[^:]*:/root:*:/' /etc/shadow
hostname "$name"
[ ! -e "$state/sshd/config" ] || /usr/sbin/sshd -f "$state/sshd/config" -E "$state/sshd/log"
while :; do
  dockerd "$@" || true
  [ -e "$state/answered" ] || exit 1
  sleep 0.2
done
"""


@dataclass(frozen=True, slots=True)
class Make:
    """What is special about a host's engine: further flags and environment, the system it comes from, the size of its disk.

    `settings` become the engine's daemon.json. `root` is a folder with a Debian of its own (None: this machine's). `disk` is what a tmpfs takes as size ("" means the machine's
    disk); such a disk is empty again after a power cut.
    """

    flags: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    root: Path | None = None
    disk: str = ""
    settings: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Engine:
    """What to start: a name (host name and cgroup), a state folder, a network namespace or None for the machine's, dockerd's flags."""

    name: str
    folder: Path
    namespace: Path | None
    flags: tuple[str, ...]
    make: Make = Make()

    @property
    def socket(self) -> Path:
        return self.folder / "docker.sock"

    def boot(self, keep: int | None = None) -> int:
        """Start it and wait until it answers; returns the outer pid, whose SIGKILL is a power cut. `keep` is an open file for it to hold."""
        check_folder(self.folder)
        for folder in ("docker", "bin", "home", "data"):
            (self.folder / folder).mkdir(exist_ok=True)
        (self.folder / "boot.sh").write_text(BOOT)
        if self.make.settings:
            (self.folder / "docker/daemon.json").write_text(json.dumps(self.make.settings))
        (self.folder / "answered").unlink(missing_ok=True)
        self.socket.unlink(missing_ok=True)
        pid = spawn(self._command(), self.folder / "log", self._environment(), keep)
        try:
            wait_until(lambda: self._answers(pid), 60.0, f"engine {self.name} does not answer; {self.last_words()}")
        except BaseException:
            end(pid)
            raise
        (self.folder / "answered").touch()
        return pid

    def last_words(self) -> str:
        """The end of the engine's log."""
        log = self.folder / "log"
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        return "\n".join(["its log ends:", *lines[-12:]])

    def _answers(self, pid: int) -> bool:
        if ping(self.socket, 1.0):
            return True
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
        if started_at(pid) is None:
            raise BedError(f"engine {self.name} ended at once; {self.last_words()}")
        return False

    def _command(self) -> Sequence[str]:
        enter = [] if self.namespace is None else ["nsenter", f"--net={self.namespace}"]
        # --propagation is private by default, so no mount of the engine is ever seen outside
        own = ["unshare", "-m", "-u", "-i", "-p", "-f", "--kill-child", "--mount-proc"]
        common = [
            *("--data-root", f"{self.folder}/data", "-H", f"unix://{self.socket}", "-H", "unix:///run/docker.sock"),
            *("--cgroup-parent", f"/{self.name}", "--exec-opt", "native.cgroupdriver=cgroupfs"),
        ]
        return [*enter, *own, "sh", str(self.folder / "boot.sh"), str(self.folder), self.name, *common, *self.flags, *self.make.flags]

    def _environment(self) -> Mapping[str, str]:
        path = SBIN
        if self.namespace is not None and shutil.which("iptables", path=SBIN) != iptables():
            link = self.folder / "bin/iptables"
            link.unlink(missing_ok=True)
            link.symlink_to(iptables())
            path = f"{link.parent}:{SBIN}"
        proxies = {key: value for key, value in os.environ.items() if key.lower().endswith("_proxy")}
        place = {"BED_ROOT": str(self.make.root or ""), "BED_DISK": self.make.disk}
        return {"PATH": path, "HOME": f"{self.folder}/home", **proxies, **place, **self.make.environment}


def check_folder(state: Path) -> None:
    """BedError when no engine can live in this state folder."""
    if Path("/run") in state.parents:
        raise BedError(f"state folder {state} is below /run, which an engine replaces: choose another")
    if len(str(state)) > 88:
        raise BedError(f"state folder {state} is too long for a socket in it: choose one of at most 88 characters")


def ping(path: Path, timeout: float) -> bool:
    """Whether an engine answers at a unix socket within `timeout` seconds."""
    with socket.socket(socket.AF_UNIX) as line, contextlib.suppress(OSError):
        line.settimeout(timeout)
        line.connect(str(path))
        line.sendall(b"GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n")
        return b" 200 " in line.recv(64)
    return False


def sweep(held: Claim) -> None:
    """Remove all that was made under a claim whose hosts are dead or may die, then give the claim back."""
    remove_network(held)
    remove_groups(held.name)
    folder = held.folder()
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=False)
    held.let_go()


def sweep_abandoned() -> None:
    """Remove what killed sessions left on this machine."""
    for held in abandoned():
        sweep(held)


@dataclass(frozen=True, slots=True)
class EngineProcess:
    """A standing engine: `host` is its DOCKER_HOST; containers publish their ports on 127.0.0.1."""

    name: str
    state: Path
    pid: int
    started: int

    @property
    def socket(self) -> Path:
        return self.state / "docker.sock"

    @property
    def host(self) -> str:
        return f"unix://{self.socket}"

    def runs(self) -> bool:
        """Whether this very process still lives."""
        return started_at(self.pid) == self.started

    def stop(self) -> None:
        """End the engine with its containers and remove its links, cgroups and data; only `log` stays in the state folder."""
        if self.runs():
            bridges = _bridges(self.socket)
            end(self.pid)
            for bridge in bridges:
                run("ip", "link", "delete", bridge)
        sweep_abandoned()  # its claim came free with its last process
        for leftover in ("data", "docker", "bin", "home"):
            shutil.rmtree(self.state / leftover, ignore_errors=True)
        for file in ("docker.sock", "answered", "boot.sh", "resolv.conf", "engine.json"):
            (self.state / file).unlink(missing_ok=True)


def start_engine(state_dir: Path) -> EngineProcess:
    """Start a standing engine in a state folder, or return the one that runs there. About 2 s; BedError says why it could not."""
    running = find_engine(state_dir)
    if running is not None:
        return running
    if (reason := engine_why_not()) is not None:
        raise BedError(reason)
    state = state_dir.resolve()
    check_folder(state)
    sweep_abandoned()
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copyfile("/etc/resolv.conf", state / "resolv.conf")
    held = claim()
    try:
        held.note(None)
        run("ip", "link", "add", held.name, "type", "bridge")
        run("ip", "address", "add", f"{held.address(GATEWAY)}/24", "dev", held.name)
        run("ip", "link", "set", held.name, "up")
        quiet = ("--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false")
        flags = (*quiet, "--bridge", held.name, "--ip", "127.0.0.1", "--userland-proxy=true")
        pid = Engine(held.name, state, None, flags).boot(keep=held.lock)
        engine = EngineProcess(held.name, state, pid, started_at(pid) or 0)
        (state / "engine.json").write_text(json.dumps(asdict(engine) | {"state": str(state)}))
    except BaseException:
        sweep(held)
        raise
    os.close(held.lock)  # from now on the engine alone holds the claim
    return engine


def find_engine(state_dir: Path) -> EngineProcess | None:
    """The standing engine that runs in a state folder, whoever started it."""
    with contextlib.suppress(FileNotFoundError):
        saved = json.loads((state_dir / "engine.json").read_text())
        engine = EngineProcess(saved["name"], Path(saved["state"]), saved["pid"], saved["started"])
        return engine if engine.runs() else None
    return None


def _bridges(at: Path) -> list[str]:
    """Links of the networks people made on a standing engine: they lie in the machine's network and outlive it."""
    listed = run("docker", "-H", f"unix://{at}", "network", "ls", "-q", "--filter", "driver=bridge", "--filter", "type=custom")
    return [f"br-{network}" for network in listed.split()]
