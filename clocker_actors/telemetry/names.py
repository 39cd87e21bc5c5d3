"""Which entity people mean: beside paths and uids also what they see elsewhere, on an engine or in a log.

    shop/web/3 · m1k            path and uid, as everywhere
    clocker · root              the management plane
    sim-1 · web/3               the last part, or parts, of a path: a bare host name, too
    clocker.main.m1k.g2         a container by its name on the engine, or by twelve or more digits of the engine's id

For looking, and for orders to hosts and docker clouds; what stops or deletes takes paths and uids alone. What is gone is meant only if nothing that exists is. A
whole path is always meant; a uid that is somebody else's name is refused, so that nobody cordons a machine that he did not mean.
"""

from collections.abc import Iterable, Iterator

from clocker_actors.errors import BadRequest, NotFound
from clocker_actors.model.identity import ROOT
from clocker_actors.model.sensors import CONTAINER_ID
from clocker_actors.telemetry.readmodel import Entry, ReadModel

PLANE = frozenset({"", "clocker", "root"})
_LEAST_DIGITS = 12
_NAMED = 5
"""How many of several that are meant are named."""


def look_up(model: ReadModel, asked: str) -> Entry:
    """The entity that is meant. Raises NotFound with the nearest names, and BadRequest with some of them when several are meant."""
    try:
        return unambiguous(model, model.entry(asked), asked.strip().strip("/"))
    except NotFound as unknown:
        text = asked.strip().strip("/")
        plane = model.get(ROOT) if text in PLANE else None
        if plane is not None:
            return plane
        meant = list(_meant(model.all(), text))
        if len(meant) > 1:
            raise _several(asked, meant) from None
        found = meant[0] if meant else next(_meant(model.gone(), text), None)
        if found is None:
            raise unknown from None
        return found


def unambiguous(model: ReadModel, found: Entry, text: str) -> Entry:
    """The entity of a path or uid, unless the uid is the name of another one too."""
    others = [entry for entry in _meant(model.all(), text) if entry.uid != found.uid] if found.uid == text != found.path else []
    if not others:
        return found
    if found.gone is not None:
        raise NotFound(text)  # what exists is meant
    named = ", ".join(entry.path for entry in others[:_NAMED])
    raise BadRequest(f"{text} is the uid of {found.path or 'the manager'} and the name of {named}: write the path", asked=text)


def _meant(entries: Iterable[Entry], text: str) -> Iterator[Entry]:
    ending = f"/{text}"
    digits = len(text) >= _LEAST_DIGITS and all(digit in "0123456789abcdef" for digit in text)
    for entry in entries:
        if entry.path == text or entry.path.endswith(ending) or (digits and str(entry.value(CONTAINER_ID.name) or "").startswith(text)):
            yield entry


def _several(asked: str, meant: list[Entry]) -> BadRequest:
    told = ", ".join(f"{entry.path} ({entry.kind} {entry.uid})" for entry in meant[:_NAMED])
    more = f" and {len(meant) - _NAMED} more" if len(meant) > _NAMED else ""
    return BadRequest(f"{asked!r} may be one of {len(meant)}: {told}{more}; write a whole path or a uid", asked=asked)
