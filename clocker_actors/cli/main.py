"""All commands, and what becomes of their errors.

Exit codes: 0 done · 1 it failed · 2 bad usage or bad blueprint · 3 no daemon · 4 `plan --exit-code` found changes; and 130 after Ctrl-C, as shells have it.
"""

import importlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import typer

from clocker_actors import __version__, errors
from clocker_actors.cli import output

FAILED, USAGE, NO_DAEMON, INTERRUPTED = 1, 2, 3, 130
_MISUSED = cast("type[Exception]", typer.BadParameter.__mro__[1])
"""What a command line that cannot be understood raises; the library has it under different names in its releases."""
_USAGE = (errors.BlueprintError, errors.BadRequest, errors.NotFound, errors.SettingsError)


@dataclass(frozen=True, slots=True)
class Command:
    """The function of that name in this file; `negative` when arguments may begin with a minus, and be told what is wrong with them."""

    file: str
    function: str
    negative: bool = False


COMMANDS: Mapping[str, Command] = {
    "daemon": Command("daemon", "daemon"),
    "plan": Command("deploying", "plan"),
    "deploy": Command("deploying", "deploy"),
    "lint": Command("linting", "lint"),
    "schema": Command("linting", "schema"),
    "catalog": Command("catalogue", "catalog"),
    "ls": Command("looking", "ls"),
    "tree": Command("looking", "tree"),
    "show": Command("looking", "show"),
    "sensors": Command("following", "sensors"),
    "effectors": Command("looking", "effectors"),
    "invoke": Command("acting", "invoke", negative=True),
    "resize": Command("acting", "resize", negative=True),
    "hosts": Command("looking", "hosts"),
    "cordon": Command("hosting", "cordon"),
    "uncordon": Command("hosting", "uncordon"),
    "drain": Command("hosting", "drain"),
    "rebalance": Command("hosting", "rebalance"),
    "ca": Command("certificates", "ca"),
    "activities": Command("looking", "activities"),
    "cancel": Command("acting", "cancel"),
    "policies": Command("policies", "policies", negative=True),
    "explain": Command("explaining", "explain"),
    "events": Command("following", "events"),
    "logs": Command("following", "logs"),
    "token": Command("tokens", "token"),
    "audit": Command("tokens", "audit"),
    "start": Command("acting", "start"),
    "stop": Command("acting", "stop"),
    "restart": Command("acting", "restart"),
    "delete": Command("acting", "delete"),
    "backup": Command("keeping", "backup"),
    "restore": Command("keeping", "restore"),
    "state": Command("keeping", "state"),
    "secret": Command("secrets", "secret"),
    "replay": Command("replaying", "replay"),
}


def build(names: Sequence[str]) -> typer.Typer:
    """The application with these commands. Each costs some milliseconds, so whoever names one pays for that one only."""
    app = typer.Typer(
        help="Deploy blueprints onto Docker hosts and keep them running. ID is a path (shop/web/3) or a uid (m1k).",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        callback=_root,
    )
    for name in names:
        command = COMMANDS[name]
        file = importlib.import_module(f"clocker_actors.cli.{command.file}")
        app.command(name, context_settings={"ignore_unknown_options": command.negative})(getattr(file, command.function))
    return app


def _version(wanted: bool) -> None:
    if wanted:
        output.say(f"clocker {__version__}")
        raise typer.Exit


def _root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Say the version."),
    json: bool = typer.Option(False, "--json", help="Answer in JSON; may stand after the command as well."),
) -> None:
    """Nothing but --version; `main` has taken --json to where commands know it."""


def _ordered(given: Sequence[str]) -> list[str]:
    """The arguments with a --json that stands before the command behind it."""
    first = next((place for place, word in enumerate(given) if word != "--json"), len(given))
    return [*given[first : first + 1], *given[:first], *given[first + 1 :]] if first and given[first : first + 1] else list(given)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code. Nothing is raised, whatever goes wrong."""
    given = _ordered(sys.argv[1:] if arguments is None else arguments)
    try:
        app = build(given[:1] if given and given[0] in COMMANDS else list(COMMANDS))
        ended = app(args=given, prog_name="clocker", standalone_mode=False)
        return ended if isinstance(ended, int) else 0
    except _MISUSED as misused:
        output.complain_usage(misused, json="--json" in given, command=given[0] if given and given[0] in COMMANDS else "")
        return USAGE
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 0 if ended.code is None else FAILED
    except errors.ClockerError as error:
        output.complain(error, json="--json" in given)
        return code_of(error)
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - nobody who typed a command should see a traceback
        output.complain_unforeseen(error)
        return FAILED


def code_of(error: errors.ClockerError) -> int:
    """The exit code that an error leads to."""
    if isinstance(error, errors.NoDaemon):
        return NO_DAEMON
    return USAGE if isinstance(error, _USAGE) else FAILED
