"""Structured logs: an event name and fields, on the console for people or as JSON for machines, through one handler.

What runs now is added to every line from the kernel's `current` (actor, message, cause) and, where it can be told, the entity's path; no call repeats
these. The standard library's logging, which all other libraries use, comes out of the same handler in the same form.
"""

import logging
import sys
from collections.abc import Callable
from typing import TextIO

import structlog
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import EventDict, Processor, WrappedLogger

from clocker_actors.errors import SettingsError
from clocker_actors.kernel import current
from clocker_actors.masking import HIDDEN, is_secret, masked_text
from clocker_actors.model.identity import Cause

FORMATS = ("console", "json", "auto")
QUIET = ("asyncio", "asyncssh", "httpx", "urllib3", "uvicorn.access")
"""Loggers that tell of every connection or request; they begin at WARNING."""
_TRACEBACKS = structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False))
"""Frames without their variables: those may hold secrets of a blueprint, and make one line as long as a book."""


def configure(
    form: str = "auto",
    level: str = "info",
    stream: TextIO | None = None,
    path_of: Callable[[str], str] | None = None,
) -> None:
    """Set up all logging of this process, in place of any earlier setup.

    `form` is console, json, or auto (console on a terminal); `path_of` gives an entity's path for its uid. Raises SettingsError for an unknown form or level.
    """
    out = stream or sys.stderr
    number = logging.getLevelNamesMapping().get(level.upper())
    if number is None:
        raise SettingsError(f"log level {level!r} is unknown; use debug, info, warning or error", setting="log_level")
    if form not in FORMATS:
        raise SettingsError(f"log format {form!r} is unknown; use {', '.join(FORMATS)}", setting="log_format")
    terminal = out.isatty()
    if form == "auto":
        form = "console" if terminal else "json"
    shared = _shared(path_of)
    handler = logging.StreamHandler(out)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=_ending(form, colors=terminal)))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(number)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(number, logging.WARNING))
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _shared(path_of: Callable[[str], str] | None) -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        _Running(path_of),
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _ending(form: str, *, colors: bool) -> list[Processor]:
    remove = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if form == "json":
        return [remove, _named, _TRACEBACKS, structlog.processors.JSONRenderer(default=str), _masked]
    return [remove, _named, structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=structlog.dev.plain_traceback), _masked]


def _named(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Fields that are secrets by their names are hidden; what else is in them, the whole line shows."""
    return {name: HIDDEN if isinstance(value, str) and value and is_secret(name) else value for name, value in event.items()}


def _masked(_logger: WrappedLogger, _method: str, line: str | bytes | EventDict) -> str:
    """The line without any secret, whoever wrote it there."""
    return masked_text(str(line))


class _Running:
    """Adds `actor`, `message`, `cause` and `entity` of what the kernel runs now. A field given at the call wins."""

    def __init__(self, path_of: Callable[[str], str] | None) -> None:
        self._path_of = path_of

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        running = current.get()
        if running is None:
            return event
        event.setdefault("actor", running.actor_id)
        event.setdefault("message", running.message_type)
        if isinstance(running.cause, Cause):
            event.setdefault("cause", running.cause.id)
            event.setdefault("principal", running.cause.principal)
        if self._path_of is not None:
            uid = running.actor_id.partition(":")[0]
            path = self._path_of(uid)
            if path and path != uid:
                event.setdefault("entity", path)
        return event
