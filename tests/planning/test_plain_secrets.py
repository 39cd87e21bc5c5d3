"""Are secrets in plain text found by their names, wherever they stand in a blueprint, and told without what they are?"""

import pytest

from clocker_actors.admin.types import type_table
from clocker_actors.blueprint import parse
from clocker_actors.planning.plainsecrets import in_plain


def found(service: str) -> list[str]:
    text = f"name: shop\nservices:\n- {{type: docker:web, id: web, {service}}}\n"
    told = [each for one in parse(text, "a.yaml", type_table()).blueprint.applications for each in in_plain(one)]
    assert not any("hunter2" in str(each) for each in told)
    return [each.field for each in told]


@pytest.mark.parametrize(
    ("service", "field"),
    [
        ("env: {DB_PASSWORD: hunter2}", "env.DB_PASSWORD"),
        ("env: {URL: 'pg://app:hunter2@db/x'}", "env.URL"),
        ("labels: {api-key: hunter2}", "labels.api-key"),
        ("secrets: {db: hunter2}", "secrets.db"),
        ("command: [serve, --password=hunter2]", "command.1"),
        ("brooklyn.config: {db.password: hunter2}", "config.db.password"),
    ],
)
def test_what_is_in_plain_text(service: str, field: str) -> None:
    assert [each for each in found(service) if each.startswith(field)]


@pytest.mark.parametrize(
    "service",
    [
        "env: {DB_PASSWORD_FILE: /run/secrets/db, PASSWORD: ''}",
        'env: {DB_PASSWORD: \'$brooklyn:external("shop", "db")\'}',
        'secrets: {db: \'$brooklyn:external("shop", "db")\'}',
        "env: {TOKENS: many, MONKEY: tail, URL: 'http://db:80/x'}",
    ],
)
def test_what_is_none(service: str) -> None:
    assert found(service) == []
