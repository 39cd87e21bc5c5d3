"""Whom do people mean by what they type when they look?"""

import pytest

from clocker_actors.errors import BadRequest, NotFound
from clocker_actors.model.identity import Uid
from clocker_actors.model.noted import EntityGone, SensorsNoted
from clocker_actors.model.sensors import Reading
from clocker_actors.telemetry.explain import explain
from clocker_actors.telemetry.names import look_up
from clocker_actors.telemetry.readmodel import ReadModel
from tests.telemetry.samples import NOW, entity, shop

ENGINE_ID = "4f1c2a9b3d5e7f60" * 4


def world() -> ReadModel:
    """The shop, whose containers have names as engines have them."""
    model = shop()
    model.note(entity("k10", "local/here/clocker.main.m3.g2", "h6", member="m3", generation=2), NOW)
    model.note(SensorsNoted(Uid("k10"), (Reading("container.id", ENGINE_ID, NOW),)), NOW)
    return model


@pytest.mark.parametrize(
    ("asked", "uid"),
    [
        ("shop/web", "c2"),
        ("m4", "m4"),
        ("here", "h6"),
        ("web/2", "m4"),
        ("clocker.main.m3.g2", "k10"),
        (ENGINE_ID[:12], "k10"),
        (ENGINE_ID, "k10"),
        ("clocker", "root"),
        ("root", "root"),
    ],
)
def test_a_name_seen_elsewhere_is_enough(asked: str, uid: str) -> None:
    assert look_up(world(), asked).uid == uid


def test_a_path_goes_before_a_part_of_one() -> None:
    model = world()
    model.note(entity("a20", "here", "root"), NOW)
    assert look_up(model, "here").uid == "a20"


def test_two_hosts_of_one_name_are_both_named() -> None:
    model = world()
    model.note(entity("p30", "far", "root"), NOW)
    model.note(entity("h31", "far/here", "p30"), NOW)
    with pytest.raises(
        BadRequest, match=r"'here' may be one of 2: local/here \(host h6\), far/here \(host h31\); write a whole path or a uid"
    ):
        look_up(model, "here")


def test_what_is_gone_is_found_unless_something_that_exists_is_meant() -> None:
    model = world()
    model.note(EntityGone(Uid("k10"), NOW), NOW)
    assert look_up(model, "clocker.main.m3.g2").gone == NOW
    model.note(entity("h40", "far/clocker.main.m3.g2", "p5"), NOW)
    assert look_up(model, "clocker.main.m3.g2").uid == "h40"


@pytest.mark.parametrize("asked", ["her", "web/", "4f1c2a9b3d5", "no/such", "eb/2"])
def test_half_a_name_is_none(asked: str) -> None:
    model = world()
    if asked == "web/":
        assert look_up(model, asked).uid == "c2"
    else:
        with pytest.raises(NotFound, match="no entity"):
            look_up(model, asked)


def test_a_uid_that_is_another_ones_name_is_refused() -> None:
    model = world()
    model.note(entity("p30", "far", "root"), NOW)
    model.note(entity("h31", "far/h6", "p30"), NOW)
    for asks in (lambda: look_up(model, "h6"), lambda: explain(model, "h6", NOW)):
        with pytest.raises(BadRequest, match="h6 is the uid of local/here and the name of far/h6: write the path"):
            asks()
    assert explain(model, "h6", NOW, uid_first=True).uid == "h6"  # programs have looked it up
    assert (look_up(model, "far/h6").uid, look_up(model, "local/here").uid, look_up(model, "h31").uid) == ("h31", "h6", "h31")
    model.note(entity("a32", "h6", "root"), NOW)
    assert look_up(model, "h6").uid == "a32"  # a whole path


def test_the_uid_of_what_is_gone_gives_way_to_a_name() -> None:
    model = world()
    model.note(entity("h31", "far/h6", "p5"), NOW)
    model.note(EntityGone(Uid("h6"), NOW), NOW)
    assert look_up(model, "h6").uid == "h31"
