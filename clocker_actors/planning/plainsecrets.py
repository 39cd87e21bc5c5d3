"""Secrets that a blueprint has in plain text: told by their names, for no one can tell them by their values. Where they are is said, never what they are.

They would stand in the file, in whatever keeps files, in the store and its backups. What comes from a supplier stands in none of these.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from clocker_actors.masking import is_secret, masked_text
from clocker_actors.model.specs import ApplicationSpec, ContainerSpec, ServiceSpec
from clocker_actors.passwords import key_in

ALLOW, WARN, REFUSE = "allow", "warn", "refuse"


@dataclass(frozen=True, slots=True)
class InPlain:
    """One: of which service, and in which field of it."""

    path: str
    field: str

    def __str__(self) -> str:
        return (
            f"{self.path}: {self.field} is a secret in plain text; write $brooklyn:external(provider, key) for it, best under `secrets`, "
            "and give the value to the manager by `clocker secret set`"
        )


def in_plain(application: ApplicationSpec) -> Iterator[InPlain]:
    """All of an application, each once."""
    found = (each for service in application.services for each in _of_service(service, f"{application.id}/{service.id or service.name}"))
    yield from dict.fromkeys((*(InPlain(application.id, field) for field in _named("config", application.config)), *found))


def _of_service(service: ServiceSpec, path: str) -> Iterator[InPlain]:
    fields = [*_named("config", service.config)]
    for adjunct in (*service.policies, *service.enrichers):
        fields += _named(f"config of {adjunct.name}", adjunct.config)
    if service.container is not None:
        fields += _of_container(service.container)
    yield from (InPlain(path, field) for field in fields)
    if service.cluster is not None:
        yield from _of_service(service.cluster.member, path)
    for child in service.children:
        yield from _of_service(child, f"{path}/{child.id or child.name}")


def _of_container(container: ContainerSpec) -> Iterator[str]:
    yield from _named("env", container.env)
    yield from _named("labels", container.labels)
    yield from (f"secrets.{each.name}" for each in container.secrets if each.content)
    for kind, words in (("command", container.command), ("entrypoint", container.entrypoint)):
        yield from (f"{kind}.{number}" for number, word in enumerate(words or ()) if masked_text(word) != word)
    yield from (f"env.{name}" for name, value in container.env.items() if not is_secret(name) and masked_text(value) != value)


def _named(kind: str, values: Mapping[str, object]) -> Iterator[str]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _named(f"{kind}.{name}", value)
        elif isinstance(value, str) and value and is_secret(name) and key_in(value) is None:
            yield f"{kind}.{name}"
