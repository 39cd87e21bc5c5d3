"""What commands of a blueprint do outside, each as one bounded work with a value as its outcome: inside a container, in one of its own, by HTTP."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass

from clocker_actors.errors import ClockerError, EngineUnavailable, NotFound, TimedOut
from clocker_actors.feeds.address import url
from clocker_actors.masking import hidden_text
from clocker_actors.model.commands import CommandRan, RunTask
from clocker_actors.model.containers import ContainerRequest, EngineState, Observed
from clocker_actors.model.http import HttpQuestion
from clocker_actors.model.sensors import Reading
from clocker_actors.model.specs import ContainerSpec, ImageSpec
from clocker_actors.model.values import Value
from clocker_actors.ports.engine import Engine
from clocker_actors.ports.http import Http

SHELL = ("/bin/sh", "-c")
MOST_OUTPUT = 64 * 1024
_FIRST_LOOK = 0.05
_LAST_LOOK = 1.0


@dataclass(frozen=True, slots=True)
class Job:
    """A work that is about to begin, and the most time it may take."""

    run: Callable[[], Awaitable[CommandRan]]
    limit: float


def _now() -> float:
    return asyncio.get_running_loop().time()


async def inside(engine: Engine, container: str, command: tuple[str, ...], limit: float) -> CommandRan:
    """Run a command in a container that runs."""
    began = _now()
    code, output = await engine.execute(container, command, limit)
    return CommandRan(code, hidden_text(output[:MOST_OUTPUT]), _now() - began, code == 0)


async def question(http: Http, asked: HttpQuestion) -> CommandRan:
    """Ask by HTTP; a status below 400 went well."""
    answer = await http.ask(asked)
    return CommandRan(answer.status, hidden_text(answer.body.decode("utf-8", "replace")), answer.seconds, answer.status < 400)


async def one_off(engines: Sequence[Engine], name: str, task: RunTask, labels: Mapping[str, str]) -> CommandRan:
    """Run a container of its own until it ends, on the first engine that answers; it is removed whatever happens."""
    engine = await _first(engines)
    began = _now()
    await _have_image(engine, task.image)
    spec = ContainerSpec(ImageSpec(task.image), command=task.command or None, env=task.env)
    await engine.create(ContainerRequest(name=name, image=task.image, spec=spec, labels=labels))
    try:
        await engine.start(name)
        ended = await _until_ended(engine, name, task.limit)
        output = await _output(engine, name)
    finally:
        await _remove(engine, name)
    code = -1 if ended.exit_code is None else ended.exit_code
    return CommandRan(code, output, _now() - began, code == 0)


async def _first(engines: Sequence[Engine]) -> Engine:
    last: ClockerError = NotFound("there is no engine")
    for engine in engines:
        try:
            await engine.ping()
        except (EngineUnavailable, TimedOut) as error:
            last = error
        else:
            return engine
    raise last


async def _have_image(engine: Engine, reference: str) -> None:
    if await engine.image(reference) is None:
        await engine.pull(reference)


async def _until_ended(engine: Engine, name: str, limit: float) -> Observed:
    pause = _FIRST_LOOK
    try:
        async with asyncio.timeout(limit):
            while (seen := await engine.inspect(name)).state not in {EngineState.EXITED, EngineState.DEAD}:
                await asyncio.sleep(pause)
                pause = min(pause * 1.5, _LAST_LOOK)
    except TimeoutError:
        raise TimedOut(f"the container did not end within {limit:g} s: allow it more by `timeout`") from None
    return seen


async def _output(engine: Engine, name: str) -> str:
    pieces: list[str] = []
    size = 0
    async with aclosing(engine.logs(name, follow=False, tail=2000)) as lines:  # type: ignore[type-var]
        async for line in lines:
            pieces.append(line)
            size += len(line) + 1
            if size > MOST_OUTPUT:
                break
    return hidden_text("\n".join(pieces)[:MOST_OUTPUT])


async def _remove(engine: Engine, name: str) -> None:
    with suppress(ClockerError):
        await engine.kill(name)
    with suppress(NotFound):
        await engine.remove(name)


def address(config: Mapping[str, Value], endpoints: Reading | None) -> tuple[str, str]:
    """(url, "") to ask now, or ("", why there is none)."""
    return url({"uri": None, "port": None, "path": "/", "scheme": "http", **config}, endpoints)
