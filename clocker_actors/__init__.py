"""clocker-actors: an autonomic manager in which every managed thing is an actor with sensors and effectors.

Start reading at `daemon.py` (the composition root); `docs/architecture.md` maps one trip round the system to functions.
"""

__version__ = "0.1.0"
