"""Is a docker cloud refused whose location can make no hosts, where that is known only once the settings' location is put in?"""

import pytest

from clocker_actors.entities.pools.sources import refuse_unusable
from clocker_actors.errors import BadRequest
from clocker_actors.model.locations import CloudSpec, LocationKind, LocationSpec, NodeTemplate, SecretRef, settle
from clocker_actors.model.specs import PoolSpec


def cloud(template: NodeTemplate) -> LocationSpec:
    spec = CloudSpec("digitalocean", "ams3", SecretRef("a.identity"), SecretRef("a.credential"), "", template)
    return LocationSpec(LocationKind.CLOUD, "paris", cloud=spec)


def test_a_cloud_of_the_settings_without_an_image() -> None:
    written = LocationSpec(LocationKind.NAMED, "paris")
    with pytest.raises(BadRequest, match="pool yard: machines of `paris` have no image; write one of imageId, imageNameRegex and osFamily"):
        refuse_unusable(PoolSpec("yard", (), location=settle(written, {"paris": cloud(NodeTemplate())})))
    refuse_unusable(PoolSpec("yard", (), location=settle(written, {"paris": cloud(NodeTemplate(os_family="debian"))})))
