"""A daemon without an outside, driven by a recording: the same actors, put together as `daemon.py` does it, with nothing behind them."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from clocker_actors.admin.types import type_table
from clocker_actors.assembly import adjunct, remembered
from clocker_actors.entities import catalogue as entities
from clocker_actors.entities.outside import Outside
from clocker_actors.entities.witnessing import INERT, Head, ReplayedStore, witnessed
from clocker_actors.errors import BadRequest
from clocker_actors.kernel import Actor
from clocker_actors.kernel.replayed import ReplayedKernel
from clocker_actors.model.identity import RECORDER, ROOT, EntityKind, Ids, Uid
from clocker_actors.model.specs import PolicySpec
from clocker_actors.model.values import Value
from clocker_actors.recording.player import Player, Recording, Replayed
from clocker_actors.telemetry.readmodel import ReadModel
from clocker_actors.telemetry.recorder import Recorder


@dataclass(frozen=True, slots=True)
class Changed:
    """Another configuration than the recorded one: of policies (enrichers, feeds) of that name or type, this key has this value."""

    policy: str
    key: str
    value: Value

    def over(self, spec: PolicySpec) -> PolicySpec:
        """The policy with it, if it is meant."""
        if self.policy not in {spec.name, spec.type}:
            return spec
        return replace(spec, config={**spec.config, self.key: self.value})


def replay(path: Path, changes: Sequence[Changed] = (), strategies: Sequence[str] = ()) -> Replayed:
    """Live through a recording, to its end or to where the decisions part. `strategies` are the modules that may be loaded for placements.

    Raises BadRequest for a file that is none, that is damaged, or that needs what this program has not.
    """
    return asyncio.run(replayed(path, changes, strategies))


async def replayed(path: Path, changes: Sequence[Changed] = (), strategies: Sequence[str] = ()) -> Replayed:
    """The same, on the loop that runs; it is held until the end."""
    recording = Recording(path)
    head = recording.head
    if not isinstance(head, Head):
        raise BadRequest(f"{path} begins with a {type(head).__name__}: it is no recording of a daemon")
    missing = sorted(set(head.strategies) - set(strategies))
    if missing:
        raise BadRequest(f"{path} was made with the strategy modules {', '.join(missing)}: allow them by CLOCKER_STRATEGY_MODULES")
    kernel = ReplayedKernel(head.began)
    activities, decisions = head.keeps
    model = ReadModel(0, activities=activities, decisions=decisions)
    store = ReplayedStore(kernel.queue, recording.kept, epoch=head.epoch, identity=head.identity)
    journal, keeper = remembered(store, model, head.began)
    used: set[Changed] = set()
    outside = replace(_outside(store, head, kernel, changes, used), journal=journal)
    player = Player(recording, kernel)
    kernel.spawn(RECORDER, lambda: Recorder(model, keeper, store))
    kernel.spawn(ROOT, entities.factory(EntityKind.ROOT, ROOT, outside))
    done = player.play()
    unused = [each for each in changes if each not in used]
    if unused:
        raise BadRequest(f"no policy of the recording is {unused[0].policy!r} (neither its name nor its type): see `clocker policies`")
    return done


def _outside(store: ReplayedStore, head: Head, kernel: ReplayedKernel, changes: Sequence[Changed], used: set[Changed]) -> Outside:
    nothing = cast("Any", INERT)
    ids = Ids(*head.ids)

    def make(spec: PolicySpec, entity: Uid, *, state: Mapping[str, Value] | None, suspended: bool) -> Callable[[], Actor]:
        for each in changes:
            changed = each.over(spec)
            if changed is not spec:
                used.add(each)
            spec = changed
        return adjunct(spec, entity, ids, nothing, state, suspended=suspended)

    bare = Outside(
        plane=head.plane,
        store=store,
        blobs=nothing,
        ids=ids,
        types=type_table(head.strategies),
        connect=nothing,
        machine=nothing,
        http=nothing,
        disconnect=nothing,
        adjunct=make,
        secrets=nothing,
        grounds=nothing,
        settle=nothing,
        allow=head.allow,
        plain_secrets=head.plain_secrets,
        timing=head.timing,
    )
    return witnessed(bare, kernel.queue, store)
