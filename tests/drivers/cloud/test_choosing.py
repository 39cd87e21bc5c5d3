"""Is the right size and image chosen, and are people told what came nearest when there is none?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clocker_actors.drivers.cloud.choosing import Image, Size, choose_image, choose_size
from clocker_actors.errors import NothingFits
from clocker_actors.model.locations import NodeTemplate

GIGA = 1 << 30
SIZES = (
    Size("s1", "small", GIGA, 10 * GIGA, 1, 5.0),
    Size("m1", "medium", 4 * GIGA, 40 * GIGA, 2, 20.0),
    Size("m2", "medium fast", 4 * GIGA, 40 * GIGA, 4, 30.0),
    Size("l1", "large", 16 * GIGA, 0, 8, 80.0),
)
IMAGES = (
    Image("a", "debian-12-old", "2024-01"),
    Image("b", "debian-12-new", "2025-01"),
    Image("c", "ubuntu-24.04", "2026-01"),
    Image("w", "windows-2022", "2026-02"),
)


@pytest.mark.parametrize(
    ("template", "chosen"),
    [
        (NodeTemplate(), "s1"),
        (NodeTemplate(min_ram=2 * GIGA), "m1"),
        (NodeTemplate(min_ram=2 * GIGA, min_cores=3), "m2"),
        (NodeTemplate(min_disk=100 * GIGA), "l1"),  # whose disk nobody says
        (NodeTemplate(hardware_id="m2", min_cores=99), "m2"),
        (NodeTemplate(hardware_regex="^m"), "m1"),
        (NodeTemplate(hardware_regex="fast$"), "m2"),
    ],
)
def test_the_cheapest_size_that_is_large_enough(template: NodeTemplate, chosen: str) -> None:
    assert choose_size(template, SIZES, "here").id == chosen


@pytest.mark.parametrize(
    ("template", "words"),
    [
        (
            NodeTemplate(min_ram=64 * GIGA),
            r"no size with minRam, minCores and minDisk .*65536 MiB.*; nearest are l1 \(16384 MiB, 8 cores\)",
        ),
        (NodeTemplate(hardware_id="m3"), r"nothing with hardwareId 'm3'; nearest are m"),
        (NodeTemplate(hardware_regex="^x"), r"nothing with hardwareNameRegex '\^x'"),
        (NodeTemplate(hardware_regex="("), r"no regular expression"),
    ],
)
def test_no_size_fits(template: NodeTemplate, words: str) -> None:
    with pytest.raises(NothingFits, match=words):
        choose_size(template, SIZES, "here")


@pytest.mark.parametrize(
    ("template", "chosen"),
    [
        (NodeTemplate(image_id="a"), "a"),
        (NodeTemplate(image_id="ubuntu-24.04"), "c"),
        (NodeTemplate(image_regex="debian-12"), "b"),
        (NodeTemplate(os_family="Ubuntu"), "c"),
        (NodeTemplate(image_regex="old|new", os_family="debian"), "b"),
    ],
)
def test_the_newest_image_of_the_name(template: NodeTemplate, chosen: str) -> None:
    assert choose_image(template, IMAGES, "here").id == chosen


@pytest.mark.parametrize(
    ("template", "words"),
    [
        (NodeTemplate(), r"which of its 4 images\? Name an imageId, imageNameRegex or osFamily"),
        (NodeTemplate(image_id="debian-12-newer"), "nearest are b|nearest are"),
        (NodeTemplate(os_family="fedora"), "osFamily 'fedora'; nearest are"),
    ],
)
def test_no_image_fits(template: NodeTemplate, words: str) -> None:
    with pytest.raises(NothingFits, match=words):
        choose_image(template, IMAGES, "here")


def test_a_cloud_that_offers_nothing() -> None:
    with pytest.raises(NothingFits, match="none at all"):
        choose_size(NodeTemplate(), (), "here")


_amounts = st.integers(0, 8)
_sizes = st.lists(st.builds(Size, st.text("abc", min_size=1), st.just(""), _amounts, _amounts, _amounts, st.integers(0, 3)), min_size=1)


@given(_sizes, st.builds(NodeTemplate, min_ram=_amounts, min_cores=_amounts, min_disk=_amounts))
def test_what_is_chosen_is_enough_and_no_cheaper_one_is(offered: list[Size], template: NodeTemplate) -> None:
    def enough(size: Size) -> bool:
        least = (template.min_ram, template.min_cores, template.min_disk)
        return all(has == 0 or has >= wanted for has, wanted in zip((size.ram, size.cores, size.disk), least, strict=True))

    fitting = [size for size in offered if enough(size)]
    if not fitting:
        with pytest.raises(NothingFits):
            choose_size(template, offered, "here")
        return
    chosen = choose_size(template, offered, "here")
    assert enough(chosen)
    known = [size.price for size in fitting if size.price]
    assert chosen.price == min(known, default=0)
