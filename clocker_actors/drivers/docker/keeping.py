"""Secrets in the memory of an engine's machine: the keeper is had, given files, looked into, and taken away with the last of them.

One thing is done at a time, so that nobody takes away a keeper into which somebody else has just begun to write.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from clocker_actors.drivers.docker import keeper, wire
from clocker_actors.drivers.docker.link import Call, Link
from clocker_actors.errors import Conflict, EngineFault, NameConflict, NotFound
from clocker_actors.model.containers import EngineState, KeptFile, Observed
from clocker_actors.model.specs import BuildSpec

if TYPE_CHECKING:
    from clocker_actors.drivers.docker.engine import DockerEngine

CHANGE = 30.0
INSIDE = 10.0
LABEL = "clocker.image"


class Keeping:
    """On one engine."""

    def __init__(self, engine: "DockerEngine", link: Link) -> None:
        self._engine = engine
        self._link = link
        self._one = asyncio.Lock()

    async def keep(self, name: str, labels: Mapping[str, str], folder: str, files: Sequence[KeptFile]) -> str:
        """See the port."""
        async with self._one:
            place = await self._memory(name, labels)
            await self._awake(name, labels)
            query = {"path": keeper.FOLDER}
            body = keeper.packed(folder, files)
            await self._link.tell(Call("keep", "PUT", f"containers/{name}/archive", CHANGE, query=query, body=body, about=folder))
        return f"{place}/{folder}"

    async def kept(self, name: str) -> Sequence[str]:
        """See the port."""
        async with self._one:
            found = await self._found(name)
            return await self._folders(name) if found is not None and found.state is EngineState.RUNNING else ()

    async def forget(self, name: str, labels: Mapping[str, str], folders: Sequence[str]) -> None:
        """See the port."""
        async with self._one:
            found = await self._found(name)
            if found is not None and not labels.items() <= found.labels.items():
                return
            if found is not None and found.state is EngineState.RUNNING:
                await self._inside(name, "rm", *folders)
                if await self._folders(name):
                    return
            if found is not None:
                await self._engine.remove(found.id)
            if name in await self._engine.volumes(labels):
                await self._engine.remove_volume(name)

    async def _memory(self, name: str, labels: Mapping[str, str]) -> str:
        """Where the volume is; it is made unless it is there."""
        call = Call("keep", "POST", "volumes/create", CHANGE, body=keeper.volume(name, labels))
        made = await self._link.ask(call, wire.Volume)
        if not labels.items() <= (made.labels or {}).items() or (made.options or {}).get("type") != "tmpfs":
            raise Conflict(
                f"a volume named {name} on engine {self._link.where} is not the memory that was made for secrets: remove it by hand, then restart the member"
            )
        return made.mountpoint

    async def _awake(self, name: str, labels: Mapping[str, str]) -> None:
        """Have it run. One that has ended (its engine was restarted) begins again with nothing in it."""
        found = await self._found(name)
        if found is None:
            await self._have_image()
            call = Call("keep", "POST", "containers/create", CHANGE, query={"name": name}, body=keeper.request(name, labels))
            try:
                await self._link.tell(call)
            except NameConflict:
                found = await self._found(name)
        if found is not None and not labels.items() <= found.labels.items():
            raise Conflict(
                f"a container named {name} on engine {self._link.where} is not the keeper of secrets: remove it by hand, then restart the member"
            )
        if found is None or found.state is not EngineState.RUNNING:
            await self._engine.start(name)

    async def _have_image(self) -> None:
        if await self._engine.image(keeper.IMAGE) is None:
            said = (await self._engine.info()).architecture
            if said not in keeper.ARCHITECTURES:
                raise EngineFault(
                    f"engine {self._link.where} runs on {said or 'an unknown processor'}, for which there is no keeper of secrets: place services with "
                    f"`secrets` on {' or '.join(sorted(keeper.ARCHITECTURES))}"
                )
            await self._engine.build(keeper.IMAGE, BuildSpec(""), keeper.context(keeper.ARCHITECTURES[said]), {LABEL: "keeper"})

    async def _found(self, name: str) -> Observed | None:
        try:
            return await self._engine.inspect(name)
        except NotFound:
            return None

    async def _folders(self, name: str) -> Sequence[str]:
        return (await self._inside(name, "ls")).split()

    async def _inside(self, name: str, *words: str) -> str:
        code, output = await self._engine.execute(name, [keeper.PROGRAM, *words], INSIDE)
        if code:
            raise EngineFault(f"the keeper of secrets {name} on engine {self._link.where} cannot {words[0]} ({code}): restart it")
        return output
