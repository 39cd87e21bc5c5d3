"""Do the brokers and databases that ship refuse parameters that would not work, where they stand, and are they found by the ancestor's names?"""

import pytest

from clocker_actors.admin.types import type_table
from clocker_actors.blueprint import parse
from clocker_actors.errors import BlueprintError
from clocker_actors.model.specs import ServiceSpec

TYPES = type_table()
SECRET = 'password: $brooklyn:external("a", "b")'


def read(type_: str, *lines: str) -> ServiceSpec:
    """One service of a type, with these lines."""
    text = "\n".join(("name: x", "services:", f"- type: {type_}", "  id: db", *(f"  {line}" for line in lines)))
    return parse(text, "x.yaml", TYPES).blueprint.applications[0].services[0]


@pytest.mark.parametrize(
    ("type_", "lines", "words"),
    [
        ("postgresql", (), "`password` is required"),
        ("mariadb", (), "`password` is required"),
        ("postgresql", (SECRET, "database: my shop"), "my shop"),
        ("postgresql", (SECRET, "username: 'x\"; drop'"), "drop"),
        ("postgresql", (SECRET, "maxConnections: 3"), "3"),
        ("postgresql", (SECRET, "sharedMemory: much"), "much"),
        ("postgresql", (SECRET, "creationScript: https://x/y.sql"), "https://x/y.sql"),
        ("mariadb", (SECRET, "database: my-shop"), "my-shop"),
        ("mariadb", (SECRET, "bufferPool: 128 MB"), "128 MB"),
        ("mariadb", (SECRET, "dataVolume: /srv"), "/srv"),
        ("activemq", ("queues: [fine, 'not <fine>']",), "not <fine>"),
        ("activemq", ("topics: [a<b]",), "a<b"),
        ("activemq", ("heap: lots",), "lots"),
        ("activemq", ("brokerName: my broker",), "my broker"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value).replace(SECRET, "") or "bare",
)
def test_what_would_not_work_is_a_fault(type_: str, lines: tuple[str, ...], words: str) -> None:
    with pytest.raises(BlueprintError) as caught:
        read(type_, *lines)
    assert words in str(caught.value)
    assert "x.yaml" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "port"),
    [
        ("org.apache.brooklyn.entity.messaging.activemq.ActiveMQBroker", 61616),
        ("org.apache.brooklyn.entity.database.postgresql.PostgreSqlNode", 5432),
        ("org.apache.brooklyn.entity.database.mysql.MySqlNode", 3306),
        ("org.apache.brooklyn.entity.database.mariadb.MariaDbNode", 3306),
        ("mysql", 3306),
    ],
)
def test_the_ancestors_names_mean_them(name: str, port: int) -> None:
    service = read(name, SECRET, "dataVolume: mine")
    assert service.container is not None
    assert service.container.ports[0].container == port
    assert [volume.source for volume in service.container.volumes] == ["mine"]
    assert "b" not in service.container.env.values()
