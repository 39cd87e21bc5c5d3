"""One container inside a simulated engine: the only mutable record of it."""

from collections import deque
from dataclasses import dataclass, field, replace

from clocker_actors.drivers.simulated.images import Nature
from clocker_actors.model.containers import ContainerRequest, EngineState, KeptFile, Observed
from clocker_actors.model.specs import FileSpec, Resources

_LOG_LINES = 1000


@dataclass(slots=True, eq=False)
class Box:
    """A container's state. `number` counts the engine's containers, `runs` counts its starts, so that timers of an earlier run know they are void; `starting_until` is loop time."""

    id: str
    number: int
    request: ContainerRequest
    nature: Nature
    resources: Resources
    restart: str = "no"
    state: EngineState = EngineState.CREATED
    ports: dict[str, int] = field(default_factory=dict)
    address: str = ""
    exit_code: int | None = None
    started_at: float | None = None
    oom_killed: bool = False
    healthcheck: str = ""
    sick: bool = False
    runs: int = 0
    restarts: int = 0
    starting_until: float = 0.0
    lease: str = ""  # id of the lease that it lives by
    lease_ttl: float = 0.0
    lease_until: float = 0.0
    logged: int = 0
    files: dict[str, FileSpec] = field(default_factory=dict)
    kept: dict[str, KeptFile] = field(default_factory=dict)
    logs: deque[str] = field(default_factory=lambda: deque(maxlen=_LOG_LINES))

    @property
    def running(self) -> bool:
        """Whether its process is alive."""
        return self.state is EngineState.RUNNING

    def log(self, line: str) -> None:
        """Keep one line of output; the oldest go first."""
        self.logs.append(line)
        self.logged += 1

    def observed(self) -> Observed:
        """What an inspect shows."""
        return Observed(
            id=self.id,
            name=self.request.name,
            image=self.request.image,
            state=self.state,
            labels=dict(self.request.labels),
            ports=dict(self.ports),
            address=self.address,
            exit_code=self.exit_code,
            started_at=self.started_at,
            oom_killed=self.oom_killed,
            healthcheck=self.healthcheck,
            gateway="172.17.0.1" if self.address else "",
            resources=self.resources,
            restart=self.restart,
        )

    def listed(self) -> Observed:
        """The less that a list shows: no start time, no oom, no code of a start that failed."""
        code = self.exit_code if self.state is EngineState.EXITED else None
        return replace(self.observed(), started_at=None, oom_killed=False, exit_code=code, resources=None, restart="")

    def answers_to(self, key: str) -> bool:
        """Whether a load meant for `key` meets it: its id, name, image, `label=value`, or the value of any label."""
        request = self.request
        label, _, value = key.partition("=")
        if value:
            return request.labels.get(label) == value
        return key in (self.id, request.name, request.image, request.image.rpartition(":")[0]) or key in request.labels.values()
