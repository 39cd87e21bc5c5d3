"""Durable memory behind the store port: SQLite for records, files for blobs, and the codec between values and bytes.

Nothing here knows an entity or an actor, and nothing decides. Whoever wants another store implements `ports.store` and passes
`tests/contracts/store`.
"""

from clocker_actors.store.blobs import FileBlobs
from clocker_actors.store.codec import decode, encode
from clocker_actors.store.sqlite import SqliteStore

__all__ = ["SqliteStore", "FileBlobs", "encode", "decode"]
