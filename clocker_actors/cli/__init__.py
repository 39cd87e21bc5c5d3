"""The `clocker` command: what people type, over the REST application of a daemon that runs somewhere.

One file per group of commands; `main` is the list of them all. Data goes to stdout, errors and progress to stderr. Only what a command needs is imported,
and never the daemon or its server (but by `clocker daemon`), because a person waits for each start.
"""

from clocker_actors.cli.main import main

__all__ = ["main"]
