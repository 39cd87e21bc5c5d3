"""Who set what of the policies of an entity, beside its blueprint: read from its record, in words for people."""

from collections.abc import Mapping
from dataclasses import dataclass

from clocker_actors.model.ownership import AdjunctState, Owner, clock
from clocker_actors.ports.store import Store
from clocker_actors.store.codec import decode
from clocker_actors.telemetry.readmodel import Entry


@dataclass(frozen=True, slots=True)
class _Having:
    """Of the record of any entity."""

    adjuncts: tuple[AdjunctState, ...] = ()


def set_by(store: Store, entry: Entry) -> Mapping[str, Mapping[str, str]]:
    """By policy, who set which of its keys; under "" who let it rest or work again last, else who added it."""
    body = store.read(entry.kind, entry.uid)
    adjuncts = decode(_Having, body).adjuncts if body is not None else ()
    return {each.spec.name: found for each in adjuncts if (found := _of(each))}


def _of(adjunct: AdjunctState) -> dict[str, str]:
    found = {key: _words(owner) for key, owner in adjunct.owners.items()}
    if adjunct.rested is not None:
        found[""] = f"{'suspended' if adjunct.suspended else 'resumed'} by {_words(adjunct.rested)}"
    elif adjunct.added is not None:
        found[""] = f"added by {_words(adjunct.added)}"
    return found


def _words(owner: Owner) -> str:
    return f"{owner.words} at {clock(owner.at)}"
