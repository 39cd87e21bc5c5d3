"""The command that gives the manager secrets to keep. A value is read from a file or from standard input, never from the command line, which others can see."""

import sys
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from clocker_actors.cli import output
from clocker_actors.cli.output import AsJson
from clocker_actors.cli.reach import connect, parts
from clocker_actors.credentials import MOST_BYTES
from clocker_actors.errors import BadRequest

ACTIONS = ("ls", "set", "rm")


def secret(
    action: Annotated[str, typer.Argument(metavar="ls|set|rm", help="What to do.")] = "ls",
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="Of the secret.")] = "",
    file: Annotated[str, typer.Argument(metavar="[FILE]", help="With set: where the value is; else it is read from stdin.")] = "",
    json: AsJson = False,
) -> None:
    """List the secrets that the manager keeps (never their values), set one, or remove one. Blueprints: $brooklyn:external("clocker", "NAME")."""
    if action not in ACTIONS:
        raise BadRequest(f"secret: there is no action {action!r}; write one of {', '.join(ACTIONS)}", action=action)
    if (action == "ls") == bool(name) or (file and action != "set"):
        raise BadRequest(f"secret {action} takes {'nothing' if action == 'ls' else 'a name, as db-password'}", action=action)
    value = _value(name, file) if action == "set" else b""
    with connect() as client:
        route = f"/v1/secrets/{quote(name, safe='')}"
        answer = client.get("/v1/secrets") if action == "ls" else client.put(route, value) if action == "set" else client.delete(route)
    if json:
        output.as_json(answer)
    elif action == "ls":
        output.table(("SECRET", "SINCE"), ((each["name"], output.moment(each["at"])) for each in parts(answer, "items")))
    else:
        output.say(f"secret {name} is {'kept; containers get it at their next start' if action == 'set' else 'removed'}")


def _value(name: str, file: str) -> bytes:
    if file and file != "-":
        try:
            with Path(file).open("rb") as opened:
                content = opened.read(MOST_BYTES + 1)
        except OSError as error:
            raise BadRequest(f"{file} cannot be read: {error.strerror}", file=file) from None
    elif sys.stdin.isatty():
        content = str(typer.prompt(f"Value of {name}", hide_input=True, err=True)).encode()
    else:
        content = sys.stdin.buffer.read(MOST_BYTES + 1)
    return content.rstrip(b"\r\n")
