"""A blueprint on its way from a file: read, checked here with all types that are known, and what it names packed.

Types that people added are the manager's, so it is asked for them; without one, those that came with the program have to do.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from clocker_actors.cli.reach import connect
from clocker_actors.errors import BadRequest, BlueprintError, NoDaemon, NotFound
from clocker_actors.model.values import counted

if TYPE_CHECKING:
    from clocker_actors.admin.client import Client
    from clocker_actors.model.catalogue import TypeSource
    from clocker_actors.model.types import TypeTable


def read(file: str) -> tuple[bytes, str, Path]:
    """Content, name for faults, and the folder in which the files it names stand. Raises BadRequest."""
    if file == "-":
        return sys.stdin.buffer.read(), "stdin", Path.cwd()
    path = Path(file)
    try:
        return path.read_bytes(), file, path.absolute().parent
    except OSError as error:
        raise BadRequest(f"blueprint {file} cannot be read ({error.strerror}); give the path of a YAML file", path=file) from None


def types_known() -> "TypeTable":
    """All types that are known here, and those that people added to the manager, if one answers."""
    # Imported here: types come from every policy, which costs more than most commands take.
    from clocker_actors.admin.types import type_table  # noqa: PLC0415

    table = type_table(partial=True)
    try:
        with connect() as client:
            added = types_added(client)
    except NoDaemon:
        return table
    from dataclasses import replace  # noqa: PLC0415

    return replace(table, catalogue=(*table.catalogue, *added))


def types_added(client: "Client") -> "tuple[TypeSource, ...]":
    """The files of types that people added to the manager; none if it is older than the catalogue."""
    from clocker_actors.model.catalogue import TypeSource  # noqa: PLC0415

    try:
        found = client.items("/v1/catalog/files")
    except NotFound:
        return ()
    return tuple(
        TypeSource(str(each["filename"]), str(each["text"]), True, tuple(each["without"] if isinstance(each["without"], list) else ()))
        for each in found
    )


def parsed(raw: bytes, name: str, types: "TypeTable", folder: Path) -> str:
    """What a blueprint or file of types has in it, in words. Raises BlueprintError with all its faults, also for what has to stand in the folder and does not."""
    from clocker_actors.blueprint import parse  # noqa: PLC0415
    from clocker_actors.blueprint.checking import check_types, is_type  # noqa: PLC0415
    from clocker_actors.model.catalogue import TypeSource  # noqa: PLC0415

    if is_type(raw):
        others = (each for each in types.catalogue if not name.endswith(each.filename))
        from dataclasses import replace  # noqa: PLC0415

        found = check_types([TypeSource(name, raw.decode())], replace(types, catalogue=tuple(others)))
        return f"good: {', '.join(each.reference for each in found)}"
    whole = parse(raw, name, types)
    missing = [
        f"{name}:{each.line}:{each.column}: there is no {each.path} next to the blueprint; write the path of the build context from there"
        for each in whole.files
        if not each.repository and not (folder / each.path).exists()
    ]
    if missing:
        raise BlueprintError(tuple(missing))
    blueprint = whole.blueprint
    services = sum(len(each.services) for each in blueprint.applications)
    pools = f", {counted(len(blueprint.pools), 'docker cloud')}" if blueprint.pools else ""
    return f"good: {counted(services, 'service')}{pools}"
