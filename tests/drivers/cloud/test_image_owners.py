"""Whose images are looked at? On EC2 a stranger may publish a newer one under any name."""

import pytest
from moto.ec2.models import ec2_backends

from clocker_actors.drivers.cloud import LibcloudCloud, kinds
from clocker_actors.errors import CloudFault, NothingFits
from clocker_actors.model.locations import CloudSpec, NodeTemplate, SecretRef
from clocker_actors.ports.cloud import NodeRequest
from tests.bed.ec2 import IMAGE, Ec2, serving
from tests.contracts.engine.lab import Calls

OURS, STRANGER = "123456789012", "666666666666"
NAME = "debian-12-amd64-99"


def _spec(ec2: Ec2) -> CloudSpec:
    return CloudSpec("ec2", "eu-west-1", SecretRef("a"), SecretRef("b"), ec2.endpoint)


def _publish(owner: str) -> str:
    """The id of an image that somebody made."""
    backend = ec2_backends[OURS]["eu-west-1"]
    image = backend.register_image(name=NAME, description=owner)
    image.owner_id = owner
    return str(image.id)


async def test_a_strangers_image_of_the_name_is_not_taken() -> None:
    with serving() as ec2:
        stranger, template = _publish(STRANGER), NodeTemplate(image_regex=NAME, hardware_id="t3.small")
        cloud = LibcloudCloud(_spec(ec2), lambda ref: ref.name, Calls())
        with pytest.raises(NothingFits, match="debian-12-amd64-99"):
            await cloud.create(NodeRequest("clocker-p-h1", template, {"clocker-plane": "p"}, "ssh-ed25519 AAAA"))
        await cloud.close()
        driver = kinds.make_driver(_spec(ec2), lambda ref: ref.name)
        asked = {
            owners: {image.id for image in kinds.images(driver, NodeTemplate(image_owners=owners))}
            for owners in ((), (STRANGER,), ("self",))
        }
        assert stranger not in asked[()]
        assert IMAGE in asked[()]
        assert asked[STRANGER,] == {stranger}
        own = _publish(OURS)
        assert own in {image.id for image in kinds.images(driver, NodeTemplate())}
        assert own in {image.id for image in kinds.images(driver, NodeTemplate(image_owners=("self",)))}
        assert stranger not in asked["self",]


def test_owners_where_nobody_says_whose_an_image_is() -> None:
    driver = kinds.make_driver(CloudSpec("digitalocean", "ams3", SecretRef("a"), SecretRef("b")), lambda ref: ref.name)
    with pytest.raises(CloudFault, match="remove imageOwner"):
        kinds.images(driver, NodeTemplate(image_owners=("self",)))
