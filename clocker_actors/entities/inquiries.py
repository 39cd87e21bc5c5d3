"""What the doors ask of a running manager beyond its read model: a container's log, and whether all is awake. Changes nothing."""

from collections.abc import AsyncIterator, Callable

from clocker_actors.entities.records import HostState, MemberState, read_state
from clocker_actors.errors import NotFound
from clocker_actors.model.identity import ROOT, EntityKind, Uid
from clocker_actors.model.specs import EngineSpec
from clocker_actors.ports.engine import Engine
from clocker_actors.ports.store import Store
from clocker_actors.store.codec import decode
from clocker_actors.telemetry.readmodel import ReadModel


class Inquiries:
    """Answers for doors, from records, the read model and the engines."""

    def __init__(self, model: ReadModel, store: Store, connect: Callable[[EngineSpec], Engine]) -> None:
        self._model = model
        self._store = store
        self._connect = connect

    async def logs(self, uid: Uid, follow: bool, tail: int) -> AsyncIterator[str]:
        """Lines of the container that is a member's current generation (or of a container). Raises NotFound for anything else."""
        entry = self._model.get(uid)
        member = str(entry.facts.get("member", "")) if entry is not None and entry.kind is EntityKind.CONTAINER else uid
        body = self._store.read(EntityKind.MEMBER, member)
        state = decode(MemberState, body) if body else None
        if state is None or state.current is None:
            path = self._model.path(uid)
            raise NotFound(f"{path} has no container now: give a member, for example one that `clocker tree` shows", entity=uid)
        host = read_state(HostState, self._store, EntityKind.HOST, state.current.host)
        async for line in self._connect(host.spec.engine).logs(state.current.name, follow=follow, tail=tail):
            yield line

    def not_ready(self) -> str:
        """Why the manager is not ready yet; "" once every host has been asked."""
        if self._model.get(ROOT) is None or self._model.count(EntityKind.POOL) == 0:
            return "the actors are being started"
        waiting = [entry.path for entry in self._model.of_kind(EntityKind.HOST) if "service.state" not in entry.sensors]
        return f"hosts not asked yet: {', '.join(waiting)}" if waiting else ""
