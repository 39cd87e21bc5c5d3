"""Is a machine's disk as large as asked for, where sizes have no disk of their own?"""

import pytest
from libcloud.compute.base import NodeImage
from moto.ec2.models import ec2_backends

from clocker_actors.drivers.cloud import LibcloudCloud, kinds
from clocker_actors.errors import CloudFault
from clocker_actors.model.locations import CloudSpec, NodeTemplate, SecretRef
from clocker_actors.ports.cloud import NodeRequest
from tests.bed.ec2 import IMAGE, serving
from tests.contracts.engine.lab import Calls

GIGA = 1 << 30
USUAL = 8
"""GiB that moto gives to a machine of whose disk nobody said anything, whatever its image has (15)."""


@pytest.mark.parametrize(("least", "size"), [(0, USUAL), (10 * GIGA, USUAL), (50 * GIGA, 50), (50 * GIGA + 1, 51)])
async def test_the_root_disk_on_ec2(least: int, size: int) -> None:
    with serving() as ec2:
        spec = CloudSpec("ec2", "eu-west-1", SecretRef("a"), SecretRef("b"), ec2.endpoint)
        cloud = LibcloudCloud(spec, lambda ref: ref.name, Calls())
        template = NodeTemplate(image_id=IMAGE, hardware_id="t3.small", min_disk=least)
        node = await cloud.create(NodeRequest(f"clocker-p-disk-{least}", template, {"clocker-plane": "p"}, "ssh-ed25519 AAAA"))
        volumes = ec2_backends["123456789012"]["eu-west-1"].volumes.values()
        assert [each.size for each in volumes if each.attachment and each.attachment.instance.id == node.id] == [size]
        await cloud.destroy(node.id)
        await cloud.close()


def test_an_image_that_does_not_say_its_root() -> None:
    driver = kinds.make_driver(CloudSpec("ec2", "eu-west-1", SecretRef("a"), SecretRef("b")), lambda ref: ref.name)
    image = NodeImage("ami-1", "old", driver, extra={"block_device_mapping": [{"device_name": "/dev/sdb", "virtual_name": "ephemeral0"}]})
    with pytest.raises(CloudFault, match="leave out minDisk"):
        kinds.disks(driver, image, GIGA)
