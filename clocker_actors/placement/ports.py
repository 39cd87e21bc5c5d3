"""Which host ports a container gets.

Fixed ports are what the blueprint says. A random one is, if still free, the port the member had before; else the search starts at a place derived from the
member and its container port, so that the choice is the same in every run and neighbours rarely meet. Engines would choose new ones at each restart.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b

from clocker_actors.errors import Refused
from clocker_actors.model.identity import Uid
from clocker_actors.model.specs import PortSpec
from clocker_actors.placement.hosts import HostRow


def number_of(text: str) -> int:
    """A number that depends on the text alone, evenly spread over 64 bits: the seed of every choice that looks random."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")


def choose_ports(row: HostRow, member: Uid, wanted: Sequence[PortSpec], keep: Mapping[str, int]) -> dict[str, int]:
    """Host ports for all the wanted ones, as `{"80/tcp": 20017}`. Raises Refused when a fixed one is taken or the range is used up."""
    chosen: dict[str, int] = {}
    if not wanted:
        return chosen
    for spec in wanted:
        if spec.fixed is not None:
            if row.taken(spec.fixed):
                raise Refused(f"port {spec.fixed} of {row.name} is taken: choose another host or a random port", port=spec.fixed)
            chosen[key_of(spec)] = spec.fixed
    used = set(chosen.values())
    for spec in wanted:
        if spec.fixed is None:
            kept = keep.get(key_of(spec))
            port = kept if kept and kept not in used and not row.taken(kept) else _search(row, f"{member}:{key_of(spec)}", used)
            chosen[key_of(spec)] = port
            used.add(port)
    return chosen


def key_of(spec: PortSpec) -> str:
    """How a container port is written: `80/tcp`."""
    return f"{spec.container}/{spec.protocol}"


def _search(row: HostRow, seed: str, used: set[int]) -> int:
    first, size = row.ports_from, row.ports_to - row.ports_from + 1
    start = number_of(seed) % size if size > 0 else 0
    for step in range(size):
        port = first + (start + step) % size
        if port not in used and not row.taken(port):
            return port
    raise Refused(
        f"all {size} ports of the range {first}-{row.ports_to} of {row.name} are taken: widen the pool's port range", host=row.uid
    )
