"""Does a docker cloud know how its hosts come and go, and are contradictions refused?"""

import msgspec
import pytest

from clocker_actors.model.locations import MOST_HOSTS
from clocker_actors.model.specs import OnFailure, PoolSpec
from tests.blueprint.reading import pool, pool_faults

CLOUD = "location: libcloud:ec2:eu-west-1\n"


def test_everything_by_its_own_name() -> None:
    found = pool(
        CLOUD
        + """
initialSize: 3
minSize: 2
maxSize: 9
headroom: 4
coldEnabled: true
resizeUpStabilizationDelay: 10s
resizeDownStabilizationDelay: 2m
removeEmpty: true
idleTime: 10m
hostLabels: {disk: ssd}
machineCreateAttempts: 3
onFailure: destroy
"""
    )
    assert (found.hosts, found.initial_size, found.min_size, found.max_size) == ((), 3, 2, 9)
    assert (found.headroom, found.headroom_percent, found.cold_enabled, found.remove_empty, found.idle_time) == (4, 0.0, True, True, 600.0)
    assert (found.up_delay, found.down_delay) == (10.0, 120.0)
    assert (found.host_labels, found.machine_create_attempts, found.on_failure) == ({"disk": "ssd"}, 3, OnFailure.DESTROY)
    assert msgspec.json.decode(msgspec.json.encode(found), type=PoolSpec) == found


def test_the_ancestors_names() -> None:
    found = pool(
        CLOUD
        + """
brooklyn.config:
  docker.host.cluster.initial.size: 2
  docker.container.cluster.headroom.percent: 0.25
  docker.container.cluster.cold.enabled: true
  docker.host.removeEmpty: true
"""
    )
    assert (found.initial_size, found.min_size, found.headroom_percent, found.cold_enabled, found.remove_empty) == (2, 2, 0.25, True, True)
    assert pool(CLOUD + "minHost: 4").initial_size == 4
    assert pool(CLOUD + "docker.container.cluster.headroom.count: 7").headroom == 7
    assert pool("locations: [localhost]").location is not None


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        (CLOUD, (1, 0, MOST_HOSTS)),
        (CLOUD + "initialSize: 0", (0, 0, MOST_HOSTS)),
        (CLOUD + "minSize: 3", (3, 3, MOST_HOSTS)),
        (CLOUD + "maxSize: 0", (0, 0, 0)),
        ("location: {byon: 'h{1..7}'}", (1, 0, 7)),
        ("location: {byon: 'h{1..7}'}\ninitialSize: 7", (7, 7, 7)),
        ("location: [localhost, 'ssh:root@b']\nmaxSize: 1", (1, 0, 1)),
    ],
)
def test_sizes_that_are_not_written(text: str, sizes: tuple[int, int, int]) -> None:
    found = pool(text)
    assert (found.initial_size, found.min_size, found.max_size) == sizes


def test_hosts_and_a_location_together() -> None:
    found = pool("hosts: ['unix:///a']\n" + CLOUD)
    assert (len(found.hosts), found.initial_size) == (1, 1)
    assert pool("hosts: []\n" + CLOUD).hosts == ()
    without = pool("hosts: ['unix:///a']\nheadroom: 3")
    assert (without.location, without.initial_size, without.headroom) == (None, 0, 3)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("headroom: 2", "has no `hosts` and no `location`"),
        (CLOUD + "minSize: 5\nmaxSize: 4", "`minSize` 5 is above the most, 4; write at most 4"),
        (CLOUD + "initialSize: 5\nmaxSize: 4", "`initialSize` 5 is above the most, 4"),
        (CLOUD + "initialSize: 500", "500 is above the most, 100 (the limit, unless `maxSize` says more)"),
        (CLOUD + "initialSize: 1\nminSize: 2", "`initialSize` 1 is below `minSize` 2; write at least 2"),
        (CLOUD + "maxSize: 100000", "out of range; write a value from 0 to 5000"),
        ("location: {byon: 'h{1..7}'}\ninitialSize: 8", "8 is above the most, 7 (all that the location has)"),
        ("location: {byon: 'h{1..7}'}\nmaxSize: 8", "`maxSize` 8 is more than the 7 hosts of the location"),
        (CLOUD + "headroom: 2\nheadroomPercent: 0.5", "say the same in two ways; keep one of them"),
        (CLOUD + "headroomPercent: 25", "write a share above 0 and below 1, as 0.25"),
        (CLOUD + "headroomPercent: 0", "write a share above 0 and below 1"),
        (CLOUD + "headroomPercent: 1", "write a share above 0 and below 1"),
        (CLOUD + "headroomPercent: -0.1", "write a share above 0 and below 1"),
        (CLOUD + "headroom: 0", "out of range; write a value from 1 to 1000000"),
        (CLOUD + "coldEnabled: true", "needs to know how much room is enough"),
        (CLOUD + "resizeDownStabilizationDelay: 1m", "does nothing without headroom"),
        (CLOUD + "idleTime: 5m", "does nothing without `removeEmpty: true`"),
        (CLOUD + "onFailure: panic", "write one of quarantine, destroy"),
        (CLOUD + "hostLabels: [a]", "has no value; write NAME=value"),
        ("hosts: ['unix:///a']\nmaxSize: 3", "`maxSize` is about hosts that are made, and this docker-cloud has no `location`"),
        (CLOUD + "maxSzie: 3", "did you mean `maxSize`"),
        ("location: docker:yard", "no hosts come from the docker cloud `yard`"),
        ("location: [localhost, 'docker:yard']", "no hosts come from the docker cloud `yard`"),
    ],
)
def test_contradictions(text: str, words: str) -> None:
    found = pool_faults(text)
    assert any(words in each for each in found), found
