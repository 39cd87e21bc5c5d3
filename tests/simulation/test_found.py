"""Stories that broke a rule once, cut down to what it took: do they hold now? One that a wider telling would not draw any more is kept here."""

import pytest

from tests.simulation.once_told import told
from tests.simulation.story import Step, Story


def _south(*services: dict[str, object]) -> Step:
    return Step(0.0, "deploy", 0, {"blueprint": {"id": "south", "name": "south", "location": "farm", "services": list(services)}})


WEB = {"type": "docker:clocker/web:1"}
KILLED_WHILE_REBALANCING = Story(
    16,
    3,
    40,
    (
        _south(
            {"type": "cluster", "id": "s1", "initialSize": 3, "maxSize": 4, "memberSpec": {**WEB, "ports": [8080]}},
            {
                "type": "cluster",
                "id": "s2",
                "initialSize": 2,
                "maxSize": 2,
                "affinity": ["NOT CLUSTER"],
                "memberSpec": {
                    **WEB,
                    "ports": [8080],
                    "readiness": {"tcp": 8080, "period": "2s", "timeout": "1s"},
                    "volumes": ["data:/data"],
                },
                "policies": [
                    {"type": "autoscaler", "config": {"metric": "cpu.mean.average", "metricLowerBound": 20, "metricUpperBound": 60}}
                ],
            },
        ),
        Step(5.0, "replace", 1, client=2),
        Step(0.3, "resize", 0, {"size": 4, "for": 30.0}, client=2),
        Step(0.3, "rebalance", 7),
        Step(0.3, "kill", 1, {"pause": 0.0}, client=2),
    ),
)
DEAD_WHILE_THE_DISK_IS_FULL = Story(
    278,
    3,
    5,
    (
        _south({"type": "cluster", "id": "s1", "initialSize": 2, "memberSpec": {**WEB, "volumes": ["data:/data"], "duplicate": "never"}}),
        Step(1.0, "kill", 1, {"pause": 0.0}),
        Step(0.01, "disk", 3, {"for": 20.0, "kept": False}),
        Step(12.0, "die", 5),
    ),
)
TAKEN_BACK = Story(
    36,
    2,
    40,
    (
        _south({"type": "cluster", "id": "s1", "initialSize": 4, "minSize": 1, "memberSpec": WEB}),
        Step(0.1, "cancel", 2),
    ),
)

_SCALED = {"metric": "cpu.mean.average", "metricLowerBound": 20, "metricUpperBound": 60, "maxPoolSize": 3}
_SCALED |= {"resizeUpStabilizationDelay": "1s", "resizeDownStabilizationDelay": "5s"}
_SPREAD = {"affinity": ["SPREAD OVER ZONE"]}
_PROBED = {**WEB, "ports": [8080], "readiness": {"tcp": 8080, "period": "2s", "timeout": "1s"}}
AWAY_AGAIN_WHILE_OTHERS_START = Story(
    559,
    2,
    40,
    (
        _south(
            {
                "type": "cluster",
                "id": "s1",
                "initialSize": 3,
                "maxSize": 6,
                "removalStrategy": "oldest",
                "memberSpec": WEB,
                "policies": [{"type": "autoscaler", "config": _SCALED | {"minPoolSize": 1}}],
            },
            {
                "type": "cluster",
                "id": "s2",
                "initialSize": 1,
                "minSize": 1,
                "maxSize": 4,
                "memberSpec": _PROBED,
                "quorum": 2,
                "policies": [{"type": "autoscaler", "config": _SCALED | {"minPoolSize": 2}}],
                "dependsOn": ["s1"],
                **_SPREAD,
            },
            {"type": "cluster", "id": "s3", "initialSize": 4, "maxSize": 4, "memberSpec": WEB, "dependsOn": ["s2"], **_SPREAD},
            {"type": "cluster", "id": "s4", "initialSize": 3, "maxSize": 6, "memberSpec": WEB, "quorum": 3, "dependsOn": ["s3"], **_SPREAD},
        ),
    ),
    quota=2,
)


@pytest.mark.parametrize(
    "story",
    [KILLED_WHILE_REBALANCING, DEAD_WHILE_THE_DISK_IS_FULL, TAKEN_BACK, AWAY_AGAIN_WHILE_OTHERS_START],
    ids=lambda story: str(story.seed),
)
def test_it_holds_now(story: Story) -> None:
    assert not told(story)
