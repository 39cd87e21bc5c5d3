"""The Cloud port over libcloud: one region of one provider.

`create` looks for a living node of the name first, and joins an attempt for that name that is still under way, so that a call whose
answer got lost, or whose waiting was given up, never makes a second machine. After a lost answer it looks again before it says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from clocker_actors.drivers.cloud import choosing, kinds
from clocker_actors.drivers.cloud.faults import RATE, is_gone
from clocker_actors.drivers.cloud.listing import Listing
from clocker_actors.drivers.cloud.remembered import Remembered
from clocker_actors.drivers.cloud.threads import Threads
from clocker_actors.errors import ClockerError, CloudUnavailable, NothingFits
from clocker_actors.model.locations import CloudSpec, NodeTemplate, Resolver
from clocker_actors.ports.calls import CallLog
from clocker_actors.ports.cloud import Node, NodeRequest, NodeState

if TYPE_CHECKING:
    from libcloud.compute.base import Node as TheirNode
    from libcloud.compute.base import NodeDriver, NodeImage, NodeLocation, NodeSize

T = TypeVar("T")
CREATE_LIMIT = 180.0
CALL_LIMIT = 90.0
KEPT = 600.0
"""Seconds for which lists of sizes and images are believed."""
LOOKS = (0.5, 1.0, 2.0)
"""Pauses before looking for a node whose answer was lost: lists of large clouds lag behind."""
TOKENS = 4


class LibcloudCloud:
    """A Cloud. `resolve` gives identity and credential when they are first needed, and again when they are refused; they are kept by libcloud's drivers, and
    to be hidden in errors."""

    def __init__(self, spec: CloudSpec, resolve: Resolver, calls: CallLog) -> None:
        self.where = f"{spec.provider}:{spec.region}" if spec.region else spec.provider
        self._spec = spec
        secrets = Remembered(resolve)
        self._threads = Threads(self.where, lambda: kinds.make_driver(spec, secrets), calls, secrets)
        self._listing = Listing(lambda: self._threads.call("list_nodes", _listed))
        self._creating: dict[str, asyncio.Task[Node]] = {}
        self._sizes: tuple[float, Sequence[NodeSize]] | None = None
        self._images: dict[tuple[str, ...], tuple[float, Sequence[NodeImage]]] = {}

    async def create(self, request: NodeRequest) -> Node:
        """The living node of that name, made if there is none. CloudUnavailable after CREATE_LIMIT seconds at most."""
        task = self._creating.get(request.name)
        if task is None:
            task = self._creating[request.name] = asyncio.get_running_loop().create_task(self._make(request), name=f"create {request.name}")
            task.add_done_callback(lambda done: self._ended(request.name, done))
        return await self._bounded("create_node", asyncio.shield(task), CREATE_LIMIT)

    async def nodes(self, tags: Mapping[str, str]) -> tuple[Node, ...]:
        """Nodes that carry all these tags, oldest first, without the terminated ones. All who ask within a moment share one look at the cloud."""
        found = await self._bounded("list_nodes", self._listing.look(), CALL_LIMIT)
        chosen = [node for node in found if node.state is not NodeState.TERMINATED and tags.items() <= node.tags.items()]
        return tuple(sorted(chosen, key=lambda node: (node.created_at, node.id)))

    async def destroy(self, node_id: str) -> None:
        """Give it back; one that is gone is fine."""
        try:
            await self._bounded("destroy_node", self._threads.call("destroy_node", lambda driver: _destroy(driver, node_id)), CALL_LIMIT)
        finally:
            self._listing.outdated()

    async def close(self) -> None:
        """Take no more calls; what is under way goes on without anybody waiting."""
        creating = list(self._creating.values())
        for task in creating:
            task.cancel()
        await asyncio.gather(*creating, return_exceptions=True)
        await self._listing.close()
        self._threads.close()

    async def _make(self, request: NodeRequest) -> Node:
        if (found := await self._named(request.name)) is not None:
            return found
        template = kinds.with_image(self._spec.provider, request.template)
        sizes = await self._offered_sizes()
        named = choosing.named_sizes(template, list(sizes), self.where)
        image = await self._image(template, named)
        size = sizes[choosing.choose_size(template, named, self.where, kinds.image_of(image))]

        def create(driver: NodeDriver) -> Node:
            place = _place(driver, self._spec.region)
            return _create(driver, request, size, image, place)

        try:
            return await self._threads.call("create_node", create)
        except CloudUnavailable as error:
            if error.details.get("reason") == RATE:
                raise
            for pause in LOOKS:
                await asyncio.sleep(pause)
                if (found := await self._named(request.name)) is not None:
                    return found
            raise

    async def _named(self, name: str) -> Node | None:
        living = (NodeState.PENDING, NodeState.RUNNING, NodeState.UNKNOWN, NodeState.ERROR)
        return next((node for node in await self._threads.call("list_nodes", _listed) if node.name == name and node.state in living), None)

    async def _offered_sizes(self) -> Mapping[choosing.Size, NodeSize]:
        now = asyncio.get_running_loop().time()
        if self._sizes is None or now - self._sizes[0] > KEPT:
            self._sizes = now, await self._threads.call("list_sizes", lambda driver: driver.list_sizes())
        return {kinds.size_of(size): size for size in self._sizes[1]}

    async def _image(self, template: NodeTemplate, sizes: Sequence[choosing.Size]) -> NodeImage:
        if template.image_id:  # the lists of large clouds are tens of megabytes
            try:
                return await self._threads.call("get_image", lambda driver: driver.get_image(template.image_id))
            except (ClockerError, NotImplementedError) as error:
                if not isinstance(error.__cause__, NotImplementedError):
                    if error.__cause__ is not None and is_gone(Exception(str(error.__cause__))):
                        raise NothingFits(f"{self.where} has no image {template.image_id!r}: correct imageId", cloud=self.where) from error
                    raise
        now = asyncio.get_running_loop().time()
        seen_at, seen = self._images.get(template.image_owners, (float("-inf"), ()))
        if now - seen_at > KEPT:
            seen = await self._threads.call("list_images", lambda driver: kinds.images(driver, template))
            self._images[template.image_owners] = now, seen
        chosen = choosing.choose_image(template, [kinds.image_of(image) for image in seen], self.where, sizes)
        return next(image for image in seen if str(image.id) == chosen.id)

    async def _bounded(self, operation: str, call: Awaitable[T], limit: float) -> T:
        bound = asyncio.timeout(limit)
        try:
            async with bound:
                return await call
        except TimeoutError as error:
            if not bound.expired():
                raise
            words = f"{self.where} has not answered {operation} for {limit:g} s: it is asked again, and finds what was done meanwhile"
            raise CloudUnavailable(words, retry_after=5.0, cloud=self.where, operation=operation) from error

    def _ended(self, name: str, task: asyncio.Task[Node]) -> None:
        del self._creating[name]
        self._listing.outdated()
        if not task.cancelled():
            task.exception()  # it may be that nobody waits for it any more


def _listed(driver: NodeDriver) -> list[Node]:
    nodes = [kinds.node_of(node) for node in driver.list_nodes()]
    if kinds.has_tags(driver):
        return nodes
    return [replace(node, tags={**kinds.tags_of_name(node.name), **node.tags}) for node in nodes]


def _create(driver: NodeDriver, request: NodeRequest, size: NodeSize, image: NodeImage, place: NodeLocation | None) -> Node:
    given = {**kinds.arguments(driver, request), **kinds.disks(driver, image, request.template.min_disk)}
    if place is not None:
        given["location"] = place
    made = _create_once(driver, request.name, size, image, given)
    if made.name != request.name and hasattr(driver, "ex_create_tags"):
        # EC2 gives name and tags by a second call, and libcloud does not say when that fails: the node would be nobody's
        tags = {**_mapping(given.get("ex_metadata")), "Name": request.name}
        driver.ex_create_tags(made, tags)
        made.name = request.name
        made.extra["tags"] = tags
    return kinds.node_of(made)


def _create_once(driver: NodeDriver, name: str, size: NodeSize, image: NodeImage, given: Mapping[str, object]) -> TheirNode:
    # each driver has arguments of its own, of which libcloud's types know nothing
    create: Callable[..., TheirNode] = driver.create_node
    made = create(name=name, size=size, image=image, **given, **_token(driver, name, 1))
    for attempt in range(2, TOKENS):  # the same token gives the same machine, even one that was terminated since
        if kinds.node_of(made).state not in (NodeState.TERMINATED, NodeState.STOPPING):
            break
        made = create(name=name, size=size, image=image, **given, **_token(driver, name, attempt))
    return made


def _token(driver: NodeDriver, name: str, attempt: int) -> dict[str, str]:
    return {"ex_clienttoken": f"{name}-{attempt}"} if kinds.takes(driver, "ex_clienttoken") else {}


def _place(driver: NodeDriver, region: str) -> NodeLocation | None:
    """Where providers that serve all regions at one address are to make it."""
    if not region or getattr(driver, "region", None) or getattr(driver, "region_name", None):
        return None
    return next((place for place in driver.list_locations() if region in (str(place.id), place.name)), None)


def _destroy(driver: NodeDriver, node_id: str) -> None:
    found = next((node for node in driver.list_nodes() if str(node.id) == node_id), None)
    if found is None or kinds.node_of(found).state is NodeState.TERMINATED:
        return
    try:
        driver.destroy_node(found)
    except Exception as error:
        if not is_gone(error):
            raise


def _mapping(value: object) -> Mapping[str, str]:
    return value if isinstance(value, Mapping) else {}
