"""Does a changed spec lead to nothing, to a change in place or to a new container, and is that said in words a person finds in his file?"""

from dataclasses import fields, replace
from hashlib import sha256

import msgspec
import pytest

from clocker_actors.model.expressions import Late, literal
from clocker_actors.model.specs import ContainerSpec, Duplicate, ImageSpec, PolicySpec, Resources, ServiceSpec
from clocker_actors.model.updating import StartedAs, digest
from clocker_actors.planning.updating import IN_PLACE, InPlace, Replace, Same, how, how_service, named, started_as

SPEC = ContainerSpec(ImageSpec("app:1"), env={"A": "1"}, resources=Resources(memory=64 << 20, cpus=0.5))
SERVICE = ServiceSpec("web", "web", "docker", SPEC)


def with_(**changes: object) -> StartedAs:
    """What runs, with these fields of its container changed."""
    return StartedAs(replace(SPEC, **changes))  # type: ignore[arg-type]


def test_equal_specs_need_nothing() -> None:
    assert how(StartedAs(SPEC), with_()) == Same()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"resources": Resources(memory=128 << 20, cpus=0.5)}, ("memory: 64m -> 128m",)),
        (
            {"resources": Resources(memory=64 << 20, cpus=0.5, pids=50, cpu_shares=512)},
            ("cpuShares: nothing -> 512", "pids: nothing -> 50"),
        ),
        ({"restart": "on-failure:3"}, ("restart: no -> on-failure:3",)),
        ({"resources": Resources(memory=64 << 20, cpus=1.0), "restart": "always"}, ("cpus: 0.5 -> 1", "restart: no -> always")),
    ],
)
def test_what_an_engine_can_change_is_changed_in_place(changes: dict[str, object], words: tuple[str, ...]) -> None:
    step = how(StartedAs(SPEC), with_(**changes))
    assert isinstance(step, InPlace)
    assert step.fields == words


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"image": ImageSpec("app:2")}, "image: app:1 -> app:2"),
        ({"env": {"A": "2"}}, "env.A: 1 -> 2"),
        ({"labels": {"team": "a"}}, "labels.team: nothing -> a"),
        ({"resources": Resources(memory=64 << 20)}, "cpus: 0.5 -> nothing"),
        ({"resources": Resources(memory=128 << 20, cpus=0.5), "env": {}}, "env.A: 1 -> nothing"),
        ({"stop_timeout": 30.0}, "stopTimeout: 10 -> 30"),
    ],
)
def test_all_else_takes_a_new_container(changes: dict[str, object], word: str) -> None:
    step = how(StartedAs(SPEC), with_(**changes))
    assert isinstance(step, Replace)
    assert word in step.fields


def test_every_other_field_takes_a_new_container() -> None:
    for field in fields(ContainerSpec):
        if field.name not in IN_PLACE:
            step = how(StartedAs(SPEC), with_(**{field.name: "changed"}))
            assert isinstance(step, Replace), field.name


def test_a_lease_to_live_by_takes_a_new_container() -> None:
    never = replace(SERVICE, duplicate=Duplicate.NEVER)
    assert how_service(SERVICE, never) == Replace(("duplicate: ok -> never",))
    assert how_service(never, SERVICE) == Replace(("duplicate: never -> ok",))


def test_what_is_no_containers_needs_none() -> None:
    more = replace(SERVICE, policies=(PolicySpec("autoscaler", "autoscaler"),), healing=False, start_timeout=10.0, config={"a": 1})
    assert how_service(SERVICE, more) == Same()
    assert digest(more) != digest(SERVICE)


def test_groups_have_no_container_to_change() -> None:
    group = replace(SERVICE, container=None)
    assert started_as(group) is None
    assert how_service(group, replace(group, healing=False)) == Same()
    assert isinstance(how_service(group, SERVICE), Replace)
    assert isinstance(how_service(SERVICE, group), Replace)


def test_many_changes_are_told_short() -> None:
    assert named(("a", "b", "c", "d", "e")) == "a; b; c; and 2 more"
    assert named(("a",)) == "a"


def test_the_digest_is_that_of_the_release_before_unless_something_of_a_policy_is_late() -> None:
    policy = PolicySpec("autoscaler", "autoscaler", {"metric": "cpu.mean.average"})
    spec = replace(SERVICE, policies=(policy,), enrichers=(PolicySpec("rollup", "rollup"),))
    text = msgspec.json.encode(spec, order="deterministic")
    assert text.count(b',"late":[]}') == 2  # what is new of the two, and nothing else
    assert digest(spec) == sha256(text.replace(b',"late":[]}', b"}")).hexdigest()[:16]
    assert digest(replace(spec, policies=(replace(policy, late=(Late("maxPoolSize", literal(3)),)),))) != digest(spec)
