"""The command that lives through a recording of the daemon. It needs no daemon, and touches nothing."""

import json as encoding
import logging
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clocker_actors import settings
from clocker_actors.cli import output
from clocker_actors.cli.output import AsJson
from clocker_actors.errors import BadRequest
from clocker_actors.model.values import counted

if TYPE_CHECKING:
    from clocker_actors.recording.comparing import Parting
    from clocker_actors.recording.player import Replayed
    from clocker_actors.replaying import Changed

PARTED = 1


def replay(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A recording: STATE/recordings/*.rec.")],
    against: Annotated[
        list[str] | None,
        typer.Option(metavar="POLICY.KEY=VALUE", help="Replay with this in the policies of that name or type; may be repeated."),
    ] = None,
    json: AsJson = False,
) -> None:
    """Live through a recording of the daemon (setting `recording`) offline, by this program's code; nothing is touched.

    Says the SHA-256 over all decisions; exits 1 if they are not the recorded ones (with --against: if other things are ordered), and names the first message
    at which they part.
    """
    # Imported here: this is the whole daemon.
    from clocker_actors import replaying  # noqa: PLC0415

    changes = [_changed(each, replaying.Changed) for each in against or ()]
    logging.disable()  # what it warned of then is no news
    try:
        done = replaying.replay(file, changes, settings.load().strategy_modules)
    finally:
        logging.disable(logging.NOTSET)
    if json:
        output.as_json(asdict(done))
    else:
        _tell(file, done, changes)
    if done.parting is not None or (done.otherwise is not None and not changes):
        raise typer.Exit(PARTED)


def _changed(text: str, make: "type[Changed]") -> "Changed":
    name, equals, value = text.partition("=")
    policy, _, key = name.partition(".")
    if not (equals and policy and key):
        raise BadRequest(f"--against {text!r}: write POLICY.KEY=VALUE, for example autoscaler.maxPoolSize=8")
    try:
        return make(policy, key, encoding.loads(value))
    except ValueError:
        return make(policy, key, value)


def _tell(file: Path, done: "Replayed", changes: Sequence["Changed"]) -> None:
    output.say(f"{file.name}: {counted(done.messages, 'message')} from {output.moment(done.began)} to {output.moment(done.ended)}")
    output.say(f"{counted(done.decisions, 'decision')}, SHA-256")
    output.say(f"  {done.sha256}")
    if not done.whole and done.parting is None:
        output.note("the recording has no end: the daemon was killed, or the file was full")
    if done.otherwise is not None and done.otherwise != done.parting:
        _differs("the first difference", done.otherwise)
    if done.parting is not None:
        _differs("decisions part", done.parting)
    elif changes:
        output.say("with these changes it orders the same")
    elif done.otherwise is None:
        output.say("as the daemon decided")


def _differs(what: str, parting: "Parting") -> None:
    output.wrapped(
        f"{what}: at message {parting.number}, {output.moment(parting.at)}, {parting.message} to {parting.actor}: {parting.why}", "  "
    )
    for head, decision in (("recorded", parting.recorded), ("replayed", parting.replayed)):
        output.wrapped(f"  {head}  {_words(decision)}", "            ")


def _words(decision: str) -> str:
    if not decision:
        return "nothing"
    found = encoding.loads(decision)
    inputs = ", ".join(f"{name} {value}" for name, value in found["inputs"].items())
    return f"{found['by']}: {found['action'] or 'nothing to do'}: {found['reason']}{f' ({inputs})' if inputs else ''}"
