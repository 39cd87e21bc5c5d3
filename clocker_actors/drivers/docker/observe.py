"""What an engine says of containers, in our words. Pure."""

import re
from collections.abc import Mapping

from clocker_actors.allowances import DROPPED, KEPT
from clocker_actors.drivers.docker import wire
from clocker_actors.model.containers import EngineEvent, EngineState, Observed
from clocker_actors.model.specs import Resources

ACTIONS = ("create", "start", "die", "destroy", "oom", "health_status", "rename", "pause", "unpause")
"""The events worth hearing; `exec_*` would flood the ring with every health check."""

_EXIT = re.compile(r"^Exited \(([0-9]{1,10})\)")
_HEALTH = re.compile(r"\((?:health: )?(starting|healthy|unhealthy)\)$")
_ENDED = (EngineState.EXITED, EngineState.DEAD)


def listed(line: wire.Listed) -> Observed:
    """From the list, which has neither start time nor oom; exit code and health are read from its words."""
    exit_code, health = _EXIT.search(line.status), _HEALTH.search(line.status)
    networks = line.network_settings.networks if line.network_settings else None
    return Observed(
        id=line.id,
        name=_name(line.names[0]) if line.names else "",
        image=line.image,
        state=_state(line.state),
        labels=line.labels or {},
        ports={f"{port.private_port}/{port.type}": port.public_port for port in line.ports or [] if port.public_port},
        address=_address(networks),
        gateway=_gateway(networks),
        exit_code=int(exit_code[1]) if exit_code else None,
        healthcheck=health[1] if health else "",
    )


def inspected(found: wire.Inspected) -> Observed:
    """From an inspection; this is complete."""
    state = _state(found.state.status)
    # a start that failed leaves `created` with the code of the failure
    ended = state in _ENDED or (state is EngineState.CREATED and found.state.exit_code != 0)
    health = found.state.health.status if found.state.health else ""
    return Observed(
        id=found.id,
        name=_name(found.name),
        image=found.config.image,
        state=state,
        labels=found.config.labels or {},
        ports=_ports(found.network_settings.ports),
        address=_address(found.network_settings.networks),
        gateway=_gateway(found.network_settings.networks),
        exit_code=found.state.exit_code if ended else None,
        started_at=wire.epoch(found.state.started_at),
        oom_killed=found.state.oom_killed,
        healthcheck="" if health == "none" else health,
        resources=_resources(found.host_config),
        restart=_restart(found.host_config.restart_policy),
        rights=_rights(found.host_config),
    )


def event(heard: wire.Event) -> EngineEvent:
    """From one line of the event stream. Labels come mixed with the event's own attributes."""
    attributes = dict(heard.actor.attributes or {})
    action, _, health = heard.action.partition(": ")
    code = attributes.pop("exitCode", "")
    name = attributes.pop("name", "")
    for own in ("image", "signal", "oldName", "execDuration"):
        attributes.pop(own, None)
    seconds, nanoseconds = divmod(heard.time_nano, 1_000_000_000)
    return EngineEvent(
        id=heard.actor.id,
        name=name,
        action=action,
        at=heard.time_nano / 1e9,
        cursor=f"{seconds}.{nanoseconds:09d}",
        labels=attributes,
        exit_code=wire.number(code),
        health=health,
    )


def after(cursor: str) -> str:
    """One nanosecond later: an engine's `since` includes its bound."""
    seconds, _, fraction = cursor.partition(".")
    whole, rest = divmod(int(seconds) * 1_000_000_000 + int(fraction.ljust(9, "0")[:9]) + 1, 1_000_000_000)
    return f"{whole}.{rest:09d}"


def _state(word: str) -> EngineState:
    # `removing` is the one word more that engines have
    return EngineState(word) if word in set(EngineState) else EngineState.DEAD


def _name(given: str) -> str:
    return given.removeprefix("/")


def _resources(given: wire.HostConfig) -> Resources:
    pids = given.pids_limit or 0
    return Resources(
        cpus=given.nano_cpus / 1e9 if given.nano_cpus else None,
        cpu_shares=given.cpu_shares or None,
        memory=given.memory or None,
        pids=pids if pids > 0 else None,
    )


def _restart(given: wire.RestartPolicy) -> str:
    name = given.name or "no"
    return f"{name}:{given.maximum_retry_count}" if given.maximum_retry_count else name


def _rights(given: wire.HostConfig) -> str:
    """What it may do beyond what new containers may. One of an earlier release of the manager has what engines give."""
    added, dropped = (_plain(names) for names in (given.capabilities_added, given.capabilities_dropped))
    if given.privileged:
        return "privileged: all that its host can"
    kept = () if "ALL" in dropped else tuple(name for name in DROPPED if name not in dropped)
    names = sorted({*added, *kept} - KEPT)
    return f"also {', '.join(names)}" if names else ""


def _plain(names: list[str] | None) -> frozenset[str]:
    return frozenset(name.upper().removeprefix("CAP_") for name in names or ())


def _address(networks: Mapping[str, wire.Network | None] | None) -> str:
    return next((network.address for network in (networks or {}).values() if network and network.address), "")


def _gateway(networks: Mapping[str, wire.Network | None] | None) -> str:
    return next((network.gateway for network in (networks or {}).values() if network and network.gateway), "")


def _ports(bound: Mapping[str, list[wire.Binding] | None] | None) -> dict[str, int]:
    found = {port: wire.number(bindings[0].host_port) for port, bindings in (bound or {}).items() if bindings}
    return {port: number for port, number in found.items() if number is not None}
