"""Whether real hosts can be had here, and if not, what is missing."""

from __future__ import annotations

import functools
import os
import shutil
from pathlib import Path

from tests.bed.process import BedError, run

ENGINE_PROGRAMS = ("dockerd", "containerd", "runc", "docker", "iptables", "ip", "unshare")
PROGRAMS = (*ENGINE_PROGRAMS, "nsenter", "sshd", "ssh-keygen", "openssl", "busybox", "mmdebstrap")
SBIN = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def engine_why_not() -> str | None:
    """None when a standing engine can be started; else what is missing, in words. Looks anew at each call: the demo installs in between."""
    return _lacking(ENGINE_PROGRAMS)


@functools.cache
def why_not() -> str | None:
    """None when a bed can be made; else what is missing, in words."""
    if (lacking := _lacking(PROGRAMS)) is not None:
        return lacking
    try:
        run("unshare", "--net", "--mount", "--pid", "--fork", "true")
        iptables()
    except BedError as fault:
        return f"this machine cannot make real hosts: {fault}"
    return None


@functools.cache
def iptables() -> str:
    """The iptables program this kernel can serve, path and all: the machine's choice if it works, else the other of nft and legacy."""
    faults = []
    for name in ("iptables", "iptables-nft", "iptables-legacy"):
        program = shutil.which(name, path=SBIN)
        if program is None:
            continue
        rule = "-t nat -A POSTROUTING -s 198.18.0.0/24 ! -o docker0 -j MASQUERADE"
        track = "-t filter -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"
        try:
            run("unshare", "--net", "sh", "-c", f"{program} {rule} && {program} {track}")
            return program
        except BedError as fault:
            faults.append(str(fault))
    raise BedError(f"no iptables works here: {'; '.join(faults) or 'none installed'}")


def _lacking(programs: tuple[str, ...]) -> str | None:
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "real hosts need root"
    if not Path("/etc/debian_version").exists():
        return "real hosts need Debian or Ubuntu"
    missing = [name for name in programs if shutil.which(name, path=SBIN) is None]
    return f"real hosts need {', '.join(missing)} (run .ci/packages.sh)" if missing else None
