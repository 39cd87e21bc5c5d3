"""Is docs/reference.md what the tables say that the parser and the policies use? `python -m tests.test_reference` writes it anew."""

from collections.abc import Iterable
from pathlib import Path

from clocker_actors.admin.types import type_table
from clocker_actors.blueprint import provisioning_keys, tables, type_keys
from clocker_actors.blueprint.keys import Key
from clocker_actors.model import sensors
from clocker_actors.model.types import KeyType, PolicyType

PAGE = Path(__file__).parent.parent / "docs" / "reference.md"
HEAD = """# Reference

Made from the tables that the parser checks against; a test keeps it true. Durations are written `5m`, `250ms` or as seconds, sizes `512m` or `2GiB`.
Every key may also be written in its other spellings, which are the ancestor's.
"""
BLUEPRINT = (
    ("At the top of a file", tables.ROOT_KEYS),
    ("Every service", tables.SERVICE_KEYS),
    ("A parameter", type_keys.PARAMETER_KEYS),
    ("A file of a type (beside the keys of a service)", type_keys.TYPE_KEYS),
    ("`container` and `docker:image`", tables.CONTAINER_CONFIG),
    ("`cluster`", tables.CLUSTER_CONFIG),
    ("`group`", tables.GROUP_CONFIG),
    ("`docker-cloud`", tables.POOL_CONFIG),
    ("A host of a docker-cloud", tables.HOST_KEYS),
    ("Its `engine`", tables.ENGINE_KEYS),
    ("`tls` of an engine", tables.TLS_KEYS),
    ("`ssh` of an engine", tables.SSH_KEYS),
    ("Options of a location that is a cloud (`libcloud:`, `jclouds:`)", provisioning_keys.CLOUD_KEYS),
    ("Options of a location of machines (`byon`, `ssh`, `host`, `localhost`)", provisioning_keys.MACHINES_KEYS),
    ("One of its `hosts`", provisioning_keys.MACHINE_KEYS),
    ("Options of a location of several (`multi`)", provisioning_keys.MULTI_KEYS),
    ("`build`", tables.BUILD_KEYS),
    ("One of `files`", tables.FILE_KEYS),
    ("One of `secrets`", tables.SECRET_KEYS),
    ("One of `dependsOn`", tables.DEPENDENCY_KEYS),
    ("A probe (`readiness`, `health`)", tables.PROBE_KEYS),
    ("A port", tables.PORT_KEYS),
    ("A volume", tables.VOLUME_KEYS),
    ("A policy or enricher", tables.POLICY_KEYS),
)


def page() -> str:
    """The whole page."""
    table = type_table()
    parts = [HEAD, "## Blueprints"]
    for title, keys in BLUEPRINT:
        parts += [f"### {title}", _keys(keys.keys.values())]
    parts.append("## Policies, enrichers, feeds and effectors")
    parts += [_type(kind) for kind in table.policies.values()]
    parts.append("## Placement strategies")
    parts += [_type(kind) for kind in table.strategies.values()]
    parts += ["## Sensors", _sensors()]
    return "\n\n".join(parts) + "\n"


def _type(kind: PolicyType) -> str:
    head = f"### `{kind.name}` ({kind.role})\n\n{kind.meaning[:1].upper()}{kind.meaning[1:]}."
    return f"{head}\n\n{_keys(kind.keys)}" if kind.keys else head


def _keys(keys: Iterable[KeyType]) -> str:
    rows = [f"| `{key.name}`{_spellings(key)} | {_kind(key)} | {_default(key)} | {_cell(key.meaning)} |" for key in keys]
    return "\n".join(["| key | type | default | meaning |", "|---|---|---|---|", *rows])


def _spellings(key: KeyType) -> str:
    others = (*(key.aliases if isinstance(key, Key) else ()), *key.also)
    return f" ({', '.join(f'`{one}`' for one in others)})" if others else ""


def _kind(key: KeyType) -> str:
    if key.choices:
        return " \\| ".join(key.choices)
    bounds = [f"{word} {bound:.15g}" for word, bound in (("from", key.least), ("to", key.most)) if bound is not None]
    return " ".join(["as shown" if key.type == "node" else key.type, *bounds]) + (", required" if key.required else "")


def _default(key: KeyType) -> str:
    return "" if key.default in (None, "") else _cell(f"{key.default:.15g}" if isinstance(key.default, float) else str(key.default))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _sensors() -> str:
    rows = [f"| `{one.name}` | {one.unit} | {_cell(one.meaning)} |" for one in sensors.ALL.values()]
    return "\n".join(["| sensor | unit | meaning |", "|---|---|---|", *rows])


def test_the_page_says_what_the_tables_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `python -m tests.test_reference` and commit docs/reference.md"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
