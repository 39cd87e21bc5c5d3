"""The contract of the engine port: what every driver does alike, one question per file."""
