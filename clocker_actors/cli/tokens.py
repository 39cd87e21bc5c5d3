"""The commands about who else may come in: tokens, and the log of who did."""

from typing import Annotated
from urllib.parse import quote

import typer

from clocker_actors.cli import output
from clocker_actors.cli.output import AsJson
from clocker_actors.cli.reach import Item, connect, parts
from clocker_actors.errors import BadRequest
from clocker_actors.model.configuration import duration

ACTIONS = ("ls", "create", "revoke")


def token(
    action: Annotated[str, typer.Argument(metavar="ls|create|revoke", help="What to do.")] = "ls",
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="Of the token: who is to use it, for example ci.")] = "",
    scope: Annotated[
        str, typer.Option("--scope", metavar="SCOPE", help="read, operate (deploy, change, delete, too) or admin. With create.")
    ] = "",
    expires: Annotated[str, typer.Option("--expires", metavar="TIME", help="It is good for so long (12h, 30d). With create.")] = "",
    application: Annotated[
        list[str] | None,
        typer.Option("--application", metavar="PATH", help="For this application alone; several times for more. With create."),
    ] = None,
    json: AsJson = False,
) -> None:
    """List the tokens by which others come in by TCP, make one (which is shown this once), or revoke one."""
    if action not in ACTIONS:
        raise BadRequest(f"token: there is no action {action!r}; write one of {', '.join(ACTIONS)}", action=action)
    if action != "create" and (scope or expires or application):
        raise BadRequest(f"token {action} takes no options; they are for `clocker token create NAME`", action=action)
    if (action == "ls") == bool(name):
        wrong = f"token ls takes no name; it lists all, {name} too" if name else f"token {action} needs a name, for example ci"
        raise BadRequest(wrong, action=action)
    if action == "ls":
        _list(json=json)
    elif action == "create":
        _create(name, scope, expires, application or [], json=json)
    else:
        _revoke(name, json=json)


def _create(name: str, scope: str, expires: str, applications: list[str], *, json: bool) -> None:
    wanted: dict[str, object] = {"name": name, "scope": scope or "read", "applications": applications}
    if expires:
        wanted["seconds"] = _seconds(expires)
    with connect() as client:
        made = client.post("/v1/tokens", wanted)
    if json:
        output.as_json(made)
        return
    output.note(f"Token {name} may {_rights(made)}, {_until(made)}. It is shown this once:")
    output.say(str(made["token"]))


def _seconds(text: str) -> float:
    try:
        seconds = duration(text)
    except (ValueError, TypeError):
        seconds = 0.0
    if not seconds > 0:
        raise BadRequest(f"--expires {text} is not a time; write for example 12h or 30d", text=text)
    return seconds


def _rights(each: Item) -> str:
    return f"{each['scope']} {_where(each)}"


def _where(each: Item) -> str:
    limits = each["applications"]
    return ", ".join(map(str, limits)) if isinstance(limits, list) and limits else "all there is"


def _until(each: Item) -> str:
    return f"until {output.moment(each['expires'])} UTC" if each["expires"] is not None else "for good"


def _list(*, json: bool) -> None:
    with connect() as client:
        answer = client.get("/v1/tokens")
    if json:
        output.as_json(answer)
        return
    rows = (
        (each["name"], each["scope"], _where(each), "expired" if each["expired"] else output.moment(each["expires"]), each["made_by"])
        for each in parts(answer, "items")
    )
    output.table(("NAME", "SCOPE", "FOR", "EXPIRES", "MADE BY"), rows, fixed=("SCOPE", "EXPIRES"))


def _revoke(name: str, *, json: bool) -> None:
    with connect() as client:
        gone = client.delete(f"/v1/tokens/{quote(name, safe='')}")
    if json:
        output.as_json(gone)
        return
    output.note(f"Token {name} opens nothing any more; what was open by it has ended.")


def audit(
    latest: Annotated[int, typer.Option("--latest", "-n", min=1, max=10_000, help="How many lines.")] = 50,
    json: AsJson = False,
) -> None:
    """Show who gave which order and what was refused, oldest first, as the daemon's audit log has it."""
    with connect() as client:
        answer = client.get("/v1/audit", latest=latest)
    if json:
        output.as_json(answer)
        return
    rows = (
        (
            str(each.get("at", "-"))[:19].replace("T", " "),
            each.get("principal"),
            each.get("source"),
            f"{each.get('method', '')} {each.get('path', '')}".strip(),
            each.get("status"),
            each.get("cause"),
        )
        for each in parts(answer, "items")
        if "method" in each
    )
    output.table(("AT", "WHO", "FROM", "WHAT", "ANSWER", "CAUSE"), rows, fixed=("AT", "ANSWER", "CAUSE"))
