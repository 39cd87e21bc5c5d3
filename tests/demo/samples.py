"""Load, CPU and size over time: looked at twice a second by a thread, kept for the plots. It also knows where the members are reached."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from clocker_actors.admin.client import Client
from clocker_actors.errors import ClockerError
from clocker_actors.model.values import Value
from tests.bed.load import Target
from tests.demo.shop import CLUSTER

PERIOD = 0.5


@dataclass(frozen=True, slots=True)
class Sample:
    """One look, `at` seconds after the first: load in its unit, mean CPU per member in percent of a core, members there and up."""

    at: float
    load: float
    cpu: float | None
    size: int
    up: int


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened, for the plots."""

    at: float
    text: str


class Sampler:
    """Looks until it is stopped. `latest` and `targets` may be read from any thread."""

    def __init__(self, connect: Callable[[], Client]) -> None:
        self.samples: list[Sample] = []
        self.marks: list[Mark] = []
        self.targets: tuple[Target, ...] = ()
        self.load: Callable[[], float] = lambda: 0.0
        self._connect = connect
        self._endpoints: dict[str, Target] = {}
        self._stop = threading.Event()
        self._began = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def mark(self, text: str) -> None:
        """Note that something happened now."""
        self.marks.append(Mark(time.monotonic() - self._began, text))

    @property
    def latest(self) -> Sample | None:
        """The last look."""
        return self.samples[-1] if self.samples else None

    def _run(self) -> None:
        with self._connect() as client:
            while not self._stop.wait(PERIOD):
                try:
                    self._look(client)
                except ClockerError:
                    continue  # the shop is not there yet, or no more

    def _look(self, client: Client) -> None:
        cluster, *rest = client.items("/v1/entities", under=CLUSTER)
        cpu = readings(client, str(cluster["uid"])).get("cpu.mean.average")
        members = [entity for entity in rest if entity["kind"] == "member" and entity["up"] is True]
        self.targets = tuple(found for member in members if (found := self._endpoint(client, str(member["uid"]))) is not None)
        size = cluster["members"]
        self.samples.append(
            Sample(
                time.monotonic() - self._began,
                self.load(),
                float(cpu) if isinstance(cpu, int | float) else None,
                size if isinstance(size, int) else 0,
                len(members),
            )
        )

    def _endpoint(self, client: Client, uid: str) -> Target | None:
        """A member keeps its ports for life, so each is asked once."""
        if uid not in self._endpoints:
            ends = readings(client, uid).get("service.endpoints")
            if isinstance(ends, list) and ends:
                self._endpoints[uid] = (str(ends[0]["host"]), int(ends[0]["port"]))
        return self._endpoints.get(uid)


def readings(client: Client, uid: str) -> Mapping[str, Value]:
    """The last value of each sensor of an entity."""
    return {str(item["sensor"]): item["value"] for item in client.items(f"/v1/entities/{uid}/sensors")}
