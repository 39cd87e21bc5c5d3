"""The child services of an application or of a member: what was ordered of them, and how they are.

An order (start, stop, delete) is told to a child once; a parent or a child that was restarted makes it be told again, which is harmless since effectors are idempotent.
So is what a child is to be from now on, until it says that it has adopted that.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Protocol

from clocker_actors.entities.digests import Digests
from clocker_actors.model.activities import Activity
from clocker_actors.model.identity import Cause, Uid
from clocker_actors.model.lifecycle import Lifecycle
from clocker_actors.model.messages import CancelParts, ChildChanged, Invoke
from clocker_actors.model.specs import ServiceSpec
from clocker_actors.model.updating import Adopt


class Owner(Protocol):
    """What the brood needs of its entity."""

    def tell(self, target_id: str, message: object) -> None: ...


class Brood:
    """Children by uid, with what they last said."""

    __slots__ = ("_adopting", "_news", "_of", "_ordered", "_owner", "digests", "roused", "said")

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._ordered: dict[Uid, str] = {}
        self._adopting: dict[Uid, str] = {}  # digest of what each was told to become last
        self._news: dict[Uid, None] = {}  # have said something since they were last compared with what they are to be
        self._of: object = None
        self.digests = Digests()
        self.said: dict[Uid, ChildChanged] = {}
        self.roused: set[Uid] = set()
        """Those that were anything but stopped since they were last told to do something: who is stopped now was stopped after that."""

    def order(self, children: Iterable[Uid], effector: str, cause: Cause, parent: str = "") -> None:
        """Have these children do this, unless it was their last order."""
        for child in children:
            if self._ordered.get(child) != effector:
                self._ordered[child] = effector
                self.roused.discard(child)
                self._owner.tell(child, Invoke(effector, {}, cause, parent))

    def order_anew(self, children: Iterable[Uid], effector: str, cause: Cause, parent: str, reply_to: str) -> None:
        """Have these children do this in any case, and say when they have."""
        for child in children:
            self._owner.tell(child, Invoke(effector, {}, cause, parent, reply_to))

    def adopt(self, wanted: Mapping[Uid, ServiceSpec], cause: Cause, activity: str = "", *, of: object = None) -> None:
        """Have children become what they are to be, those that say that they are something else; one that has not said anything yet will. As long as `of`,
        what it comes from, is the same, only those who have said something are looked at: there may be many."""
        children = [child for child in self._news if child in wanted] if of is not None and of is self._of else list(wanted)
        self._of = of
        self._news.clear()
        for child in children:
            spec = wanted[child]
            said, want = self.said.get(child), self.digests.of(spec)
            if said is not None and said.adopted not in {"", want} and self._adopting.get(child) != want:
                self.adopt_anew(child, spec, cause, activity)

    def adopt_anew(self, child: Uid, spec: ServiceSpec, cause: Cause, activity: str = "") -> None:
        """Have a child become this even if it has tried to: what it said of that try does not count."""
        said = self.said.get(child)
        if said is not None and said.update_failed:
            self.said[child] = replace(said, update_failed="")
        self._adopting[child] = self.digests.of(spec)
        self._owner.tell(child, Adopt(spec, cause, activity))

    def adopted(self, child: Uid, spec: ServiceSpec) -> bool:
        """Whether the child has said that this is what it is to be."""
        said = self.said.get(child)
        return said is not None and said.adopted == self.digests.of(spec)

    def take_back(self, children: Iterable[Uid], activity: Activity) -> None:
        """Have these children end what this activity led to."""
        for child in children:
            self._owner.tell(child, CancelParts(activity.id, activity.cause))

    def heard(self, message: ChildChanged) -> None:
        """A child said how it is."""
        self.said[message.child] = message
        self._news[message.child] = None
        if message.state is not Lifecycle.STOPPED:
            self.roused.add(message.child)

    def forget(self, child: Uid) -> None:
        """A child is gone."""
        self.said.pop(child, None)
        self.roused.discard(child)
        self.tell_again(child)

    def tell_again(self, child: Uid) -> None:
        """A child that was restarted has forgotten its order: it is told anew at the next occasion."""
        self._ordered.pop(child, None)
        self._adopting.pop(child, None)
        self._news[child] = None

    def reset_orders(self) -> None:
        """The next order is told even if it is the same as the last one."""
        self._ordered.clear()

    def are(self, children: Iterable[Uid], test: Callable[[ChildChanged], bool]) -> bool:
        """Whether all these children have said something that passes the test."""
        return all((said := self.said.get(child)) is not None and test(said) for child in children)

    def count(self, children: Iterable[Uid], test: Callable[[ChildChanged], bool]) -> int:
        """How many of these children have said something that passes the test."""
        return sum(1 for child in children if (said := self.said.get(child)) is not None and test(said))

    def stopped(self, children: Iterable[Uid]) -> bool:
        """Whether all these children are stopped."""
        return self.are(children, lambda said: said.state is Lifecycle.STOPPED)

    def words(self, children: Iterable[Uid], names: dict[Uid, str], test: Callable[[ChildChanged], bool]) -> str:
        """Names of the children that pass the test, with their problems, for people."""
        found = [(names.get(child, child), self.said[child]) for child in children if child in self.said and test(self.said[child])]
        return "; ".join(f"{name}: {'; '.join(dict.fromkeys(said.problems.values())) or said.state}" for name, said in found[:5])
