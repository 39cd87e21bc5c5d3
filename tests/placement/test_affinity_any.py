"""Whatever rules there are and whoever comes and goes: does placement read the rules as somebody would who looks at every resident of every host?"""

from hypothesis import given, settings
from hypothesis import strategies as st

from clocker_actors.model.affinity import LABEL, ZONE, AffinityRule, Sense, Verb
from clocker_actors.model.identity import Uid
from clocker_actors.model.placements import HostView, Placement, PlacementRequest
from clocker_actors.placement.index import HostIndex
from clocker_actors.placement.pipeline import place, table
from tests.placement.samples import CAUSE, host, index_of

DOMAINS = ("", "", "", ZONE, LABEL + "rack")
TYPES = ("tomcat:8", "tomcat:9", "library/solr:5", "redis")
NAMED = {
    Verb.TYPE: ("tomcat", "library/solr", "redis"),
    Verb.NAME: ("web", "1"),
    Verb.ID: ("shop/web", "shop.web.1"),
    Verb.APPLICATION: ("shop", "u-blog"),
}
SOFT = (Sense.PREFER, Sense.AVOID, Sense.SPREAD)


@st.composite
def rules(draw: st.DrawFn, senses: tuple[Sense, ...] = tuple(Sense), domains: tuple[str, ...] = DOMAINS) -> AffinityRule:
    """Any rule the grammar can give."""
    sense = draw(st.sampled_from(senses))
    if sense in (Sense.EMPTY, Sense.NOT_EMPTY):
        return AffinityRule(sense.value, sense)
    verb = draw(st.sampled_from([Verb.TYPE, Verb.TYPE, Verb.NAME, Verb.ID, Verb.APPLICATION, Verb.CLUSTER, Verb.ANY]))
    named = NAMED.get(verb, ())
    parameter = draw(st.sampled_from((*named, *(() if verb is Verb.NAME else ("",)))))
    number = draw(st.integers(1, 3))
    domain = draw(st.sampled_from(domains))
    return AffinityRule(f"{sense} {number} {verb} {parameter} {domain}", sense, verb, parameter, number, domain)


hosts = st.lists(
    st.builds(
        lambda zone, rack, affinity: {"zone": zone, "labels": {"rack": rack} if rack else {}, "affinity": tuple(affinity)},
        st.sampled_from(["a", "b", ""]),
        st.sampled_from(["1", "2", ""]),
        st.lists(rules(tuple(sense for sense in Sense if sense not in SOFT), ("",)), max_size=1),
    ),
    min_size=1,
    max_size=5,
)


@st.composite
def members(draw: st.DrawFn) -> PlacementRequest:
    """A member of some cluster of some application, or of none."""
    app, service, number = draw(st.sampled_from(["shop", "blog"])), draw(st.sampled_from(["web", "db"])), draw(st.integers(0, 2))
    path = f"{app}/{service}/{number}" if number else f"{app}/{service}"
    return PlacementRequest(
        Uid(path.replace("/", ".")),
        draw(st.integers(1, 3)),
        Uid(f"u-{app}"),
        Uid(f"c-{app}-{service}" if number else ""),
        path,
        CAUSE,
        type=draw(st.sampled_from(TYPES)),
        affinity=tuple(draw(st.lists(rules(), max_size=3))),
    )


class Plain:
    """The plain reading: lists of who is where, looked through for every question."""

    def __init__(self, views: list[HostView]) -> None:
        self.views = views
        self.there: dict[Uid, list[PlacementRequest]] = {view.uid: [] for view in views}

    def fits(self, who: PlacementRequest, pool: tuple[AffinityRule, ...]) -> list[tuple[tuple[float, ...], int]]:
        """Sort key and number of every host that takes it, best first."""
        soft = list(dict.fromkeys(rule for rule in (*who.affinity, *pool) if rule.sense in SOFT))
        return sorted((self._key(view, who, soft), view.order) for view in self.views if self._accepted(view, who, pool))

    def _accepted(self, view: HostView, who: PlacementRequest, pool: tuple[AffinityRule, ...]) -> bool:
        own = all(self._holds(rule, view, who) for rule in who.affinity)
        return own and all(self._holds(rule, view, who) and not self._bars(rule, who) for rule in (*pool, *view.affinity))

    def _near(self, view: HostView, domain: str, who: PlacementRequest, verb: Verb) -> list[PlacementRequest]:
        near = [other for other in self.views if not domain or _value(other, domain) == _value(view, domain)] if domain else [view]
        everybody = [each for other in near for each in self.there[other.uid]]
        return everybody if verb is Verb.ID else [each for each in everybody if each.member != who.member]

    def _holds(self, rule: AffinityRule, view: HostView, who: PlacementRequest) -> bool:
        near = self._near(view, rule.domain, who, Verb.ANY)
        matching = [each for each in self._near(view, rule.domain, who, rule.verb) if _speaks_of(rule, each, who)]
        own = _speaks_of(rule, who, who)
        match rule.sense:
            case Sense.ONLY:
                return len(matching) >= len(near)
            case Sense.NONE:
                return not matching
            case Sense.AT_LEAST:
                everywhere = [each for there in self.there.values() for each in there if rule.verb is Verb.ID or each.member != who.member]
                known = sum(_speaks_of(rule, each, who) for each in everywhere)
                return len(matching) >= (min(rule.number, known) if own else rule.number)
            case Sense.AT_MOST:
                return len(matching) + own <= rule.number
            case Sense.NOT_EMPTY:
                return bool(near)
            case _:
                return True

    def _bars(self, rule: AffinityRule, who: PlacementRequest) -> bool:
        own = _speaks_of(rule, who, who)
        return bool(rule.parameter) and ((rule.sense is Sense.ONLY and not own) or (rule.sense is Sense.NONE and own))

    def _key(self, view: HostView, who: PlacementRequest, soft: list[AffinityRule]) -> tuple[float, ...]:
        score, spreads = 0, []
        for rule in soft:
            count = sum(_speaks_of(rule, each, who) for each in self._near(view, rule.domain, who, rule.verb))
            if rule.sense is Sense.SPREAD:
                spreads.append(count)
            elif count:
                score += -rule.number if rule.sense is Sense.PREFER else rule.number
        there = self.there[view.uid]
        return (score, *spreads, sum(each.cluster == who.cluster != "" for each in there), len(there))


def _value(view: HostView, domain: str) -> str:
    return view.zone if domain == ZONE else view.labels.get("rack", "")


def _simple(kind: str) -> str:
    return kind.rsplit("/", maxsplit=1)[-1].split(":", maxsplit=1)[0]


def _speaks_of(rule: AffinityRule, one: PlacementRequest, who: PlacementRequest) -> bool:
    verb, wanted = rule.verb, rule.parameter
    if verb is Verb.CLUSTER and not who.cluster:
        verb = Verb.TYPE
    match verb:
        case Verb.TYPE:
            return wanted in (one.type.split(":")[0], _simple(one.type)) if wanted else _simple(one.type) == _simple(who.type)
        case Verb.NAME:
            return wanted in one.name.split("/", 1)[1]
        case Verb.ID:
            return (one.name + "/").startswith(wanted + "/") or one.member == wanted if wanted else one.member == who.member
        case Verb.APPLICATION:
            return wanted in (one.name.split("/")[0], one.application) if wanted else one.application == who.application
        case Verb.CLUSTER:
            return one.cluster == who.cluster
        case _:
            return True


@settings(max_examples=300, deadline=None)
@given(
    seen=hosts,
    pool=st.lists(rules(), max_size=2).map(tuple),
    asked=st.lists(st.tuples(members(), st.sampled_from(["place", "place", "release", "occupy"])), min_size=1, max_size=15),
)
def test_every_choice_is_that_of_the_plain_reading(
    seen: list[dict[str, object]], pool: tuple[AffinityRule, ...], asked: list[tuple[PlacementRequest, str]]
) -> None:
    views = [host(number, **known) for number, known in enumerate(seen)]
    index, plain = index_of(*views), Plain(views)
    where: dict[tuple[Uid, int], tuple[PlacementRequest, Uid]] = {}
    for who, what in asked:
        old = where.pop((who.member, who.generation), None)
        if old is not None:
            plain.there[old[1]].remove(old[0])
        if what == "release":
            index.release(who.member, who.generation)
            continue
        if what == "occupy":
            chosen: Uid | None = views[-1].uid
            index.occupy(who, views[-1].uid, {})
        else:
            chosen = _placed(who, index, plain, pool)
        if chosen is not None:
            where[who.member, who.generation] = (who, chosen)
            plain.there[chosen].append(who)
    copy = HostIndex.of(index.hosts())
    for who, _ in asked[:3]:
        if (who.member, who.generation) not in where:
            assert _numbers(who, copy, pool) == [number for _, number in plain.fits(who, pool)] or any(
                held.member == who.member for held, _ in where.values()
            )


def _numbers(who: PlacementRequest, index: HostIndex, pool: tuple[AffinityRule, ...]) -> list[int]:
    return [int(each.host[1:]) for each in table(who, index, rules=pool) if each.accepted]


def _placed(who: PlacementRequest, index: HostIndex, plain: Plain, pool: tuple[AffinityRule, ...]) -> Uid | None:
    expected = plain.fits(who, pool)
    index.release(who.member, who.generation)
    assert _numbers(who, index, pool) == [number for _, number in expected]
    answer = place(who, index, (), rules=pool, decision_id="d1", at=1.0)
    trace = answer.decision.placement
    assert trace is not None
    assert sum(trace.refused.values()) + len(expected) == len(plain.views)
    if not isinstance(answer, Placement):
        assert not expected
        assert answer.decision.would_change
        return None
    assert answer.host == f"h{expected[0][1]}"
    return answer.host
