"""Are starts measured by image, and only those that were starts?"""

from dataclasses import replace

from clocker_actors.model.identity import EntityKind, Uid
from clocker_actors.model.noted import EntityGone, EntityNoted, SensorsNoted
from clocker_actors.model.sensors import Reading
from clocker_actors.model.values import Value
from clocker_actors.telemetry import starts
from clocker_actors.telemetry.readmodel import ReadModel


def begun(generation: int, at: float, image: str = "web:1", member: str = "m1") -> EntityNoted:
    facts: dict[str, Value] = {"image": image, "member": member, "generation": generation}
    uid = Uid(f"k{member}{generation}")
    return EntityNoted(uid, EntityKind.CONTAINER, f"local/h1/{uid}", "x", Uid("h1"), Uid("a1"), at, "container", facts)


def model() -> ReadModel:
    made = ReadModel()
    made.note(EntityNoted(Uid("m1"), EntityKind.MEMBER, "shop/web", "web", None, Uid("a1"), 0.0), 0.0)
    return made


def read(of: ReadModel, uid: str, at: float, **values: Value) -> None:
    of.note(SensorsNoted(Uid(uid), tuple(Reading(name.replace("__", "."), value, at) for name, value in values.items())), at)


def test_a_start_lasts_from_the_order_until_the_member_is_up() -> None:
    there = model()
    read(there, "m1", 9.0, generation=1, service__isUp=False)
    there.note(begun(1, 10.0), 10.0)
    read(there, "km11", 11.0, container__id="abc")
    read(there, "m1", 12.0, cpu__percent=1.0)
    assert there.starts.all() == {}
    read(there, "m1", 12.5, service__isUp=True)
    read(there, "m1", 13.0, service__isUp=True)
    assert there.starts.all() == {"web:1": (1, 2.5)}


def test_one_that_takes_the_place_of_another_counts_when_it_does() -> None:
    there = model()
    read(there, "m1", 9.0, generation=1, service__isUp=True)
    there.note(begun(2, 10.0, "web:2"), 10.0)
    read(there, "m1", 11.0, service__isUp=True)
    read(there, "m1", 14.0, generation=2)
    assert there.starts.all() == {"web:2": (1, 4.0)}


def test_what_ran_already_or_never_came_up_counts_for_nothing() -> None:
    there = model()
    there.note(begun(1, 10.0), 10.0)
    read(there, "km11", 10.0, container__id="abc")
    read(there, "m1", 10.0, generation=1, service__isUp=True)
    there.note(begun(2, 20.0), 20.0)
    there.note(EntityGone(Uid("km12"), 21.0), 21.0)
    read(there, "m1", 22.0, generation=2)
    assert there.starts.all() == {}


def test_the_median_of_the_last_ones_is_kept_for_a_bounded_number_of_images() -> None:
    there = model()
    for number in range(1, starts.KEPT + 11):
        there.note(begun(number, number * 100.0), 0)
        read(there, "m1", number * 100.0 + (1000 if number <= 10 else 2), generation=number, service__isUp=True)
    assert there.starts.all() == {"web:1": (starts.KEPT, 2.0)}
    for number in range(100, 100 + starts.IMAGES):
        there.note(begun(number, 0.0, f"image:{number}"), 0)
        read(there, "m1", 1.0, generation=number)
    assert len(there.starts.all()) == starts.IMAGES and "web:1" not in there.starts.all()


def test_what_is_under_way_is_bounded() -> None:
    there = starts.Starts()
    for number in range(starts.UNDER_WAY + 5):
        there.noted(replace(begun(1, 0.0, member=f"m{number}"), uid=Uid(f"k{number}")))
    assert len(there._begun) == len(there._of) == starts.UNDER_WAY
