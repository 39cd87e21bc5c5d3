"""The manager's own SSH key: made once in the state directory, let in by machines that clouds make, and put on those that exist.

A machine that was entered with a password takes the key so that engines, which are reached by key alone, can be reached there, too.
"""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from pathlib import Path

from clocker_actors.errors import ShellFault, StoreFault
from clocker_actors.ports.shell import Shell

COMMENT = "clocker"
LIMIT = 15.0


@dataclass(frozen=True, slots=True)
class ManagerKey:
    """The private key's file, and the public line as it stands in authorized_keys."""

    file: Path
    public: str


def manager_key(folder: Path) -> ManagerKey:
    """The key in a folder, made where there is none. Raises StoreFault when it can be neither read nor made."""
    import asyncssh  # noqa: PLC0415

    file = folder / "id_ed25519"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not file.exists():
            new = file.with_suffix(".new")
            made = asyncssh.generate_private_key("ssh-ed25519", comment=COMMENT)
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
                out.write(made.export_private_key())
            new.replace(file)
        public = asyncssh.read_private_key(file).export_public_key().decode().strip()
    except (OSError, asyncssh.KeyImportError) as error:
        raise StoreFault(f"the manager's SSH key {file} cannot be read or made ({error}): check the folder, or move it away") from error
    return ManagerKey(file, public)


async def admit(shell: Shell, user: str, public: str) -> None:
    """Let a key in as a user, who keeps all other keys. Safe to do twice. Raises ShellFault when there is no such user."""
    name, line = shlex.quote(user or "root"), shlex.quote(public)
    command = (
        f'home=$(getent passwd {name} | cut -d: -f6) && [ -n "$home" ] && umask 077 && mkdir -p "$home/.ssh" && '
        f'keys="$home/.ssh/authorized_keys" && touch "$keys" && {{ grep -qxF {line} "$keys" || printf \'%s\\n\' {line} >>"$keys"; }} && '
        f'chown -R {name}: "$home/.ssh"'
    )
    done = await shell.run(command, LIMIT)
    if not done.ok:
        raise ShellFault(f"{shell} does not take our key for {user} ({done.errors.strip() or 'no such user'}): check the user")
