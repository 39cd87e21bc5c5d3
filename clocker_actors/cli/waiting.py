"""Waits for an activity, with its progress on a terminal. Ctrl-C ends the waiting, never the activity."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from clocker_actors.cli import output
from clocker_actors.cli.reach import Item, part
from clocker_actors.model.values import as_map
from clocker_actors.telemetry import words

if TYPE_CHECKING:
    from rich.status import Status

    from clocker_actors.admin.client import Client

Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until it has ended (Ctrl-C leaves it running).")]
ENDED = frozenset({"done", "failed", "cancelled", "superseded", "interrupted"})
NOTED = frozenset({"add_policy", "set_policy", "delete"})
"""Effectors whose last word is told although they are done: a policy may wait for what never comes, what was built may be in use."""
NOTHING = "nothing to do"
"""The result of a deploy of what is there already."""
FIRST_LOOK, LONGEST_PAUSE = 0.05, 0.5
INTERRUPTED = 130


def send(client: "Client", path: str, body: object, /, **query: str | None) -> Item:
    """Send an order; the answer says that it is accepted. An interruption may come too late to hold it back, so it says where to look."""
    try:
        return client.post(path, body, **query)
    except KeyboardInterrupt:
        output.note("clocker: interrupted; if it had begun, it goes on: `clocker activities --running` shows it")
        raise typer.Exit(INTERRUPTED) from None


def finish(client: "Client", accepted: Item, *, wait: bool, json: bool, about: str = "", subject: str = "") -> None:
    """Say what became of an order that was accepted (`about` what, in words); exits 1 when it failed. `subject` is what to look at then,
    if that is not the entity of the activity."""
    activity = str(accepted["activity"])
    if not wait:
        output.as_json(accepted) if json else output.say(activity)
        return
    try:
        ended = _wait(client, activity)
    except KeyboardInterrupt:
        output.note(f"activity {activity} goes on: follow it with `clocker events -f`, take it back with `clocker cancel {activity}`")
        raise typer.Exit(INTERRUPTED) from None
    if json:
        output.as_json(ended)
    _conclude(part(ended, "activity"), str(ended["path"]), about, subject, quiet=json)


def _wait(client: "Client", activity: str) -> Item:
    console = output.messages()
    if not console.is_terminal:
        return _poll(client, activity, None)
    with console.status(f"activity {activity}") as status:
        return _poll(client, activity, status)


def _poll(client: "Client", activity: str, status: "Status | None") -> Item:
    pause = FIRST_LOOK
    while True:
        found = client.get(f"/v1/activities/{activity}")
        current = part(found, "activity")
        if current["state"] in ENDED:
            return found
        if status is not None:
            status.update(output.clean(_progress(found)))
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE)


def _progress(found: Item) -> str:
    """The activity, and the newest of its parts that still runs."""
    current = part(found, "activity")
    texts = [f"{current['effector']} {found['path'] or current['entity']}"]
    if current["total"]:
        texts.append(f"{current['done']} of {current['total']}")
    if current["note"]:
        texts.append(str(current["note"]))
    inner = found["parts"]
    if isinstance(inner, list):
        texts += [_progress(each) for each in inner if as_map(each["activity"])["state"] not in ENDED][-1:]
    return ": ".join(texts[:1]) + (f" ({', '.join(texts[1:])})" if texts[1:] else "")


def _tell_output(result: object) -> None:
    """What a command of the blueprint wrote: data, so it goes where data goes."""
    written = as_map(result).get("output")
    for line in written.splitlines() if isinstance(written, str) else ():
        output.say(line)


def _conclude(activity: Item, path: str, about: str, subject: str, *, quiet: bool) -> None:
    where = path or str(activity["entity"])
    about = about or f"{activity['effector']} of {where}"
    began, ended = activity["began"], activity["ended"]
    took = f" in {words.span(ended - began)}" if isinstance(began, int | float) and isinstance(ended, int | float) else ""
    if not quiet:
        _tell_output(activity["result"])
    if activity["state"] == "done":
        if not quiet and activity["result"] == NOTHING:
            output.note(f"{about}: {NOTHING}")
        elif not quiet:
            output.note(f"{about}: done{took} (activity {activity['id']})")
            if activity["effector"] in NOTED and activity["note"]:
                output.note(f"but {activity['note']}")
        return
    why = activity["problem"] or activity["state"]
    if activity["state"] == "cancelled" and activity["effector"] == "drain" and activity["note"]:
        why = f"{why}; {activity['note']}"
    told = f"{about}: {activity['state']}{took}: {why}; `clocker explain {subject or where}` tells more"
    if quiet:
        output.json_error("Failed", told, {"activity": str(activity["id"])})
    else:
        output.note(f"clocker: {told}")
    raise typer.Exit(1)
