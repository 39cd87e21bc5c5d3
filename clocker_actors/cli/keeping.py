"""Commands for whoever looks after the manager's own state: backup, restore, state check."""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from clocker_actors import settings
from clocker_actors.cli import output
from clocker_actors.cli.output import AsJson
from clocker_actors.cli.reach import connect
from clocker_actors.errors import BadRequest, Conflict, StoreFault

ACTIONS = ("check", "rotate-key")
FAULTY = 1
Dir = Annotated[Path | None, typer.Option(help="The state directory; otherwise CLOCKER_STATE, or the usual one.")]


def backup(
    to: Annotated[Path, typer.Argument(metavar="FILE|DIR", help="The file to write, or a directory for one that is named after now.")],
    keys: Annotated[
        bool, typer.Option("--keys/--without-keys", help="With the key of secrets, or without: then keep that elsewhere.")
    ] = True,
    json: AsJson = False,
) -> None:
    """Write the daemon's whole state into one file while it goes on working: records, uploads, keys. Only you can read the file: keep it so."""
    target = _target(to)
    if target.exists():
        raise Conflict(f"{target} exists already: name another file, or remove it first", file=target)
    with connect() as client:
        size = _write(target, client.download("/v1/backup", {"keys": keys}))
    # Imported here, as no other command needs it.
    from clocker_actors.store.archive import manifest_of  # noqa: PLC0415

    manifest = manifest_of(target)
    if json:
        output.as_json(
            {
                "file": str(target),
                "bytes": size,
                "at": manifest.at,
                "identity": manifest.identity,
                "epoch": manifest.epoch,
                "files": len(manifest.files),
            }
        )
        return
    output.say(f"{target}: {len(manifest.files)} files, {size} bytes, as of {output.moment(manifest.at)} UTC")
    output.note(
        "it holds keys and what they open: keep it where only you can read it" if keys else "it lacks secrets.key: keep that elsewhere"
    )


def restore(
    archive: Annotated[Path, typer.Argument(metavar="FILE", help="A file that `clocker backup` wrote.")],
    state: Dir = None,
    force: Annotated[bool, typer.Option("--force", help="Put aside what is in the directory now.")] = False,
    json: AsJson = False,
) -> None:
    """Make the state directory what it was when a backup was made. No daemon may run on it. What it holds now is kept beside it."""
    from clocker_actors.entities.recordcheck import moved_on  # noqa: PLC0415
    from clocker_actors.store import restoring  # noqa: PLC0415
    from clocker_actors.store.archive import SECRETS_KEY  # noqa: PLC0415

    directory = _directory(state)
    restoring.refuse(directory, force=force)
    prepared = restoring.prepare(archive, directory, moved_on)
    found = [finding for finding in _findings(prepared.folder) if finding.fault]
    keyless = SECRETS_KEY not in prepared.manifest.files  # asked for so, and no reason to give nothing back
    faults = [finding for finding in found if not (keyless and finding.where == SECRETS_KEY)]
    if faults:
        prepared.drop()
        raise StoreFault(f"{archive} is whole, but what it holds is not right: {faults[0].what} ({faults[0].where}); nothing was changed")
    aside = restoring.install(prepared, directory, force=force, stamp=f"{datetime.now(UTC):%Y%m%dT%H%M%S}")
    manifest = prepared.manifest
    if len(faults) < len(found):
        output.note(f"put {SECRETS_KEY} back into {directory} before a daemon starts there: the backup was made without, and has secrets")
    if json:
        told = {
            "state": str(directory),
            "aside": str(aside) if aside else None,
            "at": manifest.at,
            "identity": manifest.identity,
            "epoch": prepared.epoch,
        }
        output.as_json(told)
        return
    output.say(f"{directory} is as it was at {output.moment(manifest.at)} UTC ({len(manifest.files)} files)")
    if aside:
        output.note(f"what it was before is in {aside}")
    output.note(
        "containers that were started after that and that no record knows are shown and left alone: `docker rm` those you don't want"
    )
    output.note("tokens are those of then, too: `clocker token` lists whom they let in, and one that was revoked since does so again")


def state(
    action: Annotated[str, typer.Argument(metavar="check|rotate-key", help="What to do.")],
    directory: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="The state directory; otherwise CLOCKER_STATE, or the usual one.")
    ] = None,
    json: AsJson = False,
) -> None:
    """check: look through a state directory, beside a running daemon or without one; changes nothing, 1 if something is wrong. rotate-key: have the running
    daemon encrypt the secrets that it keeps with a new key."""
    if action not in ACTIONS:
        raise BadRequest(f"state: there is no action {action!r}; write one of {', '.join(ACTIONS)}", action=action)
    if action == "rotate-key":
        if directory is not None:
            raise BadRequest("state rotate-key takes no directory; it asks the daemon that runs", action=action)
        _rotate(json=json)
        return
    where = _directory(directory)
    findings = _findings(where)
    faults = sum(finding.fault for finding in findings)
    if json:
        output.as_json({"state": str(where), "faults": faults, "findings": [asdict(finding) for finding in findings]})
    elif findings:
        rows = (("wrong" if finding.fault else "note", finding.where, finding.what, finding.advice) for finding in findings)
        output.table(("", "WHERE", "WHAT", "WHAT TO DO"), rows, fixed=("",))
    if not json:
        output.note(f"{where}: {_counted(faults)}")
    if faults:
        raise typer.Exit(FAULTY)


def _rotate(*, json: bool) -> None:
    with connect() as client:
        answer = client.post("/v1/state/rotate-key")
    if json:
        output.as_json(answer)
    else:
        output.say(f"{answer['values']} values are encrypted with the new key {answer['key']}; backups made before have the old one")


def _counted(faults: int) -> str:
    return f"{faults} thing{'s' if faults > 1 else ''} wrong" if faults else "all is well"


def _findings(directory: Path):  # type: ignore[no-untyped-def]
    from clocker_actors.entities.recordcheck import check_records  # noqa: PLC0415
    from clocker_actors.store.checking import check_state  # noqa: PLC0415

    return check_state(directory, check_records)


def _directory(given: Path | None) -> Path:
    return given.expanduser().absolute() if given is not None else settings.load().state


def _target(to: Path) -> Path:
    if to.is_dir():
        return to / f"clocker-{datetime.now(UTC):%Y%m%dT%H%M%S}.backup"
    if not to.parent.is_dir():
        raise BadRequest(f"there is no directory {to.parent}; make it first", file=to)
    return to


def _write(target: Path, pieces: Iterator[bytes]) -> int:
    """Write the file so that it is there whole or not at all; its size."""
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    temporary, size = Path(name), 0
    try:
        with os.fdopen(descriptor, "wb") as file:
            for piece in pieces:
                file.write(piece)
                size += len(piece)
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, target)  # unlike a rename it replaces nothing
    except OSError as error:
        raise StoreFault(
            f"cannot write {target}: {error.strerror}; nothing is left of it, see whether there is room", file=target
        ) from None
    finally:
        temporary.unlink(missing_ok=True)
    return size
