"""All simulated engines of one process: a url names one, and whoever connects to it again meets the same one."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from clocker_actors.drivers.simulated.engine import GIGA, SimulatedEngine
from clocker_actors.drivers.simulated.images import Kept
from clocker_actors.drivers.simulated.load import LoadModel
from clocker_actors.drivers.simulated.timing import Timing
from clocker_actors.errors import BadRequest, NotFound
from clocker_actors.model.specs import EngineSpec
from clocker_actors.ports.calls import CallLog
from clocker_actors.ports.engine import Engine

SCHEME = "simulated"
_KEYS = ("seed", "cores", "memory")
_UNITS = {"": 1, "b": 1, "k": 1024, "m": 1024**2, "g": GIGA}


class SimulatedWorld:
    """Engines by name, sharing one load model. `timing` holds for all of them."""

    def __init__(self, seed: int = 1, timing: Timing | None = None) -> None:
        self.seed = seed
        self.timing = timing
        self.loads = LoadModel()
        self.engines: dict[str, SimulatedEngine] = {}
        self.registries: dict[str, Kept] = {}
        """What was pushed, by the name under which it is pulled."""

    def connect(self, spec: EngineSpec, calls: CallLog, runtime_dir: Path) -> Engine:  # noqa: ARG002 - every driver's signature
        """The engine of a url `simulated://name?seed=1&cores=4&memory=8g`, made when first named; BadRequest for a url that is wrong."""
        engine = self.engine(spec.url)
        engine.calls = calls
        return engine

    def engine(self, url_or_name: str) -> SimulatedEngine:
        """The same by url or bare name, for those who want its controls."""
        name, options = _parse(url_or_name if "://" in url_or_name else f"{SCHEME}://{url_or_name}")
        if name not in self.engines:
            self.engines[name] = SimulatedEngine(
                name,
                options.get("seed", self.seed),
                cores=options.get("cores", 4),
                memory=options.get("memory", 8 * GIGA),
                timing=self.timing,
                loads=self.loads,
                registries=self.registries,
            )
        return self.engines[name]

    def offer(self, key: str, total_cpu_percent: float) -> None:
        """Load for all running containers that answer to `key`, wherever they are, to share."""
        self.loads.offer(key, total_cpu_percent)

    def die(self, container: str) -> None:
        """Let the process of a container (by id or name), on whatever engine it is, end as if it had crashed; NotFound."""
        for engine in self.engines.values():
            if any(container in (seen.id, seen.name) for seen in engine.containers):
                engine.die(container, exit_code=137)
                return
        raise NotFound(f"no simulated engine has a container {container!r}; `clocker tree` shows those there are", container=container)

    def specs(self, count: int, *, cores: int = 4, memory: str = "8g") -> tuple[EngineSpec, ...]:
        """Ready-made specs of `count` hosts, sim-1 to sim-n."""
        return tuple(EngineSpec(f"{SCHEME}://sim-{n}?seed={self.seed}&cores={cores}&memory={memory}") for n in range(1, count + 1))


def _parse(url: str) -> tuple[str, Mapping[str, int]]:
    parts = urlsplit(url)
    if parts.scheme != SCHEME or not parts.netloc:
        raise BadRequest(f"engine url {url!r}: not a simulated engine; write simulated://name?seed=1&cores=4&memory=8g")
    options: dict[str, int] = {}
    for key, text in parse_qsl(parts.query, keep_blank_values=True):
        if key not in _KEYS:
            raise BadRequest(f"engine url {url!r}: unknown option {key!r}; known are {', '.join(_KEYS)}")
        options[key] = _number(url, key, text)
    return parts.netloc, options


def _number(url: str, key: str, text: str) -> int:
    digits = text.rstrip("bkmgBKMG") if key == "memory" else text
    unit = text[len(digits) :].lower()
    if not digits.isdecimal() or unit not in _UNITS or (key != "seed" and int(digits) == 0):
        raise BadRequest(f"engine url {url!r}: {key}={text} is not a number; write for example {key}={'8g' if key == 'memory' else '4'}")
    return int(digits) * _UNITS[unit]
