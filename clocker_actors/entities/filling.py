"""Late texts of a container, as values: put into its spec, compared, and whether a change of them needs a new container. Pure.

What is filled in keeps no trace of where it came from, so a generation's spec is plain; only texts with secrets in them stay expressions, which are opened
where the engine is talked to and nowhere else.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace

from clocker_actors.expressions import as_text, sealed_in, unseal
from clocker_actors.model.expressions import Filled, OnChange
from clocker_actors.model.specs import ContainerSpec, FileSpec

ENV, LABELS, COMMAND, ENTRYPOINT, HOSTS, FILES, SECRETS = "env", "labels", "command", "entrypoint", "hosts", "files", "secrets"
Opener = Callable[[str, str], Awaitable[str]]
"""Gives the value of a secret by provider and key. Raises SettingsError."""


def fill(container: ContainerSpec, filled: Filled) -> ContainerSpec:
    """The container with these texts in their places; what is sealed stays late."""
    if not container.late:
        return container
    given = replace(
        container,
        env=_map(ENV, container.env, filled.texts),
        labels=_map(LABELS, container.labels, filled.texts),
        hosts=_map(HOSTS, container.hosts, filled.texts),
        command=_words(COMMAND, container.command, filled.texts),
        entrypoint=_words(ENTRYPOINT, container.entrypoint, filled.texts),
        files=tuple(replace(file, content=filled.texts.get(f"{FILES}.{file.path}", file.content)) for file in container.files),
        secrets=tuple(replace(each, content=filled.texts.get(f"{SECRETS}.{each.name}", each.content)) for each in container.secrets),
    )
    return replace(given, late=filled.sealed)


async def opened(container: ContainerSpec, opener: Opener) -> ContainerSpec:
    """The container with its secrets in their places: only for whoever gives it to the engine. Raises SettingsError for one that nobody gave."""
    if not container.late:
        return container
    values: dict[tuple[str, str], str] = {}
    for provider, key in dict.fromkeys(pair for late in container.late for pair in sealed_in(late.expression)):
        values[provider, key] = await opener(provider, key)
    texts = {late.field: as_text(unseal(late.expression, lambda provider, key: values[provider, key])) for late in container.late}
    return fill(container, Filled(texts))


def changed(before: Filled, after: Filled) -> tuple[str, ...]:
    """The fields that differ, sorted."""
    old, new = _by_field(before), _by_field(after)
    return tuple(sorted(field for field in old.keys() | new.keys() if old.get(field) != new.get(field)))


def only(fields: Iterable[str], before: Filled, after: Filled) -> Filled:
    """As before, but for these fields, which are as after."""
    taken = frozenset(fields)
    texts = {**{name: text for name, text in before.texts.items() if name not in taken}}
    texts |= {name: text for name, text in after.texts.items() if name in taken}
    kept = tuple(late for late in before.sealed if late.field not in taken)
    return Filled(texts, (*kept, *(late for late in after.sealed if late.field in taken)))


def in_place(container: ContainerSpec, fields: Iterable[str], on_change: OnChange) -> tuple[str, ...]:
    """Those of the changed fields that a running container can have without a new one: files that it is told to read again, or, where it is to be kept
    whatever changes, all files."""
    reloaded = {f"{FILES}.{file.path}" for file in container.files if file.reload or on_change is OnChange.KEEP}
    return tuple(field for field in fields if field in reloaded)


def files(container: ContainerSpec, fields: Iterable[str]) -> tuple[FileSpec, ...]:
    """The files of a container that these fields are about."""
    wanted = frozenset(fields)
    return tuple(file for file in container.files if f"{FILES}.{file.path}" in wanted)


def _by_field(filled: Filled) -> Mapping[str, object]:
    return {**filled.texts, **{late.field: late.expression for late in filled.sealed}}


def _map(kind: str, given: Mapping[str, str], texts: Mapping[str, str]) -> Mapping[str, str]:
    prefix = f"{kind}."
    return {**given, **{field.removeprefix(prefix): text for field, text in texts.items() if field.startswith(prefix)}}


def _words(kind: str, words: tuple[str, ...] | None, texts: Mapping[str, str]) -> tuple[str, ...] | None:
    return None if words is None else tuple(texts.get(f"{kind}.{index}", word) for index, word in enumerate(words))
