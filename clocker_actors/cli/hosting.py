"""Commands for hosts: cordon, uncordon, drain, rebalance, and what the last two would do."""

from typing import TYPE_CHECKING, Annotated

import typer

from clocker_actors.cli import output
from clocker_actors.cli.output import AsJson
from clocker_actors.cli.reach import Item, connect, looked_at, parts, route
from clocker_actors.cli.waiting import Wait, finish, send
from clocker_actors.errors import BadRequest
from clocker_actors.model.values import Value, as_number, counted

if TYPE_CHECKING:
    from clocker_actors.admin.client import Client

HostId = Annotated[str, typer.Argument(metavar="HOST", help="A host: its path (local/h1), uid (h1k) or name.")]


def cordon(host: HostId, wait: Wait = True, json: AsJson = False) -> None:
    """Place nothing new on a host; what is there stays."""
    _run(host, "cordon", {}, wait=wait, json=json)


def uncordon(host: HostId, wait: Wait = True, json: AsJson = False) -> None:
    """Take a host into use again; ends a drain."""
    _run(host, "uncordon", {}, wait=wait, json=json)


def drain(
    host: HostId,
    surge: Annotated[int, typer.Option("--surge", min=1, max=1000, help="Members that move at a time.")] = 3,
    plan: Annotated[bool, typer.Option("--plan", help="Only show where each member would go.")] = False,
    wait: Wait = True,
    json: AsJson = False,
) -> None:
    """Cordon a host and move all members away from it, each started elsewhere before it ends here where that may be."""
    if not plan:
        _run(host, "drain", {"surge": surge}, wait=wait, json=json)
        return
    with connect() as client:
        found = _host(client, host)
        answer = client.get(f"/v1/hosts/{found['uid']}/drain-plan")
    if json:
        output.as_json(answer)
        return
    moves = parts(answer, "moves")
    if moves:
        output.table(
            ("MEMBER", "WOULD GO TO", "HOW", "WHY"),
            ((move["path"], move["to"] or None, move["manner"] or None, move["why"] or None) for move in moves),
        )
    stuck = [move for move in moves if not move["to"]]
    for move in stuck:
        output.wrapped(f"{move['path']} would stay: {move['reason']}", "    ")
    would = f"{len(moves) - len(stuck)} of {counted(len(moves), 'member')} would move"
    if stuck:
        stay = "1 stays" if len(stuck) == 1 else f"{len(stuck)} stay"
        output.note(f"{would}, and {stay} for the reason told above: change that first; nothing was done")
    else:
        output.note(f"{would}; nothing was done: `clocker drain {host}` does it")


def rebalance(
    pool: Annotated[str, typer.Argument(metavar="POOL", help="A docker cloud: its name or uid.")],
    moves: Annotated[int, typer.Option("--moves", min=1, max=1000, help="Members that may move in all.")] = 10,
    plan: Annotated[bool, typer.Option("--plan", help="Only show which members would move.")] = False,
    wait: Wait = True,
    json: AsJson = False,
) -> None:
    """Move members where that makes the load of a pool's hosts more alike."""
    with connect() as client:
        found = looked_at(client, pool)
        if found["kind"] != "pool":
            raise BadRequest(f"{pool} is of kind {found['kind']}, not a docker cloud; `clocker hosts` shows their names", entity=pool)
        if not plan:
            finish(client, send(client, route(found, "effectors", "rebalance"), {"moves": moves}), wait=wait, json=json)
            return
        answer = client.get(f"/v1/pools/{found['uid']}/rebalance-plan", moves=str(moves))
    if json:
        output.as_json(answer)
        return
    rows = parts(answer, "moves")
    if rows:
        output.table(
            ("MEMBER", "FROM", "TO", "SPREAD AFTER"),
            ((row["path"], row["origin"], row["to"], f"{round(as_number(row['after']) or 0)} points") for row in rows),
        )
    output.note(f"{counted(len(rows), 'member')} would move: {answer['reason']}; nothing was done")


def _host(client: "Client", name: str) -> Item:
    found = looked_at(client, name)
    if found["kind"] != "host":
        raise BadRequest(f"{name} is of kind {found['kind']}, not a host; `clocker hosts` lists those", entity=name)
    return found


def _run(name: str, effector: str, arguments: dict[str, Value], *, wait: bool, json: bool) -> None:
    with connect() as client:
        found = _host(client, name)
        finish(client, send(client, route(found, "effectors", effector), arguments), wait=wait, json=json)
