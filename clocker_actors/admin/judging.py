"""Whether somebody may deploy what a blueprint says: its applications are within his limits, and docker clouds are for admins.

A docker cloud names files of the manager's machine: keys and certificates by which it reaches hosts. Whoever came in by the unix socket may read those himself; a token
may name only what lies below the folders that the setting `key_roots` allows, wherever links may lead from there. Nothing else in a blueprint is a file of that
machine: build folders and git repositories are read by the client, and uploaded.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path

from fastapi import Request

from clocker_actors.admin.rights import PARSED, Principal
from clocker_actors.errors import Forbidden
from clocker_actors.model.specs import Blueprint, PoolSpec
from clocker_actors.model.tokens import Scope

ABOUT = "about"
"""Where a route says, for the audit log, what an order is about when its path does not."""
JUDGED = "judged"
"""The mark that a request's body was judged."""
FILES = frozenset({"tls_ca", "tls_cert", "tls_key", "ssh_key", "ssh_known_hosts", "key_file", "known_hosts", "public_key"})
"""Fields that are paths on the manager's machine."""
NO_FILES = frozenset({"ssh_socket", "labels", "host_labels", "tags", "user_metadata", "affinity", "strategies"})
"""Fields whose texts may look like such paths and are none."""
APPLICATION = "application"
PLAIN = frozenset({"env", "labels", "command", "entrypoint", "content", "tags"})
"""Fields whose texts name nobody; expressions in them stand elsewhere, as `late`."""


def principal_of(request: Request) -> Principal:
    """Who asks."""
    found: Principal = request.state.who
    return found


def note(request: Request, about: str) -> None:
    """Say what an order is about, for the audit log."""
    setattr(request.state, ABOUT, about)


def refuse_parsed(who: Principal, effector: str) -> None:
    """Raises Forbidden for an effector that takes what the parser made of a text, unless who asks came in by the unix socket: a token sends the text, which is judged."""
    if effector in PARSED and not who.local:
        raise Forbidden(f"{effector} takes what was parsed already; send the text to /v1/applications or /v1/catalog", effector=effector)


def judge(request: Request, blueprint: Blueprint, roots: Sequence[Path]) -> None:
    """Raises Forbidden unless whoever asks may deploy this; `roots` are the folders whose files it may name."""
    who = principal_of(request)
    note(request, ", ".join((*(each.id for each in blueprint.applications), *(each.name for each in blueprint.pools))))
    for application in blueprint.applications:
        if not who.reaches(application.id):
            limits = ", ".join(who.applications)
            raise Forbidden(f"{who.name} is limited to {limits}; {application.id} is another application", application=application.id)
        judge_hearing(who, application)
    for pool in blueprint.pools:
        who.demand(Scope.ADMIN, f"the docker cloud {pool.name}")
        if not who.local:
            _judge_files(who, pool, roots)
    setattr(request.state, JUDGED, True)


def judge_hearing(who: Principal, value: object) -> None:
    """Raises Forbidden if a spec, or arguments of an effector, hear of an application that is out of reach: what it says would be seen in what is within."""
    if not who.limited:
        return
    for name in named_in(value):
        if not who.reaches(name):
            raise Forbidden(f"{who.name} is limited to {', '.join(who.applications)}; application({name}) is another one", application=name)


def named_in(value: object) -> Iterator[str]:
    """All applications that expressions and policies name, as `application:ID`. Texts of containers that look so are none."""
    if isinstance(value, str):
        scope, _, name = value.rpartition(":")
        if scope == APPLICATION:
            yield name
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from named_in(key)
            yield from named_in(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from named_in(each)
    elif is_dataclass(value):
        for field in fields(value):
            if field.name not in PLAIN:
                yield from named_in(getattr(value, field.name))


def _judge_files(who: Principal, pool: PoolSpec, roots: Sequence[Path]) -> None:
    real = [Path(os.path.realpath(root)) for root in roots]
    for path in files_of(pool):
        where = Path(os.path.realpath(os.path.expanduser(path)))  # noqa: PTH111 - "~" of nobody stays as it is
        if not any(where == root or root in where.parents for root in real):
            allowed = (
                f"only files below {', '.join(map(str, roots))} may"
                if roots
                else "none may: set key_roots on the daemon, for example to /etc/clocker/keys"
            )
            raise Forbidden(
                f"docker cloud {pool.name}: {who.name} came in by a token and names the daemon's file {path}; of these {allowed}", file=path
            )


def files_of(value: object) -> Iterator[str]:
    """All paths on the manager's machine in a spec. A text that looks like one counts as one, in whichever field it is."""
    if is_dataclass(value):
        for field in fields(value):
            yield from _of(field.name, getattr(value, field.name))


def _of(name: str, value: object) -> Iterator[str]:
    if name in NO_FILES:
        return
    if isinstance(value, str):
        if value and (name in FILES or value.startswith(("/", "~"))):
            yield value
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from _of(str(key), each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _of(name, each)
    else:
        yield from files_of(value)
