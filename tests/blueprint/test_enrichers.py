"""Enrichers in a blueprint: the ancestor's names and keys are understood, and what could never work is a fault at its place."""

import pytest

from clocker_actors.admin.types import type_table
from clocker_actors.blueprint import parse
from clocker_actors.errors import BlueprintError
from clocker_actors.model.specs import ServiceSpec

TYPES = type_table()


def service(enrichers: str, kind: str = "cluster") -> ServiceSpec:
    body = "type: cluster\n  memberSpec: docker:web" if kind == "cluster" else "type: docker:web"
    return parse(f"services:\n- {body}\n  enrichers:\n  {enrichers}", "f.yaml", TYPES).blueprint.applications[0].services[0]


def fault(enrichers: str, kind: str = "cluster") -> str:
    with pytest.raises(BlueprintError) as caught:
        service(enrichers, kind)
    return "\n".join(caught.value.faults)


def test_the_ancestors_names_and_keys_are_understood() -> None:
    spec = service(
        """- enricherType: org.apache.brooklyn.enricher.stock.Aggregator
    brooklyn.config:
      enricher.sourceSensor: $brooklyn:sensor("webapp.reqs.perSec")
      enricher.targetSensor: $brooklyn:sensor("webapp.reqs.perSec.perNode")
      enricher.aggregating.fromMembers: true
      transformation: average
      enricher.aggregating.excludeBlank: true"""
    )
    assert spec.enrichers[0].type == "aggregator"
    assert spec.enrichers[0].config == {
        "sourceSensor": "webapp.reqs.perSec",
        "targetSensor": "webapp.reqs.perSec.perNode",
        "fromMembers": True,
        "transformation": "average",
        "excludeBlank": True,
    }


@pytest.mark.parametrize(
    "name",
    [
        "Transformer",
        "Propagator",
        "Joiner",
        "Combiner",
        "MapAggregator",
        "Reducer",
        "GarthReducer",
        "PercentageEnricher",
        "PropagateToMembers",
        "UpdatingMap",
        "DeltaEnricher",
        "TimeWeightedDeltaEnricher",
        "TimeFractionDeltaEnricher",
        "RollingMeanEnricher",
        "RollingTimeWindowMeanEnricher",
        "OnPublicNetworkEnricher",
        "OnSubnetNetworkEnricher",
    ],
)
def test_every_enricher_of_the_ancestor_is_known_by_its_name(name: str) -> None:
    said = fault(f"- {{type: {name}, nosuch: 1}}")
    assert "is not a key of" in said and "not a known type" not in said


@pytest.mark.parametrize(
    ("written", "place", "says"),
    [
        ("- {type: transformer, sourceSensor: a, targetSensor: b, transformation: 'value +'}", "5:75", "is no formula"),
        ("- {type: transformer, sourceSensor: a, targetSensor: b, transformation: 'x * 2'}", "5:75", "it knows value"),
        ("- {type: transformer, sourceSensor: a, targetSensor: a}", "5:56", "hear itself"),
        ("- {type: aggregator, sourceSensor: a, targetSensor: b, transformation: mean}", "5:74", "write one of average"),
        ("- {type: aggregator, sourceSensor: a, targetSensor: b, quorumCheck: most}", "5:71", "is no quorum"),
        ("- {type: combiner, sourceSensors: [a, b], targetSensor: c, formula: a / d}", "5:71", "not in sourceSensors"),
        ("- {type: propagator}", "5:5", "names no sensors"),
        ("- {type: joiner, sourceSensor: a}", "5:5", "has no `targetSensor`"),
        ("- {type: transfromer, sourceSensor: a}", "5:12", "did you mean"),
        ("- {type: transformer, surceSensor: a, targetSensor: b}", "5:25", "did you mean"),
    ],
)
def test_what_could_never_work_is_a_fault_at_its_place(written: str, place: str, says: str) -> None:
    said = fault(written)
    assert any(each.startswith(f"f.yaml:{place}:") and says in each for each in said.splitlines()), said


def test_two_enrichers_that_would_speak_to_each_other_for_ever_are_a_fault() -> None:
    first = "- {type: transformer, name: one, sourceSensor: a, targetSensor: b}"
    second = "- {type: combiner, name: two, sourceSensors: [b, c], targetSensor: a}"
    assert "for ever" in fault(f"{first}\n  {second}")
    assert service(f"{first}\n  - {{type: combiner, name: two, sourceSensors: [b, c], targetSensor: d}}").enrichers


def test_an_aggregator_of_a_container_without_members_is_a_fault_only_where_there_can_be_none() -> None:
    assert service("- {type: aggregator, sourceSensor: a, targetSensor: b}", "container").enrichers
