"""Secrets that a blueprint names and nobody gave: told before anything is made, since a deploy would come upon them only when it needs them.

Values are asked for and dropped at once; what is told says which is missing and where to write it, never what one is.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from clocker_actors.allowances import EVERYTHING, Allowances
from clocker_actors.entities.pools.sources import clouds_of
from clocker_actors.errors import BadRequest, SettingsError
from clocker_actors.expressions.resolving import EXTERNAL
from clocker_actors.expressions.texts import as_text
from clocker_actors.model.locations import LocationKind, LocationSpec, SecretRef, settle
from clocker_actors.model.specs import ApplicationSpec, PoolSpec, ServiceSpec
from clocker_actors.planning.plainsecrets import ALLOW, in_plain
from clocker_actors.planning.values import PlanWarning


def _settled(location: LocationSpec) -> LocationSpec:
    return settle(location, {})


def _anything(*_: object) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Known:
    """What the settings know: named locations, secrets of locations, secrets of services, and what containers may have. Each of the first three raises an
    error of ours that says what is missing."""

    settle: Callable[[LocationSpec], LocationSpec] = _settled
    resolve: Callable[[SecretRef], str] = _anything
    secret: Callable[[str, str], str] = _anything
    allow: Allowances = EVERYTHING
    plain: str = ALLOW
    """What becomes of secrets in plain text: allow, warn or refuse."""
    """What containers may have beyond the usual."""


def missing(applications: Iterable[ApplicationSpec], pools: Iterable[PoolSpec], known: Known) -> Iterator[PlanWarning]:
    """A warning for each secret that is missing; locations of the pools are settled."""
    for pool in pools:
        for cloud in clouds_of([pool.location] if pool.location is not None else []):
            if cloud.kind is not LocationKind.SIMULATED and cloud.cloud is not None:
                faults = (_fault(known.resolve, secret) for secret in cloud.cloud.secrets)
                yield from (PlanWarning(pool.name, f"no machine can be made in {cloud.name}: {words}") for words in faults if words)
    for application in applications:
        if known.plain != ALLOW:
            yield from (PlanWarning(each.path, str(each).removeprefix(f"{each.path}: ")) for each in in_plain(application))
        for service in application.services:
            yield from _of_service(f"{application.id}/{service.id or service.name}", service, known)


def asked(applications: Iterable[ApplicationSpec], known: Known) -> Known:
    """The same, with each secret that services name asked for now: some lie in the store, which only the loop may read, and plans are made in threads."""
    services = [service for application in applications for service in application.services]
    found = {named: _fault(known.secret, *named) for service in services for named in _all_named(service)}

    def secret(provider: str, key: str) -> str:
        if words := found[provider, key]:
            raise SettingsError(words)
        return ""

    return replace(known, secret=secret)


def _of_service(path: str, service: ServiceSpec, known: Known) -> Iterator[PlanWarning]:
    for provider, key in _named(service):
        words = _fault(known.secret, provider, key)
        if words:
            yield PlanWarning(path, f"it cannot start: {words}")
    for child in service.children:
        yield from _of_service(f"{path}/{child.id or child.name}", child, known)


def _all_named(service: ServiceSpec) -> Iterator[tuple[str, str]]:
    yield from _named(service)
    for child in service.children:
        yield from _all_named(child)


def _named(service: ServiceSpec) -> Iterable[tuple[str, str]]:
    """Supplier and key of each secret that the service itself names, once."""
    member = service.cluster.member if service.cluster is not None else service
    named: dict[tuple[str, str], None] = {}
    for late in member.container.late if member.container is not None else ():
        for node in late.expression.walk():
            if node.op == EXTERNAL:
                named[as_text(node.args[0].value), as_text(node.args[1].value)] = None
    return named


def _fault(ask: Callable[..., str], *what: object) -> str:
    """Why a secret cannot be had; "" if it can."""
    try:
        ask(*what)
    except (SettingsError, BadRequest) as error:
        return str(error)
    return ""
