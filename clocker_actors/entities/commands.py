"""Effectors that a blueprint declares, and commands that feeds want run: inside a service's container, in one of their own, or by HTTP.

    a command inside    on the engine of the member's current generation, by name
    a container         on that host, else on the first host of the pool that answers; bounded in time, and removed afterwards
    a question          by HTTP, to where the member is published now

All are work of the entity, so it answers always and nothing waits for ever; their output is bounded, and is the activity's result.
"""

import re
import shlex
from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING, Generic, TypeVar

from clocker_actors.entities import tasks
from clocker_actors.entities.lookouts import ASK_LIMIT, PARENT, ROOT, SELF
from clocker_actors.entities.records import HostState, MemberState, PoolState, State, read_state
from clocker_actors.errors import BadRequest, ClockerError, Failure, NotFound
from clocker_actors.kernel import Answered, RequestFailed, TimedOut, WorkDone, WorkFailed
from clocker_actors.model import sensors
from clocker_actors.model.activities import Activity
from clocker_actors.model.commands import CommandRan, RunCommand, RunTask
from clocker_actors.model.dependencies import Found, Where
from clocker_actors.model.effectors import Effector
from clocker_actors.model.http import HttpQuestion
from clocker_actors.model.identity import LABEL_APPLICATION, LABEL_MEMBER, LABEL_TASK, LETTERS, EntityKind, Uid
from clocker_actors.model.specs import EffectorKind, EffectorSpec, EngineSpec, ServiceSpec
from clocker_actors.model.values import Value, as_map, as_number

if TYPE_CHECKING:
    from clocker_actors.entities.entity import Arguments, EffectorMethod, Entity

S = TypeVar("S", bound=State)
SPARE = 10.0
"""Seconds a work may take beyond what the command was given: the engine has to be asked before and after."""
PULL_LIMIT = 600.0
_MOST_HOSTS = 5
LONGEST_PROBLEM = 400
_SERVICES = (EntityKind.MEMBER, EntityKind.CLUSTER, EntityKind.APPLICATION)
_NAME = re.compile(r"[^A-Za-z0-9_]")


class Commands(Generic[S]):
    """Of one entity: what runs now, and who waits for it."""

    __slots__ = ("_activities", "_asked", "_count", "_entity", "_owed")

    def __init__(self, entity: "Entity[S]") -> None:
        self._entity = entity
        self._owed: dict[str, int] = {}  # work → the answer that is owed for it
        self._activities: dict[str, str] = {}  # work → the activity that ends with it
        self._asked: dict[int, int] = {}  # request to the application → the answer that is owed for it
        self._count = 0

    # --- what is declared

    @property
    def declared(self) -> Mapping[str, EffectorSpec]:
        """The blueprint's effectors of this entity, by name."""
        spec = getattr(self._entity.state, "spec", None)
        return {each.name: each for each in spec.effectors} if isinstance(spec, ServiceSpec) else {}

    def effectors(self) -> Mapping[str, Effector]:
        """The same as people and callers know them."""
        kinds = frozenset({self._entity.kind})
        return {name: Effector(name, each.meaning, kinds, each.parameters) for name, each in self.declared.items()}

    def methods(self) -> "Mapping[str, EffectorMethod]":
        """What they do."""
        return dict.fromkeys(self.declared, self._run_declared)

    def _run_declared(self, activity: Activity, arguments: "Arguments") -> None:
        spec = self.declared[activity.effector]
        environment = {_NAME.sub("_", name): _text(value) for name, value in arguments.items() if value is not None}
        limit = as_number(spec.config.get("timeout")) or 60.0
        self._entity.running.step(activity.id, spec.kind)
        match spec.kind:
            case EffectorKind.EXEC:
                self._begin(self._inside(with_environment(_words(spec), environment), limit), activity.id)
            case EffectorKind.CONTAINER:
                wanted = {**as_map(spec.config.get("env")), **environment}
                env = {str(name): str(value) for name, value in wanted.items()}
                self._begin(self._task(RunTask(str(spec.config["image"]), _words(spec), env, limit)), activity.id)
            case EffectorKind.HTTP:
                self._begin(self._question(spec, arguments, limit), activity.id)

    # --- what feeds want

    def asked(self, message: RunCommand | RunTask) -> None:
        """Somebody wants a command run, and is answered when it has ended. Raises NotFound while there is nothing to run it in."""
        begun = self._inside(message.command, message.limit) if isinstance(message, RunCommand) else self._task(message)
        self._owed[self._begin(begun)] = self._entity.defer()

    def who(self, where: Where) -> Found | None:
        """Somebody of this entity (an enricher) wants to know who is meant; answered now, or when the application has."""
        identity = self._entity.identity
        own = {SELF: identity.uid, PARENT: identity.parent, ROOT: identity.application}
        own |= {target: Uid(target) for target in where.targets if self._is_uid(target)}
        if all(target in own for target in where.targets) or not identity.application:
            return Found({target: own[target] for target in where.targets if own.get(target)})
        token = self._entity.defer()
        self._asked[self._entity.request(identity.application, where, ASK_LIMIT)] = token
        return None

    def _is_uid(self, target: str) -> bool:
        return any(self._entity.outside.store.read(kind, target) is not None for kind in _SERVICES if target.startswith(LETTERS[kind]))

    def answered(self, message: Answered | RequestFailed | TimedOut) -> bool:
        """The application has answered; whether that was what was asked here."""
        token = self._asked.pop(message.request, None)
        if token is None:
            return False
        found = message.value if isinstance(message, Answered) else None
        self._entity.answer(token, found if isinstance(found, Found) else Found({}))
        return True

    # --- work

    def _inside(self, command: tuple[str, ...], limit: float) -> "tasks.Job":
        engine, name = self._container()
        return tasks.Job(lambda: tasks.inside(self._entity.outside.connect(engine), name, command, limit), limit + SPARE)

    def _task(self, task: RunTask) -> "tasks.Job":
        entity = self._entity
        engines = self._engines()
        identity = entity.state.identity
        until = entity.now + task.limit + PULL_LIMIT + 2 * SPARE
        labels = {
            **entity.outside.ours,
            LABEL_APPLICATION: identity.application,
            LABEL_MEMBER: identity.uid,
            LABEL_TASK: f"{until:.0f}",
        }
        name = f"clocker.{entity.outside.plane}.{identity.uid}.{entity.ids.activity()}"
        connect = entity.outside.connect
        return tasks.Job(lambda: tasks.one_off([connect(each) for each in engines], name, task, labels), task.limit + PULL_LIMIT + SPARE)

    def _question(self, spec: EffectorSpec, arguments: "Arguments", limit: float) -> "tasks.Job":
        entity, config = self._entity, spec.config
        reading = entity.readings.get(sensors.ENDPOINTS.name)
        url, why = tasks.address(config, reading)
        if why:
            raise NotFound(f"{entity.identity.path}: {why}", effector=spec.name)
        body = str(config.get("body") or "")
        for name, value in arguments.items():
            body = body.replace(f"${{{name}}}", _text(value))
        headers = {str(name): str(value) for name, value in as_map(config.get("headers")).items()}
        question = HttpQuestion(url, str(config.get("method") or "POST"), headers, body, limit, tasks.MOST_OUTPUT)
        return tasks.Job(lambda: tasks.question(entity.outside.http, question), limit + SPARE)

    def _begin(self, job: "tasks.Job", activity: str = "") -> str:
        self._count += 1
        name = f"command {self._count}"
        self._entity.work(name, job.run, timeout=job.limit)
        if activity:
            self._activities[name] = activity
        return name

    def ended(self, outcome: WorkDone | WorkFailed) -> bool:
        """A work has ended; whether it was one of these."""
        token, activity = self._owed.pop(outcome.name, None), self._activities.pop(outcome.name, None)
        if token is not None:
            if isinstance(outcome, WorkDone):
                self._entity.answer(token, outcome.result)
            else:
                self._entity.refuse(token, _error(outcome.failure))
        if activity is not None:
            self._end(activity, outcome)
        return token is not None or activity is not None

    def _end(self, activity: str, outcome: WorkDone | WorkFailed) -> None:
        running = self._entity.running
        if isinstance(outcome, WorkFailed):
            running.fail(activity, outcome.failure.message)
            return
        ran = outcome.result
        assert isinstance(ran, CommandRan)
        result: Value = {"status": ran.code, "output": ran.output, "seconds": round(ran.seconds, 3)}
        if ran.well:
            running.finish(activity, result)
        else:
            last = (ran.output.strip() or "no output")[-LONGEST_PROBLEM:]
            running.fail(activity, f"it ended with {ran.code}: {last}", result)

    def cancelled(self, activity: str) -> None:
        """Nobody waits for it any more: a container of its own is removed, a command inside goes on."""
        for name in [name for name, known in self._activities.items() if known == activity]:
            self._entity.cancel_work(name)

    # --- where

    def _container(self) -> tuple[EngineSpec, str]:
        state = self._entity.state
        current = state.current if isinstance(state, MemberState) else None
        if current is None or current.ended:
            raise NotFound(f"{state.identity.path} has no container now: start it first", entity=state.identity.uid)
        return self._engine(current.host), current.name

    def _engine(self, host: Uid) -> EngineSpec:
        return read_state(HostState, self._entity.outside.store, EntityKind.HOST, host).spec.engine

    def _engines(self) -> list[EngineSpec]:
        """Where a container of its own may run: where the member is, else on one of the first hosts of the pool that take new containers."""
        entity, store = self._entity, self._entity.outside.store
        state = entity.state
        first = [state.current.host] if isinstance(state, MemberState) and state.current is not None else []
        hosts = read_state(PoolState, store, EntityKind.POOL, state.identity.pool).hosts.values() if state.identity.pool else ()
        known = (read_state(HostState, store, EntityKind.HOST, uid) for uid in dict.fromkeys((*first, *hosts)))
        engines = list(islice((host.spec.engine for host in known if not host.cordoned and host.spec.engine.url), _MOST_HOSTS))
        if not engines:
            raise NotFound(f"{state.identity.path} has no host on which a container could run", entity=state.identity.uid)
        return engines


def with_environment(command: tuple[str, ...], environment: Mapping[str, str]) -> tuple[str, ...]:
    """The command with these variables set. Raises BadRequest where no shell reads it."""
    if not environment:
        return command
    if command[:2] != tasks.SHELL:
        raise BadRequest("parameters reach a command by its shell only: leave `shell` as it is")
    sets = "; ".join(f"export {name}={shlex.quote(value)}" for name, value in environment.items())
    return (*tasks.SHELL, f"{sets}; {command[2]}")


def _words(spec: EffectorSpec) -> tuple[str, ...]:
    command = spec.config.get("command")
    if isinstance(command, list | tuple):
        return tuple(map(str, command))
    if not command:
        return ()
    return (*tasks.SHELL, str(command)) if spec.config.get("shell") is not False else tuple(shlex.split(str(command)))


def _text(value: Value) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _error(failure: Failure) -> ClockerError:
    return ClockerError(failure.message, **failure.details)
