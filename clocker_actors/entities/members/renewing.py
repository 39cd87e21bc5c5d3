"""A running member whose configuration has changed, because what it depends on has: files put anew in place, or a fresh generation, one member at a time.

    a value differs from what it was started with ──the same for a while──▶ files that reload: durable, put, reload
                                                        └──▶ its turn in the cluster ──an order for a newer generation; or, if no two of it may run at
                                                             a time, a restart──▶ READY with the new values ──▶ the next one's turn

A value that cannot be known now is taken as it was: nobody restarts because what it depends on is down for a while.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from clocker_actors.entities.filling import changed, files, fill, in_place, only
from clocker_actors.entities.lookouts import SELF
from clocker_actors.entities.members.whereabouts import place, some_place
from clocker_actors.entities.records import Desired, Generation
from clocker_actors.errors import Failure
from clocker_actors.expressions import references
from clocker_actors.model.decisions import Decision
from clocker_actors.model.dependencies import FilesPut, PutFiles
from clocker_actors.model.expressions import Filled, OnChange
from clocker_actors.model.generations import Phase
from clocker_actors.model.identity import Cause
from clocker_actors.model.messages import Invoke
from clocker_actors.model.specs import ContainerSpec
from clocker_actors.planning.moving import manner

if TYPE_CHECKING:
    from clocker_actors.entities.members.member import Member

PUT_AGAIN = 5.0
RENEW = "renew"
COMPARED = frozenset({Phase.READY, Phase.UNWELL, Phase.DIED})
"""Phases in which it has what it was started with, and may have to begin anew because of that."""

NEEDED = frozenset({Phase.READY, Phase.UNWELL})
"""Phases in which it serves, or may soon again: it goes when a new one is ready."""
BEGINNING = frozenset({Phase.STARTED, Phase.READY})
"""Phases of a start in which it may be told what it may wait for: files that reload are put, and nothing else is done."""


class RenewNow:
    """Timer message: the values have been the same for long enough."""


class PutAgain:
    """Timer message: try once more to put files into the container."""


class Renewal:
    """Of one member."""

    __slots__ = ("_ask", "_due", "_impossible", "_member", "_told", "_wanted")

    def __init__(self, member: "Member") -> None:
        self._member = member
        self._wanted: Filled | None = None  # what it should have been started with; held back until it is stable
        self._due = False  # it is stable
        self._told = False  # its host was told which files to put
        self._ask = ""  # how
        self._impossible: tuple[str, ...] = ()  # files that could not be put in place

    def reconcile(self) -> None:
        """Compare what it was started with and what it would be started with now; idempotent."""
        member, current = self._member, self._member.state.current
        container = member.state.spec.container
        if container is None or not container.late:
            return
        if member.state.desired is not Desired.RUNNING:
            self._rest()
        elif current is not None and current.was is not None:
            self._rest()  # it gets a new container anyway, or changes first
        elif current is None:
            if member.blocked and member.state.filled is not None:
                self._retry(container, member.state.filled)
        elif member.state.arriving is None and member.phase in (COMPARED if current.ready_once and not member.settling else BEGINNING):
            self._compare(current, container)

    def due(self) -> None:
        """It was the same all the time."""
        self._due = True
        self._member.settle()

    def host_forgot(self) -> None:
        """What was told to the host may be forgotten."""
        self._told = False

    def put_again(self) -> None:
        """The pause after a failure is over."""
        self._told = False
        self._member.settle()

    # --- what differs

    def _compare(self, current: Generation, container: ContainerSpec) -> None:
        member = self._member
        if current.putting and not self._told:
            self._put(current, container)
        now = member.waits.filled(container, place(current), current.filled)
        fields = changed(current.filled, now) if now is not None else ()
        if member.state.spec.on_change is OnChange.KEEP:
            fields = in_place(container, fields, OnChange.KEEP)
        if not current.ready_once or member.settling:
            fields = tuple(field for field in in_place(container, fields, OnChange.RESTART) if field not in self._impossible)
            now = only(fields, current.filled, now) if now is not None and (fields or not member.turn.holds(RENEW)) else None
            if now is None:
                return  # it may be its turn in the cluster until it is ready
        if now is None or not fields:
            self._rest()
            return
        if now != self._wanted:
            self._wanted, self._due = now, False
            member.updating.forgive(RENEW)
            member.after(RENEW, member.state.spec.change_delay, RenewNow())
        elif self._due:
            self._act(current, container, now, fields)

    def _retry(self, container: ContainerSpec, last: Filled) -> None:
        """It could not be started with what it was given: with other values perhaps it can. Its own place is another one each time."""
        member = self._member
        own = {late.field for late in container.late if any(target == SELF for target, _ in references(late.expression))}
        now = member.waits.filled(container, some_place(container), last)
        fields = tuple(field for field in changed(last, now) if field not in own) if now is not None else ()
        if now is None or not fields:
            self._rest()
        elif now != self._wanted:
            self._wanted, self._due = now, False
            member.after(RENEW, member.state.spec.change_delay, RenewNow())
        elif self._due:
            self._restart(container, fields)

    def _restart(self, container: ContainerSpec, fields: tuple[str, ...]) -> None:
        self._due = False
        cause = self._decide("restart", fields, container)
        self._member.tell(self._member.uid, Invoke("restart", {}, cause))

    def _rest(self) -> None:
        """There is nothing to do: who waits for its turn may have it."""
        if self._wanted is not None:
            self._member.cancel_timer(RENEW)
            self._wanted, self._due, self._impossible = None, False, ()
            self._member.updating.forgive(RENEW)
        self._member.turn.done(RENEW)

    def _act(self, current: Generation, container: ContainerSpec, now: Filled, fields: tuple[str, ...]) -> None:
        member = self._member
        here = in_place(container, fields, member.state.spec.on_change)
        if here == fields and not set(fields) & set(self._impossible):
            self._due, self._told = False, False
            self._ask = ""  # an answer that is under way is of other files
            self._decide("put files", fields, container)
            state = replace(current, filled=only(fields, current.filled, now), putting=tuple(dict.fromkeys((*current.putting, *fields))))
            member.change(replace(member.state, current=state, filled=state.filled))
        elif member.turn.want(RENEW):
            if member.phase in NEEDED and manner(member.state.spec, container, same_host=False).start_first:
                self._renew(current, container, fields)
            else:
                self._restart(container, fields)

    def _renew(self, current: Generation, container: ContainerSpec, fields: tuple[str, ...]) -> None:
        """A generation with the new values beside the one that serves, which goes when that is ready."""
        self._due = False
        cause = self._decide(RENEW, fields, container)
        self._member.moving.orders.renew(RENEW, cause, "", current.number)

    def _decide(self, action: str, fields: tuple[str, ...], container: ContainerSpec) -> Cause:
        member, lookouts = self._member, self._member.waits.lookouts
        depend = (references(late.expression) for late in container.late if late.field in fields)
        on = dict.fromkeys(pair for pairs in depend for pair in pairs if pair[1])
        readings = {pair: reading for pair in on if (reading := lookouts.reading(*pair)) is not None}
        newest = max(readings.values(), key=lambda reading: reading.at, default=None)
        words = [f"{sensor} of {lookouts.path(target)} is {reading.value} now" for (target, sensor), reading in readings.items()]
        decision = Decision(
            id=member.ids.decision(),
            subject=member.uid,
            by=member.uid,
            kind=RENEW,
            at=member.now,
            action=action,
            reason=f"{', '.join(fields)} changed since generation {member.state.number} was started: {'; '.join(words[:5]) or 'other secrets'}",
            cause=Cause(newest.id) if newest is not None else member.cause,
            inputs={"fields": list(fields), "stable_s": member.state.spec.change_delay},
            would_change=("`onChange: keep` leaves what runs as it is",) if action in {"restart", RENEW} else (),
        )
        member.decided(decision, acted=True)
        return Cause(decision.id, "system")

    # --- files in place

    def _put(self, current: Generation, container: ContainerSpec) -> None:
        member = self._member
        self._told = True
        whole = fill(container, current.filled)
        sealed = tuple(late for late in current.filled.sealed if late.field in current.putting)
        self._ask = member.ids.question()
        message = PutFiles(member.uid, current.number, files(whole, current.putting), member.cause, sealed, self._ask)
        member.tell(current.host, message)

    def files_put(self, message: FilesPut) -> None:
        """The container has them, or cannot have them: then a new one is needed, if that is allowed."""
        member, current = self._member, self._member.state.current
        if current is None or message.ask != self._ask or not current.putting:
            return
        self._ask = ""
        failure = message.failure
        if failure is not None and failure.transient:
            member.after("put-files", PUT_AGAIN, PutAgain())
            return
        putting, self._told = current.putting, False
        filled = current.filled
        if failure is not None:
            self._note_failure(failure)
        if failure is not None and member.state.spec.on_change is OnChange.RESTART:
            # As if they had never been tried: the next comparison finds that they differ, and restarts.
            self._impossible = putting
            filled = only(putting, filled, Filled())
        member.change(replace(member.state, current=replace(current, putting=(), filled=filled)))

    def _note_failure(self, failure: Failure) -> None:
        """For people: no problem of the service, which runs as it did."""
        member = self._member
        restarts = member.state.spec.on_change is OnChange.RESTART
        after = "it is restarted instead" if restarts else "it goes on with what it has read before, until it is started anew"
        reason = f"its files could not be put into the running container: {failure.message}; {after}"
        decision = Decision(member.ids.decision(), member.uid, member.uid, RENEW, member.now, "", reason, member.cause)
        member.decided(decision, acted=False)
