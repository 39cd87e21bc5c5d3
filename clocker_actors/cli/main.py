"""All commands, and what becomes of their errors.

Exit codes: 0 done · 1 it failed · 2 bad usage or bad blueprint · 3 no daemon · 4 `plan --exit-code` found changes; and 130 after Ctrl-C, as shells have it.
"""

import sys
from collections.abc import Sequence

import typer

from clocker_actors import __version__, errors
from clocker_actors.cli import acting, daemon, deploying, explaining, following, looking, output, policies

FAILED, USAGE, NO_DAEMON, INTERRUPTED = 1, 2, 3, 130
_USAGE = (errors.BlueprintError, errors.BadRequest, errors.NotFound, errors.SettingsError)

app = typer.Typer(
    name="clocker",
    help="Deploy blueprints onto Docker hosts and keep them running. ID is a path (shop/web/3) or a uid (m1k).",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command("daemon")(daemon.daemon)
app.command("plan")(deploying.plan)
app.command("deploy")(deploying.deploy)
app.command("ls")(looking.ls)
app.command("tree")(looking.tree)
app.command("show")(looking.show)
app.command("sensors")(following.sensors)
app.command("effectors")(looking.effectors)
app.command("invoke", context_settings=acting.NEGATIVE)(acting.invoke)
app.command("resize", context_settings=acting.NEGATIVE)(acting.resize)
app.command("hosts")(looking.hosts)
app.command("activities")(looking.activities)
app.command("cancel")(acting.cancel)
app.command("policies")(policies.policies)
app.command("explain")(explaining.explain)
app.command("events")(following.events)
app.command("logs")(following.logs)
app.command("start")(acting.start)
app.command("stop")(acting.stop)
app.command("restart")(acting.restart)
app.command("delete")(acting.delete)


def _version(wanted: bool) -> None:
    if wanted:
        output.say(f"clocker {__version__}")
        raise typer.Exit


@app.callback()
def _root(version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Say the version.")) -> None:
    """Nothing but --version."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code. Nothing is raised, whatever goes wrong."""
    try:
        app(args=list(sys.argv[1:] if arguments is None else arguments), prog_name="clocker")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 0 if ended.code is None else FAILED
    except errors.ClockerError as error:
        output.complain(error)
        return code_of(error)
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - nobody who typed a command should see a traceback
        output.complain_unforeseen(error)
        return FAILED
    return 0


def code_of(error: errors.ClockerError) -> int:
    """The exit code that an error leads to."""
    if isinstance(error, errors.NoDaemon):
        return NO_DAEMON
    return USAGE if isinstance(error, _USAGE) else FAILED
