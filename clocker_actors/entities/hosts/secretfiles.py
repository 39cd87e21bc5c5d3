"""Secrets of containers as files in the memory of their host: written before a start, taken away after the end, and looked through for what nobody wants.

    secrets of m4.g2 ──by folder──▶ m4.g2/0/db-password, m4.g2/1/key.pem ──kept by the keeper──▶ mounted at /run/secrets and /etc/tls

They are nowhere else: what the keeper had is gone with it, or with its engine, and is written anew before anything starts that needs it.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Protocol

from clocker_actors.entities.outside import Outside
from clocker_actors.entities.ownership import wanted
from clocker_actors.kernel import WorkDone, WorkFailed
from clocker_actors.model.containers import KeptFile, Observed
from clocker_actors.model.generations import ContainerIntent
from clocker_actors.model.identity import LABEL_KEEPER, LABEL_PLANE, LABEL_STATE, Uid, keeper_name, kept_folder
from clocker_actors.model.specs import SecretSpec
from clocker_actors.ports.engine import Engine
from clocker_actors.ports.store import Store

log = logging.getLogger(__name__)

WORK = "secret files"
LIMIT = 60.0


def laid_out(secrets: Sequence[SecretSpec]) -> tuple[Mapping[str, str], Sequence[KeptFile]]:
    """The folders of a container with those below its own of the keeper, and the files in these."""
    folders = {folder: str(number) for number, folder in enumerate(sorted({_folder(each) for each in secrets}))}
    files = [
        KeptFile(f"{folders[_folder(each)]}/{PurePosixPath(each.path).name}", each.content, each.mode, each.uid, each.gid)
        for each in secrets
    ]
    return folders, files


def _folder(secret: SecretSpec) -> str:
    return str(PurePosixPath(secret.path).parent)


async def keep(engine: Engine, intent: ContainerIntent, secrets: Sequence[SecretSpec]) -> Mapping[str, str]:
    """Have the (opened) secrets of a container in memory; which folders of its own are to be mounted from where. Raises what the engine says."""
    if not intent.keeper:
        return {}
    folders, files = laid_out(secrets)
    place = await engine.keep(intent.keeper, _labels(intent.labels), kept_folder(intent.member, intent.generation), files)
    return {target: f"{place}/{number}" for target, number in folders.items()}


async def forget(engine: Engine, intent: ContainerIntent) -> None:
    """Take the secrets of a container that is no more away. Raises what the engine says."""
    if intent.keeper:
        await engine.forget(intent.keeper, _labels(intent.labels), [kept_folder(intent.member, intent.generation)])


def _labels(ours: Mapping[str, str]) -> dict[str, str]:
    return {LABEL_PLANE: ours[LABEL_PLANE], LABEL_STATE: ours[LABEL_STATE], LABEL_KEEPER: "1"}


def is_keeper(seen: Observed, outside: Outside) -> bool:
    """Whether this container keeps secrets of ours."""
    return all(seen.labels.get(name) == value for name, value in _labels(outside.ours).items())


class Owner(Protocol):
    """What is needed of the host."""

    uid: Uid
    outside: Outside
    engine: Engine

    def work(self, name: str, fn: Callable[..., Awaitable[object]], *args: object, timeout: float) -> None: ...
    def working(self, name: str) -> bool: ...


class SecretFiles:
    """What the keeper of one host has beyond what is wanted: left by who was killed between the end of a container and that of its secrets."""

    __slots__ = ("_host",)

    def __init__(self, host: Owner) -> None:
        self._host = host

    def look(self) -> None:
        """There is a keeper: take away what no member wants."""
        if not self._host.working(WORK):
            self._host.work(WORK, self._remove_unwanted, timeout=LIMIT)

    def ended(self, message: WorkDone | WorkFailed) -> None:
        """That is done, or is tried again after the next look."""
        if isinstance(message, WorkFailed):
            log.warning("secrets not looked through", extra={"host": self._host.uid, "failure": message.failure.message})

    async def _remove_unwanted(self) -> None:
        outside = self._host.outside
        name = keeper_name(outside.plane)
        folders = await self._host.engine.kept(name)
        unwanted = [folder for folder in folders if not _is_wanted(outside.store, folder)]
        if unwanted or not folders:
            await self._host.engine.forget(name, _labels(outside.ours), unwanted)


def _is_wanted(store: Store, folder: str) -> bool:
    member, _, number = folder.rpartition(".g")
    return number.isdecimal() and wanted(store, member, int(number))
