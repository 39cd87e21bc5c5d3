"""What a pool has its hosts remove: volumes and images of an application that is deleted, and, at its own end, all that was built on them.

Hosts that are away do it by themselves when they are back.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from clocker_actors.entities.polling import Polling
from clocker_actors.model.generations import ImagesRemoved, RemoveImages, RemoveVolumes, VolumesRemoved
from clocker_actors.model.identity import SYSTEM, Cause, Uid

if TYPE_CHECKING:
    from clocker_actors.entities.pools.pool import Pool

IMAGES_LIMIT = 30.0
"""Seconds that the end of a pool waits for what was built on its hosts."""


class ImagesLate:
    """Timer message: this pool is being deleted, and its hosts have had their time to remove what was built on them."""


class PoolTidying:
    """Of one pool. `over` says that what was built on its hosts is removed, or waited for no more."""

    __slots__ = ("_asked", "_images", "_pool", "_volumes", "over")

    def __init__(self, pool: "Pool") -> None:
        self._pool = pool
        self._volumes = Polling()
        self._images = Polling()
        self._asked = self.over = False  # of the whole pool, at its end

    def remove_volumes(self, message: RemoveVolumes) -> None:
        """On all hosts that are up."""
        pool = self._pool
        hosts = pool.hosts_up()
        if not hosts:
            pool.tell(message.reply_to, VolumesRemoved(message.application, pool.uid))
            return
        self._volumes.begin(message.application, message.reply_to, hosts)
        for uid in hosts:
            pool.tell(uid, replace(message, reply_to=pool.uid))

    def volumes_removed(self, application: Uid, host: Uid) -> None:
        """One host has."""
        poll = self._volumes.answered(application, host)
        if poll is not None:
            self._pool.index.forget_volumes(application)
            self._pool.tell(poll.reply_to, VolumesRemoved(application, self._pool.uid))

    def remove_images(self, message: RemoveImages) -> None:
        """On all hosts that are up."""
        pool = self._pool
        hosts = pool.hosts_up()
        if not hosts:
            pool.tell(message.reply_to, ImagesRemoved(message.of, pool.uid))
            return
        self._images.begin(message.of, message.reply_to, hosts)
        for uid in hosts:
            pool.tell(uid, replace(message, reply_to=pool.uid))

    def images_removed(self, message: ImagesRemoved) -> None:
        """One host has; or all, at the end of the pool."""
        if message.host == self._pool.uid:
            self.images_over("; ".join(message.left))
            return
        poll = self._images.answered(message.of, message.host, message.left)
        if poll is not None:
            self._pool.tell(poll.reply_to, ImagesRemoved(message.of, self._pool.uid, tuple(poll.left)))

    def gone(self, host: Uid) -> None:
        """A host is no more: what it was asked went with it."""
        for application in self._volumes.waits_for(host):
            self.volumes_removed(application, host)
        for of in self._images.waits_for(host):
            self.images_removed(ImagesRemoved(of, host))

    def empty_hosts(self) -> None:
        """The pool goes: what was built on its hosts goes first, for as long as that is waited for."""
        pool = self._pool
        for uid in pool.state.hosts.values():
            pool.keep_host(uid)
        if pool.gathering or self._asked:
            return
        self._asked = True
        activity = pool.running.newest("delete")
        cause = Cause(activity.id, activity.cause.principal) if activity else SYSTEM
        for waiting in pool.running.all("delete"):
            pool.running.step(waiting.id, "images", "remove what was built on its hosts")
        pool.after("images", IMAGES_LIMIT, ImagesLate())
        self.remove_images(RemoveImages(pool.uid, (), pool.uid, cause))

    def images_over(self, left: str) -> None:
        """What was built on its hosts is removed, as far as can be."""
        pool = self._pool
        pool.cancel_timer("images")
        self.over = True
        for activity in pool.running.all("delete") if left else ():
            note = f"not all that was built on its hosts could be removed, remove it by hand: {left}"
            pool.running.step(activity.id, "left behind", note)
            pool.running.progress(activity.id, done=activity.done, total=activity.total, note=note)
        pool.settle()

    def late(self) -> None:
        """Its hosts have had their time."""
        self.images_over(f"not all hosts have answered within {IMAGES_LIMIT:g} s")
