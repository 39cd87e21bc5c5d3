"""Named locations of the settings, and the secrets that locations need: identity, credential and password.

    [locations.ireland]                                       CLOCKER_LOCATION_IRELAND_CREDENTIAL=…
    location = "libcloud:ec2:eu-west-1"                       CLOCKER_LOCATION_IRELAND_CREDENTIAL_FILE=/run/secrets/ireland
    identity_file = "/etc/clocker/ireland.id"
    credential_file = "/etc/clocker/ireland.key"

A secret may be a variable of the daemon, a file that only its owner can read, or stand in clocker.toml if only its owner can read that. Everybody else has its
name; the value is given out by `Secrets.resolve` alone, cannot be printed, encoded or pickled on the way, and no fault shows it.
"""

import difflib
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn, Protocol

from clocker_actors.errors import SettingsError
from clocker_actors.masking import remember

VARIABLE = "CLOCKER_LOCATION_"
SECRETS = ("identity", "credential", "password")
MOST_BYTES = 64 * 1024

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_FORMS = tuple(form for kind in SECRETS for form in (f"{kind}_file", kind))


class Secret:
    """A value that is not to be seen. Nothing shows, encodes or copies it but `reveal`."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value, for whoever has to send it."""
        remember(self._value)
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret cannot be pickled or copied; pass its name on instead")


class Reference(Protocol):
    """The name of a secret, as `ireland.credential`."""

    @property
    def name(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Source:
    """Where one secret is: a value that was given, or a file that is read each time."""

    where: str
    value: Secret | None = None
    path: Path | None = None


@dataclass(frozen=True, slots=True)
class NamedLocation:
    """One `[locations.NAME]` table without its secrets. `lines` says where its keys stand ("" is the table itself), in the file `where`."""

    name: str
    options: Mapping[str, object]
    lines: Mapping[str, int]
    where: str


@dataclass(frozen=True, slots=True)
class Secrets:
    """All secrets there are, by the name of their location and their kind."""

    sources: Mapping[tuple[str, str], Source] = field(default_factory=dict)

    def has(self, location: str, kind: str) -> bool:
        """Whether somebody gave this secret."""
        return (_plain(location), kind) in self.sources

    def resolve(self, reference: Reference) -> str:
        """The value of a secret. SettingsError says where to write one that nobody gave, or what is wrong with its file."""
        location, _, kind = reference.name.rpartition(".")
        source = self.sources.get((_plain(location), kind))
        if source is None:
            variable = f"{VARIABLE}{_plain(location).upper()}_{kind.upper()}"
            raise SettingsError(
                f"location {location} has no {kind}; set {variable} for the daemon, or {kind}_file under [locations.{location}] in its clocker.toml"
            )
        return source.value.reveal() if source.value else content_of(source)

    def faults(self) -> list[str]:
        """What is wrong with the files now. Not asked when settings are read, since the client reads them too and may not look into these files."""
        found = []
        for source in self.sources.values():
            try:
                _ = source.value or content_of(source)
            except SettingsError as error:
                found.append(str(error))
        return found


def read_locations(
    table: object, text: str, path: Path, environ: Mapping[str, str], faults: list[str]
) -> tuple[Mapping[str, NamedLocation], Secrets]:
    """The `locations` of the settings file (None without) and of the environment; what is wrong is added to the faults, never with a value."""
    locations: dict[str, NamedLocation] = {}
    sources: dict[tuple[str, str], Source] = {}
    lines = _lines(text)
    if table is not None and not isinstance(table, dict):
        faults.append(
            f'{path}: locations: not a table; write [locations.NAME] and below it lines such as location = "libcloud:ec2:eu-west-1"'
        )
    known: dict[str, str] = {}
    for name, options in table.items() if isinstance(table, dict) else ():
        where = f"{path}:{lines.get((name, ''), 1)}: [locations.{name}]"
        if not _NAME.fullmatch(name):
            faults.append(f"{where}: cannot be the name of a location; write a-z, 0-9, - and _, the first a letter or digit")
        elif known.setdefault(_plain(name), name) != name:
            faults.append(f"{where}: is the same to variables as [locations.{known[_plain(name)]}]; give one of them another name")
        elif not isinstance(options, dict):
            faults.append(f'{where}: not a table; write below it lines such as location = "libcloud:ec2:eu-west-1"')
        else:
            for form in [form for form in _FORMS if form in options]:
                _from_table(name, form, options[form], path, lines, sources, faults)
            rest = {key: value for key, value in options.items() if key not in _FORMS}
            locations[name] = NamedLocation(name, rest, {key: line for (one, key), line in lines.items() if one == name}, str(path))
    for variable in sorted(name for name in environ if name.startswith(VARIABLE)):
        _from_variable(variable, environ[variable], sources, faults)
    return locations, Secrets(sources)


def _from_table(
    name: str,
    form: str,
    value: object,
    path: Path,
    lines: Mapping[tuple[str, str], int],
    sources: dict[tuple[str, str], Source],
    faults: list[str],
) -> None:
    where = f"{path}:{lines.get((name, form), lines.get((name, ''), 1))}: {form} of [locations.{name}]"
    kind = form.removesuffix("_file")
    if not isinstance(value, str) or not value:
        faults.append(f"{where}: not text; write {form} = " + ('"/path/of/a/file"' if form != kind else '"…"'))
    elif (_plain(name), kind) in sources:
        faults.append(f"{where}: {kind} is given in two ways; keep one of them")
    elif form != kind:
        sources[_plain(name), kind] = file_source(value, where, faults)
    elif open_to_others(path):
        faults.append(
            f"{where}: others can read this file; chmod 600 {path}, or write {kind}_file with the path of one that only its owner can read"
        )
    else:
        sources[_plain(name), kind] = Source(where, Secret(value))


def _from_variable(variable: str, value: str, sources: dict[tuple[str, str], Source], faults: list[str]) -> None:
    rest = variable.removeprefix(VARIABLE).lower()
    form = next((form for form in _FORMS if rest.endswith(f"_{form}") and len(rest) > len(form) + 1), None)
    if form is None:
        near = difflib.get_close_matches(rest.rpartition("_")[2], SECRETS, n=1, cutoff=0.5)
        better = f"{VARIABLE}{rest.rpartition('_')[0].upper() or 'NAME'}_{(near or SECRETS[1:2])[0].upper()}"
        faults.append(f"{variable}: no such setting; write {better}, or the same with _FILE and a path")
        return
    kind, location = form.removesuffix("_file"), rest.removesuffix(f"_{form}")
    if not value:
        faults.append(f"{variable}: is empty; set it to the {kind}, or unset it")
    elif (
        f"{variable.removesuffix('_FILE')}_FILE" == variable
        and (location, kind) in sources
        and sources[location, kind].where.startswith(VARIABLE)
    ):
        faults.append(f"{variable}: {variable.removesuffix('_FILE')} is set too; keep one of them")
    else:
        sources[location, kind] = file_source(value, variable, faults) if form != kind else Source(variable, Secret(value))


def at_home(written: str) -> Path:
    """The path, with a home in the place of `~`; that of nobody stays as it is written."""
    return Path(os.path.expanduser(written))  # noqa: PTH111 - Path's raises for "~" of nobody


def file_source(written: str, where: str, faults: list[str]) -> Source:
    """A secret in a file; a path that is none is added to the faults."""
    source = Source(where, path=at_home(written))
    if not written.startswith(("/", "~")):
        faults.append(f"{where}: not a path from the root; write one that begins with /")
    return source


def content_of(source: Source) -> str:
    """What the file has, its last line end taken off; no error holds any of it."""
    assert source.path is not None
    where = f"{source.where} ({source.path})"
    try:
        with source.path.open("rb") as file:
            about = os.fstat(file.fileno())
            if stat.S_IMODE(about.st_mode) & 0o077:
                raise SettingsError(f"{where}: others can read this file; chmod 600 {source.path}")
            if about.st_uid not in {os.geteuid(), 0}:
                raise SettingsError(f"{where}: belongs to another user, who may change it; chown it to this one")
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise SettingsError(f"{where}: cannot be read ({error.strerror}); make it a file that this user can read") from None
    try:
        text = content.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        text = ""
    if not text or len(content) > MOST_BYTES:
        raise SettingsError(f"{where}: is empty, not text, or larger than {MOST_BYTES >> 10} KiB; write the secret alone into it")
    remember(text)
    return text


def open_to_others(path: Path) -> bool:
    """Whether anybody but its owner may read it; True if that cannot be known."""
    try:
        return bool(stat.S_IMODE(path.stat().st_mode) & 0o077)
    except OSError:
        return True


def _plain(name: str) -> str:
    """A name as variables have it, in small letters."""
    return name.lower().replace("-", "_")


_HEADER = re.compile(r"\s*\[\s*locations\s*\.\s*[\"']?([^\]\"']+?)[\"']?\s*\]")
_KEY = re.compile(r"\s*[\"']?([A-Za-z0-9_.-]+)[\"']?\s*=")


def _lines(text: str) -> dict[tuple[str, str], int]:
    """Lines of the tables of locations and of their keys, as far as plain TOML shows them."""
    found: dict[tuple[str, str], int] = {}
    name = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if line.lstrip().startswith("["):
            header = _HEADER.match(line)
            name = header[1] if header else ""
            found.setdefault((name, ""), number)
        elif name and (key := _KEY.match(line)):
            found.setdefault((name, key[1]), number)
    return found
