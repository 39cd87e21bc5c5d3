"""What differs is told so that each line says something: no value beside itself, nothing cut in its middle, no quotes of Python's."""

import pytest

from clocker_actors.model.specs import BuildSpec, ContainerSpec, ImageSpec, PolicySpec, ServiceSpec
from clocker_actors.planning.differences import differing

SCALE = PolicySpec("autoscaler", "scaler", {"metric": "cpu.mean.average", "metricUpperBound": 80, "resizeUpStabilizationDelay": "30s"})
DIGESTS = "1507d8" + "0" * 58, "9ab3c1" + "7" * 58


def container(build: BuildSpec | None = None, **env: str) -> ContainerSpec:
    return ContainerSpec(ImageSpec("web:1", build), env=env)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (container(), container(WAR_URL=""), "env.WAR_URL: added"),
        (container(WAR_URL=""), container(), "env.WAR_URL: removed"),
        (container(A="x" * 70 + "1"), container(A="x" * 70 + "2"), "env.A: changed"),
        (container(A="1"), container(A=""), "env.A: 1 -> nothing"),
        (container(), container(BuildSpec(DIGESTS[0])), "build: added"),
        (container(BuildSpec(DIGESTS[0])), container(), "build: removed"),
        (container(BuildSpec(DIGESTS[0])), container(BuildSpec(DIGESTS[1])), "build.context: 1507d8000000 -> 9ab3c1777777"),
    ],
)
def test_a_line_says_what_became_of_a_value(old: ContainerSpec, new: ContainerSpec, said: str) -> None:
    assert differing(old, new) == (said,)


def test_what_has_a_name_comes_and_goes_by_it() -> None:
    with_it, without = ServiceSpec("web", "web", "docker", policies=(SCALE,)), ServiceSpec("web", "web", "docker")
    assert differing(without, with_it) == ("policies[scaler]: added",)
    assert differing(with_it, without) == ("policies[scaler]: removed",)


def test_a_map_is_written_as_in_a_file() -> None:
    changed = PolicySpec("autoscaler", "scaler", {**SCALE.config, "metric": {"of": "web"}})
    assert differing(SCALE, changed) == ("config.metric: cpu.mean.average -> {of: web}",)
