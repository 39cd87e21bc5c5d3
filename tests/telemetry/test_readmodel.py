"""Does the read model say what is, and find what people type?"""

import pytest

from clocker_actors.errors import NotFound
from clocker_actors.model.activities import ActivityState
from clocker_actors.model.identity import EntityKind, Uid
from clocker_actors.model.noted import EntityGone, PolicyNoted
from clocker_actors.model.sensors import Reading
from clocker_actors.telemetry.readmodel import GONE_KEPT, ReadModel
from tests.telemetry.samples import NOW, activity, decision, entity, readings, shop


def test_uid_and_path_lead_to_the_same_entity() -> None:
    model = shop()
    assert model.resolve("c2") == model.resolve("shop/web") == model.resolve("/shop/web/") == Uid("c2")
    assert model.entry("shop/web").kind is EntityKind.CLUSTER
    assert [child.uid for child in model.children("c2")] == ["m3", "m4"]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("shop/wbe", ["'shop/wbe'", "in shop", "shop/web"]),
        ("shopp", ["'shopp'", "try shop"]),
        ("shop/web/9", ["in shop/web;", "shop/web/1"]),
        ("c99", ["'c99'", "try"]),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(asked: str, words: list[str]) -> None:
    with pytest.raises(NotFound) as caught:
        shop().resolve(asked)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_an_empty_manager_says_where_to_look() -> None:
    with pytest.raises(NotFound, match="clocker tree"):
        ReadModel().resolve("shop")


def test_a_path_may_pass_to_another_entity() -> None:
    model = shop()
    model.note(entity("m4", "shop/web/1", "c2"), NOW)
    model.note(entity("m3", "shop/web/9", "c2"), NOW)
    assert model.resolve("shop/web/1") == "m4"
    assert model.resolve("shop/web/9") == "m3"
    with pytest.raises(NotFound):
        model.resolve("shop/web/2")


def test_a_name_that_is_also_a_uid_means_what_is_named_so() -> None:
    model = shop()
    model.note(entity("a9", "m3"), NOW)
    assert model.resolve("m3") == "a9"
    assert model.resolve("m3", uid_first=True) == "m3"
    assert model.resolve("a9") == "a9"


def test_what_is_gone_is_remembered_by_uid_for_a_while() -> None:
    model = shop()
    model.note(EntityGone(Uid("m4"), NOW + 5), NOW + 5)
    assert [child.uid for child in model.children("c2")] == ["m3"]
    assert model.entry("m4").gone == NOW + 5
    with pytest.raises(NotFound):
        model.resolve("shop/web/2")
    for number in range(GONE_KEPT):
        model.note(entity(f"k-{number}", f"x/{number}", "h6"), NOW)
        model.note(EntityGone(Uid(f"k-{number}"), NOW), NOW)
    with pytest.raises(NotFound):
        model.resolve("m4")


def test_readings_of_what_is_gone_are_dropped() -> None:
    model = shop()
    model.note(EntityGone(Uid("k7"), NOW), NOW)
    model.note(readings("k7", pids=3), NOW)
    assert model.entry("k7").sensors == {}


def test_numeric_sensors_are_counted_by_kind() -> None:
    model = shop()
    model.note(readings("k7", pids=3, container__state="running"), NOW)
    model.note(readings("k8", pids=4, service__isUp=True), NOW)
    assert model.numeric == {(EntityKind.CONTAINER, "pids"): 2, (EntityKind.CONTAINER, "service.isUp"): 1}
    model.note(readings("k8", pids=None), NOW + 1)
    model.note(EntityGone(Uid("k7"), NOW), NOW)
    assert model.numeric == {(EntityKind.CONTAINER, "service.isUp"): 1}


def test_an_unavailable_sensor_has_no_value_but_its_last_is_kept() -> None:
    model = shop()
    model.entry("h6").sensors["host.cpu"] = Reading("host.cpu", 12.0, NOW, unavailable="the host does not answer")
    assert model.entry("h6").value("host.cpu") is None
    assert model.entry("h6").sensors["host.cpu"].value == 12.0


def test_policies_are_kept_until_removed() -> None:
    model = shop()
    model.note(PolicyNoted(Uid("c2"), "scaler", "autoscaler", "policy", "running", {"max": 3}), NOW)
    assert model.entry("c2").policies["scaler"].config == {"max": 3}
    model.note(PolicyNoted(Uid("c2"), "scaler", "autoscaler", "policy", "removed"), NOW)
    assert model.entry("c2").policies == {}


def test_history_is_kept_for_clusters_and_pools_only() -> None:
    model = shop()
    for second in range(700):
        model.note(readings("c2", NOW + second, cpu__mean__average=float(second)), NOW)
        model.note(readings("k7", NOW + second, cpu__mean=float(second)), NOW)
    points = model.history.of(Uid("c2"), "cpu.mean.average")
    assert len(points) == 600
    assert points[0] == (NOW + 100, 100.0)
    assert points[-1] == (NOW + 699, 699.0)
    assert model.history.of(Uid("k7"), "cpu.mean") == []
    assert model.history.values_at(Uid("c2"), "cpu.mean.average", NOW + 650) == {650.0}


def test_what_is_remembered_is_bounded_as_the_settings_say() -> None:
    model = ReadModel(events=10, activities=20, decisions=10)
    model.note(entity("c2", "shop/web"), NOW)
    for number in range(40):
        model.note(activity(number, f"m{number}", ActivityState.DONE), NOW)
        model.note(decision(2 * number, f"m{number}", "resize to 2"), NOW)
        model.note(decision(2 * number + 1, f"m{number}"), NOW)
    acted = [found for found in model.decisions.all() if found.action]
    assert (len(model.activities.all()), len(acted), len(model.decisions.all())) == (20, 6, 10)
    assert len(model.events.since(model.events.number - 10) or ()) == 10
    assert model.events.since(model.events.number - 11) is None
