"""The engine port by aiodocker: a Docker daemon over a unix socket, TCP, TLS or SSH.

aiodocker gives the client (session, connection, URL); each request is made on its session, as a context manager, with a bound in time
and answers decoded into typed structs. Its own wrappers are not used where they leak connections when cancelled (statistics),
take a broken stream for a complete one (pull, build) or hide errors in a task (events).
`link.py` is the way to the engine, `engine.py` the port; the rest is one file per thing spoken about.
"""

from pathlib import Path

from clocker_actors.drivers.docker.engine import DockerEngine
from clocker_actors.drivers.docker.link import Link
from clocker_actors.model.specs import EngineSpec
from clocker_actors.ports.calls import CallLog
from clocker_actors.ports.engine import Engine

__all__ = ["connect", "readdress"]


def connect(spec: EngineSpec, calls: CallLog, runtime_dir: Path) -> Engine:
    """The engine a spec describes; nothing is opened before the first call, and a lost connection is opened again by the next one.

    `runtime_dir` holds the local end of SSH tunnels. Raises BadRequest when the url is none we know.
    """
    return DockerEngine(Link(spec, calls, runtime_dir))


def readdress(engine: Engine, spec: EngineSpec) -> None:
    """Have one of these engines known by other certificates from now on; its url stays."""
    if isinstance(engine, DockerEngine):
        engine.use(spec)
