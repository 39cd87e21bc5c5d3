"""A bare machine: a Debian of its own that boots, lets in by SSH whoever its cloud's user data names, and has no Docker yet.

Its disk (`upper` over the session's root, and real folders for what Docker keeps) outlives a power cut. It has no route out, only the
bed's mirror, and is the cloud's to make and destroy (`tests.bed.cloud`).
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
from pathlib import Path

from tests.bed.cgroups import remove_groups
from tests.bed.network import NAMESPACES, Cable
from tests.bed.process import BedError, end, in_network, run, spawn, started_at, wait_until
from tests.bed.ready import SBIN, iptables

USER = "debian"
"""Who may enter beside root, and become root by sudo, as on Debian's cloud images."""

# Its first process: moves into the machine's own file system, does once what cloud-init would, and keeps sshd running.
# A shell as first process reaps whatever is orphaned while it waits for sshd.
_BOOT = """\
set -eu
node=$1 name=$2 root=$3 services=${4:-}
mount -t overlay -o "lowerdir=$root,upperdir=$node/upper,workdir=$node/work" overlay "$node/root"
cd "$node/root"
mkdir -p old var/lib/docker var/lib/containerd
mount --rbind /dev dev
mount --rbind /sys sys
mount -t proc proc proc
mount -t tmpfs -o mode=755 tmpfs run
awk 'NR == 1 || !system("mountpoint -q /sys/fs/cgroup/" $1)' /proc/cgroups >run/cgroups
mount --bind run/cgroups proc/cgroups  # an engine's init script mounts all it finds there; groups in trees that the bed cannot see would stay, and end the statistics of other engines
mount --bind "$node/docker" var/lib/docker
mount --bind "$node/containerd" var/lib/containerd
[ -e etc/ssh/keys_made ] || { cp -R "$node/first/." .; chown -R 0:0 root/.ssh etc/docker; }
pivot_root . old
umount -l /old
mkdir -p /run/lock /run/sshd
hostname "$name"
if [ ! -e /etc/ssh/keys_made ]; then
  ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
  useradd -m -s /bin/sh %(user)s
  mkdir -p /home/%(user)s/.ssh
  cp /root/.ssh/authorized_keys /home/%(user)s/.ssh/
  chown -R %(user)s: /home/%(user)s
  chmod 700 /root /root/.ssh /home/%(user)s/.ssh
  touch /etc/ssh/keys_made
fi
if [ -n "$services" ] && ls /etc/rc2.d/S*docker >/dev/null 2>&1; then  # as its init would
  { service docker start || dockerd; } </dev/null >>/var/log/boot-docker.log 2>&1 &
fi
while :; do
  /usr/sbin/sshd -D -h /etc/ssh/ssh_host_ed25519_key || true
  sleep 0.2
done
""" % {"user": USER}  # noqa: UP031 - the script is full of braces


class BareNode:
    """One machine of the bed's cloud. `key` is the line of authorized_keys that may enter as root and as USER."""

    def __init__(self, cable: Cable, folder: Path, root: Path, key: str, mirror: str) -> None:
        self.name = cable.name
        self.address = cable.address
        self._cable = cable
        self._folder = folder
        self._root = root
        self._pid: int | None = None
        for part in ("upper", "work", "root", "docker", "containerd"):
            (folder / part).mkdir(mode=0o755, parents=True)
        self._write("root/.ssh/authorized_keys", f"{key}\n")
        self._write("etc/hosts", f"127.0.0.1 localhost {self.name}\n")
        self._write("etc/resolv.conf", "nameserver 127.0.0.1\n")
        self._write("etc/sudoers.d/90-cloud", f"{USER} ALL=(ALL) NOPASSWD:ALL\n", 0o440)
        self._write("etc/apt/apt.conf.d/90mirror", f'Acquire::http::Proxy "{mirror}";\nAcquire::https::Proxy "{mirror}";\n')
        # an engine's control groups lie outside the machine's file system: here is where the bed finds them again
        self._write("etc/docker/daemon.json", f'{{"cgroup-parent": "/{self.name}", "exec-opts": ["native.cgroupdriver=cgroupfs"]}}\n')
        if iptables().endswith("-legacy"):
            link = folder / "first/usr/local/sbin/iptables"
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to("/usr/sbin/iptables-legacy")
        (folder / "boot.sh").write_text(_BOOT)

    @property
    def powered(self) -> bool:
        return self._pid is not None and started_at(self._pid) is not None

    @property
    def disk(self) -> Path:
        """What it has written to its disk since it was made, as seen from here."""
        return self._folder / "upper"

    @property
    def listening(self) -> bool:
        """Whether sshd runs."""
        return "sshd" in in_network(self._cable.namespace).values()

    def power_on(self, *, services: bool = False) -> None:
        """Start booting; sshd is there half a second later. With `services` an installed engine is started, too, as on machines with an init."""
        enter = ("nsenter", f"--net={self._cable.namespace}", "unshare", "--mount", "--uts", "--ipc", "--pid", "--fork", "--kill-child")
        script = ("sh", str(self._folder / "boot.sh"), str(self._folder), self.name, str(self._root), "services" if services else "")
        self._pid = spawn([*enter, *script], self._folder / "log", {"PATH": SBIN, "HOME": "/root"})

    def await_sshd(self) -> None:
        """Wait until one can enter."""
        wait_until(lambda: self._takes_calls() or not self.powered, 30.0, f"{self.name} does not boot: {self.last_words()}")
        if not self.powered:
            raise BedError(f"{self.name} ended while booting: {self.last_words()}")

    def power_cut(self) -> None:
        """Everything on it dies at once; its disk stays."""
        if self._pid is None:
            return
        end(self._pid)
        self._pid = None
        wait_until(lambda: not in_network(self._cable.namespace), 90.0, f"processes of {self.name} outlive a power cut")

    def stop_sshd(self) -> None:
        """sshd is gone and stays so, with those who are in, on a machine that lives. `resume_sshd` is the end of it."""
        os.kill(self._first(), signal.SIGSTOP)
        for pid, name in in_network(self._cable.namespace).items():
            if name == "sshd":
                end(pid)

    def resume_sshd(self) -> None:
        """The end of `stop_sshd`."""
        os.kill(self._first(), signal.SIGCONT)
        self.await_sshd()

    def renew_host_key(self) -> None:
        """It is another machine now, as far as SSH can tell."""
        self.inside("rm", "-f", "/etc/ssh/ssh_host_ed25519_key", "/etc/ssh/ssh_host_ed25519_key.pub")
        self.inside("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/etc/ssh/ssh_host_ed25519_key")
        for pid, name in in_network(self._cable.namespace).items():
            if name == "sshd":
                end(pid)
        self.await_sshd()

    def cut_cable(self) -> None:
        """It falls off the network without a word."""
        self._cable.cut()

    def plug_cable(self) -> None:
        """The end of `cut_cable`."""
        self._cable.plug()

    def destroy(self) -> None:
        """Power cut, and its disk, cable and control groups are gone."""
        self.power_cut()
        run("ip", "netns", "delete", self.name)
        remove_groups(self.name)
        shutil.rmtree(self._folder)
        wait_until(lambda: not (NAMESPACES / self.name).exists(), 5.0, f"namespace {self.name} stays")

    def inside(self, *command: str) -> str:
        """Run a program on it, by no door of its own; what it printed. BedError."""
        return run("nsenter", "-t", str(self._first()), "-m", "-u", "-i", "-n", "-p", *command, env={"PATH": SBIN, "HOME": "/root"})

    def last_words(self) -> str:
        """The end of its console."""
        log = self._folder / "log"
        return "\n".join(log.read_text(errors="replace").splitlines()[-8:]) if log.exists() else "nothing on its console"

    def _takes_calls(self) -> bool:
        try:
            with socket.create_connection((self.address, 22), timeout=1.0) as line:
                return line.recv(4) == b"SSH-"
        except OSError:  # its process may be there before it listens
            return False

    def _first(self) -> int:
        return int(Path(f"/proc/{self._pid}/task/{self._pid}/children").read_text().split()[0])

    def _write(self, path: str, content: str, mode: int = 0o644) -> None:
        file = self._folder / "first" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
        file.chmod(mode)
