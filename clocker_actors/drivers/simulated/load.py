"""How hard simulated containers work.

Load is offered to a service and divides over those of its containers that run, on whatever engine; or it is set on single containers.
A container works no harder than its own limit, and all of an engine's together no harder than its cores. Unloaded ones idle with
a little seeded noise. CPU is in percent of one core.
"""

from typing import Protocol

from clocker_actors.drivers.simulated.boxes import Box


class Worker(Protocol):
    """What the load falls on: one engine's containers."""

    @property
    def cores(self) -> int: ...
    @property
    def version(self) -> int: ...
    def running(self) -> list[Box]: ...


class LoadModel:
    """Loads of all engines of one world; `share` is cheap as long as nothing starts, stops or is offered."""

    def __init__(self) -> None:
        self._workers: list[Worker] = []
        self._set: dict[str, float] = {}
        self._offered: dict[str, float] = {}
        self._changes = 0
        self._known: tuple[int, ...] = ()
        self._shares: dict[str, float] = {}

    def join(self, worker: Worker) -> None:
        """Another engine whose containers take part."""
        self._workers.append(worker)
        self._changes += 1

    def load(self, key: str, cpu_percent: float) -> None:
        """Every container that answers to `key` works this hard; 0 takes it away."""
        self._put(self._set, key, cpu_percent)

    def offer(self, key: str, total_cpu_percent: float) -> None:
        """All containers that answer to `key` share this; 0 takes it away."""
        self._put(self._offered, key, total_cpu_percent)

    def share(self, box: Box) -> float:
        """CPU percent of one container at present, before noise."""
        known = (self._changes, *(worker.version for worker in self._workers))
        if known != self._known:
            self._shares = self._divide()
            self._known = known
        return self._shares.get(box.id, 0.0)

    def _put(self, table: dict[str, float], key: str, cpu_percent: float) -> None:
        table.pop(key, None)
        if cpu_percent > 0:
            table[key] = cpu_percent
        self._changes += 1

    def _divide(self) -> dict[str, float]:
        shares: dict[str, float] = {}
        everyone = [(worker, worker.running()) for worker in self._workers]
        for key, cpu in self._set.items():
            shares.update((box.id, cpu) for _, boxes in everyone for box in boxes if box.answers_to(key))
        for key, total in self._offered.items():
            sharers = [box for _, boxes in everyone for box in boxes if box.answers_to(key)]
            for box in sharers:
                shares[box.id] = shares.get(box.id, 0.0) + total / len(sharers)
        for worker, boxes in everyone:
            _cap(shares, boxes, worker.cores * 100.0)
        return shares


def _cap(shares: dict[str, float], boxes: list[Box], most: float) -> None:
    for box in boxes:
        if box.id in shares and box.resources.cpus is not None:
            shares[box.id] = min(shares[box.id], box.resources.cpus * 100.0)
    wanted = sum(shares.get(box.id, 0.0) for box in boxes)
    if wanted > most:
        for box in boxes:
            if box.id in shares:
                shares[box.id] *= most / wanted
