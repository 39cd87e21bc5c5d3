"""A host and what it owns: its engine's line, its containers, and the machine under it when its pool made it."""
