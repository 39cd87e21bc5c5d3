"""What the catalogue promises: every type can be made by name and by the ancestor's name, from its defaults."""

import pytest

from clocker_actors.errors import NotFound
from clocker_actors.model.configuration import checked
from clocker_actors.model.identity import Ids, Uid
from clocker_actors.model.specs import PolicySpec
from clocker_actors.policies import catalogue


@pytest.mark.parametrize("name", sorted(catalogue.TYPES))
def test_every_type_is_made_from_its_defaults_by_all_its_names(name: str) -> None:
    for alias in (name, *catalogue.TYPES[name].aliases):
        assert catalogue.has(alias)
        catalogue.make(PolicySpec(alias, "p", {}), Uid("c1"), ids=Ids(1, 10))


@pytest.mark.parametrize("name", sorted(catalogue.TYPES))
def test_every_key_says_what_it_means_and_its_default_is_right(name: str) -> None:
    policy = catalogue.TYPES[name]
    defaults = checked(policy, {})
    assert checked(policy, {f"{name}.{key}": value for key, value in defaults.items()}) == defaults
    assert all(key.meaning for key in policy.keys)


def test_an_unknown_type_is_refused_with_the_nearest_names() -> None:
    with pytest.raises(NotFound, match=r"'autoscalr'; try autoscaler"):
        catalogue.make(PolicySpec("autoscalr", "p", {}), Uid("c1"), ids=Ids(1, 10))
