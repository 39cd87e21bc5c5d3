"""Which of EC2's own sizes and images are taken, by libcloud's tables of them?"""

import pytest
from libcloud.compute.base import NodeDriver
from libcloud.compute.drivers.ec2 import EC2NodeDriver

from clocker_actors.drivers.cloud import kinds
from clocker_actors.drivers.cloud.choosing import ARM, X86, Image, Size, choose_image, choose_size
from clocker_actors.errors import NothingFits
from clocker_actors.model.locations import NodeTemplate

GIGA = 1 << 30
REGIONS = ("us-east-1", "eu-central-1", "eu-west-1")
IMAGES = (
    Image("intel", "debian-12-amd64-1", "2025-01", X86),
    Image("arm", "debian-12-arm64-2", "2025-02", ARM),
    Image("old", "debian-12-i386-3", "2025-03", "i386"),
)


def _sizes(region: str) -> list[Size]:
    driver: NodeDriver = EC2NodeDriver("a", "b", region=region)  # type: ignore[no-untyped-call]
    return [kinds.size_of(size) for size in driver.list_sizes()]


@pytest.mark.parametrize("region", REGIONS)
def test_an_unknown_price_is_not_the_cheapest(region: str) -> None:
    offered = _sizes(region)
    assert any(not size.price for size in offered)
    chosen = choose_size(NodeTemplate(min_ram=8 * GIGA, min_cores=2), offered, region, IMAGES[0])
    assert 0 < chosen.price < 0.1, chosen
    assert chosen.architecture == X86


@pytest.mark.parametrize("region", REGIONS)
def test_an_image_and_its_size_are_of_one_architecture(region: str) -> None:
    offered = _sizes(region)
    for image in IMAGES:
        chosen = choose_size(NodeTemplate(), offered, region, image)
        assert chosen.architecture == (ARM if image.architecture == ARM else X86)
    assert choose_size(NodeTemplate(), offered, region, Image("silent", "debian")).architecture == X86


def test_families_with_arm() -> None:
    found = {size.id.partition(".")[0] for size in _sizes("us-east-1") if size.architecture == ARM}
    assert {"a1", "t4g", "c6g", "m7gd", "im4gn", "is4gen", "g5g", "hpc7g"} <= found
    assert not found & {"g5", "g4ad", "g4dn", "gr6", "t3a", "m5", "u7i-12tb"}


@pytest.mark.parametrize(
    ("template", "chosen"),
    [
        (NodeTemplate(os_family="debian"), "intel"),
        (NodeTemplate(os_family="debian", hardware_id="t4g.small"), "arm"),
        (NodeTemplate(os_family="debian", hardware_regex="^t4g"), "arm"),
        (NodeTemplate(image_regex="arm64"), "arm"),
    ],
)
def test_an_image_that_the_sizes_run(template: NodeTemplate, chosen: str) -> None:
    named = [size for size in _sizes("eu-west-1") if not template.hardware_id or size.id == template.hardware_id]
    named = [size for size in named if not template.hardware_regex or size.id.startswith("t4g")]
    assert choose_image(template, IMAGES, "here", named).id == chosen


def test_what_does_not_run_together_is_said() -> None:
    offered = _sizes("eu-west-1")
    with pytest.raises(NothingFits, match=r"image intel \(debian-12-amd64-1\) is of x86_64, and t4g.small .* not: name others"):
        choose_size(NodeTemplate(hardware_id="t4g.small"), offered, "here", IMAGES[0])
    with pytest.raises(NothingFits, match="images of that name are of i386, which no such size runs"):
        choose_image(NodeTemplate(image_regex="i386"), IMAGES, "here", offered)


def test_debian_where_nobody_names_an_image() -> None:
    assert kinds.with_image("ec2", NodeTemplate(min_ram=GIGA)) == NodeTemplate(min_ram=GIGA, os_family="debian")
    for template in (NodeTemplate(image_id="ami-1"), NodeTemplate(image_regex="ubuntu"), NodeTemplate(os_family="ubuntu")):
        assert kinds.with_image("ec2", template) is template
    assert kinds.with_image("digitalocean", NodeTemplate()) == NodeTemplate()
