"""The autoscaler: hears how hard the members of a cluster work, and orders another size.

                     reading: another size is wished for      window and pause are over             activity ended
          ┌──────┐ ──────────────────────────────────▶ ┌─────────┐ ─────────────────▶ ┌────────┐ ───────────────▶ ┌───────────┐
          │ IDLE │                                     │ WAITING │   Invoke(resize)   │ ACTING │                  │ COOL-DOWN │
          └──────┘ ◀────────────────────────────────── └─────────┘                    └────────┘                  └───────────┘
              ▲       the wish lapsed                                                                                   │
              └──────────────────────────────────────── minPeriodBetweenExecs is over ──────────────────────────────────┘

It does not stop listening while ACTING: a size wished for meanwhile is ordered too, and supersedes the unfinished one. What is wished for is
worked out in `autoscaler_math`; this file listens, remembers, waits and orders. "Size" is the size asked for, by us or by anybody else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from clocker_actors.kernel import Answered, RequestFailed, TimedOut, past
from clocker_actors.model import sensors
from clocker_actors.model.activities import Activity
from clocker_actors.model.generations import WatchClosely
from clocker_actors.model.identity import Cause, Uid
from clocker_actors.model.lifecycle import Lifecycle
from clocker_actors.model.messages import TOPIC_MEMBERS, ActivityEnded, MembersChanged, Notified, SensorChanged
from clocker_actors.model.sensors import Reading
from clocker_actors.model.values import Value, as_number
from clocker_actors.policies import autoscaler_loads
from clocker_actors.policies.autoscaler_keys import AUTOSCALER, MARK, RESIZE, check
from clocker_actors.policies.autoscaler_mark import SHORT
from clocker_actors.policies.autoscaler_math import Wish, idle, out_of_bounds, set_by_somebody, settle, unusable, wish
from clocker_actors.policies.autoscaler_memory import Memory
from clocker_actors.policies.autoscaler_rules import FRESH_PERIODS, Bounds, Load, Rules
from clocker_actors.policies.autoscaler_sizes import Order, Sizes
from clocker_actors.policies.autoscaler_source import AskWho, MetricSource
from clocker_actors.policies.autoscaler_waits import held, no_reading, not_at_work, paused
from clocker_actors.policies.base import SAME_AGAIN, PolicyActor
from clocker_actors.policies.conclusion import Conclusion
from clocker_actors.policies.windows import GRAIN

SEEN_EACH = 5.0
"""Seconds after which it is kept once more that somebody looks; a pause of so many more than a reading counts is no gap in what was wished for."""
_AT_WORK = frozenset({"", Lifecycle.RUNNING, Lifecycle.ON_FIRE})
_FACTS = (sensors.GROUP_MIN, sensors.GROUP_MAX, sensors.GROUP_HELD, sensors.GROUP_SIZE, sensors.GROUP_UP, sensors.SERVICE_EXPECTED)


@dataclass(frozen=True, slots=True)
class LookAgain:
    """A window, a pause or a notification delay is over."""


@dataclass(frozen=True, slots=True)
class NoNews:
    """Nothing was heard of the metric for as long as a reading counts."""


class AutoScaler(PolicyActor):
    """See the drawing. Durable: wishes inside windows, time of the last resize, orders under way, high-water mark, whether "max reached" was said."""

    type = AUTOSCALER
    check = staticmethod(check)

    def begin(self) -> None:
        self.memory = Memory.of(self.kept, self.config[MARK], self.now)
        self.config[MARK] = self.memory.mark.size
        self.sizes = Sizes.of(self.kept.get("orders"), self.now)
        self.bounds = Bounds()
        self.members = 0
        self.up = 0
        self.expected = ""
        self.held = ""
        self.load: tuple[Load, Cause] | None = None
        self.evaluated_at = self._looked_last()
        self.waiting_until: float | None = None
        self.watched: tuple[Uid, ...] = ()
        self.listening_since = self.now
        self.metric_of = MetricSource(self, str(self.entity))
        self.metric_of.look(self.text_of("entityWithMetric"))
        self._subscribe()
        self._await_news()

    def _looked_last(self) -> float | None:
        """When the manager before looked last, if that is so long ago that nobody knows what was to be wished for since; None if it goes on where that ended."""
        seen, self.seen_at = past(self.kept.get("seen_at"), self.now), self.now
        return seen if seen is not None and self.now - seen > FRESH_PERIODS * self.rules.period + SEEN_EACH else None

    def waits_for(self, decisions: frozenset[str]) -> None:
        if self.sizes.waits_for(decisions):
            self._keep_all(self.rules)

    def _topics(self) -> tuple[tuple[str, str], ...]:
        own = str(self.entity)
        facts = (self.text_of("currentSizeOperator"), *(sensor.name for sensor in _FACTS))
        events = (self.text_of("poolHotSensor"), self.text_of("poolColdSensor"), self.text_of("poolOkSensor"), TOPIC_MEMBERS)
        metric = self.text_of("metric")
        return (*((own, topic) for topic in (*facts, *events) if topic), *(((self.source, metric),) if metric else ()))

    def _subscribe(self) -> None:
        for publisher, topic in self._topics():
            self.subscribe(publisher, topic)

    @property
    def source(self) -> str:
        """Uid of the entity that has the metric."""
        return self.metric_of.uid

    @property
    def size(self) -> int | None:
        """Members asked for; None while nobody has said."""
        return self.sizes.now(self.now)

    @property
    def rules(self) -> Rules:
        """The configuration as the arithmetic needs it, within what the cluster takes if it is the cluster that is asked."""
        rules = Rules.of(self.config, self.memory.mark.size)
        return self.bounds.within(rules) if self.text_of("resizeOperator") == RESIZE else rules

    # --- messages

    def take(self, message: object) -> object:
        match message:
            case SensorChanged():
                self._heard(str(message.entity), message.reading)
            case Notified():
                self._pool_event(message)
            case ActivityEnded():
                self._ended(message.activity)
            case LookAgain():
                self.waiting_until = None
                self._evaluate()
            case NoNews():
                self._no_news()
            case MembersChanged():
                self._watch(message.members)
            case Answered() | RequestFailed() | TimedOut():
                if self.metric_of.answered(message):
                    self._subscribe()
            case AskWho():
                self.metric_of.ask()
            case _:
                return super().take(message)
        return None

    def _heard(self, entity: str, reading: Reading) -> None:
        cause = Cause(reading.id)
        if entity == self.entity:
            self._heard_fact(reading, cause)
        if entity == self.source and reading.sensor == self.config["metric"]:
            up = self.up or self.members or self.size or 1
            self.load = (autoscaler_loads.of_reading(reading, self.rules, up), cause)
            self._evaluate()

    def _heard_fact(self, reading: Reading, cause: Cause) -> None:
        number = as_number(reading.value)
        if reading.sensor == self.config["currentSizeOperator"] and number is not None:
            replaced = self.sizes.heard(int(number))
            if replaced is not None:
                self._set_by_somebody(replaced, int(number), cause)
            self._correct(cause)
        elif reading.sensor == sensors.GROUP_MIN.name and number is not None:
            self._bounded(replace(self.bounds, least=int(number)), cause)
        elif reading.sensor == sensors.GROUP_MAX.name and number is not None:
            self._bounded(replace(self.bounds, most=int(number)), cause)
        elif reading.sensor == sensors.GROUP_SIZE.name and number is not None:
            self.members = int(number)
        elif reading.sensor == sensors.GROUP_HELD.name:
            self._held(str(reading.value or ""), cause)
        elif reading.sensor == sensors.GROUP_UP.name and number is not None:
            self.up = int(number)
        elif reading.sensor == sensors.SERVICE_EXPECTED.name:
            before, self.expected = self.expected, str(reading.value or "")
            if before != self.expected and self.expected not in _AT_WORK and not self.suspended:
                self.decide("autoscale", not_at_work(self.expected), cause)
            self._correct(cause)

    def _held(self, words: str, cause: Cause) -> None:
        """Somebody holds the size for a while, or it is ours again: what was wished for meanwhile was not to be had, and counts for nothing."""
        before, self.held = self.held, words if self.text_of("resizeOperator") == RESIZE else ""
        if self.held and self.held != before and not self.suspended:
            self.decide("autoscale", held(self.held), cause)
        elif before and not self.held:
            self.memory.wishes.clear()
            self.evaluated_at = None
            self._correct(cause)

    def _bounded(self, bounds: Bounds, cause: Cause) -> None:
        """The cluster says what sizes it takes."""
        if bounds != self.bounds:
            self.bounds = bounds
            self._correct(cause)

    def _watch(self, members: tuple[Uid, ...]) -> None:
        """Have the members read as often as the metric is to be measured."""
        self.watched = members
        self._watch_closely(self.rules.period if self.source == self.entity else None)

    def _watch_closely(self, period: float | None) -> None:
        for member in self.watched:
            self.tell(member, WatchClosely(member, period, self.id))

    def on_stop(self) -> None:
        """Removed: nobody needs the members' numbers so often any more."""
        self._watch_closely(None)

    def _pool_event(self, event: Notified) -> None:
        hot, cold = event.sensor == self.config["poolHotSensor"], event.sensor == self.config["poolColdSensor"]
        if event.entity == self.entity and (hot or cold or event.sensor == self.config["poolOkSensor"]):
            self.load = (
                autoscaler_loads.of_event(event, hot=hot, cold=cold),
                Cause(event.id, event.cause.principal),
            )
            self._evaluate()

    # --- deciding

    def _evaluate(self) -> None:
        size = self.size
        if self.load is None or size is None or self.suspended or self.held or self.expected not in _AT_WORK:
            return
        self.memory.mark.lapse(self.now)
        self.config[MARK] = self.memory.mark.size
        (load, cause), rules, now = self.load, self.rules, self.now
        load = replace(load, settling=self._settling(load))
        asked = unusable(load, rules, now)
        if asked is not None:
            self._record(size, size, size, rules)
            self.decide("autoscale", idle(asked, load, size, rules), cause)
            self._wait(None)
        else:
            asked = wish(load, size, rules)
            self._record(size, asked.size, asked.raw, rules, load.value)
            concluded = settle(asked, load, self.memory.wishes, size, rules, now)
            pause = paused(concluded, rules, self.memory.last_order, self.sizes.failed, now)
            if concluded.target is None or pause is not None:
                self.decide("autoscale", pause or concluded, cause)
            else:
                self._order(concluded, cause)
            self._wait((pause or concluded).again)
            self._tell_max(asked, rules, cause)
        self._await_news()
        self._keep_all(rules)
        self.note()

    def _await_news(self) -> None:
        """Silence has to be told, too: a metric that never comes would otherwise look like peace."""
        if self.text_of("metric"):
            self.after("silent", max(FRESH_PERIODS * self.rules.period, SAME_AGAIN if self.load is None else 0.0), NoNews())

    def _no_news(self) -> None:
        missing = self.text_of("currentSizeOperator") if self.size is None else self.text_of("metric") if self.load is None else ""
        if missing and not self.suspended and self.expected in _AT_WORK:
            self.decide("autoscale", no_reading(missing, self.now - self.listening_since), Cause("silence", self.id))
        elif not missing:
            self._evaluate()
        self.after("silent", SAME_AGAIN, NoNews())

    def _settling(self, load: Load) -> str:
        if self.sizes.shrinking(self.now):
            return "a shrink is still under way"
        return "it was measured before the last shrink had ended" if load.at <= self.memory.shrunk_at else ""

    def _record(self, size: int, wished: int, raw: int, rules: Rules, measured: float | None = None) -> None:
        """Record what was wished for; a gap in the readings counts as no wish for change."""
        now, limit = self.now, FRESH_PERIODS * rules.period
        for history, value in ((self.memory.wishes, wished), (self.memory.max.wanted, raw)):
            if self.evaluated_at is not None and now - self.evaluated_at > limit:
                history.record(self.evaluated_at + limit, size)
            history.record(now, value, measured)
        self.evaluated_at = now
        self.memory.wishes.forget(now - max(rules.up_window, rules.down_window))
        self.memory.max.wanted.forget(now - self.seconds_of("maxReachedNotificationDelay"))

    def _wait(self, until: float | None) -> None:
        self.waiting_until = until
        if until is None:
            self.cancel_timer("again")
        else:
            self.after("again", max(until - self.now, GRAIN), LookAgain())

    def _order(self, concluded: Conclusion, cause: Cause, kind: str = "autoscale") -> None:
        target, before = concluded.target, self.size
        decision = self.decide(kind, concluded, cause)
        if target is None or before is None or decision is None:
            return
        self.sizes.order(decision.id, Order(before, target, self.now))
        self.memory.last_order = self.now
        self.invoke(self.text_of("resizeOperator"), {"size": target}, decision)

    def _set_by_somebody(self, before: int, size: int, cause: Cause) -> None:
        """What was wished for of another size says nothing about this one: it would undo at once what somebody has just set."""
        self.memory.wishes.clear()
        self.evaluated_at = None
        if not self.suspended and self.expected in _AT_WORK:
            self.decide("autoscale", set_by_somebody(before, size, self.rules), cause)
        self._keep_all(self.rules)

    def _correct(self, cause: Cause) -> None:
        """Put a size outside the bounds right at once."""
        size = self.size
        if size is None or self.suspended or self.held or self.expected not in _AT_WORK:
            return
        concluded = out_of_bounds(size, self.rules)
        if concluded is not None:
            self._order(concluded, cause, "bounds")
            self._keep_all(self.rules)
            self.note()

    def _tell_max(self, asked: Wish, rules: Rules, cause: Cause) -> None:
        """Fire the notification once each time that more than the bound was wanted for the whole delay."""
        sensor = self.text_of("maxSizeReachedSensor")
        delay = self.seconds_of("maxReachedNotificationDelay")
        since, again = self.memory.max.look(rules.most, delay, self.now) if sensor else (None, None)
        if again is None:
            self.cancel_timer("max")
        else:
            self.after("max", again - self.now, LookAgain())
        if since is not None:
            value = {"pool.current.size": self.size, "pool.max.size": rules.most, "wanted": asked.raw, "since": since}
            self.emit(sensor, value, Cause(cause.id, self.id))

    # --- what came of it

    def _ended(self, activity: Activity) -> None:
        order = self.sizes.ended(activity)
        if order is None:
            return
        if order.target < order.before:
            self.memory.shrunk_at = self.now
        if self.sizes.failed and order.target > order.before and SHORT in activity.problem.lower():
            self._mark(order, activity)
        self._keep_all(self.rules)
        self.note()

    def _mark(self, order: Order, activity: Activity) -> None:
        """As many as are up is the most there is room for: no more is tried, and what found no room is not waited for."""
        mark, size = min(max(self.up, order.before), order.target - 1), self.size
        self.memory.mark.found(mark, self.now)
        self.config[MARK] = mark
        least = max(mark, self.rules.least)  # below its lower bound it would only be put right again, and find no room again
        if size is not None and size > least and not self.suspended:
            self._order(self.memory.mark.conclusion(size, least, activity, self.now), Cause(activity.id), "capacity")

    # --- rest, configuration, memory

    def rested(self) -> None:
        self._wait(None)
        self.cancel_timer("max")

    def resumed(self, cause: Cause) -> None:
        self.memory.begin_windows()
        self.evaluated_at = None
        self.load = None
        self.listening_since = self.now
        self._await_news()
        self._correct(cause)

    def reconfigured(self, old: Mapping[str, Value], cause: Cause) -> None:
        if any(old[key] != self.config[key] for key in ("metric", "entityWithMetric")):
            self.unsubscribe(self.source, str(old["metric"]))
            self.metric_of.look(self.text_of("entityWithMetric"))
            self.memory.begin_windows()
            self.load = None
            self.listening_since = self.now
        if old[MARK] != self.config[MARK]:
            self.memory.mark.given(self.config[MARK])
        self._subscribe()
        self._await_news()
        self._watch(self.watched)
        self._correct(cause)
        self._keep_all(self.rules)

    def _keep_all(self, rules: Rules) -> None:
        delay = bool(self.seconds_of("maxReachedNotificationDelay"))
        kept = self.memory.encoded(windows=bool(rules.up_window or rules.down_window), delay=delay)
        if self.now - self.seen_at >= SEEN_EACH:
            self.seen_at = self.now
        self.keep({**kept, "orders": self.sizes.encoded, "seen_at": self.seen_at})

    def status(self) -> Mapping[str, Value]:
        return {
            "phase": self._phase(),
            "size": self.size,
            "last_order": self.memory.last_order,
            "high_water_mark": self.memory.mark.size,
            "waiting_until": self.waiting_until,
        }

    def _phase(self) -> str:
        if self.sizes.orders:
            return "acting"
        if self.waiting_until is not None:
            return "waiting"
        cooling = self.memory.last_order is not None and self.now < self.memory.last_order + self.rules.pause
        return "cool-down" if cooling else "idle"
