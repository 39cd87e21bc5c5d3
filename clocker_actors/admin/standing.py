"""An index of a pool's hosts like the pool's own, made from the same durable records and the readings that people see: for questions that disturb nobody."""

from collections.abc import Iterator
from dataclasses import replace

from clocker_actors.entities.members.standing import occupy_standing
from clocker_actors.entities.records import HostState, PoolState
from clocker_actors.model import sensors
from clocker_actors.model.identity import EntityKind
from clocker_actors.model.placements import HostView
from clocker_actors.model.types import TypeTable
from clocker_actors.model.values import as_number
from clocker_actors.placement.index import HostIndex
from clocker_actors.ports.store import Store
from clocker_actors.store.codec import decode
from clocker_actors.telemetry.readmodel import Entry, ReadModel


def standing_index(pool: PoolState, store: Store, model: ReadModel, types: TypeTable | None) -> HostIndex:
    """An index of the pool's hosts as they are, with the room that members take."""
    index = HostIndex(pool.spec.ports, types=types)
    for view in standing_hosts(pool, store, model):
        index.add(view)
    occupy_standing(index, store, pool.identity.uid)
    return index


def standing_hosts(pool: PoolState, store: Store, model: ReadModel) -> Iterator[HostView]:
    """The pool's hosts as they are, without who is on them."""
    for uid in pool.hosts.values():
        body = store.read(EntityKind.HOST, uid)
        if body is not None and uid not in pool.leaving:
            yield _seen(decode(HostState, body), model.get(uid))


def _seen(state: HostState, entry: Entry | None) -> HostView:
    spec = state.spec
    view = HostView(
        state.identity.uid,
        spec.name,
        spec.reached_at if spec.engine.url else "",
        up=False,
        cordoned=state.cordoned,
        zone=spec.zone,
        labels=spec.labels,
        order=state.order,
        affinity=spec.affinity,
    )
    if entry is None:
        return view

    def number(sensor: sensors.Sensor) -> float:
        return as_number(entry.value(sensor.name)) or 0

    return replace(
        view,
        up=entry.value(sensors.SERVICE_UP.name) is True,
        cores=int(number(sensors.HOST_CORES)),
        memory=int(number(sensors.HOST_MEMORY_TOTAL)),
        cpu=as_number(entry.value(sensors.HOST_CPU.name)),
        foreign=int(number(sensors.HOST_FOREIGN)),
        disk=int(number(sensors.HOST_DISK_FREE)),
    )
