"""Failed starts of a cluster's members in a row: who failed is set aside, the next one is tried after a pause, and after five nobody is."""

from dataclasses import replace
from typing import TYPE_CHECKING

from clocker_actors.entities.services import quarantine
from clocker_actors.entities.services.quarantine import MOST_FAILURES
from clocker_actors.model.messages import ChildChanged

if TYPE_CHECKING:
    from clocker_actors.entities.services.cluster import Cluster


class TryAgain:
    """Timer message: the pause after a failed start is over."""


class FailedStarts:
    """Of one cluster; `last` is what the last one said. Not durable: a manager that begins anew tries anew."""

    __slots__ = ("_cluster", "failures", "last", "pausing")

    def __init__(self, cluster: "Cluster") -> None:
        self._cluster = cluster
        self.failures = 0
        self.last = ""
        self.pausing = False

    @property
    def given_up(self) -> bool:
        """Whether no more are tried until somebody asks for something."""
        return self.failures >= MOST_FAILURES

    @property
    def may_try(self) -> bool:
        """Whether another member may be planted now."""
        return not self.pausing and not self.given_up

    def succeeded(self) -> None:
        """A member has started: the row is broken."""
        self.failures = 0

    def go_on(self) -> None:
        """The pause is over."""
        self.pausing = False

    def failed(self, message: ChildChanged) -> None:
        """A member did not start."""
        cluster = self._cluster
        self.failures += 1
        self.last = "; ".join(dict.fromkeys(message.problems.values())) or "did not start"
        self.pausing = True
        cluster.after("pause", quarantine.pause_after(self.failures), TryAgain())
        uid, keep = message.child, cluster.spec.quarantine
        replacing = cluster.replacements.without((uid,), f"member {uid} did not start: {self.last}")
        cluster.state = quarantine.set_aside(replace(cluster.state, replacing=replacing), uid, self.last, cluster.now, keep=keep)
        decision = quarantine.decision(cluster.ids.decision(), cluster.uid, uid, self.failures, self.last, cluster.now, keep=keep)
        cluster.decided(decision, acted=True)

    def forget(self) -> None:
        """Whoever asks for something gives the cluster a fresh budget of failures."""
        self.failures, self.last, self.pausing = 0, "", False
        self._cluster.cancel_timer("pause")
