"""Images that leave and enter a simulated engine: pulled from and pushed to registries, copied from one engine to another.

Registries belong to the world, so that what one engine pushes another pulls. A registry has every image anybody names, but for those that are built here:
they have to be pushed first.
"""

import json

from clocker_actors.drivers.simulated.core import Core
from clocker_actors.drivers.simulated.images import Kept, full_reference, pulled
from clocker_actors.errors import EngineFault, ImageNotFound
from clocker_actors.model.containers import ImageInfo, Login
from clocker_actors.model.specs import BUILT_IMAGE


class Shelf:
    """The images of one engine, and the registries that it knows."""

    def __init__(self, core: Core, registries: dict[str, Kept]) -> None:
        self._core = core
        self._registries = registries

    def pull(self, reference: str, login: Login | None) -> None:
        """Have an image from its registry. Raises ImageNotFound, PullDenied, OutOfDisk."""
        self._core.want_disk("pull")
        name = full_reference(reference)
        info = pulled(reference, login)
        if BUILT_IMAGE in name and name not in self._registries:
            raise ImageNotFound(f"pull of {name}: manifest unknown; check name and tag", status=404, operation="pull", image=name)
        self._have(name, self._registries.get(name, (info, {})))

    def push(self, reference: str, login: Login | None) -> None:
        """Have it in its registry. Raises ImageNotFound, PullDenied."""
        name, kept = self._kept(reference, "push")
        pulled(name, login)
        self._registries[name] = kept

    def tag(self, name: str, also: str) -> None:
        """A second name. Raises ImageNotFound."""
        self._have(full_reference(also), self._kept(name, "tag")[1])

    def save(self, name: str) -> bytes:
        """An image in a form of our own. Raises ImageNotFound."""
        reference, (info, labels) = self._kept(name, "save_image")
        return json.dumps([reference, info.id, info.health_interval, labels]).encode()

    def load(self, content: bytes) -> None:
        """Have what another gave. Raises OutOfDisk, EngineFault."""
        self._core.want_disk("load_image")
        try:
            name, identity, interval, labels = json.loads(content)
        except ValueError:
            raise EngineFault(
                f"engine {self._core.name} refused load_image: unexpected EOF; send an image", status=400, operation="load_image"
            ) from None
        self._have(name, (ImageInfo(identity, interval), labels))

    def _kept(self, name: str, operation: str) -> tuple[str, Kept]:
        reference = full_reference(name)
        info = self._core.images.get(reference)
        if info is None:
            words = f"engine {self._core.name} refused {operation}: no such image: {reference}; build or pull it there"
            raise ImageNotFound(words, status=404, operation=operation, image=reference)
        return reference, (info, self._core.image_labels.get(reference, {}))

    def _have(self, reference: str, kept: Kept) -> None:
        info, labels = kept
        self._core.images[reference] = info
        if labels:
            self._core.image_labels[reference] = dict(labels)
