"""Secrets that have to be asked for: what a command writes, and what Vault's KV engine has. The settings say how, the driver `suppliers` does it.

    [external.shop]                                    [external.vault]
    command = ["/usr/bin/pass", "show", "shop/{key}"]  vault = "https://vault.example.org:8200"
    timeout = 10                                       token_file = "/run/clocker/vault.token"     or token_env, or token in a clocker.toml of mode 0600
                                                       mount = "secret"    version = 2    path = "shop"    ca = "/etc/ssl/vault.pem"    namespace = "team"

A command is words, run without a shell; with `shell = true` it is a text for `/bin/sh`, which finds the key as `$1`. It has the daemon's environment without
its CLOCKER_ variables, and `timeout` seconds. A key of Vault is a field of the secret `path`, or `more/path#field`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from clocker_actors.credentials import Secret, Source, file_source

LIMIT = 10.0
LONGEST_LIMIT = 60.0
KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/@:+-]{0,252}")
"""What a key that is handed on may be: no option of a command, nothing for a shell."""
_COMMAND, _ENV = "_command", "_env"
_VAULT_KEYS = ("vault", "token", "token_file", "token_env", "mount", "version", "path", "ca", "namespace", "timeout")
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True)
class Command:
    """What to run; `{key}` in a word is the key, unless a shell is asked for."""

    where: str
    words: tuple[str, ...]
    shell: bool = False
    limit: float = LIMIT


@dataclass(frozen=True, slots=True)
class Vault:
    """Where to ask, as whom, and below which path."""

    where: str
    url: str
    token: Source = field(repr=False)
    mount: str = "secret"
    version: int = 2
    path: str = ""
    ca: Path | None = None
    namespace: str = ""
    limit: float = LIMIT


Supply = Command | Vault


def take_supplies(
    table: dict[str, object], where: str, open_to_others: bool, environ: Mapping[str, str], faults: list[str]
) -> Mapping[str, Supply | Source]:
    """What a table says of that, by key ("": every other key); it is taken out of the table. What is wrong is added to the faults, never with a value."""
    found: dict[str, Supply | Source] = {}
    if isinstance(address := table.get("vault"), str) and "://" in address:
        vault = _vault(table, where, open_to_others, environ, faults)
        faults += [f"{where}: {key}: no such key of a Vault; known are {', '.join(_VAULT_KEYS)}" for key in table if key not in _VAULT_KEYS]
        table.clear()
        return {"": vault} if vault else {}
    shell, limit = table.get("shell") is True, _limit(table, where, faults)
    for key in [key for key in table if key == "command" or key.endswith((_COMMAND, _ENV))]:
        if key == "command" and isinstance(table[key], str) and not shell:
            continue  # a secret that is called so
        written = table.pop(key)
        if key.endswith(_ENV):
            found[key.removesuffix(_ENV)] = _variable(written, f"{where}: {key}", environ, faults)
        elif (words := _words(written, shell)) is None:
            better = f'write {key} = "…", or take `shell` away' if shell else f'write {key} = ["/path/of/a/program", "word"]'
            faults.append(f"{where}: {key}: no words of a command; {better}")
        else:
            name = "" if key == "command" else key.removesuffix(_COMMAND)
            found[name] = Command(f"{where}: {key}", words, shell, limit)
    if any(isinstance(each, Command) for each in found.values()):
        table.pop("shell", None)
        table.pop("timeout", None)
    return found


def _words(written: object, shell: bool) -> tuple[str, ...] | None:
    if shell:
        return (written,) if isinstance(written, str) and written else None
    good = isinstance(written, list) and written and all(isinstance(word, str) and word for word in written)
    return tuple(map(str, written)) if good and isinstance(written, list) and str(written[0]).startswith("/") else None


def _limit(table: Mapping[str, object], where: str, faults: list[str]) -> float:
    given = table.get("timeout", LIMIT)
    if isinstance(given, int | float) and not isinstance(given, bool) and 0 < given <= LONGEST_LIMIT:
        return float(given)
    if "vault" in table or "command" in table:
        faults.append(f"{where}: timeout: not good; write seconds, at most {LONGEST_LIMIT:g}")
    return LIMIT


def _variable(written: object, where: str, environ: Mapping[str, str], faults: list[str]) -> Source:
    if not isinstance(written, str) or not written:
        faults.append(f'{where}: not the name of a variable; write it as "SHOP_PASSWORD"')
        return Source(where, Secret(""))
    value = environ.get(written, "")
    if not value:
        faults.append(f"{where}: the daemon has no variable {written}, or it is empty; set it")
    return Source(where, Secret(value))


def _vault(table: Mapping[str, object], where: str, open_to_others: bool, environ: Mapping[str, str], faults: list[str]) -> Vault | None:
    url = str(table["vault"]).rstrip("/")
    parts = urlsplit(url)
    wrong = [
        f"{name}: not text; write it in quotes" for name in ("mount", "path", "ca", "namespace") if not isinstance(table.get(name, ""), str)
    ]
    if parts.scheme not in {"https", "http"} or not parts.hostname or (parts.scheme == "http" and parts.hostname not in _LOOPBACK):
        wrong.append("vault: would show the token to the network; write https://host:8200")
    if table.get("version", 2) not in (1, 2):
        wrong.append("version: no version of the KV engine; write 1 or 2")
    token = _token(table, where, open_to_others, environ, faults)
    if token is None:
        wrong.append("has no token; write token_file with the path of one that only its owner can read, or token_env")
    faults += [f"{where}: {words}" for words in wrong]
    if wrong or token is None:
        return None
    ca = str(table.get("ca", ""))
    return Vault(
        where,
        url,
        token,
        str(table.get("mount", "secret")).strip("/"),
        int(str(table.get("version", 2))),
        str(table.get("path", "")).strip("/"),
        Path(ca) if ca else None,
        str(table.get("namespace", "")),
        _limit(table, where, faults),
    )


def _token(table: Mapping[str, object], where: str, open_to_others: bool, environ: Mapping[str, str], faults: list[str]) -> Source | None:
    written, file, variable = (table.get(name) for name in ("token", "token_file", "token_env"))
    if isinstance(file, str) and file:
        return file_source(file, f"{where}: token_file", faults)
    if variable is not None:
        return _variable(variable, f"{where}: token_env", environ, faults)
    if isinstance(written, str) and written:
        if open_to_others:
            faults.append(f"{where}: token: others can read this file; write token_file with the path of one that only its owner can read")
        return Source(f"{where}: token", Secret(written))
    return None
