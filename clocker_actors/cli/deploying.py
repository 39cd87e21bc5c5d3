"""Commands that take a blueprint: plan and deploy.

The file is read and checked here, so that its faults come with positions and even without a daemon. Files it names stand next to it; they are packed and
uploaded, since the daemon opens no path that a client gives it.
"""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clocker_actors.cli import output, plans
from clocker_actors.cli.blueprints import read, types_known
from clocker_actors.cli.fetching import pack_repository
from clocker_actors.cli.output import AsJson
from clocker_actors.cli.packing import pack, pack_file
from clocker_actors.cli.reach import connect
from clocker_actors.cli.waiting import Wait, finish, send
from clocker_actors.errors import BadRequest

if TYPE_CHECKING:
    from clocker_actors.admin.client import Client
    from clocker_actors.blueprint import ParsedBlueprint

CHANGES = 4
File = Annotated[str, typer.Argument(metavar="FILE", help="The blueprint (YAML); - reads stdin.")]


def deploy(
    file: File,
    plan: Annotated[str, typer.Option("--plan", metavar="ID", help="Only if the file and the world are as they were for this plan.")] = "",
    wait: Wait = True,
    json: AsJson = False,
) -> None:
    """Deploy a blueprint: what is new is made, what runs becomes what the file says."""
    if plan.startswith("-"):
        raise BadRequest(f"--plan needs the id of a plan, and {plan} is an option; `clocker plan {file}` tells the id", plan=plan)
    raw, name, folder = read(file)
    parsed = _parsed(raw, name)
    packed = _packed(parsed, folder)
    sums = _sums(packed)
    subject = next((application.id for application in parsed.blueprint.applications), "")
    _warn(parsed)
    body = {"text": raw.decode(), "filename": name, "blobs": sums}
    with connect() as client:
        if not json and not plan and _exists(client, parsed) and not _tell_changes(client, body, name):
            return
        for placeholder, content in packed.items():
            client.upload(sums[placeholder], content)
        accepted = send(client, "/v1/applications", body, plan=plan or None)
        finish(client, accepted, wait=wait, json=json, about=f"deploy of {name}", subject=subject)


def plan(
    file: File,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit 4 when there are changes.")] = False,
    json: AsJson = False,
) -> None:
    """Show what deploying a blueprint would change, where, how and in which order."""
    raw, name, folder = read(file)
    sums = _sums(_packed(_parsed(raw, name), folder))  # nothing is uploaded, but whether a file changed shows by its sum
    with connect() as client:
        answer = client.post("/v1/plan", {"text": raw.decode(), "filename": name, "blobs": sums})
    if json:
        output.as_json(answer)
    else:
        plans.tell(answer, str(file))
    if not answer["possible"]:
        raise typer.Exit(1)
    if exit_code and answer["changes"]:
        raise typer.Exit(CHANGES)


def _exists(client: "Client", parsed: "ParsedBlueprint") -> bool:
    """Whether anything of the blueprint is there: what is all new needs no words before it is made."""
    names = {*(each.id for each in parsed.blueprint.applications), *(each.name for each in parsed.blueprint.pools)}
    there = (*client.items("/v1/entities", kind="application"), *client.items("/v1/entities", kind="pool"))
    return any(each["path"] in names for each in there)


def _tell_changes(client: "Client", body: object, name: str) -> bool:
    """Say what a deploy is about to change; whether that is anything."""
    answer = client.post("/v1/plan", body)
    if not answer["changes"]:
        output.note(f"deploy of {name}: nothing to do")
        for line in plans.away(answer):
            output.note(line)
        return False
    for line in plans.summary(answer):
        output.note(line)
    return True


def _packed(parsed: "ParsedBlueprint", folder: Path) -> dict[str, bytes]:
    """The files that a blueprint names, by what stands for them in it."""
    from clocker_actors.blueprint.blobs import combined  # noqa: PLC0415 - for what its imports cost

    packed: dict[str, bytes] = {}
    for reference in parsed.files:
        path = folder / reference.path
        if reference.repository:
            packed[reference.placeholder] = pack_repository(reference.path)
        elif reference.inline:
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
