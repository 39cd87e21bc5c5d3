"""The handles on a simulated engine: load on its containers, and every kind of bad day.

Nothing here goes over the wire and nothing waits; what follows from a handle is seen through the port, as with a real engine.
"""

from collections.abc import Mapping

from clocker_actors.drivers.simulated.core import Core
from clocker_actors.drivers.simulated.journal import Journal
from clocker_actors.drivers.simulated.load import LoadModel
from clocker_actors.drivers.simulated.wire import Wire
from clocker_actors.errors import ClockerError
from clocker_actors.model.containers import ContainerRequest, Observed
from clocker_actors.model.specs import FileSpec


class Controls:
    """What tests and `--simulated` do to an engine; `loads` may be shared with other engines."""

    loads: LoadModel
    _core: Core
    _wire: Wire
    _journal: Journal

    # --- load and what is inside ----------------------------------------------------------------------------------------

    def load(self, key: str, cpu_percent: float) -> None:
        """Let every container that answers to `key` (id, name, image, `label=value` or a label's value) work this hard; 0 ends it."""
        self.loads.load(key, cpu_percent)

    def offer(self, key: str, total_cpu_percent: float) -> None:
        """Let all running containers that answer to `key`, on all engines of one LoadModel, share this load."""
        self.loads.offer(key, total_cpu_percent)

    @property
    def containers(self) -> tuple[Observed, ...]:
        """All containers as they are, without asking the engine."""
        return tuple(box.observed() for box in self._core.boxes.values())

    def asked_of(self, container: str) -> ContainerRequest:
        """What a container was created from, without asking the engine."""
        return self._core.find(container).request

    def files_of(self, container: str) -> Mapping[str, FileSpec]:
        """What was put into a container, by path, without asking the engine."""
        return dict(self._core.find(container).files)

    @property
    def built_images(self) -> tuple[str, ...]:
        """All images that were built here, without asking the engine."""
        return tuple(self._core.image_labels)

    @property
    def volume_names(self) -> tuple[str, ...]:
        """All volumes, without asking the engine."""
        return tuple(self._core.volumes)

    def die(self, container: str, exit_code: int = 1, *, oom: bool = False) -> None:
        """Let its process end by itself, now."""
        self._core.die(self._core.find(container), exit_code, oom=oom)

    def take_away(self, container: str) -> None:
        """Somebody removes it by force."""
        self._core.remove(container)

    def sicken(self, container: str, *, sick: bool = True) -> None:
        """Let its probes fail from now on (or be well again)."""
        self._core.find(container).sick = sick

    def pause(self, container: str, *, paused: bool = True) -> None:
        """Somebody pauses a container (or lets it go on)."""
        self._core.freeze(self._core.find(container), paused)

    def fill_disk(self, *, full: bool = True) -> None:
        """No space left (or space again)."""
        self._core.disk_full = full

    def ignore_updates(self, *, ignored: bool = True) -> None:
        """Changes of what runs are answered as done, and not done (or done again)."""
        self._core.ignores_updates = ignored

    def occupy(self, port: int, *, occupied: bool = True) -> None:
        """Something foreign listens on a host port (or no longer)."""
        (self._core.taken_ports.add if occupied else self._core.taken_ports.discard)(port)

    # --- faults ---------------------------------------------------------------------------------------------------------

    def fail(self, operation: str, error: ClockerError, times: int = 1) -> None:
        """The next `times` calls of an operation (a method's name) fail with this error and do nothing."""
        self._wire.fail(operation, error, times)

    def lose_reply(self, operation: str, times: int = 1) -> None:
        """The next `times` calls of an operation are done, but the caller gets EngineUnavailable."""
        self._wire.lose_reply(operation, times)

    def slow(self, factor: float) -> None:
        """All latencies times this; 1 is normal."""
        self._wire.factor = factor

    def duplicate_events(self, copies: int = 2) -> None:
        """Every event from now on comes this many times."""
        self._journal.copies = copies

    def swap_events(self, *, swapped: bool = True) -> None:
        """Events overtake each other from now on (or no longer): each one that comes soon after another is told before it."""
        self._journal.swaps = swapped

    def wipe(self) -> None:
        """Its disk is lost: it ends, and once it recovers has no container and no volume."""
        self.crash()
        self._core.wipe()

    def hang(self) -> None:
        """As SIGSTOP: containers run on, nothing answers, streams stay open and silent."""
        self._wire.hang()

    def resume(self) -> None:
        """End of `hang`: what had arrived is done now."""
        self._wire.resume()

    def crash(self, *, graceful: bool = False) -> None:
        """The engine and its containers end (code 255; 137 when it was asked to go), events are forgotten."""
        self._wire.crash()
        self._core.crash(137 if graceful else 255)

    def recover(self) -> None:
        """It is started again; containers stay exited unless their restart policy says otherwise."""
        self._wire.recover()
        self._core.recover()

    def partition(self) -> None:
        """As a pulled cable: its containers run on, keepalive notices after 2.6 s."""
        self._wire.partition()

    def heal(self) -> None:
        """End of `partition`."""
        self._wire.heal()
