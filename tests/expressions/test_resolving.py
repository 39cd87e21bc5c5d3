"""What is an expression worth, while what it waits for comes, fails, or never comes?"""

import math
from dataclasses import dataclass, field, replace

import pytest

from clocker_actors.errors import BadRequest
from clocker_actors.expressions import Broken, Ready, Sealed, Seen, Waiting, references, resolve, unseal
from clocker_actors.expressions.options import WaitOptions
from clocker_actors.model.expressions import Expression, literal


@dataclass
class _View:
    now: float = 100.0
    since: float = 100.0
    seen: dict[tuple[str, str], Seen] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)

    def sensor(self, target: str, name: str) -> Seen | None:
        return self.seen.get((target, name))

    def entity_id(self, target: str) -> str | None:
        return self.ids.get(target)

    def location(self, target: str, index: int) -> str | None:
        return self.places.get(target) if index == 0 else None


def _wait(target: str, sensor: str, **options: object) -> Expression:
    rest = (literal(options),) if options else ()
    return Expression("attributeWhenReady", (Expression("target", value=target), literal(sensor), *rest))


_SECRET = Expression("external", (literal("vault"), literal("db-password")))


def test_a_reading_is_waited_for_until_it_is_there() -> None:
    view = _View()
    text = Expression("formatString", (literal("%s:%s"), _wait("db", "host.address"), literal(5432)))
    assert resolve(text, view) == Waiting((("db", "host.address"),), "waits for host.address of db", math.inf)
    view.seen["db", "host.address"] = Seen(value="", at=1)
    assert isinstance(resolve(text, view), Waiting)
    view.seen["db", "host.address"] = Seen(value="10.0.0.1", at=2)
    assert resolve(text, view) == Ready("10.0.0.1:5432")


def test_several_waits_are_told_at_once_and_once_each() -> None:
    found = resolve(Expression("list", (_wait("a", "x"), _wait("b", "y"), _wait("a", "x"))), _View())
    assert found == Waiting((("a", "x"), ("b", "y")), "waits for x of a; waits for y of b")


def test_what_is_not_truthy_counts_when_that_is_asked_for() -> None:
    view = _View(seen={("a", "x"): Seen(value=False)})
    assert isinstance(resolve(_wait("a", "x"), view), Waiting)
    assert resolve(_wait("a", "x", wait_for_truthy=False), view) == Ready(value=False)


@pytest.mark.parametrize(
    ("options", "seen", "ends"),
    [
        ({"timeout": "30s"}, Seen(), 130.0),
        ({"timeout": "forever"}, Seen(), math.inf),
        ({}, Seen(down_since=50.0), 160.0),
        ({}, Seen(down_since=120.0), 180.0),
        ({"timeout_if_down": "5s"}, Seen(down_since=50.0), 105.0),
        ({"timeout_if_down_initial": "5m"}, Seen(down_since=50.0), 400.0),
        ({}, Seen(fire_since=50.0), 115.0),
        ({}, Seen(fire_since=103.0), 103.0),
        ({"timeout_if_on_fire": "10s"}, Seen(fire_since=103.0), 113.0),
        ({"timeout_if_on_fire_initial": 1}, Seen(fire_since=50.0), 101.0),
        ({"abort_if_on_fire": False}, Seen(fire_since=50.0), math.inf),
        ({"timeout": "2m", "timeout_if_down": "10m"}, Seen(down_since=110.0), 220.0),
    ],
)
def test_each_option_ends_the_wait_at_its_time(options: dict[str, object], seen: Seen, ends: float) -> None:
    view = _View(seen={("a", "x"): seen})
    before = resolve(_wait("a", "x", **options), view)
    if ends <= view.now:
        assert isinstance(before, Broken)
    elif isinstance(before, Waiting):
        assert before.until == ends
    if math.isfinite(ends):
        view.now = ends
        found = resolve(_wait("a", "x", **options), view)
        assert isinstance(found, Broken)
        assert found.reason.startswith("x of a did not come: ")
        view.seen["a", "x"] = replace(seen, value=1)
        assert resolve(_wait("a", "x", **options), view) == Ready(1)


def test_options_that_are_wrong_are_told() -> None:
    for given, words in (
        ({"timout": 3}, "write timeout"),
        ({"timeout": "soon"}, "write a duration"),
        ({"timeout": -1}, "write a duration"),
        ({"abort_if_on_fire": 3}, "true or false"),
        ("5m", "write a map"),
    ):
        with pytest.raises(BadRequest, match=words):
            WaitOptions.of(given)


def test_ids_and_places() -> None:
    target = Expression("target", value="db")
    view = _View()
    both = Expression("list", (Expression("entityId", (target,)), Expression("location", (target,))))
    assert isinstance(resolve(both, view), Waiting)
    view.ids["db"], view.places["db"] = "uid-1", "host-1"
    assert resolve(both, view) == Ready(["uid-1", "host-1"])
    assert isinstance(resolve(Expression("location", (target, literal(1))), view), Waiting)


def test_a_secret_stays_sealed_until_it_is_used() -> None:
    text = Expression("formatString", (literal("%s:%s"), _wait("db", "host.address"), _SECRET))
    view = _View()
    assert isinstance(resolve(text, view), Waiting)
    view.seen["db", "host.address"] = Seen(value="10.0.0.1")
    found = resolve(text, view)
    assert isinstance(found, Sealed)
    assert "attributeWhenReady" not in repr(found)
    assert unseal(found.expression, lambda provider, key: f"{provider}/{key}!") == "10.0.0.1:vault/db-password!"


def test_what_cannot_be_worked_out_is_broken_with_its_reason() -> None:
    view = _View(seen={("a", "x"): Seen(value="word")})
    assert resolve(Expression("formatString", (literal("%d"), _wait("a", "x"))), view) == Broken(
        "formatString cannot write `word` as `%d`, which takes a whole number; write %s"
    )
    select = Expression("select", (_wait("a", "x"), literal("key")))
    assert isinstance(resolve(select, view), Broken)


def test_selectors_templates_and_predicates_of_readings() -> None:
    view = _View(seen={("a", "ends"): Seen(value=[{"host": "h", "port": 1}]), ("a", "n"): Seen(value=7)})
    first = Expression("select", (Expression("select", (_wait("a", "ends"), literal(0))), literal("host")))
    assert resolve(first, view) == Ready("h")
    data = Expression("map", (literal("attribute"), Expression("map", (literal("n"), _wait("a", "n")))))
    assert resolve(Expression("template", (literal("{{ attribute['n'] + 1 }}"), data)), view) == Ready("8")
    assert resolve(Expression("predicate", (_wait("a", "n"), literal({"greater-than": 6}))), view) == Ready(value=True)


def test_references_are_told_without_resolving() -> None:
    tree = Expression("list", (_wait("a", "x"), Expression("entityId", (Expression("target", value="b"),)), _wait("a", "x"), _SECRET))
    assert references(tree) == (("a", "x"), ("b", ""))
