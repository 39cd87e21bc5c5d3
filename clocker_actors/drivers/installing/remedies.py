"""What package managers' last words mean, and the one thing to do about them. Texts are those with LC_ALL=C."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Remedy:
    """`again` tells whether the same step may succeed later by itself."""

    words: str
    again: bool = False


_LOCKED = re.compile(
    r"could not get lock|unable to acquire the dpkg frontend lock|unable to lock (the administration )?directory|unable to lock database"
    r"|holding the yum lock|failed to obtain the transaction lock|existing lock .*\.pid|lock was locked by another process",
    re.IGNORECASE,
)
_TABLE = (
    (
        r"no space left on device|enough (free )?space|insufficient space|needs? [\d.]+ ?[kmgt]b .*on the .* filesystem",
        Remedy("free space on its disk, or give it a larger one"),
    ),
    (
        (
            r"could not resolve|temporary failure (in name )?resol|name or service not known|could(n't| not) connect|unable to connect|connection refused"
            r"|connection timed out|network is unreachable|no route to host|failed to fetch|failed to download|curl error|cannot download"
            r"|cannot prepare internal mirrorlist|temporary error \(try again later\)|connection failed"
        ),
        Remedy("check the machine's network, name servers and package sources, or let it use a mirror or proxy", again=True),
    ),
    (
        r"not signed|no_pubkey|gpg (error|check failed)|untrusted signature|signature verification",
        Remedy("give it the keys of its package sources, and check its clock"),
    ),
    (
        r"parsing file '/var/lib/dpkg/status'",
        Remedy("what it knows of its packages is damaged: put back /var/backups/dpkg.status.0 there, or take a new machine"),
    ),
    (r"read-only file system", Remedy("its disk is read-only: mend the file system")),
    (r"permission denied|are you root|must be root|superuser", Remedy("let us enter as root, or as a user with sudo")),
    (
        r"unmet dependencies|held broken packages|conflicts with|nothing provides",
        Remedy("its packages contradict each other: mend them by hand"),
    ),
)


def is_locked(output: str) -> bool:
    """Whether another package manager is at work."""
    return _LOCKED.search(output) is not None


def cannot_reach(output: str) -> bool:
    """Whether package sources did not answer, even if the command took that for a success."""
    return re.search(_TABLE[1][0], output, re.IGNORECASE) is not None


def remedy(output: str) -> Remedy:
    """The one thing to do about a failed command with this output."""
    for pattern, found in _TABLE:
        if re.search(pattern, output, re.IGNORECASE):
            return found
    return Remedy("run the command there by hand and see what it says")
