"""Commands that take a blueprint: plan and deploy.

The file is read and checked here, so that its faults come with positions and even without a daemon. Files it names stand next to it; they are packed and
uploaded, since the daemon opens no path that a client gives it.
"""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clocker_actors.cli import output
from clocker_actors.cli.blueprints import read, types_known
from clocker_actors.cli.output import AsJson
from clocker_actors.cli.packing import pack, pack_file
from clocker_actors.cli.reach import Item, connect, parts
from clocker_actors.cli.waiting import Wait, finish, send
from clocker_actors.model.values import counted

if TYPE_CHECKING:
    from clocker_actors.blueprint import ParsedBlueprint

CHANGES = 4
File = Annotated[str, typer.Argument(metavar="FILE", help="The blueprint (YAML); - reads stdin.")]
_MARKS = {"create": "+", "update": "~", "remove": "-", "keep": "="}


def deploy(file: File, wait: Wait = True, json: AsJson = False) -> None:
    """Deploy a blueprint."""
    raw, name, folder = read(file)
    parsed = _parsed(raw, name)
    packed = _packed(parsed, folder)
    sums = _sums(packed)
    subject = next((application.id for application in parsed.blueprint.applications), "")
    _warn(parsed)
    with connect() as client:
        for placeholder, content in packed.items():
            client.upload(sums[placeholder], content)
        accepted = send(client, "/v1/applications", {"text": raw.decode(), "filename": name, "blobs": sums})
        finish(client, accepted, wait=wait, json=json, about=f"deploy of {name}", subject=subject)


def plan(
    file: File,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit 4 when there are changes.")] = False,
    json: AsJson = False,
) -> None:
    """Show what deploying a blueprint would do, and where."""
    raw, name, folder = read(file)
    sums = _sums(_packed(_parsed(raw, name), folder))  # nothing is uploaded, but whether a file changed shows by its sum
    with connect() as client:
        answer = client.post("/v1/plan", {"text": raw.decode(), "filename": name, "blobs": sums})
    if json:
        output.as_json(answer)
    else:
        _tell(answer)
    if not answer["possible"]:
        raise typer.Exit(1)
    if exit_code and answer["changes"]:
        raise typer.Exit(CHANGES)


def _packed(parsed: "ParsedBlueprint", folder: Path) -> dict[str, bytes]:
    """The files that a blueprint names, by what stands for them in it."""
    from clocker_actors.blueprint.blobs import combined  # noqa: PLC0415 - for what its imports cost

    packed: dict[str, bytes] = {}
    for reference in parsed.files:
        path = folder / reference.path
        if reference.inline:
            packed[reference.placeholder] = combined(reference.inline, pack_file(path) if path.is_file() else pack(path))
        else:
            packed[reference.placeholder] = pack(path)
    return packed


def _sums(packed: dict[str, bytes]) -> dict[str, str]:
    return {placeholder: hashlib.sha256(content).hexdigest() for placeholder, content in packed.items()}


def _warn(parsed: "ParsedBlueprint") -> None:
    """What would be deployed as it is written, and may not do what was meant."""
    from clocker_actors.admin.types import type_table  # noqa: PLC0415 - for what its imports cost
    from clocker_actors.planning.silences import silences  # noqa: PLC0415

    types = type_table(partial=True).policies
    for application in parsed.blueprint.applications:
        for warning in silences(application, types):
            output.note(f"warning: {warning.path}: {warning.message}")


def _parsed(raw: bytes, name: str) -> "ParsedBlueprint":
    # Imported here, for what its imports cost.
    from clocker_actors.blueprint import parse  # noqa: PLC0415

    return parse(raw, name, types_known())


def _tell(answer: Item) -> None:
    pools = answer["pools"]
    if isinstance(pools, list):
        for pool in pools:
            output.say(f"+ docker-cloud {pool}", "green")
    for made in parts(answer, "machines"):
        _tell_machines(made)
    for found in parts(answer, "plans"):
        output.say(f"application {found['application']} on {found['pool']}", "bold")
        rows = [(_MARKS[str(step["action"])], step["kind"], step["path"], _where(step), step["reason"]) for step in parts(found, "steps")]
        output.table(("", "KIND", "PATH", "WHERE", "WHY"), rows, fixed=("", "KIND"))
        counts = {mark: sum(row[0] == mark for row in rows) for mark in "+~-"}
        output.say(f"{counts['+']} to create, {counts['~']} to update, {counts['-']} to remove")
        _tell_refusals(found)
        for warning in parts(found, "warnings"):
            output.note(f"warning: {warning['path']}: {warning['message']}")
    for refusal in parts(answer, "refusals"):
        output.note(f"clocker: {refusal['reason']}")


def _tell_machines(made: Item) -> None:
    """How many machines a pool would make, where and of which kind."""
    first, more = int(str(made["first"])), int(str(made["more"]))
    kinds = "; or ".join(str(kind) for kind in made["kinds"]) if isinstance(made["kinds"], list) else ""
    why = [f"{first} at first" if first else "", f"{more} for containers that find no room" if more else ""]
    told = f"{made['pool']} would make {counted(first + more, 'machine')} ({', '.join(each for each in why if each)})"
    output.wrapped(f"+ {told} in {made['location']}: {kinds}", "  ", "green")


def _tell_refusals(plan: Item) -> None:
    """Who finds no host and why, members of one cluster with the same reason together."""
    alike: dict[tuple[str, str, str], list[str]] = {}
    for refusal in parts(plan, "refusals"):
        would = refusal["would_change"]
        hint = f"; what would help: {'; or '.join(str(each) for each in would)}" if isinstance(would, list) and would else ""
        above, _, name = str(refusal["path"]).rpartition("/")
        alike.setdefault((above, str(refusal["reason"]).removeprefix("no host fits: "), hint), []).append(name)
    steps = [str(step["path"]) for step in parts(plan, "steps")]
    for (above, reason, hint), names in alike.items():
        if len(names) == 1:
            output.note(f"clocker: {above}/{names[0]} finds no host: {reason}{hint}")
        else:
            every = len(names) + sum(path.rpartition("/")[0] == above for path in steps)
            output.note(f"clocker: {len(names)} of {every} members of {above} find no host: {reason}{hint}")


def _where(step: Item) -> str:
    ports = step["ports"]
    shown = ", ".join(f"{inner}→{outer or 'chosen'}" for inner, outer in ports.items()) if isinstance(ports, dict) else ""
    return f"{step['host']}{f' ({shown})' if shown else ''}" if step["host"] else ""
