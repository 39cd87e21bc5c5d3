"""Values to bytes and back: JSON of the model's frozen dataclasses, by msgspec.

JSON, because a person with the `sqlite3` tool must be able to read a record. Fields that a newer version added take their defaults when an
older record is read, and fields that it dropped are ignored; so a field is only ever added with a default.
"""

from typing import TypeVar, cast

import msgspec

from clocker_actors.errors import BadRequest, StoreFault

T = TypeVar("T")

_encoder = msgspec.json.Encoder(order="deterministic")
_decoders: dict[type, "msgspec.json.Decoder[object]"] = {}


def encode(value: object) -> bytes:
    """The value as JSON; equal values give equal bytes. Raises StoreFault for what is not a plain value."""
    try:
        return _encoder.encode(value)
    except (TypeError, ValueError, msgspec.MsgspecError) as error:
        raise StoreFault(
            f"cannot encode a {type(value).__name__} for the store: {error}; records hold dataclasses, numbers, text, lists and maps only"
        ) from error


def decode(kind: type[T], body: bytes) -> T:
    """The value of that dataclass. Raises StoreFault when the bytes are not one, naming the field."""
    try:
        value = cast("T", _decoder(kind).decode(body))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise StoreFault(
            f"a stored {kind.__name__} cannot be read: {error}; restore the state directory from a backup, or remove this record"
        ) from error
    return value


def _decoder(kind: type) -> "msgspec.json.Decoder[object]":
    decoder = _decoders.get(kind)
    if decoder is None:
        decoder = _decoders[kind] = msgspec.json.Decoder(kind)
    return decoder


def convert(kind: type[T], value: object) -> T:
    """The dataclass that a JSON-shaped value describes. Raises BadRequest naming the field that is wrong."""
    try:
        return msgspec.convert(value, kind)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise BadRequest(f"not a {kind.__name__}: {error}; send what this version of the program makes") from error


def plain(value: object) -> dict[str, object]:
    """The JSON-shaped map that describes a dataclass; `convert` makes one of it again."""
    found = msgspec.to_builtins(value)
    if not isinstance(found, dict):
        raise StoreFault(f"a {type(value).__name__} is no dataclass, and has no fields to be described by")
    return found
