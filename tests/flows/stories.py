"""Telling stories of bad days: blueprints in one line, what must be true after each story, and who is where."""

from clocker_actors.drivers.simulated import SimulatedEngine, SimulatedWorld
from clocker_actors.entities.records import Desired, MemberState
from clocker_actors.model.containers import EngineState, Observed
from clocker_actors.model.identity import LABEL_GENERATION, LABEL_KEEPER, LABEL_LEASE, LABEL_MEMBER, LABEL_PLANE, EntityKind
from clocker_actors.store.codec import decode
from tests.flows.support import Driven

WEB = "docker:clocker/web:1"


def cluster(size: int = 3, *, image: str = WEB, member: str = "", keys: str = "") -> str:
    """A blueprint `shop` with one cluster `web`; `member` and `keys` are further lines of the member and of the cluster, parted by `;`."""
    inner = "".join(f"\n    {line.strip()}" for line in member.split(";") if line.strip())
    outer = "".join(f"\n  {line.strip()}" for line in keys.split(";") if line.strip())
    return (
        "name: shop\nlocation: local\nservices:\n- type: cluster\n  id: web\n"
        f"  initialSize: {size}{outer}\n  memberSpec:\n    type: {image}{inner}\n"
    )


def one(*, image: str = WEB, keys: str = "", location: str = "local") -> str:
    """A blueprint `shop` with one container `web`."""
    outer = "".join(f"\n  {line.strip()}" for line in keys.split(";") if line.strip())
    return f"name: shop\nlocation: {location}\nservices:\n- type: {image}\n  id: web{outer}\n"


def new_world(hosts: int = 3, seed: int = 1) -> SimulatedWorld:
    """A world whose engines can be prepared before the manager connects."""
    world = SimulatedWorld(seed)
    for spec in world.specs(hosts):
        world.engine(spec.url)
    return world


def ours(world: SimulatedWorld) -> list[tuple[SimulatedEngine, Observed]]:
    """All containers with the manager's label, on all engines; but not the leases by which some of them live, and who keeps their secrets."""
    return [
        (engine, seen)
        for engine in world.engines.values()
        for seen in engine.containers
        if LABEL_PLANE in seen.labels and LABEL_LEASE not in seen.labels and LABEL_KEEPER not in seen.labels
    ]


def running(world: SimulatedWorld) -> list[tuple[SimulatedEngine, Observed]]:
    """Those of ours that run."""
    return [(engine, seen) for engine, seen in ours(world) if seen.state is EngineState.RUNNING]


def faults(driven: Driven, world: SimulatedWorld) -> list[str]:
    """What is not as it should be when nothing is under way: desired against observed, records against engines, inboxes, activities."""
    wanted = _wanted(driven)
    found: dict[tuple[str, int], int] = {}
    said = []
    for engine, seen in ours(world):
        key = (seen.labels[LABEL_MEMBER], int(seen.labels[LABEL_GENERATION]))
        if LABEL_LEASE not in seen.labels:  # what it lives by has the same labels
            found[key] = found.get(key, 0) + 1
        if key not in wanted:
            said.append(f"{seen.name} on {engine.name} ({seen.state}) has no owner")
        elif seen.state is not EngineState.RUNNING:
            said.append(f"{seen.name} on {engine.name} is {seen.state}")
    said += [f"{key} is wanted and not there" for key in wanted if key not in found]
    said += [f"{key} is there {count} times" for key, count in found.items() if count > 1]
    noted = [entry.path for entry in driven.entries(EntityKind.CONTAINER) if entry.facts.get("managed", True)]
    if len(noted) != len(wanted):
        said.append(f"{len(wanted)} containers are wanted, and {noted} are noted")
    reserved = sum(int(str(driven.value(pool.uid, "docker.pool.containers") or 0)) for pool in driven.entries(EntityKind.POOL))
    if reserved != len(wanted):
        said.append(f"{reserved} places are reserved for {len(wanted)} containers")
    said += [
        f"activity {activity.id} {activity.effector} of {activity.entity} still runs: {activity.note}"
        for activity in driven.model.activities.all()
        if not activity.state.ended
    ]
    said += [f"{dump.id} has {dump.inbox} messages waiting" for dump in driven.manager.kernel.dump() if dump.inbox]
    return said


def _wanted(driven: Driven) -> set[tuple[str, int]]:
    """Member and generation of every container that should run."""
    wanted: set[tuple[str, int]] = set()
    for kept in driven.manager.store.all(EntityKind.MEMBER):
        state = decode(MemberState, kept.body or b"")
        if state.desired is Desired.RUNNING and state.spec.container is not None and state.current is not None:
            wanted.add((state.identity.uid, state.current.number))
    return wanted


async def well(driven: Driven, world: SimulatedWorld, within: float = 60.0) -> None:
    """Wait until nothing is wrong any more; fails with what is."""
    try:
        await driven.until(lambda: not faults(driven, world), within)
    except AssertionError as error:
        raise AssertionError("\n".join((*faults(driven, world), str(error)))) from None


def engine_of(world: SimulatedWorld, name: str) -> SimulatedEngine:
    """The engine that has this container."""
    return next(engine for engine, seen in ours(world) if seen.name == name)


def tells_all(problem: str, *parts: str) -> None:
    """A message must name what and where (`parts`) and one thing to do."""
    for part in parts:
        assert part in problem, f"{part!r} is not in {problem!r}"
