"""Is a large blueprint read in time, also when half of it is of types of the catalogue?"""

import time

from clocker_actors.admin.types import type_table
from clocker_actors.blueprint import parse

SERVICES = 1_000
LIMIT = 2.0
"""Seconds of the processor, so that whoever else works here meanwhile does not count."""
KINDS = (
    "{type: redis, id: s%d, maxMemory: 64mb}",
    "{type: etcd, id: s%d, initialSize: 5}",
    "{type: zookeeper, id: s%d}",
    "{type: cassandra, id: s%d, clusterName: many}",
    "{type: solr, id: s%d, core: books}",
    '{type: postgresql, id: s%d, password: \'$brooklyn:external("a", "b")\'}',
)
PLAIN = '{type: docker:clocker/web:1, id: s%d, ports: [8080], env: {STORE: $brooklyn:component("s0").attributeWhenReady("host.address")}, readiness: {tcp: 8080}}'


def test_a_thousand_services_are_read_in_two_seconds() -> None:
    lines = ((KINDS[number // 2 % len(KINDS)] if number % 2 == 0 else PLAIN) % number for number in range(SERVICES))
    text = "name: large\nlocation: local\nservices:\n" + "".join(f"- {line}\n" for line in lines)
    table = type_table()
    parse(text.partition("- {type: etcd")[0], "first.yaml", table)  # what is read once: the catalogue itself
    began = time.process_time()
    parsed = parse(text, "large.yaml", table)
    took = time.process_time() - began
    assert len(parsed.blueprint.applications[0].services) == SERVICES
    print(f"measured: {SERVICES} services read in {took:.2f} s")
    assert took <= LIMIT
