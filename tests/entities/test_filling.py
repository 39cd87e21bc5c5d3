"""Are late texts put where they belong, secrets last and only where they are used, and are changes told apart by what they need?"""

from dataclasses import replace
from hashlib import sha256

import pytest

from clocker_actors.entities.filling import changed, files, fill, in_place, only, opened
from clocker_actors.entities.members.generations import LATER_FIELDS, spec_hash
from clocker_actors.entities.records import Generation
from clocker_actors.errors import SettingsError
from clocker_actors.model.expressions import Expression, Filled, Late, OnChange, literal
from clocker_actors.model.specs import ContainerSpec, FileSpec, ImageSpec, PortSpec, SecretSpec
from clocker_actors.store.codec import decode, encode

SECRET = Expression("formatString", (literal("pg://%s"), Expression("external", (literal("shop"), literal("password")))))
FIELDS = ("env.A", "labels.b", "hosts.db", "command.1", "entrypoint.0", "files./etc/app.conf")
CONTAINER = ContainerSpec(
    ImageSpec("web"),
    command=("run", ""),
    entrypoint=("",),
    env={"A": "", "PLAIN": "p"},
    labels={"b": ""},
    hosts={"db": ""},
    files=(FileSpec("/etc/app.conf", reload=("kill", "-HUP", "1")), FileSpec("/etc/other", "o")),
    late=tuple(Late(field, literal(f"<{field}>")) for field in FIELDS),
)


def test_every_kind_of_field_is_filled_in() -> None:
    given = fill(CONTAINER, Filled({field: f"<{field}>" for field in FIELDS}))
    assert given.env == {"A": "<env.A>", "PLAIN": "p"}
    assert given.labels == {"b": "<labels.b>"}
    assert given.hosts == {"db": "<hosts.db>"}
    assert given.command == ("run", "<command.1>")
    assert given.entrypoint == ("<entrypoint.0>",)
    assert [file.content for file in given.files] == ["<files./etc/app.conf>", "o"]
    assert given.late == ()


async def test_secrets_stay_sealed_until_they_are_opened() -> None:
    secret = SecretSpec("db", "/run/secrets/db")
    late = (Late("env.A", SECRET), Late("files./etc/app.conf", SECRET), Late("secrets.db", SECRET))
    sealed = fill(replace(CONTAINER, secrets=(secret,)), Filled({"command.1": "go"}, late))
    assert sealed.env["A"] == "" and len(sealed.late) == 3
    asked: list[str] = []

    async def somebody(provider: str, key: str) -> str:
        asked.append(key)
        return f"{provider}/{key}!"

    given = await opened(sealed, somebody)
    assert given.env["A"] == given.files[0].content == given.secrets[0].content == "pg://shop/password!"
    assert (given.late, len(asked)) == ((), 1), "each is asked for once, however often it is used"

    async def nobody(provider: str, key: str) -> str:
        raise SettingsError(f"no {key}")

    with pytest.raises(SettingsError, match="no password"):
        await opened(sealed, nobody)


def test_what_differs_is_named_by_field() -> None:
    before = Filled({"env.A": "1", "env.B": "2"}, (Late("env.C", SECRET),))
    assert changed(before, before) == ()
    after = Filled({"env.A": "1", "env.B": "3"}, (Late("env.C", replace(SECRET, args=(literal("x"), SECRET.args[1]))),))
    assert changed(before, after) == ("env.B", "env.C")
    assert only(("env.B",), before, after) == Filled({"env.A": "1", "env.B": "3"}, before.sealed)
    assert only(("env.C",), before, after) == Filled(before.texts, after.sealed)
    assert changed(before, only(("env.B", "env.C"), before, after)) == ("env.B", "env.C")


def test_only_files_that_reload_change_in_place_unless_all_is_kept() -> None:
    fields = ("env.A", "files./etc/app.conf", "files./etc/other")
    assert in_place(CONTAINER, fields, OnChange.RESTART) == ("files./etc/app.conf",)
    assert in_place(CONTAINER, fields, OnChange.KEEP) == ("files./etc/app.conf", "files./etc/other")
    assert [file.path for file in files(CONTAINER, fields)] == ["/etc/app.conf", "/etc/other"]


def test_the_hash_of_a_spec_is_that_of_the_release_before_unless_a_newer_field_says_something() -> None:
    old = ContainerSpec(ImageSpec("web"), env={"b": "1", "a": "2"}, ports=(PortSpec(80),), labels={"x": "y"})
    # as the first release made it, of a spec that had no later fields
    text = encode(old)
    for field in LATER_FIELDS:
        empty = encode(field) + b":" + encode(getattr(old, field))
        assert b"," + empty in text
        text = text.replace(b"," + empty, b"")
    assert decode(ContainerSpec, text) == old
    assert spec_hash(old) == sha256(text).hexdigest()[:16]
    assert spec_hash(replace(old, hosts={"db": "10.0.0.1"})) != spec_hash(old)


def test_a_field_of_a_later_release_is_known_as_such() -> None:
    first = """image command entrypoint env ports volumes resources labels readiness health restart user read_only capabilities_add capabilities_drop privileged
        init stop_timeout stop_signal network"""
    assert set(ContainerSpec.__dataclass_fields__) - LATER_FIELDS == set(first.split()), "name a new field in LATER_FIELDS"


def test_records_of_the_release_before_are_read() -> None:
    text = b'{"number":3,"host":"h4","host_name":"a","address":"10.0.0.1","name":"clocker.main.m7.g3","ports":{"80/tcp":20000},"ready_once":true}'
    generation = decode(Generation, text)
    assert (generation.filled, generation.putting) == (Filled(), ())
    assert decode(ContainerSpec, b'{"image":{"reference":"web"}}') == ContainerSpec(ImageSpec("web"))
