"""The command that runs the daemon itself, in the foreground."""

from pathlib import Path
from typing import Annotated

import typer

from clocker_actors import settings
from clocker_actors.cli.output import AsJson


def daemon(
    state: Annotated[Path | None, typer.Option(help="Directory with all that the daemon keeps, and its socket.")] = None,
    simulated: Annotated[bool, typer.Option("--simulated", help="Run on simulated engines; no Docker is touched.")] = False,
    listen: Annotated[str | None, typer.Option(help="Also listen on this host:port, for those with a token (`clocker token`).")] = None,
    tls_cert: Annotated[Path | None, typer.Option(help="Certificate of the TCP door; needed unless it is on 127.0.0.1.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="The key of that certificate.")] = None,
    local_engine: Annotated[str | None, typer.Option(help="The engine of this machine, for example unix:///var/run/docker.sock.")] = None,
    log_format: Annotated[str | None, typer.Option(help="auto, console or json.")] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.")] = None,
    json: AsJson = False,
) -> None:
    """Run the daemon until it is told to stop (SIGTERM, Ctrl-C). Containers go on running without it."""
    flags = {
        "state": state,
        "listen": listen,
        "tls_cert": tls_cert,
        "tls_key": tls_key,
        "local_engine": local_engine,
        "log_format": "json" if json and log_format is None else log_format,
        "log_level": log_level,
    }
    loaded = settings.load(flags)
    # Imported here: no other command may pay for it.
    from clocker_actors import daemon as composition  # noqa: PLC0415

    raise typer.Exit(composition.run(loaded, simulated=simulated))
