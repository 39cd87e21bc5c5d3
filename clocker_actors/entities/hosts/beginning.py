"""The slow things a container does on its engine: begin, end, look, last words. Each is a work: bounded, idempotent, its outcome a value."""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from clocker_actors.entities.filling import Opener, opened
from clocker_actors.entities.hosts import secretfiles
from clocker_actors.entities.hosts.fence import Fence, lease_name
from clocker_actors.entities.hosts.gate import Gate
from clocker_actors.errors import ClockerError, Conflict, NameConflict, NotChanged, NotFound, NotReloaded
from clocker_actors.masking import hidden_text
from clocker_actors.model.containers import ContainerRequest, EngineState, Observed
from clocker_actors.model.generations import ContainerIntent, GenerationChanged
from clocker_actors.model.identity import (
    LABEL_APPLICATION,
    LABEL_GENERATION,
    LABEL_LEASE,
    LABEL_MEMBER,
    LABEL_PLANE,
    LABEL_STATE,
    EntityKind,
    Uid,
)
from clocker_actors.model.noted import EntityNoted
from clocker_actors.model.specs import ContainerSpec, Resources
from clocker_actors.ports.engine import Engine

if TYPE_CHECKING:
    from clocker_actors.entities.hosts.container import Container

log = logging.getLogger(__name__)
LAST_LINES = 5
_OWN = (LABEL_PLANE, LABEL_STATE, LABEL_APPLICATION, LABEL_MEMBER, LABEL_GENERATION)
LATE_EFFECT = 0.5
ROUNDED = 1e-6
"""What an engine may make of a number of processors by rounding."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A container that was created (or found) and started; `took` seconds for the start alone, None if it ran already."""

    observed: Observed
    took: float | None


def request_of(intent: ContainerIntent, spec: ContainerSpec, kept: Mapping[str, str]) -> ContainerRequest:
    """What the engine is asked to create, secrets and all: for the engine's eyes only. `spec` is opened; `kept` says where files of secrets are."""
    return ContainerRequest(
        name=intent.name,
        image=intent.image,
        spec=spec,
        labels=intent.labels,
        ports=intent.ports,
        volume_names=intent.volume_names,
        lease=lease_name(intent.name) if intent.fenced else "",
        kept=kept,
    )


def noted(intent: ContainerIntent, uid: Uid, host_path: str, at: float) -> EntityNoted:
    """What people are told of a container that is about to be."""
    facts = {"image": intent.image, "member": intent.member, "generation": intent.generation, "ports": dict(intent.ports)}
    path = f"{host_path}/{intent.name}"
    return EntityNoted(uid, EntityKind.CONTAINER, path, intent.name, intent.host, intent.application, at, "container", facts)


def changed(container: "Container") -> GenerationChanged:
    """What its member is told of it."""
    intent = container.intent
    return GenerationChanged(
        member=intent.member,
        generation=intent.generation,
        phase=container.phase,
        at=container.now,
        cause=container.cause,
        container=container.uid,
        observed=container.observed,
        reason=container.reason,
        failure=container.failure,
        settling=container.settling,
    )


async def begin(engine: Engine, intent: ContainerIntent, gate: Gate, fence: Fence, opener: Opener) -> Begun:
    """Create, give it its files and secrets, and start when the gate opens; a container of that name that is ours is adopted. Raises what the engine says,
    Conflict for a foreign one of that name, SettingsError for a secret that nobody gave."""
    spec = await opened(intent.spec, opener)
    request = request_of(intent, spec, await secretfiles.keep(engine, intent, spec.secrets))
    ours = {name: intent.labels[name] for name in (LABEL_PLANE, LABEL_STATE, LABEL_APPLICATION)}
    for volume in intent.volume_names.values():
        await engine.ensure_volume(volume, ours)
    if fence.ttl:
        labels = {**{name: intent.labels[name] for name in _OWN}, LABEL_LEASE: "1"}
        await engine.lease(lease_name(intent.name), labels, fence.ttl)
    try:
        container = await engine.create(request)
    except NameConflict:
        found = await engine.inspect(intent.name)
        if not _is_of(found, intent):
            raise Conflict(
                f"a container named {intent.name} is there that is not ours: remove it by hand, then restart the member"
            ) from None
        if found.state is EngineState.RUNNING:
            return Begun(found, None)
        container = found.id
        if fence.ttl:  # it joined the lease of then for good
            await engine.remove(container)
            container = await engine.create(request)
    if spec.files:
        await engine.put(container, spec.files)
    clock = asyncio.get_running_loop()
    async with gate:
        if fence.ttl:
            await engine.start(lease_name(intent.name))
            fence.touch()
        began = clock.time()
        await engine.start(container)
        took = clock.time() - began
    return Begun(await engine.inspect(container), took)


async def put(engine: Engine, container: str, spec: ContainerSpec, opener: Opener, limit: float) -> None:
    """Give a running container the files of this spec, then have it read them: each command once. Raises what the engine says, NotReloaded if one fails."""
    files = (await opened(spec, opener)).files
    await engine.put(container, files)
    for command in dict.fromkeys(file.reload for file in files if file.reload):
        code, output = await engine.execute(container, command, limit)
        if code:
            words = output.strip().splitlines()[-1:] or ["it said nothing"]
            raise NotReloaded(f"`{' '.join(command)}` ended with {code}: {words[0][:200]}; correct it, or the file it reads", code=code)


async def change(engine: Engine, container: str, resources: Resources, restart: str) -> None:
    """Have a container use other amounts, or be restarted otherwise, and look whether it is so. Raises what the engine says, NotChanged if it did not do it."""
    await engine.update(container, resources, restart)
    seen = await engine.inspect(container)
    now = seen.resources or Resources()
    wrong = [field.name for field in fields(Resources) if _differs(getattr(resources, field.name), getattr(now, field.name))]
    if (seen.restart or restart) != restart:
        wrong.append("restart")
    if wrong:
        raise NotChanged(f"the engine took a change of {', '.join(wrong)} and did not do it: look at the engine's log", container=container)


def _differs(wanted: float | None, now: float | None) -> bool:
    return wanted is not None and (now is None or abs(now - wanted) > ROUNDED)


async def end(engine: Engine, container: str, grace: float, running: bool) -> None:
    """Stop (if it runs) and remove; one that is not there is fine."""
    with suppress(NotFound):
        if running:
            await engine.stop(container, grace)
        await engine.remove(container)


async def end_seen(
    engine: Engine, intent: ContainerIntent, container: str, grace: float, running: bool, first: tuple[tuple[str, ...], float] | None
) -> None:
    """The same with the lease it lived by; `first` is a command that is run inside before, and its longest time. It goes, however that ends."""
    if first is not None and first[0]:
        await _say_goodbye(engine, container, *first)
    await end(engine, container, grace, running)
    await end_lease(engine, intent)
    await secretfiles.forget(engine, intent)


async def _say_goodbye(engine: Engine, container: str, command: tuple[str, ...], limit: float) -> None:
    try:
        async with asyncio.timeout(limit):
            code, output = await engine.execute(container, command, limit)
    except (ClockerError, TimeoutError) as error:
        log.warning("%s leaves without `%s`: %s", container[:12], " ".join(command), error)
        return
    if code:
        words = (output.strip().splitlines() or ["it said nothing"])[-1]
        log.warning("%s leaves, though `%s` ended with %d: %s", container[:12], " ".join(command), code, words[:200])


async def end_lease(engine: Engine, intent: ContainerIntent) -> None:
    """Remove the lease that a container lived by; a foreign container of that name is left alone."""
    if not intent.fenced:
        return
    with suppress(NotFound):
        found = await engine.inspect(lease_name(intent.name))
        if LABEL_LEASE in found.labels and _is_of(found, intent):
            await engine.remove(found.id)


async def end_named(engine: Engine, intent: ContainerIntent, grace: float, late: bool) -> None:
    """Stop and remove the container of this intent that was never seen, by its name; a foreign one of that name is left alone. `late`: its creation may
    have been asked for just now and still be under way, so it is looked for twice."""
    found = await _find(engine, intent)
    if found is None and late:
        await asyncio.sleep(LATE_EFFECT)
        found = await _find(engine, intent)
    if found is not None:
        await end(engine, found.id, grace, found.state is EngineState.RUNNING)
    await end_lease(engine, intent)
    await secretfiles.forget(engine, intent)


async def _find(engine: Engine, intent: ContainerIntent) -> Observed | None:
    with suppress(NotFound):
        found = await engine.inspect(intent.name)
        return found if _is_of(found, intent) else None
    return None


def _is_of(found: Observed, intent: ContainerIntent) -> bool:
    return all(found.labels.get(name) == intent.labels[name] for name in (LABEL_PLANE, LABEL_STATE, LABEL_MEMBER, LABEL_GENERATION))


async def last_words(engine: Engine, container: str) -> str:
    """The last lines a container wrote, "" if it wrote none or they cannot be had."""
    lines: list[str] = []
    with suppress(NotFound):
        async with aclosing(engine.logs(container, follow=False, tail=LAST_LINES)) as log:  # type: ignore[type-var]
            lines.extend([hidden_text(line.rstrip()) async for line in log])
    return " / ".join(line for line in lines[-LAST_LINES:] if line)
