"""What the doors ask of a running manager beyond its read model: a container's log, and whether all is awake. Changes nothing."""

from collections.abc import AsyncIterator, Callable, Iterator
from itertools import islice

from clocker_actors.entities.records import HostState, MemberState, read_state
from clocker_actors.errors import NotFound
from clocker_actors.model.identity import ROOT, EntityKind, Uid
from clocker_actors.model.lifecycle import Lifecycle
from clocker_actors.model.specs import EngineSpec
from clocker_actors.ports.engine import Engine
from clocker_actors.ports.store import Store
from clocker_actors.store.codec import decode
from clocker_actors.telemetry.readmodel import Entry, ReadModel

NAMED = 2


class Inquiries:
    """Answers for doors, from records, the read model and the engines."""

    def __init__(self, model: ReadModel, store: Store, connect: Callable[[EngineSpec], Engine]) -> None:
        self._model = model
        self._store = store
        self._connect = connect

    async def logs(self, uid: Uid, follow: bool, tail: int) -> AsyncIterator[str]:
        """Lines of a container, or of the current one of a member. Raises NotFound for anything else."""
        host_uid, name = self._container(uid)
        host = read_state(HostState, self._store, EntityKind.HOST, host_uid)
        async for line in self._connect(host.spec.engine).logs(name, follow=follow, tail=tail):
            yield line

    def _container(self, uid: Uid) -> tuple[Uid, str]:
        """Its host, and what the engine calls it."""
        entry = self._model.get(uid)
        if entry is not None and entry.kind is EntityKind.CONTAINER and entry.parent is not None:
            return entry.parent, entry.name
        state = self._member(uid)
        if state is None or state.current is None:
            raise NotFound(f"{self._model.path(uid)} has no container {self._advice(entry)}", entity=uid)
        return state.current.host, state.current.name

    def _member(self, uid: Uid) -> MemberState | None:
        body = self._store.read(EntityKind.MEMBER, uid)
        return decode(MemberState, body) if body else None

    def _advice(self, entry: Entry | None) -> str:
        """What to ask for in place of something that has no container."""
        if entry is None or entry.kind is EntityKind.MEMBER:
            return "now: start it first"
        below = list(islice(self._below(entry), NAMED))
        return (
            f"of its own; name a member, as {' or '.join(below)}"
            if below
            else "of its own, nor has anything below it: `clocker tree` shows what has"
        )

    def _below(self, entry: Entry) -> Iterator[str]:
        for child in self._model.children(entry.uid):
            state = self._member(child.uid)
            if child.kind is EntityKind.CONTAINER or (state is not None and state.current is not None):
                yield child.path
            yield from self._below(child)

    def not_ready(self) -> str:
        """Why the manager is not ready yet; "" once of every host is known whether it is there."""
        if self._model.get(ROOT) is None or self._model.count(EntityKind.POOL) == 0:
            return "the actors are being started"
        waiting = [entry.path for entry in self._model.of_kind(EntityKind.HOST) if _unknown(entry)]
        return f"hosts not asked yet: {', '.join(waiting)}" if waiting else ""


def _unknown(host: Entry) -> bool:
    """Whether it is being found out if the engine is there."""
    state = host.sensors.get("service.state")
    if host.facts.get("phase"):  # its machine is still being made
        return False
    return state is None or state.value == Lifecycle.STARTING
