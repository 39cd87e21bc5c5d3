"""Exec feeds: what a command inside the container writes, as a sensor.

The feed asks its entity, which runs the command on the engine of its current generation. A command that does not end in time goes on inside the container,
so one that fails is tried less and less often.
"""

import shlex
from collections.abc import Mapping
from typing import ClassVar

from clocker_actors.errors import BadRequest
from clocker_actors.feeds.base import ON_FAILURE, PERIOD, STALE, TIMEOUT, FeedActor
from clocker_actors.feeds.extracting import Wanted, decoded, value_of, wanted
from clocker_actors.feeds.http_feed import EXTRACTED
from clocker_actors.kernel import Answered, RequestFailed, TimedOut
from clocker_actors.model import sensors
from clocker_actors.model.commands import CommandRan, RunCommand, RunTask
from clocker_actors.model.formula import formula
from clocker_actors.model.identity import EntityKind
from clocker_actors.model.messages import SensorChanged
from clocker_actors.model.types import KeyType, PolicyType
from clocker_actors.model.values import Value, as_map

_SHELL = ("/bin/sh", "-c")


def words(config: Mapping[str, Value]) -> tuple[str, ...]:
    """The command as the engine gets it: a text is a line for the container's shell, a list is words."""
    command = config["command"]
    if command is None:
        return ()
    if isinstance(command, list | tuple):
        return tuple(map(str, command))
    text = str(command)
    return (*_SHELL, text) if config["shell"] is True else tuple(shlex.split(text))


def _check(config: Mapping[str, Value]) -> tuple[str, str] | None:
    try:
        if not wanted(config):
            return "", "it gives no sensor; write targetSensor, or sensors: {name: JSON path}"
        if not words(config) and "image" not in config:
            return "command", "command is empty; write what is to be run in the container"
    except BadRequest as fault:
        return str(fault.details.get("key", "")), str(fault)
    except ValueError as fault:
        return "command", f"command cannot be split into words: {fault}; close its quotes"
    check = config["check"]
    if isinstance(check, str) and (unknown := formula(check).names - {"value", "status"}):
        return "check", f"check names {', '.join(sorted(unknown))}; it knows status (the exit code) and value (the output)"
    return None


class CommandFeed(FeedActor):
    """A feed that asks its entity to have something run. Subclasses say what, and whether that can be run now."""

    spare: ClassVar[float] = 15.0
    """Seconds it may take beyond the command's own time."""

    def command(self) -> RunCommand | RunTask:
        """What is asked for."""
        raise NotImplementedError(f"{type(self).__name__} must say what is to run")

    def begin(self) -> None:
        self.wanted: tuple[Wanted, ...] = wanted(self.config)
        self.request_number: int | None = None
        self.runs = False
        self.subscribe(self.entity, sensors.ENDPOINTS.name)

    def renewed(self) -> None:
        super().renewed()
        runs = self.runs
        self.begin()
        self.runs = runs

    def targets(self) -> tuple[str, ...]:
        return tuple(one.sensor for one in self.wanted)

    def poll(self) -> None:
        limit = self.seconds_of("timeout")
        self.request_number = self.request(self.entity, self.command(), limit + self.spare)

    def take(self, message: object) -> object:
        match message:
            case SensorChanged() if message.reading.sensor == sensors.ENDPOINTS.name:
                reading = message.reading
                runs = not reading.unavailable and bool(reading.value)
                if runs != self.runs:
                    self.runs = runs
                    self.poll_now()
            case SensorChanged():
                pass
            case Answered() if message.request == self.request_number:
                self._ran(message.value)
            case RequestFailed() if message.request == self.request_number:
                self.failed(message.failure.message)
            case TimedOut() if message.request == self.request_number:
                self.failed("its host did not answer in time")
            case Answered() | RequestFailed() | TimedOut():
                pass
            case _:
                return super().take(message)
        return None

    def _ran(self, ran: object) -> None:
        if not isinstance(ran, CommandRan):
            self.failed("the command gave no answer")
            return
        text = ran.output.strip()
        names: dict[str, Value] = {"status": ran.code, "value": text, "latency": ran.seconds}
        try:
            good = bool(formula(self.text_of("check"))(names)) if self.text_of("check") else ran.code == 0
            document = decoded(text) if good and any(one.path for one in self.wanted) else text
        except ValueError as why:
            self.failed(str(why))
            return
        if not good:
            last = (text.splitlines() or ["no output"])[-1]
            self.failed(f"the command ended with {ran.code}: {last[:200]}")
        else:
            self.read({one.sensor: value_of(one, document if one.path else text, names) for one in self.wanted})


class ExecFeed(CommandFeed):
    """Runs a command inside, in a period."""

    type: ClassVar[PolicyType] = PolicyType(
        "exec-feed",
        "feed",
        (
            KeyType("command", "string", None, "command to run inside the container: a line for its shell", required=True),
            KeyType("shell", "boolean", True, "whether /bin/sh reads the line; else it is split into words, for images without a shell"),
            *EXTRACTED,
            KeyType("check", "formula", None, "when it went well: a formula of status (the exit code) and value; default: a status of 0"),
            PERIOD,
            TIMEOUT,
            STALE,
            ON_FAILURE,
        ),
        (
            "ShellFeed",
            "SshFeed",
            "CmdFeed",
            "SshCommandSensor",
            "exec-command-sensor",
            "ssh-command-sensor",
            "org.apache.brooklyn.core.sensor.ssh.SshCommandSensor",
            "org.apache.brooklyn.feed.ssh.SshFeed",
            "org.apache.brooklyn.feed.shell.ShellFeed",
        ),
        "runs a command inside the container and gives what it writes",
        kinds=(EntityKind.MEMBER,),
        gives=("targetSensor",),
        names=("sensors",),
        check=_check,
    )

    def command(self) -> RunCommand:
        return RunCommand(words(self.config), self.seconds_of("timeout"))

    def obstacle(self) -> str:
        return "" if self.runs else "the service does not run"


class ContainerFeed(CommandFeed):
    """Runs a container of its own to its end, in a period; it is removed each time."""

    type: ClassVar[PolicyType] = PolicyType(
        "container-feed",
        "feed",
        (
            KeyType("image", "string", None, "image of the container to run", required=True, also=("containerImage",)),
            KeyType("command", "string", None, "line for its shell; without it, what the image runs", also=("bashScript",)),
            KeyType("env", "map", {}, "environment of the container", also=("shellEnvironment", "shell.env")),
            KeyType("shell", "boolean", True, "whether /bin/sh reads the line; else it is split into words"),
            *EXTRACTED,
            KeyType("check", "formula", None, "when it went well: a formula of status (the exit code) and value; default: a status of 0"),
            KeyType("period", "duration", 60.0, "time between two runs", least=5, most=86400),
            KeyType("timeout", "duration", 60.0, "longest run", least=1, most=3600),
            STALE,
            ON_FAILURE,
        ),
        ("ContainerSensor", "container-sensor", "org.apache.brooklyn.tasks.kubectl.ContainerSensor"),
        "runs a container of its own in a period and gives what it writes",
        kinds=(EntityKind.MEMBER, EntityKind.CLUSTER),
        gives=("targetSensor",),
        names=("sensors",),
        check=_check,
    )
    spare: ClassVar[float] = 660.0  # its image may have to be pulled

    def command(self) -> RunTask:
        env = {name: str(value) for name, value in as_map(self.config["env"]).items()}
        return RunTask(str(self.config["image"]), words(self.config), env, self.seconds_of("timeout"))
