"""The inside of a simulated engine: its containers, ports, images and volumes, and what each command does to them.

All of it is plain, synchronous and at once; `wire.py` says when and whether a command gets here. Refusals are those of Docker 20.10:
a failed start leaves its container in `created` with code 128, a second start is silent, create never pulls.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace

from clocker_actors.drivers.simulated import images
from clocker_actors.drivers.simulated.boxes import Box
from clocker_actors.drivers.simulated.journal import Journal
from clocker_actors.errors import Conflict, EngineFault, ImageNotFound, NameConflict, NotFound, OutOfDisk, PortTaken
from clocker_actors.model.containers import ContainerRequest, EngineState, ImageInfo, KeptFile, NamedImage
from clocker_actors.model.specs import BuildSpec, ContainerSpec, FileSpec, ImageSpec, Resources

Later = Callable[[float, Callable[[], None]], None]
LEASE_IMAGE = "clocker/lease:1"
LEAST_MEMORY = 6 * 1024 * 1024
_NETWORKS = frozenset({"", "bridge", "host", "none"})
_FIRST_RANDOM_PORT = 49_153
_RESTART_PAUSE = 0.1


class Core:
    """State of one engine. `version` counts changes of who runs; `later` runs something at the engine after seconds, `alone` what processes do by
    themselves, whatever the engine does meanwhile."""

    def __init__(
        self, name: str, seed: int, cores: int, memory: int, journal: Journal, now: Callable[[], float], later: Later, alone: Later
    ) -> None:
        self.name = name
        self.cores = cores
        self.memory = memory
        self.version = 0
        self.disk_full = False
        self.ignores_updates = False
        self.boxes: dict[str, Box] = {}
        self.images: dict[str, ImageInfo] = {}
        self.image_labels: dict[str, dict[str, str]] = {}
        self.volumes: dict[str, dict[str, str]] = {}
        self.memories: dict[str, tuple[tuple[str, int], dict[str, dict[str, KeptFile]]]] = {}
        """Secrets in memory by their place, with the run of the container that keeps them there."""
        self.taken_ports: set[int] = set()
        self.later = later
        self.alone = alone
        self._seed = seed
        self._journal = journal
        self._now = now
        self._names: dict[str, Box] = {}
        self._made = 0
        self._next_port = _FIRST_RANDOM_PORT

    # --- finding ------------------------------------------------------------------------------------------------------------------

    def find(self, container: str) -> Box:
        """By id, a prefix of 12 or more of it, or name; NotFound."""
        box = self.boxes.get(container) or self.named(container)
        if box is None and len(container) >= 12:
            box = next((box for box in self.boxes.values() if box.id.startswith(container)), None)
        if box is None:
            raise NotFound(f"engine {self.name} has no container {container}; list what it has", engine=self.name, container=container)
        return box

    def named(self, name: str) -> Box | None:
        """The container of that name, if there is one."""
        return self._names.get(name)

    def running(self) -> list[Box]:
        """Containers that run, oldest first."""
        return [box for box in self.boxes.values() if box.running]

    def labelled(self, labels: Mapping[str, str]) -> list[Box]:
        """Containers that have all of these labels, oldest first."""
        return [box for box in self.boxes.values() if _has(box.request.labels, labels)]

    # --- containers ---------------------------------------------------------------------------------------------------------------

    def create(self, request: ContainerRequest) -> str:
        """A new container's id."""
        self.want_disk("create")
        reference = images.full_reference(request.image)
        lease = self.named(request.lease) if request.lease else None
        if request.lease and lease is None:
            raise self._bad("create", f"no such container: {request.lease}")
        if reference not in self.images:
            raise ImageNotFound(
                f"engine {self.name} has no image {reference}; pull or build it first",
                status=404,
                operation="create",
                image=reference,
                engine=self.name,
            )
        self._check(request.spec.resources, "create")
        existing = self.named(request.name)
        if existing is not None:
            raise NameConflict(
                f"engine {self.name} has a container named {request.name} already; adopt or remove it",
                status=409,
                operation="create",
                existing=existing.id,
                engine=self.name,
            )
        self._made += 1
        identity = hashlib.sha256(f"{self.name}:{self._seed}:{self._made}".encode()).hexdigest()
        nature = images.nature_of(request, self.images[reference])
        for volume in request.volume_names.values():
            self.volumes.setdefault(volume, {})
        self.boxes[identity] = self._names[request.name] = box = Box(
            identity, self._made, request, nature, request.spec.resources, request.spec.restart or "no"
        )
        box.lease = lease.id if lease is not None else ""
        self._journal.write(box, "create")
        return identity

    def start(self, box: Box) -> None:
        """Let it run; silent if it does. A refused start leaves it in `created`."""
        if box.running:
            return
        self._may_start(box)
        box.ports = self._publish(box)
        box.state, box.exit_code, box.started_at, box.oom_killed = EngineState.RUNNING, None, self._now(), False
        box.address = "" if box.request.spec.network in ("host", "none") else self._address(box)
        box.runs += 1
        self.version += 1
        for line in (f"{box.request.name}: started", *box.nature.output):
            box.log(line)
        self._journal.write(box, "start")
        self._live(box)
        if box.lease_ttl:
            self.prolong(box, self._now())

    def die(self, box: Box, code: int, *, oom: bool = False, ordered: bool = False) -> None:
        """Its process ends; `ordered` by a stop or kill, it is not started again whatever its restart policy says."""
        if not box.running:
            return
        box.state, box.exit_code, box.oom_killed = EngineState.EXITED, code, oom
        box.ports, box.address, box.healthcheck = {}, "", ""
        self.version += 1
        box.log(f"{box.request.name}: exited with code {code}")
        if oom:
            self._journal.write(box, "oom")
        self._journal.write(box, "die", exit_code=code)
        for other in self.running():
            if other.lease == box.id:
                self.die(other, 137, ordered=True)  # its PID namespace is no more
        if not ordered and _restarts(box, code):
            self.later(_RESTART_PAUSE * 2 ** min(box.restarts, 9), lambda: self._restart(box, box.runs))

    def freeze(self, box: Box, frozen: bool) -> None:
        """Pause what runs, or let what is paused go on."""
        before, after = (EngineState.RUNNING, EngineState.PAUSED) if frozen else (EngineState.PAUSED, EngineState.RUNNING)
        if box.state is before:
            box.state = after
            self.version += 1
            self._journal.write(box, "pause" if frozen else "unpause")

    def stop(self, box: Box, code: int) -> None:
        """End it in good order; silent if it does not run."""
        if box.running:
            self._journal.write(box, "kill")
            self.die(box, code, ordered=True)
            self._journal.write(box, "stop")

    def kill(self, box: Box) -> None:
        """End it at once; silent if it does not run."""
        if box.running:
            self._journal.write(box, "kill")
            self.die(box, 137, ordered=True)

    def remove(self, container: str) -> None:
        """Take it away, running or not; silent if it is gone."""
        try:
            box = self.find(container)
        except NotFound:
            return
        self.kill(box)
        del self.boxes[box.id], self._names[box.request.name]
        box.state = EngineState.GONE
        self._journal.write(box, "destroy")

    def lease(self, name: str, labels: Mapping[str, str], ttl: float) -> None:
        """Have a lease to start; ours of that name that has ended is replaced, a foreign one is a Conflict."""
        known = self.named(name)
        if known is not None and not _has(known.request.labels, labels):
            raise Conflict(
                f"a container named {name} on engine {self.name} is not the lease that was made for it: remove it by hand, then restart the member"
            )
        if known is not None and known.state in {EngineState.RUNNING, EngineState.CREATED}:
            return
        self.remove(name)
        self.images.setdefault(images.full_reference(LEASE_IMAGE), images.known(LEASE_IMAGE))
        box = self.find(self.create(ContainerRequest(name, LEASE_IMAGE, ContainerSpec(ImageSpec(LEASE_IMAGE), network="none"), labels)))
        box.lease_ttl = ttl

    def prolong(self, box: Box, asked_at: float) -> None:
        """An answer to what a lease asked at that time has arrived."""
        box.lease_until = max(box.lease_until, asked_at + box.lease_ttl)
        self.alone(max(0.0, box.lease_until - self._now()), lambda: self._lapse(box))

    def _lapse(self, box: Box) -> None:
        if box.running and self._now() >= box.lease_until - 1e-6:
            self.die(box, 1)

    def _hold(self, box: Box) -> None:
        """Mount the folders of memory that it is to have; a start without one of them is refused."""
        box.kept.clear()
        for target, source in box.request.kept.items():
            found = next((place for place in self.memories if source.startswith(f"{place}/")), "")
            (holder, run), memory = self.memories.get(found, (("", 0), {}))
            keeper = self.boxes.get(holder)
            folder, _, below = source.removeprefix(f"{found}/").partition("/")
            if keeper is None or not keeper.running or keeper.runs != run or folder not in memory:
                raise self._bad("start", f"bind source path does not exist: {source}")
            box.kept |= {
                f"{target}/{path.removeprefix(f'{below}/')}": file for path, file in memory[folder].items() if path.startswith(below)
            }

    def update(self, box: Box, resources: Resources, restart: str) -> None:
        """Change what is set in `resources`, and its restart policy, in place."""
        self._check(resources, "update")
        if self.ignores_updates:
            return
        changed = {item.name: value for item in fields(resources) if (value := getattr(resources, item.name)) is not None}
        box.resources = replace(box.resources, **changed)
        box.restart = restart or box.restart
        self.version += 1
        self._journal.write(box, "update")

    def put(self, box: Box, files: Sequence[FileSpec]) -> None:
        """Have these files in it, in place of those of the same name."""
        self.want_disk("put")
        box.files |= {file.path: file for file in files}

    def reads(self, container: str, command: Sequence[str]) -> tuple[float, int, Sequence[str]] | None:
        """What `cat` says of a file that was put there; None for any other command."""
        box = self.boxes.get(container) or self.named(container)
        if box is None or len(command) != 2 or command[0] != "cat":
            return None
        file = box.files.get(command[1]) or box.kept.get(command[1])
        return (0.0, 0, file.content.splitlines()) if file else (0.0, 1, (f"cat: can't open '{command[1]}': No such file or directory",))

    def crash(self, code: int) -> None:
        """The whole engine stops: what ran has exited, nobody is told, events are forgotten."""
        for box in self.running():
            box.state, box.exit_code = EngineState.EXITED, code
            box.ports, box.address, box.healthcheck = {}, "", ""
        self.version += 1
        self._journal.forget()

    def wipe(self) -> None:
        """Nothing is left on its disk but images."""
        self.boxes.clear()
        self._names.clear()
        self.volumes.clear()
        self.version += 1

    def recover(self) -> None:
        """The engine is back and starts again what its restart policy says."""
        for box in list(self.boxes.values()):
            if box.state is EngineState.EXITED and box.restart in ("always", "unless-stopped"):
                self._restart(box, box.runs)

    # --- images and volumes -------------------------------------------------------------------------------------------------------

    def build(self, reference: str, build: BuildSpec, context: bytes, labels: Mapping[str, str]) -> None:
        """Have an image made from a context."""
        self.want_disk("build")
        name = images.full_reference(reference)
        self.images[name] = images.built(reference, build, context)
        self.image_labels[name] = dict(labels)

    def images_with(self, labels: Mapping[str, str]) -> list[NamedImage]:
        """Images that have all of these labels."""
        return [NamedImage(image.id, (name,)) for name, image in self.images.items() if _has(self.image_labels.get(name, {}), labels)]

    def remove_image(self, name: str) -> None:
        """Take an image away; silent if it is gone, EngineFault while a container is made of it."""
        reference = images.full_reference(name)
        users = [box.request.name for box in self.boxes.values() if images.full_reference(box.request.image) == reference]
        if users:
            raise EngineFault(
                f"image {reference} on engine {self.name} is used by {', '.join(users)}; remove that first",
                status=409,
                operation="remove_image",
                engine=self.name,
            )
        self.images.pop(reference, None)
        self.image_labels.pop(reference, None)

    def volume(self, name: str, labels: Mapping[str, str]) -> None:
        """Have a volume; one that exists stays as it is."""
        self.want_disk("ensure_volume")
        self.volumes.setdefault(name, dict(labels))

    def remove_volume(self, name: str) -> None:
        """Take a volume away; silent if it is gone, EngineFault while a container uses it."""
        users = [box.request.name for box in self.boxes.values() if name in box.request.volume_names.values()]
        if users:
            raise EngineFault(
                f"volume {name} on engine {self.name} is used by {', '.join(users)}; remove that first",
                status=409,
                operation="remove_volume",
                engine=self.name,
            )
        self.volumes.pop(name, None)

    def volumes_with(self, labels: Mapping[str, str]) -> list[str]:
        """Names of volumes that have all of these labels."""
        return [name for name, has in self.volumes.items() if _has(has, labels)]

    # --- inside -------------------------------------------------------------------------------------------------------------------

    def want_disk(self, operation: str) -> None:
        if self.disk_full:
            raise OutOfDisk(
                f"engine {self.name} has no space left on its disk; free some", status=500, operation=operation, engine=self.name
            )

    def _check(self, resources: Resources, operation: str) -> None:
        if resources.memory is not None and resources.memory < LEAST_MEMORY:
            raise self._bad(operation, f"a memory limit of {resources.memory} bytes is below the least, 6 MB; raise it")
        if resources.cpus is not None and not 0 < resources.cpus <= self.cores:
            raise self._bad(operation, f"{resources.cpus:g} cpus are out of range; ask for 0.01 to {self.cores}")

    def _bad(self, operation: str, why: str) -> EngineFault:
        return EngineFault(f"engine {self.name} refuses {operation}: {why}", status=400, operation=operation, engine=self.name)

    def _may_start(self, box: Box) -> None:
        try:
            if box.request.spec.network not in _NETWORKS:
                raise self._bad("start", f"there is no network {box.request.spec.network}; create it or name another")
            if not box.nature.runnable:
                raise self._bad("start", "the command is not in the image; correct it")
            if box.lease and ((holder := self.boxes.get(box.lease)) is None or not holder.running):
                raise self._bad("start", f"cannot join PID of a non running container: {box.lease}")
            self._check_ports(box)
            self._hold(box)
        except EngineFault:
            box.exit_code = 128
            raise

    def _check_ports(self, box: Box) -> None:
        used = {port for other in self.running() for port in other.ports.values()} | self.taken_ports
        for port in box.request.ports.values():
            if port in used:
                raise PortTaken(
                    f"host port {port} on engine {self.name} is in use, so {box.request.name} cannot start; choose another",
                    status=500,
                    operation="start",
                    port=port,
                    engine=self.name,
                )

    def _publish(self, box: Box) -> dict[str, int]:
        ports = {}
        for key, port in box.request.ports.items():
            if not port:
                port, self._next_port = self._next_port, self._next_port + 1
            ports[key] = port
        return ports

    @staticmethod
    def _address(box: Box) -> str:
        high, low = divmod(box.number % 65_000 + 1, 256)
        return f"172.17.{high}.{low}"

    def _restart(self, box: Box, run: int) -> None:
        if self.boxes.get(box.id) is box and box.runs == run and not box.running:
            box.restarts += 1
            self.start(box)

    def _live(self, box: Box) -> None:
        run = box.runs
        nature = box.nature
        if nature.lives is not None:
            self.alone(nature.lives, lambda: self.die(box, nature.exit_code) if box.runs == run else None)
        if nature.health_interval is not None:
            box.healthcheck = "starting"
            verdict = "unhealthy" if nature.ready_after is None else "healthy"
            waits = nature.health_interval * (3 if verdict == "unhealthy" else 1)
            self.later(waits, lambda: self._judge(box, run, verdict))

    def _judge(self, box: Box, run: int, verdict: str) -> None:
        if box.running and box.runs == run and box.healthcheck != verdict:
            box.healthcheck = verdict
            self._journal.write(box, "health_status", health=verdict)


def _has(labels: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    return all(key in labels and value in ("", labels[key]) for key, value in wanted.items())


def _restarts(box: Box, code: int) -> bool:
    policy, _, most = box.restart.partition(":")
    if policy == "on-failure":
        return code != 0 and (not most or box.restarts < int(most))
    return policy in ("always", "unless-stopped")
