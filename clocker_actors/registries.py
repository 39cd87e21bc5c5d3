"""Who we are to image registries, by their address; what a pull or push there is sent with.

    [registries."registry.example.org:5000"]                  CLOCKER_REGISTRY_REGISTRY_EXAMPLE_ORG_5000_PASSWORD=…
    user = "clocker"                                          CLOCKER_REGISTRY_REGISTRY_EXAMPLE_ORG_5000_PASSWORD_FILE=/run/secrets/registry
    password_file = "/etc/clocker/registry.password"

Images without a registry in their name are of `docker.io`. Whether a registry without TLS is spoken to is the engine's own setting (`insecure-registries` in its
daemon.json), and nothing here can change that. Only the work that pulls or pushes asks for a password; no fault shows one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from clocker_actors.credentials import Secret, Source, content_of, file_source, open_to_others
from clocker_actors.errors import SettingsError
from clocker_actors.externals import plain

VARIABLE = "CLOCKER_REGISTRY_"
USUAL = "docker.io"
_USUAL_SERVER = "https://index.docker.io/v1/"
_KEYS = ("user", "password", "password_file")


@dataclass(frozen=True, slots=True)
class Registry:
    """One table: who we are there."""

    address: str
    user: str
    password: Source | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Registries:
    """All there are, by address."""

    known: Mapping[str, Registry] = field(default_factory=dict)

    def login(self, reference: str) -> tuple[str, str, str] | None:
        """Server, user and password for an image; None where nothing was given. SettingsError says what is wrong with the password."""
        address = registry_of(reference)
        found = self.known.get(address)
        if found is None:
            return None
        if found.password is None:
            raise SettingsError(
                f'registry {address} has no password; write password_file under [registries."{address}"] in the daemon\'s clocker.toml, '
                f"or set {VARIABLE}{plain(address).upper()}_PASSWORD for it"
            )
        password = found.password.value.reveal() if found.password.value else content_of(found.password)
        return _USUAL_SERVER if address == USUAL else address, found.user, password


def registry_of(reference: str) -> str:
    """The registry that a reference names, as engines decide it."""
    head, slash, _ = reference.partition("/")
    return head if slash and ("." in head or ":" in head or head == "localhost") else USUAL


def read_registries(table: object, path: Path, environ: Mapping[str, str], faults: list[str]) -> Registries:
    """The `registries` tables of the settings file (None without), with passwords of the environment; what is wrong is added to the faults."""
    if table is not None and not isinstance(table, dict):
        faults.append(
            f'{path}: registries: not a table; write [registries."host:port"] and below it user = "…" and password_file = "/path"'
        )
    known: dict[str, Registry] = {}
    for address, given in table.items() if isinstance(table, dict) else ():
        where = f'{path}: [registries."{address}"]'
        if not isinstance(given, dict):
            faults.append(f'{where}: not a table; write below it user = "…" and password_file = "/path"')
            continue
        faults += [f"{where}: {key}: no such key; known are {', '.join(_KEYS)}" for key in given if key not in _KEYS]
        user = given.get("user")
        if not isinstance(user, str) or not user or ":" in user:
            faults.append(f'{where}: user: missing, or no name; write user = "clocker"')
            continue
        known[address] = Registry(address, user, _password(where, address, given, path, environ, faults))
    named = {f"{VARIABLE}{plain(address).upper()}_PASSWORD{end}" for address in known for end in ("", "_FILE")}
    faults += [
        f'{name}: no such registry; write [registries."host:port"] with a user in {path}'
        for name in sorted(environ)
        if name.startswith(VARIABLE) and name not in named
    ]
    return Registries(known)


def _password(
    where: str, address: str, given: Mapping[str, object], path: Path, environ: Mapping[str, str], faults: list[str]
) -> Source | None:
    variable = f"{VARIABLE}{plain(address).upper()}_PASSWORD"
    if value := environ.get(variable):
        return Source(variable, Secret(value))
    if file := environ.get(f"{variable}_FILE"):
        return file_source(file, f"{variable}_FILE", faults)
    for form in ("password", "password_file"):
        written = given.get(form)
        if written is None:
            continue
        if not isinstance(written, str) or not written:
            faults.append(f"{where}: {form}: not text; write {form} = " + ('"…"' if form == "password" else '"/path/of/a/file"'))
        elif form == "password_file":
            return file_source(written, f"{where}: {form}", faults)
        elif open_to_others(path):
            faults.append(f"{where}: password: others can read this file; chmod 600 {path}, or write password_file with a path")
        else:
            return Source(f"{where}: {form}", Secret(written))
    return None
