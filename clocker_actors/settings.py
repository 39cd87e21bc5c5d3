"""How this daemon is to run: read once, frozen, passed on.

Lowest first: defaults, `clocker.toml` (CLOCKER_CONFIG, else in the state directory), CLOCKER_* variables, flags. The name of a setting is
one word everywhere: `ping_period` in the file, CLOCKER_PING_PERIOD, `--ping-period`. All faults are reported together, each with where
it stands, what is wrong and what would be right. Durations are seconds. The CLI imports this room too, so it stays cheap. Locations that
settings name, and secrets, are the matter of `credentials.py`.
"""

import difflib
import math
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from clocker_actors.allowances import VARIABLE as ALLOW
from clocker_actors.allowances import Allowances, read_allowances
from clocker_actors.credentials import VARIABLE, NamedLocation, Reference, Secrets, at_home, read_locations
from clocker_actors.errors import SettingsError
from clocker_actors.externals import VARIABLE as EXTERNAL
from clocker_actors.externals import Externals, read_externals
from clocker_actors.registries import VARIABLE as REGISTRY
from clocker_actors.registries import Registries, read_registries

PREFIX = "CLOCKER_"
CONFIG, URL, TOKEN, CA = "CLOCKER_CONFIG", "CLOCKER_URL", "CLOCKER_TOKEN", "CLOCKER_CA"
FILE = "clocker.toml"
USUAL_ENGINE = "unix:///var/run/docker.sock"
LONGEST_SOCKET = 107  # bytes, a limit of the kernel's socket addresses

_NOT_SETTINGS = frozenset({CONFIG, URL, TOKEN, CA})  # where to look, and what only the CLI reads
_ENGINE = re.compile(r"(unix:///.+|(tcp|http|https|ssh|simulated)://[^/]+.*)")
_TRUTH = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}

_GONE = {
    "token_file": "tokens stand in no file any more; remove this setting, and make each with `clocker token create NAME --scope SCOPE`, which shows it once"
}
"""Settings of older versions, and what there is in their place."""

Check = Callable[[object], object]
"""Turns a value of the file or a variable's text into the setting's; ValueError says what would be right."""


def _number(least: float, most: float, example: str, *, whole: bool = False) -> Check:
    def check(value: object) -> float:
        try:
            number = math.nan if isinstance(value, bool) else float(str(value))
        except ValueError:
            number = math.nan
        if not least <= number <= most or (whole and number != int(number)):
            kind = "a whole number" if whole else "a number"
            raise ValueError(f"write {kind} from {least:g} to {most:g}, for example {example}")
        return int(number) if whole else number

    return check


def _choice(*words: str) -> Check:
    def check(value: object) -> str:
        if value not in words:
            raise ValueError(f"write one of {', '.join(words)}")
        return str(value)

    return check


def _pattern(pattern: str, right: str) -> Check:
    def check(value: object) -> str:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise ValueError(right)
        return value

    return check


def _truth(value: object) -> bool:
    known = value if isinstance(value, bool) else _TRUTH.get(str(value).lower())
    if known is None:
        raise ValueError("write true or false")
    return known


def _path(value: object) -> Path:
    if not isinstance(value, str | Path) or not str(value):
        raise ValueError("write a path")
    return at_home(str(value)).absolute()


def _address(value: object) -> str:
    host, _, port = str(value).rpartition(":")
    if value and not (host and port.isdecimal() and 0 <= int(port) < 65_536):
        raise ValueError("write host:port, for example 127.0.0.1:8440")
    return str(value)


def _folders(value: object) -> tuple[Path, ...]:
    names = value if isinstance(value, list | tuple) else str(value).split(":")
    found = tuple(at_home(str(name)) for name in names if str(name))
    if not all(each.is_absolute() for each in found):
        raise ValueError("write folders from the root, for example /etc/clocker/keys")
    return found


def _modules(value: object) -> tuple[str, ...]:
    names = value if isinstance(value, list | tuple) else str(value).split(",")
    found = tuple(str(name).strip() for name in names if str(name).strip())
    if not all(part.isidentifier() for name in found for part in name.split(".")):
        raise ValueError("write names of Python modules, for example my_package.strategies")
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One daemon's settings. `state` holds all it keeps; `listen` ("" = no TCP door) needs a certificate, unless it is an address of this machine alone."""

    state: Path = field(metadata={"check": _path})
    listen: str = field(default="", metadata={"check": _address})
    tls_cert: Path | None = field(default=None, metadata={"check": _path})
    tls_key: Path | None = field(default=None, metadata={"check": _path})
    """Certificate (with those above it) and key of the TCP door, in PEM; read again when they change."""
    key_roots: tuple[Path, ...] = field(default=(), metadata={"check": _folders})
    """Folders whose files (SSH keys, certificates) docker clouds may name in blueprints that come in by a token."""
    log_format: str = field(default="auto", metadata={"check": _choice("auto", "console", "json")})
    log_level: str = field(default="info", metadata={"check": _choice("debug", "info", "warning", "error")})
    plain_secrets: str = field(default="warn", metadata={"check": _choice("allow", "warn", "refuse")})
    """What becomes of blueprints that have secrets (by their names) in plain text."""
    plane: str = field(default="", metadata={"check": _pattern("[a-z0-9-]{1,20}", "write 1 to 20 of a-z, 0-9 and -")})
    """Whose containers these are, in their names and labels; "" = one of this state directory's own. Two managers on one engine need two."""
    local_engine: str = field(
        default=USUAL_ENGINE,
        metadata={"check": _pattern(_ENGINE.pattern, "write unix:///path, tcp://host:port, https://host:port or ssh://user@host")},
    )
    start_limit: int = field(default=2, metadata={"check": _number(1, 64, "2", whole=True)})
    """Starts in flight per engine to begin with; the pace adapts from there."""
    start_target: float = field(default=0.9, metadata={"check": _number(0.05, 60, "0.9")})
    """Latency of a start above which the pace goes down."""
    start_settle: float = field(default=1.0, metadata={"check": _number(0, 60, "1.0")})
    """Seconds that a container which nothing probes has to run before its start counts as done."""
    ping_period: float = field(default=1.0, metadata={"check": _number(0.1, 300, "1.0")})
    ping_limit: float = field(default=1.0, metadata={"check": _number(0.1, 300, "1.0")})
    ping_misses: int = field(default=3, metadata={"check": _number(1, 100, "3", whole=True)})
    """Pings in a row without an answer (within `ping_limit` each) after which an engine counts as unreachable."""
    stats_watched: float = field(default=1.0, metadata={"check": _number(1, 3600, "1.0")})
    stats_other: float = field(default=10.0, metadata={"check": _number(1, 3600, "10.0")})
    engine_grace: float = field(default=30.0, metadata={"check": _number(0, 86_400, "30.0")})
    """How long an engine whose host is alive (it refuses connections, or answers by SSH: the engine may be restarting) is waited for before
    its members are replaced elsewhere. A silent host is not waited for."""
    lease_ttl: float = field(default=10.0, metadata={"check": _number(3, 3600, "10.0")})
    """How long a service with `duplicate: never` lives when nobody answers for it any more: after that it has ended, wherever it is, and 2 s later
    its successor is placed. Shorter heals sooner, longer forgives a slower network or manager. Leases that run keep what they were made with."""
    recording: bool = field(default=False, metadata={"check": _truth})
    """Whether all that comes in is written to `recordings/` in the state directory, for `clocker replay`."""
    recording_size: int = field(default=256, metadata={"check": _number(1, 100_000, "256", whole=True)})
    """Megabytes after which a recording ends."""
    recording_files: int = field(default=4, metadata={"check": _number(1, 1000, "4", whole=True)})
    """Recordings kept, one for each start of the daemon; the oldest go."""
    entity_metrics: bool = field(default=True, metadata={"check": _truth})
    keep_activities: int = field(default=1_000, metadata={"check": _number(10, 1_000_000, "1000", whole=True)})
    """Activities that have ended which are remembered in all; those that run always are."""
    keep_decisions: int = field(default=5_000, metadata={"check": _number(10, 1_000_000, "5000", whole=True)})
    """Decisions remembered in memory, three fifths of them for those that acted."""
    keep_events: int = field(default=4_096, metadata={"check": _number(10, 1_000_000, "4096", whole=True)})
    """Events that a client who was away can still be told."""
    strategy_modules: tuple[str, ...] = field(default=(), metadata={"check": _modules})
    """Python modules whose placement strategies and predicates blueprints may name as `module:Class`; installed entry points need no permission."""
    locations: Mapping[str, NamedLocation] = field(default_factory=dict)
    """Tables `[locations.NAME]` of the file, without their secrets."""
    secrets: Secrets = field(default_factory=Secrets, repr=False)
    externals: Externals = field(default_factory=Externals, repr=False)
    """What blueprints may name by `external`."""
    registries: Registries = field(default_factory=Registries, repr=False)
    """Who we are to image registries."""
    allow: Allowances = field(default_factory=Allowances)
    """What containers may have beyond the usual; nothing, unless `[allow]` says so."""

    def resolve(self, reference: Reference) -> str:
        """The value of a secret of a location, by its name. Raises SettingsError, which says where to write it."""
        return self.secrets.resolve(reference)

    @property
    def socket(self) -> Path:
        """The unix socket of the default door."""
        return self.state / "clocker.sock"


_CHECKS: Mapping[str, Check] = {item.name: item.metadata["check"] for item in fields(Settings) if "check" in item.metadata}


@dataclass(frozen=True, slots=True)
class _Given:
    """A value and where it was given, in words."""

    name: str
    value: object
    where: str


def load(flags: Mapping[str, object] | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Read all settings; flags that are None count as not given. SettingsError has a line for each fault."""
    environ = os.environ if environ is None else environ
    flagged = {name: value for name, value in (flags or {}).items() if value is not None}
    outer = [*_from_environment(environ), *(_Given(name, value, f"flag --{name.replace('_', '-')}") for name, value in flagged.items())]
    path, chosen = _config_path(outer, environ)
    text = _text(path, required=chosen)
    table = _table(text, path)
    faults: list[str] = []
    locations, secrets = read_locations(table.pop("locations", None), text, path, environ, faults)
    externals = read_externals(table.pop("external", None), path, environ, faults)
    registries = read_registries(table.pop("registries", None), path, environ, faults)
    allow = read_allowances(table.pop("allow", None), path, environ, faults)
    given = [*(_Given(name, value, f"{path}: {name}") for name, value in table.items()), *outer]
    values: dict[str, object] = {"state": default_state(environ)}
    wheres: dict[str, str] = {}
    for one in [*_from_docker(environ), *given]:
        check = _CHECKS.get(one.name)
        if check is None:
            faults.append(f"{one.where}: {_GONE.get(one.name) or f'no such setting; {_nearest(one.name)}'}")
            continue
        if one.name == "state" and not chosen and one.where.startswith(str(path)):
            faults.append(f"{one.where}: a file in the state directory cannot say where that is; set CLOCKER_STATE or --state")
            continue
        try:
            values[one.name] = check(one.value)
            wheres[one.name] = one.where
        except ValueError as error:
            faults.append(f"{one.where} = {one.value!r}: not a good value; {error}")
    settings = Settings(**values, locations=locations, secrets=secrets, externals=externals, registries=registries, allow=allow)  # type: ignore[arg-type]  # each went through its own check
    faults += _together(settings, wheres)
    if faults:
        raise SettingsError("\n".join(faults))
    return settings


def default_state(environ: Mapping[str, str]) -> Path:
    """The state directory when nobody says otherwise: the system's for root, one's own else."""
    if os.geteuid() == 0:
        return Path("/var/lib/clocker")
    base = environ.get("XDG_STATE_HOME") or str(at_home(environ.get("HOME") or "~") / ".local" / "state")
    return Path(base) / "clocker"


def _from_environment(environ: Mapping[str, str]) -> list[_Given]:
    names = sorted(
        name
        for name in environ
        if name.startswith(PREFIX) and not name.startswith((VARIABLE, EXTERNAL, REGISTRY, ALLOW)) and name not in _NOT_SETTINGS
    )
    return [_Given(name.removeprefix(PREFIX).lower(), environ[name], name) for name in names]


def _from_docker(environ: Mapping[str, str]) -> list[_Given]:
    host = environ.get("DOCKER_HOST")
    return [_Given("local_engine", host, "DOCKER_HOST")] if host else []


def _config_path(outer: list[_Given], environ: Mapping[str, str]) -> tuple[Path, bool]:
    """The file, and whether somebody named it."""
    if environ.get(CONFIG):
        return at_home(environ[CONFIG]).absolute(), True
    states = [one.value for one in outer if one.name == "state" and one.value]
    state = at_home(str(states[-1])).absolute() if states else default_state(environ)
    return state / FILE, False


def _text(path: Path, *, required: bool) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        if required:
            raise SettingsError(f"{CONFIG}={path}: there is no such file; create it or unset the variable") from error
        return ""
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror}); make it readable to this user") from error
    except UnicodeDecodeError:
        raise SettingsError(f"{path}: not TOML (not UTF-8); save it as UTF-8") from None


def _table(text: str, path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise SettingsError(f"{path}: nested too deep; write plain tables and lists") from None
    except ValueError as error:  # a number of too many digits is no TOMLDecodeError
        raise SettingsError(f'{path}: not TOML ({error}); write lines such as log_level = "info"') from None


def _together(settings: Settings, wheres: Mapping[str, str]) -> list[str]:
    """What is wrong with settings that are each right by themselves."""
    faults = []
    if (settings.tls_cert is None) != (settings.tls_key is None):
        one, other = ("tls_cert", "tls_key") if settings.tls_key is None else ("tls_key", "tls_cert")
        faults.append(f"{wheres[one]}: {one} without {other}; set both, or neither")
    if len(os.fsencode(settings.socket)) > LONGEST_SOCKET:
        where = wheres.get("state", "the default state directory")
        faults.append(
            f"{where} = {str(settings.state)!r}: too long for a socket in it; choose a directory of at most {LONGEST_SOCKET - 13} bytes"
        )
    if settings.stats_other < settings.stats_watched:
        where = wheres.get("stats_other", wheres.get("stats_watched", "stats_other"))
        faults.append(
            f"{where}: stats_other ({settings.stats_other:g}) is below stats_watched ({settings.stats_watched:g}); make it as much"
        )
    return faults


def _nearest(name: str) -> str:
    near = difflib.get_close_matches(name, _CHECKS, n=3, cutoff=0.5)
    return f"nearest known: {', '.join(near)}" if near else f"known are {', '.join(_CHECKS)}"
