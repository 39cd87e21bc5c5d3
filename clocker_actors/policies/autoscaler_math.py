"""The arithmetic of the autoscaler: readings, size, bounds, windows and time in; what to do, and why, out.

    total = value * members in the value
    hot  (value > upper): ceil(total / upper)       cold (value < lower): floor(total / lower)
    clamp to the bounds, then to steps (increments, then iteration maxima), never back over the upper bound, then to the bounds again

What one reading asks for is a `Wish`. Wishes are recorded, and `settle` acts on what was wished for all through the stabilisation windows. Sizes are
members; what is counted as "size" is the size already asked for, because resizing does not wait.
"""

import math
from dataclasses import dataclass

from clocker_actors.model.values import Value, counted
from clocker_actors.policies.autoscaler_rules import FRESH_PERIODS, Load, Rules
from clocker_actors.policies.conclusion import Conclusion, amount, clock_time, seconds
from clocker_actors.policies.windows import GRAIN, SizeHistory


@dataclass(frozen=True, slots=True)
class Wish:
    """The size one reading asks for. `raw` is it before any clamping, steps the way there; sort is grow, shrink, ok, unknown ..."""

    sort: str
    size: int
    raw: int
    reason: str
    steps: tuple[str, ...] = ()
    clamped: tuple[str, ...] = ()


def unusable(load: Load, rules: Rules, now: float) -> Wish | None:
    """Why a load says nothing about now, with the sort of it; None if it does. The sizes of the answer are 0 and mean nothing."""
    age = now - load.at
    limit = FRESH_PERIODS * rules.period
    if load.problem:
        return Wish("unavailable", 0, 0, f"{load.name} is unavailable: {load.problem}")
    if not math.isfinite(load.value) or load.value < 0:
        return Wish("unavailable", 0, 0, f"{load.name} is {load.value}, which is not an amount of work")
    if age >= limit:
        return Wish("stale", 0, 0, f"{load.name} is {seconds(round(age, 1))} old; a reading must be younger than {seconds(limit)}")
    if load.count < 1 or 2 * load.count < load.of:
        return Wish("few", 0, 0, f"only {load.count} of {load.of} members report {load.name}; at least half must")
    return None


def wish(load: Load, size: int, rules: Rules) -> Wish:
    """The size this load asks for, beginning from `size`."""
    unit = load.unit
    says = f"{load.name} {amount(load.value, unit)}"
    if load.may_grow and load.upper is not None and load.value > load.upper:
        want = math.ceil(load.total / load.upper)
        reason = f"{says} is above {amount(load.upper, unit)}"
        steps = (_first_step(load, load.upper, want),)
        return _grow(Wish("grow", want, want, reason, steps), size, rules)
    if load.may_shrink and load.lower is not None and load.value < load.lower:
        want = math.floor(load.total / load.lower)
        reason = f"{says} is below {amount(load.lower, unit)}"
        if load.settling:
            return Wish("settling", size, want, f"{reason}, but {load.settling}")
        steps = (_first_step(load, load.lower, want),)
        return _shrink(Wish("shrink", want, want, reason, steps), load, size, rules)
    return Wish("ok", size, size, f"{says} is {_between(load)}")


def _first_step(load: Load, bound: float, want: int) -> str:
    how = "ceil" if load.upper == bound and load.value > bound else "floor"
    value, limit = amount(load.value, load.unit), amount(bound, load.unit)
    return f"{value} x {counted(load.count, 'member')} = {amount(load.total, load.unit)}; {how}(/ {limit}) = {want}"


def _between(load: Load) -> str:
    lower, upper = load.lower, load.upper
    if lower is not None and upper is not None:
        return f"between {amount(lower, load.unit)} and {amount(upper, load.unit)}"
    if upper is not None:
        return f"not above {amount(upper, load.unit)}"
    return f"not below {amount(lower, load.unit)}" if lower is not None else "of no consequence: neither bound is set"


def _grow(first: Wish, size: int, rules: Rules) -> Wish:
    want, steps, clamped = first.size, list(first.steps), []
    if rules.clamp(want) != want:
        clamped.append(f"{rules.bound_of(want)} (wanted {want})")
        want = rules.clamp(want)
        steps.append(f"clamped to {want} by {clamped[-1]}")
    if want > size:
        delta = _step_up(want - size, rules.up_increment)
        if delta != want - size:
            steps.append(f"rounded up to {size} + {delta}: steps of {rules.up_increment} (resizeUpIterationIncrement)")
        if rules.up_most is not None and delta > rules.up_most:
            clamped.append(f"resizeUpIterationMax {rules.up_most} (wanted {delta} more)")
            steps.append(f"clamped to {size} + {rules.up_most} by resizeUpIterationMax {rules.up_most}")
            delta = rules.up_most
        want = size + delta
        if rules.clamp(want) != want:
            clamped.append(f"{rules.bound_of(want)} (wanted {want})")
            want = rules.clamp(want)
            steps.append(f"clamped to {want} by {clamped[-1]}")
    if want > size:
        return Wish("grow", want, first.raw, first.reason, tuple(steps), tuple(clamped))
    if clamped:
        return Wish(
            "at-most", size, first.raw, f"{first.reason}, but {clamped[-1]} allows no more than {size}", tuple(steps), tuple(clamped)
        )
    return Wish("on-the-way", size, first.raw, f"{first.reason}, and the size asked for, {size}, suffices", tuple(steps))


def _shrink(first: Wish, load: Load, size: int, rules: Rules) -> Wish:
    want, steps, clamped = first.size, list(first.steps), []
    if rules.clamp(want) != want:
        clamped.append(f"{rules.bound_of(want)} (wanted {want})")
        want = rules.clamp(want)
        steps.append(f"clamped to {want} by {clamped[-1]}")
    thrash = ""
    if want < size:
        delta = _step_up(size - want, rules.down_increment)
        if delta != size - want:
            steps.append(f"rounded to {size} - {delta}: steps of {rules.down_increment} (resizeDownIterationIncrement)")
        if rules.down_most is not None and delta > rules.down_most:
            clamped.append(f"resizeDownIterationMax {rules.down_most} (wanted {delta} fewer)")
            steps.append(f"clamped to {size} - {rules.down_most} by resizeDownIterationMax {rules.down_most}")
            delta = rules.down_most
        want = max(size - delta, 0)
        kept = _not_hot_again(load, want, size, rules.down_increment)
        if kept != want:
            limit = amount(load.upper or 0.0, load.unit)
            thrash = f"{counted(want, 'member')} would be above {limit} at once, so {kept} stay"
            steps.append(thrash)
            want = kept
        if want < size and rules.clamp(want) != want:
            clamped.append(f"{rules.bound_of(want)} (wanted {want})")
            want = rules.clamp(want)
            steps.append(f"clamped to {want} by {clamped[-1]}")
    if want < size:
        return Wish("shrink", want, first.raw, first.reason, tuple(steps), tuple(clamped))
    if thrash:
        return Wish("thrash", size, first.raw, f"{first.reason}, but {thrash}", tuple(steps), tuple(clamped))
    if clamped:
        return Wish(
            "at-least", size, first.raw, f"{first.reason}, but {clamped[-1]} allows no fewer than {size}", tuple(steps), tuple(clamped)
        )
    return Wish("on-the-way", size, first.raw, f"{first.reason}, and the size asked for, {size}, is small enough", tuple(steps))


def _step_up(delta: int, increment: int) -> int:
    return -(-delta // increment) * increment


def _not_hot_again(load: Load, want: int, size: int, increment: int) -> int:
    """The smallest of want, want + increment ... that is not hot with this total; `size` if there is none below it."""
    if load.upper is None or load.total <= load.upper * want:
        return want
    want += max(0, math.ceil((load.total / load.upper - want) / increment) - 1) * increment
    while want < size and load.total > load.upper * want:
        want += increment
    return min(want, size)


def settle(asked: Wish, load: Load, history: SizeHistory, size: int, rules: Rules, now: float) -> Conclusion:
    """What to do now, given the wish just recorded in `history` and what was wished for before."""
    up_to = history.lowest(rules.up_window, now)
    down_to = history.highest(rules.down_window, now)
    target = size
    if size < up_to:
        target = min(rules.clamp(int(up_to)), size + (rules.up_most or int(up_to)))
    elif size > down_to:
        target = max(rules.clamp(int(down_to)), size - (rules.down_most or size))
    held, again = _held(asked, history, target, rules, now)
    inputs = _inputs(load, size, rules, asked)
    changes = (*_would_change(asked, load, size, rules), *held)
    if target != size:
        sort = "grow" if target > size else "shrink"
        steps = (
            asked.steps
            if target == asked.size
            else (*asked.steps, f"{_furthest(sort, history, load, rules, now)}, so {target} and not {asked.size}")
        )
        return Conclusion(sort, asked.reason, f"resize to {target}", target, inputs, steps, asked.clamped, changes, again)
    sort = f"held-{asked.sort}" if held else asked.sort
    reason = f"{asked.reason}; {held[0]}" if held else asked.reason
    steps = (*asked.steps, *(_furthest(asked.sort, history, load, rules, now) for _ in held[:1]))
    return Conclusion(sort, reason, "", None, inputs, steps, asked.clamped, changes, again)


def idle(asked: Wish, load: Load, size: int, rules: Rules) -> Conclusion:
    """The conclusion of a load that says nothing."""
    changes = {
        "unavailable": f"would decide once {load.name} has a value again",
        "stale": f"would decide on a newer reading of {load.name}",
        "few": f"would decide once {-(-load.of // 2)} of {load.of} members report",
    }
    told = changes.get(asked.sort)
    return Conclusion(asked.sort, asked.reason, inputs=_inputs(load, size, rules, None), would_change=(told,) if told else ())


def set_by_somebody(before: int, size: int, rules: Rules) -> Conclusion:
    """The conclusion of a size that this policy did not order: it stands at least until a whole window has wished for another."""
    held = tuple(
        f"would {verb} once that was wished for all through a {window:g} s window, which begins anew now"
        for verb, window in (("grow", rules.up_window), ("shrink", rules.down_window))
        if window
    )
    reason = f"the size was set to {size} by somebody else, it was {before}; what was wished for until now does not count"
    return Conclusion("set-by-somebody", reason, inputs={"before": before, "size": size}, would_change=held)


def out_of_bounds(size: int, rules: Rules) -> Conclusion | None:
    """A size outside the bounds, set by hand or left by a change of the bounds, is put right at once. The high-water mark does not count here."""
    bound = min(max(size, rules.least), rules.most)
    if bound == size:
        return None
    return Conclusion(
        "bounds",
        f"the size {size} is outside {rules.least} to {rules.most}",
        f"resize to {bound}",
        bound,
        {"size": size, "min": rules.least, "max": rules.most},
        (f"{size} clamped to {bound}",),
        (f"{rules.bound_of(size)} (was {size})",),
        (f"would leave {size} if the bounds allowed it",),
    )


def _held(asked: Wish, history: SizeHistory, target: int, rules: Rules, now: float) -> tuple[tuple[str, ...], float | None]:
    """What windows hold a change back until when, in words, and when to look again."""
    words, times = [], []
    for verb, window, since in (
        ("grow", rules.up_window, history.since(lambda level: level > target)),
        ("shrink", rules.down_window, history.since(lambda level: level < target)),
    ):
        if since is None or since + window <= now + GRAIN / 2:
            continue
        times.append(since + window)
        words.append(f"held by the {_window(verb, rules)} until {clock_time(since + window)} (would {verb} to {asked.size})")
    return tuple(words), min(times) if times else None


def _window(verb: str, rules: Rules) -> str:
    return f"{seconds(rules.up_window if verb == 'grow' else rules.down_window)} window"


def _furthest(verb: str, history: SizeHistory, load: Load, rules: Rules, now: float) -> str:
    """The wish of the window that counts there: not that of this reading, but the one that goes least far."""
    grow = verb == "grow"
    past = history.furthest(rules.up_window if grow else rules.down_window, now, highest=not grow)
    which = f"{'smallest' if grow else 'largest'} wish in the {_window(verb, rules)}"
    if past is None:
        return f"wishes are not known yet for the whole {_window(verb, rules)}"
    because = "" if past.value is None else f" ({load.name} {amount(past.value, load.unit)})"
    until = "" if past.until is None else f", until {clock_time(past.until)}"
    return f"the {which}: {counted(past.size, 'member')}, from {clock_time(past.since)}{because}{until}"


def _inputs(load: Load, size: int, rules: Rules, asked: Wish | None) -> dict[str, Value]:
    inputs: dict[str, Value] = {"metric": load.name, "value": load.value, "members": load.count, "of": load.of, "at": load.at, "size": size}
    inputs |= {"lower": load.lower, "upper": load.upper, "min": rules.least, "max": rules.most}
    if rules.mark is not None:
        inputs["mark"] = rules.mark
    if asked is not None:
        inputs["wanted"] = asked.raw
        if asked.size != asked.raw:
            inputs["wished"] = asked.size
    return inputs


def _would_change(asked: Wish, load: Load, size: int, rules: Rules) -> tuple[str, ...]:
    """What value would have led elsewhere, from this size and with these members."""
    words = []
    if load.upper is not None and load.may_grow and asked.sort != "grow":
        above = amount(max(load.upper, load.upper * size / load.count), load.unit)
        bound = rules.bound_of(size + 1) if size >= rules.ceiling else ""
        words.append(f"would grow above {above}" + (f" if {bound} allowed more than {size}" if bound else ""))
    if load.lower is not None and load.may_shrink and size > 0 and asked.sort != "shrink":
        below = min(load.lower, load.lower * size / load.count)
        if load.upper is not None:
            step = min(rules.down_increment, rules.down_most or rules.down_increment, size)
            below = min(below, load.upper * (size - step) / load.count)
        bound = rules.bound_of(size - 1) if size <= rules.least else ""
        what = f"would shrink below {amount(below, load.unit)}" if below > 0 else "would shrink only with no load at all"
        words.append(what + (f" if {bound} allowed fewer than {size}" if bound else ""))
    return tuple(words)
