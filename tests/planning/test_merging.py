"""What a changed file does to what somebody else set meanwhile: only what the file changed, and never what is somebody else's."""

from collections.abc import Mapping
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from clocker_actors.model.expressions import Dependency, Late, literal
from clocker_actors.model.ownership import BLUEPRINT, AdjunctState, Lease, Owner, OwnerKind
from clocker_actors.model.specs import ClusterSpec, ContainerSpec, ImageSpec, PolicySpec, ServiceSpec
from clocker_actors.planning import merging
from clocker_actors.planning.merging import Services, Sized

ANNA = Owner(OwnerKind.PERSON, "anna", 1_800_000_000.0)
SCALER = Owner(OwnerKind.POLICY, "autoscaler", 1_800_000_000.0)
MEMBER = ServiceSpec("m", "m", "docker", ContainerSpec(ImageSpec("a:1")))

values = st.integers(0, 3)
configs = st.dictionaries(st.sampled_from("abc"), values, max_size=3)
names = st.sampled_from(("one", "two", "three"))
policies = st.lists(st.builds(PolicySpec, st.sampled_from(("scale", "heal")), names, configs), max_size=3, unique_by=lambda spec: spec.name)


def held(spec: PolicySpec, keys: Mapping[str, int], *, suspended: bool, added: bool) -> AdjunctState:
    """A policy as it may be: keys that a person set, perhaps suspended, perhaps added by a person."""
    config = {**spec.config, **keys}
    owners = dict.fromkeys(config if added else keys, ANNA)
    return AdjunctState(PolicySpec(spec.type, spec.name, config), suspended, owners, ANNA if added else None)


states = st.lists(
    st.builds(
        held,
        st.builds(PolicySpec, st.sampled_from(("scale", "heal")), names, configs),
        configs,
        suspended=st.booleans(),
        added=st.booleans(),
    ),
    max_size=3,
    unique_by=lambda each: each.spec.name,
)


def named(specs: list[PolicySpec]) -> dict[str, PolicySpec]:
    return {spec.name: spec for spec in specs}


@given(policies, states)
def test_a_file_that_says_what_it_said_changes_nothing(old: list[PolicySpec], now: list[AdjunctState]) -> None:
    merged = merging.adjuncts(old, old, now, "shop/web")
    assert merged.kept == ()
    assert {each.spec.name: each for each in merged.adjuncts} == {each.spec.name: each for each in now}


@given(policies, policies)
def test_what_nobody_touched_is_as_the_new_file_says(old: list[PolicySpec], new: list[PolicySpec]) -> None:
    merged = merging.adjuncts(old, new, [AdjunctState(spec) for spec in old], "shop/web")
    assert [each.spec for each in merged.adjuncts] == new
    assert merged.kept == ()


@given(policies, policies, states)
def test_what_somebody_set_stays_and_is_said_where_the_file_differs(
    old: list[PolicySpec], new: list[PolicySpec], now: list[AdjunctState]
) -> None:
    merged = merging.adjuncts(old, new, now, "shop/web")
    after = {each.spec.name: each for each in merged.adjuncts}
    before, then = named(old), named(new)
    for each in now:
        name = each.spec.name
        there = after.get(name)
        if there is None:  # the file took it away, and no person had added it
            assert name in before and name not in then and each.added is None
            continue
        assert there.suspended == each.suspended
        if there.spec.type != each.spec.type:
            assert each.added is None and then[name].type == there.spec.type
            continue
        for key in each.owners:
            assert there.spec.config.get(key) == each.spec.config.get(key) or key not in there.owners
            said = any(f"{key} of policy {name} stays" in words or f"policy {name} stays as it is" in words for words in merged.kept)
            wanted, was = then.get(name), before.get(name)
            differs = wanted is not None and wanted.config.get(key, None) != each.spec.config.get(key, None)
            changed = wanted is not None and (was is None or wanted.config.get(key, None) != was.config.get(key, None))
            if differs and changed and (key in wanted.config or (was is not None and key in was.config)):  # type: ignore[union-attr]
                assert said, (key, merged.kept)
    for name, spec in then.items():
        if name not in after:  # somebody took it away, and the file did not change it
            assert before.get(name) == spec and name not in {each.spec.name for each in now}


@given(policies, policies, states)
def test_the_same_update_twice_is_the_same_as_once(old: list[PolicySpec], new: list[PolicySpec], now: list[AdjunctState]) -> None:
    once = merging.adjuncts(old, new, now, "shop/web").adjuncts
    assert merging.adjuncts(new, new, once, "shop/web").adjuncts == once or {each.spec.name: each for each in once} == {
        each.spec.name: each for each in merging.adjuncts(new, new, once, "shop/web").adjuncts
    }


# --- sizes


def spec(initial: int, least: int = 0, most: int = 30) -> ClusterSpec:
    return ClusterSpec(MEMBER, initial, least, most)


@given(st.integers(0, 30), st.integers(0, 30), st.sampled_from((ANNA, SCALER)), st.integers(0, 10), st.integers(10, 30))
def test_a_size_of_somebody_else_is_kept_within_the_bounds(initial: int, size: int, owner: Owner, least: int, most: int) -> None:
    sized = merging.size(spec(31), spec(initial, least, most), Sized(size, owner), "shop/web")
    assert sized.size == max(least, min(most, size))
    if least <= size <= most and size != initial:
        assert f"size stays {size}: {owner.words} set it at 2027-01-15 08:00 UTC; `clocker resize shop/web {initial}` sets it" == sized.kept
        assert sized.owner == owner


def test_the_size_of_the_file_follows_the_file() -> None:
    assert merging.size(spec(2), spec(5), Sized(2, BLUEPRINT), "w") == Sized(5, BLUEPRINT)
    assert merging.size(spec(2), spec(2, most=9), Sized(19, SCALER), "w") == Sized(9, SCALER)
    assert merging.size(spec(2), spec(5), Sized(5, ANNA), "w") == Sized(5, BLUEPRINT)


def test_a_lease_goes_back_to_what_the_new_file_says() -> None:
    until = 1_800_007_200.0
    lease = Lease(until, 2)
    sized = merging.size(spec(2), spec(5), Sized(9, ANNA, lease), "shop/web")
    assert (sized.size, sized.owner, sized.lease) == (9, ANNA, Lease(until, 5))
    assert sized.kept.startswith("size stays 9 until 2027-01-15 10:00 UTC: anna set it")
    assert merging.size(spec(2), spec(2, most=4), Sized(9, ANNA, lease), "w") == Sized(4, ANNA, lease)


# --- services


def service(name: str, image: str = "a:1", on: str = "", *, many: bool = False) -> ServiceSpec:
    depends = (Dependency(on),) if on else ()
    if many:
        return ServiceSpec(name, name, "cluster", cluster=ClusterSpec(MEMBER), depends=depends)
    return ServiceSpec(name, name, "docker", ContainerSpec(ImageSpec(image)), depends=depends)


services = st.lists(
    st.builds(service, st.sampled_from("abcd"), st.sampled_from(("a:1", "a:2")), many=st.booleans()),
    max_size=4,
    unique_by=lambda each: each.id,
)


@given(services, services, st.frozensets(st.sampled_from("abcd")))
def test_services_come_and_go_as_the_file_says(old: list[ServiceSpec], new: list[ServiceSpec], deleted: frozenset[str]) -> None:
    before, after = {each.id: each for each in old}, {each.id: each for each in new}
    there = {name for name in before if name not in deleted}
    found = merging.services(old, new, there)
    assert set(found.going) == {name for name in there if name not in after or merging.remade(before[name], after[name])}
    for name, wanted in after.items():
        comes = name in found.missing
        if name not in before:
            assert comes
        elif name in there:
            assert comes == merging.remade(before[name], wanted)
        else:  # a person deleted it
            assert comes == (before[name] != wanted)
            assert (name in merging.away(old, new, there)) == (not comes)
    assert (
        merging.services(new, new, there | set(after) - set(found.missing), found).missing
        == tuple(name for name in after if name in found.missing)
        or not found.missing
    )


def test_what_goes_waits_for_those_that_used_it() -> None:
    old = [service("db"), service("web", on="db"), service("api", on="db")]
    new = [service("db2"), service("web", on="db2")]
    assert merging.services(old, new, {"db", "web", "api"}) == Services(("db2",), {"db": ("web",), "api": ()})
    again = merging.services(new, [*new, service("db")], {"db", "web"}, Services((), {"db": ("web",)}))
    assert again == Services(("db",), {"db": ()})


def test_a_key_that_somebody_set_does_not_follow_the_files_expression_again() -> None:
    before, after = (PolicySpec("p", "p", {}, (Late("a", literal(n)), Late("b", literal(n)))) for n in (1, 2))
    now = AdjunctState(PolicySpec("p", "p", {"a": 7}, before.late[1:]), owners={"a": Owner(OwnerKind.PERSON, "anna", 5.0)})
    assert merging.adjuncts((before,), (before,), (now,), "web") == merging.Merged((now,))
    merged = merging.adjuncts((before,), (after,), (now,), "web")
    assert (merged.adjuncts[0].spec.config, merged.adjuncts[0].spec.late) == ({"a": 7}, after.late[1:])
    assert merged.kept[0].startswith("a of policy p stays 7: anna set it at")
    (plain,) = merging.adjuncts((before,), (PolicySpec("p", "p", {"a": 1, "b": 2}),), (now,), "web").adjuncts
    assert (plain.spec.config, plain.spec.late) == ({"a": 7, "b": 2}, ())


def test_who_refers_to_a_service_is_told_by_its_path() -> None:
    inner = replace(service("group"), container=None, children=(service("web", on="db"), service("page", on="web")))
    found = [service("db"), inner, service("api", on="db")]
    assert list(merging.dependents({"db"}, found, "shop")) == ["shop/group/web", "shop/api"]
    assert list(merging.dependents({"group", "web", "page"}, found, "shop")) == []
    assert list(merging.dependents({"web"}, found, "shop")) == ["shop/group/page"]
