"""Secrets in the memory of a simulated engine's machine: what a keeper has is lost when it ends, and who wants to start with it then cannot."""

from collections.abc import Mapping, Sequence

from clocker_actors.drivers.simulated import images
from clocker_actors.drivers.simulated.boxes import Box
from clocker_actors.drivers.simulated.core import Core
from clocker_actors.errors import Conflict
from clocker_actors.model.containers import ContainerRequest, KeptFile
from clocker_actors.model.specs import ContainerSpec, ImageSpec

IMAGE = "clocker/keeper:1"


class Keepers:
    """By name; there is one for each manager that has secrets here."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def keep(self, name: str, labels: Mapping[str, str], folder: str, files: Sequence[KeptFile]) -> str:
        """Have these files in the folder; its place on the machine."""
        core = self._core
        core.want_disk("keep")
        box = core.named(name)
        if box is None:
            core.images.setdefault(images.full_reference(IMAGE), images.known(IMAGE))
            core.volume(name, labels)
            request = ContainerRequest(name, IMAGE, ContainerSpec(ImageSpec(IMAGE), network="none"), labels, volume_names={"memory": name})
            box = core.find(core.create(request))
        elif not labels.items() <= box.request.labels.items():
            raise Conflict(f"a container named {name} on engine {core.name} is not the keeper of secrets: remove it by hand")
        if not box.running:
            core.start(box)
        memory = _memory(core, box)
        memory.setdefault(folder, {}).update((file.path, file) for file in files)
        return f"{_place(name)}/{folder}"

    def kept(self, name: str) -> Sequence[str]:
        """Its folders."""
        box = self._core.named(name)
        return tuple(_memory(self._core, box)) if box is not None and box.running else ()

    def forget(self, name: str, labels: Mapping[str, str], folders: Sequence[str]) -> None:
        """Take them away, and with the last one the keeper."""
        core = self._core
        box = core.named(name)
        if box is not None and not labels.items() <= box.request.labels.items():
            return
        if box is not None and box.running:
            memory = _memory(core, box)
            for folder in folders:
                memory.pop(folder, None)
            if memory:
                return
        core.remove(name)
        core.memories.pop(_place(name), None)
        core.remove_volume(name)


def _place(name: str) -> str:
    return f"/var/lib/docker/volumes/{name}/_data"


def _memory(core: Core, box: Box) -> dict[str, dict[str, KeptFile]]:
    """What this run of the keeper has; nothing of an earlier one."""
    of, memory = core.memories.get(_place(box.request.name), ((box.id, box.runs), {}))
    if of != (box.id, box.runs):
        memory = {}
    core.memories[_place(box.request.name)] = ((box.id, box.runs), memory)
    return memory
