"""Our requests in the engine's JSON. Pure: what a container gets, and what it does not (privileges), is decided here alone."""

import math
from collections.abc import Mapping

from clocker_actors.allowances import DROPPED
from clocker_actors.model.containers import ContainerRequest
from clocker_actors.model.specs import ContainerSpec, Resources, VolumeKind, VolumeSpec

Json = dict[str, object]


def container(request: ContainerRequest) -> Json:
    """The body of `create`."""
    spec = request.spec
    exposed = {f"{port.container}/{port.protocol}" for port in spec.ports} | set(request.ports)
    body: Json = {
        "Image": request.image,
        "Labels": dict(request.labels),
        "Env": [f"{name}={value}" for name, value in spec.env.items()],
        "ExposedPorts": {port: {} for port in sorted(exposed)},
        "StopTimeout": math.ceil(spec.stop_timeout),
        "HostConfig": _host(request),
    }
    given: Json = {
        "Cmd": _words(spec.command),
        "Entrypoint": _words(spec.entrypoint),
        "User": spec.user or None,
        "Hostname": request.hostname or None,
        "StopSignal": spec.stop_signal or None,
    }
    return body | {key: value for key, value in given.items() if value is not None}


def resources(wanted: Resources) -> Json:
    """The part of `create` and `update` that says how much it may use; what is None is left out."""
    body: Json = {}
    if wanted.cpus is not None:
        body["NanoCpus"] = round(wanted.cpus * 1e9)
    if wanted.cpu_shares is not None:
        body["CpuShares"] = wanted.cpu_shares
    if wanted.memory is not None:
        # equal to memory means no swap; an engine refuses to raise memory above an older swap limit
        body |= {"Memory": wanted.memory, "MemorySwap": wanted.memory}
    if wanted.pids is not None:
        body["PidsLimit"] = wanted.pids
    return body


def update(wanted: Resources, restart: str) -> Json:
    """The body of `update`."""
    return resources(wanted) | ({"RestartPolicy": _restart(restart)} if restart else {})


def reference(text: str) -> tuple[str, str]:
    """An image reference as (name, tag or digest): `host:5000/a/b:1` is (`host:5000/a/b`, `1`); without either the tag is `latest`."""
    name, _, digest = text.partition("@")
    head, slash, last = name.rpartition("/")
    base, _, tag = last.partition(":")
    return f"{head}{slash}{base}", digest or tag or "latest"


def _host(request: ContainerRequest) -> Json:
    spec = request.spec
    body = resources(spec.resources)
    body |= {
        "NetworkMode": spec.network,
        "PortBindings": {port: [{"HostPort": str(number) if number else ""}] for port, number in sorted(request.ports.items())},
        "Mounts": [*(_mount(volume, request.volume_names) for volume in spec.volumes), *_kept(request.kept)],
        "RestartPolicy": _restart(spec.restart),
        "CapAdd": list(spec.capabilities_add),
        "CapDrop": _dropped(spec),
        "ReadonlyRootfs": spec.read_only,
        "Privileged": spec.privileged,
        "Init": spec.init,
    }
    if spec.hosts:
        body["ExtraHosts"] = [f"{name}:{address}" for name, address in sorted(spec.hosts.items())]
    if request.lease:
        body["PidMode"] = f"container:{request.lease}"
    if not spec.privileged:
        body["SecurityOpt"] = ["no-new-privileges"]
    return body


def _dropped(spec: ContainerSpec) -> list[str]:
    """What it asks to be without, and what nobody has unless it is added."""
    if spec.privileged or "ALL" in (*spec.capabilities_add, *spec.capabilities_drop):
        return list(spec.capabilities_drop)
    return list(dict.fromkeys((*spec.capabilities_drop, *(name for name in DROPPED if name not in spec.capabilities_add))))


def _mount(volume: VolumeSpec, names: Mapping[str, str]) -> Json:
    body: Json = {"Type": volume.kind.value, "Target": volume.target, "ReadOnly": volume.read_only}
    match volume.kind:
        case VolumeKind.VOLUME:
            body["Source"] = names.get(volume.source, volume.source)
        case VolumeKind.BIND:
            body["Source"] = volume.source
        case VolumeKind.TMPFS:
            body["ReadOnly"] = False  # engines refuse a read-only one
    return body


def _kept(folders: Mapping[str, str]) -> list[Json]:
    """Secrets are files of a folder in the machine's memory; were it a folder of its disk, they would not start."""
    return [{"Type": "bind", "Source": source, "Target": target, "ReadOnly": True} for target, source in sorted(folders.items())]


def _restart(policy: str) -> Json:
    name, _, count = policy.partition(":")
    return {"Name": name or "no", "MaximumRetryCount": int(count) if count.isdigit() else 0}


def _words(given: tuple[str, ...] | None) -> list[str] | None:
    return None if given is None else list(given)
