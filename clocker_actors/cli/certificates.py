"""The command for certificates of engines that listen on the network: how long they hold, and others."""

from typing import Annotated

import typer

from clocker_actors.cli import output
from clocker_actors.cli.output import AsJson
from clocker_actors.cli.reach import Item, connect, looked_at, parts, route
from clocker_actors.cli.waiting import Wait, finish, send
from clocker_actors.errors import BadRequest
from clocker_actors.model import sensors
from clocker_actors.model.values import Value

ACTIONS = ("ls", "rotate")


def ca(
    action: Annotated[str, typer.Argument(metavar="ls|rotate", help="What to do.")] = "ls",
    pool: Annotated[str, typer.Argument(metavar="[POOL]", help="For rotate: a docker cloud, its name or uid.")] = "",
    wait: Wait = True,
    json: AsJson = False,
) -> None:
    """List how long certificates of docker clouds hold, or give the engines of one others, of a new authority, one host after the other."""
    if action not in ACTIONS:
        raise BadRequest(f"ca: there is no action {action!r}; write one of {', '.join(ACTIONS)}", action=action)
    if action == "ls" and pool:
        raise BadRequest("ca ls takes no docker cloud; it lists all", action=action)
    if action == "ls":
        _list(json=json)
        return
    if not pool:
        raise BadRequest("ca rotate needs a docker cloud: its name, as `clocker ca` lists it", action=action)
    with connect() as client:
        found = looked_at(client, pool)
        if found["kind"] != "pool":
            raise BadRequest(
                f"{pool} is of kind {found['kind']}, not a docker cloud; `clocker ca` lists those with certificates", entity=pool
            )
        finish(client, send(client, route(found, "effectors", "rotateCertificates"), {}), wait=wait, json=json)


def _list(*, json: bool) -> None:
    with connect() as client:
        pools = client.items("/v1/entities", kind="pool")
        ends = {str(each["path"]): _end(parts(client.get(route(each)), "sensors")) for each in pools}
    known = {name: end for name, end in ends.items() if end is not None}
    if json:
        output.as_json({"items": [{"pool": name, "expires": end} for name, end in known.items()]})
        return
    output.table(("DOCKER CLOUD", "CERTIFICATES HOLD UNTIL"), ((name, output.moment(end)) for name, end in sorted(known.items())))
    if not known:
        output.note(
            "no docker cloud has certificates of the manager's: their engines are reached over SSH, or with certificates of your own"
        )


def _end(readings: list[Item]) -> Value:
    return next((each["value"] for each in readings if each["sensor"] == sensors.POOL_CERTIFICATES.name), None)
