"""The doors by which people and programs come in: a REST application, the sockets it listens on, and the client of it that the CLI uses.

Everything read comes from telemetry's read model; everything that changes something is an effector, told to an entity by the kernel with a cause
and the principal behind it. Nothing here decides. The web framework is known in this room alone, and `client` (which the CLI imports) does not
import it; so this file imports nothing.
"""
