"""Commands that change something: invoke, resize, cancel, start, stop, restart, delete."""

import json as jsonlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import typer

from clocker_actors.cli import output
from clocker_actors.cli.output import AsJson
from clocker_actors.cli.reach import Id, Item, connect, entity, part, route
from clocker_actors.cli.waiting import Wait, finish, send
from clocker_actors.errors import BadRequest
from clocker_actors.model.configuration import duration
from clocker_actors.model.values import Value

if TYPE_CHECKING:
    from clocker_actors.admin.client import Client


def invoke(
    identity: Id,
    effector: Annotated[str, typer.Argument(metavar="EFFECTOR", help="As `clocker effectors ID` lists them.")],
    arguments: Annotated[list[str] | None, typer.Argument(metavar="[NAME=VALUE]...")] = None,
    wait: Wait = True,
    json: AsJson = False,
) -> None:
    """Run an effector of an entity."""
    run(identity, effector, named(arguments or []), wait=wait, json=json)


def resize(
    identity: Id,
    size: Annotated[str, typer.Argument(metavar="N", help="Members wanted, or hosts to be made.")],
    lasting: Annotated[
        str, typer.Option("--for", metavar="TIME", help="Only for so long (2h, 1h30m): then a policy decides again, or it is as before.")
    ] = "",
    wait: Wait = True,
    json: AsJson = False,
) -> None:
    """Set the number of members of a cluster, or of hosts that a docker cloud makes."""
    try:
        wanted = int(size)
    except ValueError:
        raise BadRequest(f"size {size} of {identity} is not a size; give a whole number, for example 3", size=size) from None
    lease = _seconds(lasting) if lasting else None
    with connect() as client:
        found = entity(client, identity)
        if found["kind"] not in {"cluster", "pool"}:
            raise BadRequest(
                f"{identity} is of kind {found['kind']}, and only clusters and pools have a size; {_clusters(client, found)}", size=size
            )
        if lease is not None and found["kind"] != "cluster":
            raise BadRequest(f"--for is for clusters, and {identity} is of kind {found['kind']}: leave it out", size=size)
        order = {"size": wanted} if lease is None else {"size": wanted, "for": lease}
        finish(client, send(client, route(found, "effectors", "resize"), order), wait=wait, json=json)


def _seconds(text: str) -> float:
    """How long a lease is to last. Raises BadRequest for what is no time, or none at all."""
    try:
        seconds = duration(text)
    except (ValueError, TypeError):
        seconds = 0.0
    if not seconds > 0:
        raise BadRequest(f"--for {text} is not a time; write for example 30m or 1h30m", text=text)
    return seconds


def _clusters(client: "Client", found: Item) -> str:
    """Which cluster may have been meant."""
    under = str(found["path"]).partition("/")[0] or "root"
    near = [str(each["path"]) for each in client.items("/v1/entities", under=under, kind="cluster")]
    return f"try {', '.join(near[:5])}" if near else "`clocker tree` shows what there is"


def start(identity: Id, wait: Wait = True, json: AsJson = False) -> None:
    """Bring a service up."""
    run(identity, "start", {}, wait=wait, json=json)


def stop(identity: Id, wait: Wait = True, json: AsJson = False) -> None:
    """Stop a service and remove its containers; start undoes it."""
    run(identity, "stop", {}, wait=wait, json=json)


def restart(identity: Id, wait: Wait = True, json: AsJson = False) -> None:
    """Replace what runs by fresh containers."""
    run(identity, "restart", {}, wait=wait, json=json)


def delete(identity: Id, wait: Wait = True, json: AsJson = False) -> None:
    """Stop a service, remove all that was made for it, forget it."""
    run(identity, "delete", {}, wait=wait, json=json)


def cancel(
    activity: Annotated[str, typer.Argument(metavar="ACTIVITY", help="As `clocker activities` lists them.")],
    json: AsJson = False,
) -> None:
    """Stop what an activity still has to do; what was done stays."""
    with connect() as client:
        answer = client.post(f"/v1/activities/{quote(activity, safe='')}/cancel")
    if json:
        output.as_json(answer)
    else:
        output.note(f"activity {activity} ({part(answer, 'activity')['effector']} of {answer['path']}): cancelled")


def run(identity: str, effector: str, arguments: dict[str, Value], *, wait: bool, json: bool) -> None:
    """Have an entity run an effector, and say what became of it."""
    with connect() as client:
        accepted = send(client, route(entity(client, identity), "effectors", effector), arguments)
        if accepted.get("note"):
            output.note(f"{effector} of {accepted['path']}: {accepted['note']}")
        finish(client, accepted, wait=wait, json=json)


def named(arguments: Sequence[str]) -> dict[str, Value]:
    """`name=value` words as a map; a value that is a JSON list or map is taken as such. Raises BadRequest."""
    found: dict[str, Value] = {}
    for argument in arguments:
        name, mark, text = argument.partition("=")
        if not mark or not name:
            raise BadRequest(f"argument {argument!r} is not NAME=VALUE; write for example size=3", argument=argument)
        if name in found:
            raise BadRequest(f"argument {name!r} is given twice; give it once", argument=name)
        found[name] = _value(name, text)
    return found


def _value(name: str, text: str) -> Value:
    if not text.startswith(("{", "[")):
        return text
    try:
        return jsonlib.loads(text)
    except ValueError as error:
        raise BadRequest(f"argument {name!r} is not good JSON ({error}); write for example '{{\"key\": 1}}'", argument=name) from None
