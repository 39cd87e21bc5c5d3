"""The command that lists and changes the policies of an entity at run time."""

from collections.abc import Mapping
from typing import Annotated

import typer

from clocker_actors.cli import output
from clocker_actors.cli.acting import named, run
from clocker_actors.cli.looking import tell_owners
from clocker_actors.cli.output import AsJson
from clocker_actors.cli.reach import Id, connect, entity, parts, route
from clocker_actors.cli.waiting import Wait
from clocker_actors.errors import BadRequest
from clocker_actors.model.values import Value, as_map
from clocker_actors.telemetry import words

ACTIONS = ("add", "set", "suspend", "resume", "remove")


def policies(
    identity: Id,
    action: Annotated[str | None, typer.Argument(metavar="[add|set|suspend|resume|remove]", help="What to do; nothing lists them.")] = None,
    policy: Annotated[str | None, typer.Argument(metavar="[POLICY]", help="Its name; for add its type.")] = None,
    config: Annotated[list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="Configuration, for add and set.")] = None,
    name: Annotated[str, typer.Option("--name", help="Name of a policy to add; its type by default.")] = "",
    wait: Wait = True,
    json: AsJson = False,
) -> None:
    """List the policies and enrichers of an entity, or change one."""
    if action is None:
        _list(identity, json=json)
        return
    if action not in ACTIONS:
        raise BadRequest(f"policies {identity}: there is no action {action!r}; write one of {', '.join(ACTIONS)}", action=action)
    if policy is None:
        what = "a type, for example autoscaler" if action == "add" else f"a name, as `clocker policies {identity}` lists them"
        raise BadRequest(f"policies {identity} {action} needs {what}", action=action)
    keys = named(config or [])
    if keys and action not in {"add", "set"}:
        raise BadRequest(f"policies {identity} {action} takes no configuration; leave {', '.join(keys)} out", action=action)
    arguments: dict[str, Value] = {"type": policy, "name": name} if action == "add" else {"policy": policy}
    if action in {"add", "set"}:
        arguments["config"] = keys
    run(identity, f"{action}_policy", arguments, wait=wait, json=json)


def _list(identity: str, *, json: bool) -> None:
    with connect() as client:
        answer = client.get(route(entity(client, identity), "policies"))
    if json:
        output.as_json(answer)
        return
    rows = parts(answer, "items")
    if not rows:
        output.note(f"{identity} has no policies; add one with `clocker policies {identity} add TYPE KEY=VALUE`")
        return
    output.table(
        ("NAME", "TYPE", "ROLE", "STATE"),
        ((each["name"], each["type"], each["role"], each["state"]) for each in rows),
        fixed=("ROLE", "STATE"),
    )
    for each in rows:
        why = as_map(each["status"]).get("problem")
        if each["state"] == "failed" and why:
            output.wrapped(f"{each['name']} could not start: {why}; set, resume or remove it", "    ")
        elif each["state"] == "waiting" and why:
            output.wrapped(f"{each['name']} {why}", "    ")
    for each in rows:
        output.say("")
        output.wrapped(f"{each['name']}: {_config(as_map(each['config'])) or 'no configuration'}", "    ")
        tell_owners(each)


def _config(config: Mapping[str, Value]) -> str:
    """What is set, as it would be typed."""
    return " ".join(f"{name}={words.figure(value)}" for name, value in config.items() if value is not None)
