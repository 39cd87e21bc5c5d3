"""Do the tables of keys agree with themselves and with the defaults of the specs?"""

from dataclasses import MISSING, fields

import pytest

from clocker_actors.blueprint import tables
from clocker_actors.blueprint.tables import KeyTable
from clocker_actors.model.specs import ClusterSpec, ContainerSpec, EngineSpec, PoolSpec, ProbeSpec, ServiceSpec

TABLES = {name: table for name, table in vars(tables).items() if isinstance(table, KeyTable)}
KINDS = {"string", "integer", "number", "boolean", "duration", "size", "node"}


@pytest.mark.parametrize("name", TABLES)
def test_rows_are_sound(name: str) -> None:
    rows = TABLES[name].keys.values()
    spellings = [spelling for row in rows for spelling in (row.name, *row.aliases)]
    assert len(spellings) == len(set(spellings))
    assert all(row.type in KINDS and row.meaning for row in rows)
    assert all(row.default is not None for row in rows if row.type in {"string", "boolean"})


def test_config_and_service_keys_are_told_apart() -> None:
    for kind, table in tables.CONFIG_OF.items():
        keys = tables.CLOUD_HEAD_KEYS if kind == tables.POOL else tables.SERVICE_KEYS
        assert not set(table.spellings) & set(keys.spellings)


@pytest.mark.parametrize(
    ("spec", "table", "names"),
    [
        (
            ContainerSpec,
            tables.CONTAINER_CONFIG,
            {"stop_timeout": "stopTimeout", "network": "network", "restart": "restart", "init": "init"},
        ),
        (ServiceSpec, tables.COMMON_CONFIG, {"start_timeout": "startTimeout", "healing": "healing"}),
        (
            ClusterSpec,
            tables.CLUSTER_CONFIG,
            {
                "initial_size": "initialSize",
                "min_size": "minSize",
                "max_size": "maxSize",
                "quorum": "quorum",
                "quarantine": "quarantine",
                "removal": "removalStrategy",
            },
        ),
        (ProbeSpec, tables.PROBE_KEYS, {"period": "period", "timeout": "timeout", "failures": "failures"}),
        (EngineSpec, tables.SSH_KEYS, {"ssh_socket": "socket"}),
    ],
)
def test_defaults_are_those_of_the_specs(spec: type, table: KeyTable, names: dict[str, str]) -> None:
    defaults = {each.name: each.default for each in fields(spec) if each.default is not MISSING}
    for field, key in names.items():
        assert table[key].default == defaults[field]


def test_default_port_range() -> None:
    first, last = PoolSpec("yard", ()).ports
    assert tables.POOL_CONFIG["portRange"].default == f"{first}-{last}"
