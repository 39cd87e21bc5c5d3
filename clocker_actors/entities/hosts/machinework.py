"""The slow steps of making a host and of giving it back: work for an actor, without knowing it. Each may be done twice, and begins with a look at how it is.

A machine is known by its name and tags, not by what a call answered: an answer may be lost, what was made is still ours.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from clocker_actors.errors import (
    DENIED,
    HOST_KEY,
    NO_FILE,
    NO_ROOT,
    ClockerError,
    CloudFault,
    Failure,
    InstallFailed,
    NotFound,
    Refused,
    ShellUnavailable,
    TimedOut,
)
from clocker_actors.model.identity import LABEL_PLANE, LABEL_STATE, Uid
from clocker_actors.model.machines import MachinePhase
from clocker_actors.model.values import counted
from clocker_actors.ports.cloud import Cloud, Node, NodeRequest, NodeState
from clocker_actors.ports.installer import Installed, Installer, InstallOptions
from clocker_actors.ports.shell import Shell

TAG_PLANE, TAG_STATE, TAG_POOL, TAG_HOST = "clocker-plane", "clocker-state", "clocker-pool", "clocker-host"
CREATE_LIMIT = 180.0
"""Seconds after which a cloud that was asked for a machine, and has not answered, will not make it any more."""
LIST_LIMIT = 60.0
"""Seconds after which a machine that its cloud has made, and does not list, is taken to be gone."""
BOOT_LIMIT = 300.0
BOOT_PAUSE = 2.0
ENTER_LIMIT = 15.0
RETURN_PAUSE = 2.0
TELL_AGAIN = 10.0
"""Seconds after which it is told once more that a machine does not let us in, for the same reason."""


@dataclass(frozen=True, slots=True)
class KeptOut:
    """A machine has not let us in yet, so many times, the last for this reason."""

    tries: int
    reason: str


@dataclass(frozen=True, slots=True)
class InstallSaid:
    """A step of the installation has begun."""

    line: str


@dataclass(frozen=True, slots=True)
class InstallEnded:
    """The installation is over: what is there, or why not and whether the same may succeed later."""

    installed: Installed | None
    failure: Failure | None = None
    again: bool = False


def node_name(plane: str, host: Uid) -> str:
    """What the cloud calls the machine of a host: the same at every try."""
    return f"clocker-{plane}-{host}"


def node_tags(ours: Mapping[str, str], pool: Uid, host: Uid) -> dict[str, str]:
    """What the machine of a host carries."""
    return {TAG_PLANE: ours[LABEL_PLANE], TAG_STATE: ours[LABEL_STATE], TAG_POOL: pool, TAG_HOST: host}


async def nodes_of(cloud: Cloud, ours: Mapping[str, str], host: Uid) -> tuple[Node, ...]:
    """The machines of a host that are not on their way out. A cloud without tags knows plane and host by the name alone."""
    found = await cloud.nodes({TAG_PLANE: ours[LABEL_PLANE], TAG_HOST: host})
    return tuple(node for node in found if is_ours(node, ours) and node.state not in {NodeState.STOPPING, NodeState.TERMINATED})


def is_ours(node: Node, ours: Mapping[str, str]) -> bool:
    """Whether a machine of our plane was made from this state."""
    return node.tags.get(TAG_STATE, ours[LABEL_STATE]) == ours[LABEL_STATE]


async def create(cloud: Cloud, request: NodeRequest, key: Callable[[], str], ours: Mapping[str, str]) -> Node:
    """The machine of that name, which `key` opens (read in a thread: it may have to be made). Raises CloudUnavailable, CloudFault and its kinds, SettingsError."""
    node = await cloud.create(replace(request, public_key=await asyncio.to_thread(key)))
    if not is_ours(node, ours):
        raise CloudFault(f"there is a machine {node.name} of another manager already: give one of them another plane in its settings")
    return node


async def boot(cloud: Cloud, ours: Mapping[str, str], host: Uid) -> str:
    """Wait until the machine of a host runs and has an address, which comes back. Raises NotFound when it is gone, TimedOut, and what the cloud says. One that
    was not listed yet has LIST_LIMIT to be."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    deadline, seen = began + BOOT_LIMIT, False
    while True:
        found = await nodes_of(cloud, ours, host)
        if not found and (seen or loop.time() - began >= LIST_LIMIT):
            raise NotFound("its cloud does not have it any more: look there for what became of it")
        if not found:
            await asyncio.sleep(BOOT_PAUSE)
            continue
        seen, node = True, found[0]
        if node.state is NodeState.ERROR:
            raise CloudFault(f"its cloud says that {node.name} ({node.id}) is in error: look there for the reason")
        if node.state is NodeState.RUNNING and node.address:
            return node.address
        if loop.time() >= deadline:
            words = f"{node.name} ({node.id}) is {node.state} after {BOOT_LIMIT:g} s: look at its console, or take another image"
            raise TimedOut(words)
        await asyncio.sleep(BOOT_PAUSE)


async def enter(shell: Shell, fresh: bool) -> AsyncIterator[KeptOut]:
    """Wait until the machine lets us in, and tell meanwhile why it does not. One that has just booted (`fresh`) may not have our key yet, so that its refusal is
    not believed at once; that of another raises Refused."""
    loop = asyncio.get_running_loop()
    deadline, tries, told, told_at = loop.time() + BOOT_LIMIT, 0, "", 0.0
    try:
        while True:
            tries += 1
            try:
                await shell.run("true", ENTER_LIMIT)
            except (ShellUnavailable, TimedOut) as error:
                reason = error.details.get("reason")
                if reason == NO_FILE or (not fresh and reason in {DENIED, HOST_KEY, NO_ROOT}):
                    raise Refused(str(error)) from error
                if loop.time() + BOOT_PAUSE >= deadline:
                    raise TimedOut(f"no way in for {BOOT_LIMIT:g} s, tried {counted(tries, 'time')}: {error}") from error
                if str(error) != told or loop.time() - told_at >= TELL_AGAIN:
                    told, told_at = str(error), loop.time()
                    yield KeptOut(tries, told)
                await asyncio.sleep(BOOT_PAUSE)
            else:
                return
    finally:
        await shell.close()


async def install(installer: Installer, shell: Shell, user: str, tls_for: tuple[str, ...]) -> AsyncIterator[InstallSaid | InstallEnded]:
    """Have an engine there that this user may use, or that listens under these names; tells each step as it begins, and at last how it ended."""
    said: asyncio.Queue[InstallSaid | None] = asyncio.Queue()
    task = asyncio.ensure_future(_install(installer, shell, user, tls_for, said))
    task.add_done_callback(lambda _: said.put_nowait(None))
    try:
        while (line := await said.get()) is not None:
            yield line
        try:
            yield InstallEnded(await task)
        except ClockerError as error:
            yield InstallEnded(None, Failure.of(error), again=isinstance(error, ShellUnavailable) or _again(error))
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, ClockerError):
            await task
        await shell.close()


async def _install(
    installer: Installer, shell: Shell, user: str, tls_for: tuple[str, ...], said: asyncio.Queue[InstallSaid | None]
) -> Installed:
    options = InstallOptions(user="" if tls_for else user, tls_for=tls_for)  # who has a certificate needs no socket
    return await installer.install(shell, options, lambda line: said.put_nowait(InstallSaid(line)))


def _again(error: ClockerError) -> bool:
    return isinstance(error, InstallFailed) and error.again


async def give_back(cloud: Cloud, ours: Mapping[str, str], host: Uid, known: str, wait: float) -> None:
    """Destroy every machine of a host, until its cloud shows none. A cloud may list late what it has made: `known`, the id that it told, is destroyed
    unlisted; without one, the machine is looked for until it is seen, but no longer than `wait` seconds."""
    loop = asyncio.get_running_loop()
    until = loop.time() + wait
    if known:
        await cloud.destroy(known)
    destroyed = bool(known)
    while True:
        found = await nodes_of(cloud, ours, host)
        for node in found:
            await cloud.destroy(node.id)
            destroyed = True
        if not found and (destroyed or loop.time() >= until):
            return
        await asyncio.sleep(RETURN_PAUSE)


def is_transient(failure: Failure, phase: MachinePhase) -> bool:
    """Whether the same may succeed later without anybody's doing. A machine that has not come up in time has had its time."""
    if phase is MachinePhase.BOOTING and failure.kind == TimedOut.__name__:
        return False
    return failure.transient or failure.kind == "WorkTimedOut"
