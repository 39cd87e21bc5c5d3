"""Finds the daemon (CLOCKER_URL, else the socket in the state directory), and the entity that a person means."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast
from urllib.parse import quote

import typer

from clocker_actors import settings
from clocker_actors.errors import BadRequest
from clocker_actors.model.values import Value

if TYPE_CHECKING:
    from clocker_actors.admin.client import Client

Id = Annotated[str, typer.Argument(metavar="ID", help="A path (shop/web/3) or a uid (m1k).")]
Seen = Annotated[str, typer.Argument(metavar="ID", help="A path (shop/web/3), a uid (m1k), or the name of a host or container.")]
Item = dict[str, Value]
"""One thing out of an answer."""


def connect(environ: Mapping[str, str] = os.environ) -> "Client":
    """A client of the daemon. Raises SettingsError for an address that is none, NoDaemon when nobody answers there."""
    # Imported here, since it costs a third of the time that `clocker --help` takes.
    from clocker_actors.admin.client import Client  # noqa: PLC0415

    url = environ.get(settings.URL) or f"unix://{socket_path(environ)}"
    return Client(url, environ.get(settings.TOKEN, ""), environ.get(settings.CA, ""))


def socket_path(environ: Mapping[str, str]) -> Path:
    """The daemon's socket when CLOCKER_URL does not say where it is."""
    if environ.get("CLOCKER_STATE"):
        return Path(environ["CLOCKER_STATE"]).expanduser().absolute() / "clocker.sock"
    if environ.get(settings.CONFIG):
        return settings.load(environ=environ).socket
    return settings.default_state(environ) / "clocker.sock"


def entity(client: "Client", identity: str) -> Item:
    """The entity of a path or uid, or a host or docker cloud by its name, in short. Raises NotFound with the nearest names, BadRequest for nothing at all, and
    for a name that means something else, or several things: what stops or deletes is to be called by its whole path."""
    found = looked_at(client, identity)
    text = identity.strip().strip("/")
    if text in {str(found["path"]), str(found["uid"])} or found["kind"] in {"host", "pool", "root"}:
        return found
    raise BadRequest(f"{identity} is the name of {found['path']}, {found['kind']} {found['uid']}: write the whole path", entity=identity)


def looked_at(client: "Client", identity: str) -> Item:
    """As `entity`, for commands that only look: they also take a host's or container's name, or the end of a path. Raises BadRequest if several fit."""
    return client.items("/v1/entities", name=_meant(identity))[0]


def _meant(identity: str) -> str:
    if not identity.strip().strip("/"):
        raise BadRequest("an empty ID names nothing; give a path (shop/web/3) or a uid, or root for the management plane")
    return identity


def route(found: Item, *rest: str) -> str:
    """The address of an entity, or of something of it."""
    return "/".join(("/v1/entities", quote(str(found["uid"]), safe=""), *(quote(part, safe="") for part in rest)))


def part(item: Mapping[str, Value], name: str) -> Item:
    """A map within an answer."""
    return cast("Item", item[name])


def parts(item: Mapping[str, Value], name: str) -> list[Item]:
    """A list of maps within an answer."""
    return cast("list[Item]", item[name])
