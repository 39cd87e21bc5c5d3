"""All simulated engines of one process: a url names one, and whoever connects to it again meets the same one."""

from pathlib import Path

from clocker_actors.drivers.simulated.engine import GIGA, SimulatedEngine
from clocker_actors.drivers.simulated.images import Kept
from clocker_actors.drivers.simulated.load import LoadModel
from clocker_actors.drivers.simulated.timing import Timing
from clocker_actors.errors import NotFound
from clocker_actors.model.simulated import SCHEME, read_simulated
from clocker_actors.model.specs import EngineSpec
from clocker_actors.ports.calls import CallLog
from clocker_actors.ports.engine import Engine


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
        name, options = read_simulated(url_or_name if "://" in url_or_name else f"{SCHEME}://{url_or_name}")
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
