"""What both runs stand on: a pool of large simulated hosts, applications of equal clusters, and what a process takes of the machine's memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PER_APPLICATION = 100
PER_HOST = 50
POOL = "yard"


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything."""

    containers: int
    clients: int
    streams: int

    @property
    def hosts(self) -> int:
        """As many as these containers fill."""
        return max(2, -(-self.containers // PER_HOST))

    @property
    def applications(self) -> int:
        """Clusters of PER_APPLICATION members, one in each."""
        return max(1, self.containers // PER_APPLICATION)


def pool(size: Size) -> str:
    """Hosts of the simulated world, each named by its own url."""
    hosts = (f"  - {{name: h{n}, engine: 'simulated://h{n}?cores=64&memory=256g', address: 127.0.0.1}}" for n in range(size.hosts))
    return "\n".join(["services:", "- type: docker-cloud", f"  name: {POOL}", "  hosts:", *hosts])


def application(size: Size, number: int) -> str:
    """One cluster, with the policies that all have."""
    members = size.containers // size.applications
    return (
        f"name: app{number}\nlocation: {POOL}\nservices:\n- type: cluster\n  id: web\n  initialSize: {members}\n"
        "  memberSpec: {type: 'docker:clocker/web:1', ports: [8080], stopTimeout: 1}\n"
    )


def resident(pid: int | str = "self") -> float:
    """MiB of memory that a process has now."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS:")).split()[1]) / 1024


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Of the straight line that fits points best: units of the second per unit of the first; 0 for fewer than two."""
    if len(points) < 2:
        return 0.0
    middle_x, middle_y = (sum(point[axis] for point in points) / len(points) for axis in (0, 1))
    over = sum((x - middle_x) * (y - middle_y) for x, y in points)
    return over / (sum((x - middle_x) ** 2 for x, _ in points) or 1.0)


def quantile(values: Sequence[float], part: float) -> float:
    """The value below which that part of all are; 0 of none."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(part * len(ranked)))] if ranked else 0.0
