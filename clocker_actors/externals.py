"""Secrets that blueprints name by provider and key: `$brooklyn:external("shop", "db-password")`.

    [external.shop]                                           CLOCKER_EXTERNAL_SHOP_DB_PASSWORD=…
    db-password_file = "/etc/clocker/shop.password"           CLOCKER_EXTERNAL_SHOP_DB_PASSWORD_FILE=/run/secrets/shop
    api-key_env = "SHOP_API_KEY"
    pin_command = ["/usr/bin/pass", "show", "shop/pin"]
    directory = "/run/secrets/shop"

A provider is a table of the settings; each of its keys is a file that only its owner can read, a variable of the daemon, what a command writes, or stands in
clocker.toml if only its owner can read that. With `directory` every file in it is a key, too. A table with `command = […]` asks that for every key, one with
`vault = "https://…"` asks Vault (see `supply`). Only the work that makes a container asks for a value, each time anew; no fault shows one.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from clocker_actors.credentials import Secret, Source, at_home, content_of, file_source, open_to_others
from clocker_actors.errors import SettingsError
from clocker_actors.supply import Supply, take_supplies

VARIABLE = "CLOCKER_EXTERNAL_"
DIRECTORY = "directory"
_FILE = "_file"
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,252}")


@dataclass(frozen=True, slots=True)
class Externals:
    """All there are: by provider and key, and the directories of providers."""

    sources: Mapping[tuple[str, str], Source] = field(default_factory=dict)
    directories: Mapping[str, Path] = field(default_factory=dict)
    providers: tuple[str, ...] = ()
    supplies: Mapping[tuple[str, str], Supply] = field(default_factory=dict)
    """Commands and Vaults, by provider and key; with the key "" for every key that is not given otherwise."""

    def open(self, provider: str, key: str) -> str:
        """The value of what is a file, a variable, or written. SettingsError says where to write one that nobody gave, or what is wrong with its file."""
        source = self.source(provider, key)
        if not isinstance(source, Source):
            raise SettingsError(f"external.{provider}: {key} has to be asked for; that is done where a container is made")
        return source.value.reveal() if source.value else content_of(source)

    def check(self, provider: str, key: str) -> str:
        """Nothing, if the value can be had as far as that is known without asking others. Raises SettingsError as `open` does."""
        if isinstance(self.source(provider, key), Source):
            self.open(provider, key)
        return ""

    def source(self, provider: str, key: str) -> Source | Supply:
        """Where the value is. SettingsError says where to write one that nobody gave."""
        name = plain(provider)
        source: Source | Supply | None = self.sources.get((name, plain(key)))
        directory = self.directories.get(name)
        if source is None and directory is not None and _KEY.fullmatch(key) and (directory / key).is_file():
            source = Source(f"external.{provider}", path=directory / key)
        source = source or self.supplies.get((name, plain(key))) or self.supplies.get((name, ""))
        if source is None:
            known = get_close_matches(provider, self.providers, n=3) or self.providers
            there = "" if plain(provider) in map(plain, self.providers) else f"; providers are {', '.join(known) or 'none yet'}"
            raise SettingsError(
                f'there is no secret {key} of external provider {provider}{there}; write {key}_file = "/path" under [external.{provider}] in the '
                f"daemon's clocker.toml, or set {VARIABLE}{plain(provider).upper()}_{plain(key).upper()} for it"
            )
        return source


def read_externals(table: object, path: Path, environ: Mapping[str, str], faults: list[str]) -> Externals:
    """The `external` tables of the settings file (None without) and of the environment; what is wrong is added to the faults, never with a value."""
    sources: dict[tuple[str, str], Source] = {}
    directories: dict[str, Path] = {}
    supplies: dict[tuple[str, str], Supply] = {}
    names: dict[str, None] = {}
    if table is not None and not isinstance(table, dict):
        faults.append(f'{path}: external: not a table; write [external.NAME] and below it lines such as key_file = "/path"')
    for name, given in table.items() if isinstance(table, dict) else ():
        where = f"{path}: [external.{name}]"
        if not isinstance(given, dict):
            faults.append(f'{where}: not a table; write below it lines such as key_file = "/path"')
            continue
        names[name] = None
        rest = dict(given)
        for key, supply in take_supplies(rest, where, open_to_others(path), environ, faults).items():
            if isinstance(supply, Source):
                sources[plain(name), plain(key)] = supply
            else:
                supplies[plain(name), plain(key)] = supply
        for key, value in rest.items():
            _from_table(name, key, value, path, sources, directories, faults)
    for variable in sorted(name for name in environ if name.startswith(VARIABLE)):
        _from_variable(variable, environ[variable], tuple(names), sources, faults)
    return Externals(sources, directories, tuple(names), supplies)


def plain(name: str) -> str:
    """A name as variables have it, in small letters."""
    return re.sub(r"[^a-z0-9]", "_", name.lower())


def _from_table(
    name: str,
    key: str,
    value: object,
    path: Path,
    sources: dict[tuple[str, str], Source],
    directories: dict[str, Path],
    faults: list[str],
) -> None:
    where = f"{path}: {key} of [external.{name}]"
    if not isinstance(value, str) or not value:
        faults.append(f'{where}: not text; write {key} = "…"')
    elif key == DIRECTORY:
        directories[plain(name)] = at_home(value)
        if not value.startswith(("/", "~")):
            faults.append(f"{where}: not a path from the root; write one that begins with /")
    elif key.endswith(_FILE):
        sources[plain(name), plain(key.removesuffix(_FILE))] = file_source(value, where, faults)
    elif open_to_others(path):
        faults.append(
            f"{where}: others can read this file; chmod 600 {path}, or write {key}_file with the path of one that only its owner can read"
        )
    else:
        sources[plain(name), plain(key)] = Source(where, Secret(value))


def _from_variable(
    variable: str, value: str, providers: tuple[str, ...], sources: dict[tuple[str, str], Source], faults: list[str]
) -> None:
    """A provider that has a table is told by its name; of any other the name is the first word."""
    rest = variable.removeprefix(VARIABLE).lower()
    named = max((plain(name) for name in providers if rest.startswith(f"{plain(name)}_")), key=len, default=rest.partition("_")[0])
    key = rest.removeprefix(f"{named}_")
    if not value or not key or key == rest:
        faults.append(f"{variable}: is empty or names no key; write {VARIABLE}PROVIDER_KEY with a value, or unset it")
    elif key.endswith(_FILE):
        sources[named, key.removesuffix(_FILE)] = file_source(value, variable, faults)
    else:
        sources[named, key] = Source(variable, Secret(value))
