"""Where machines really come from: clouds through libcloud, machines over SSH, this machine itself; simulated locations stay simulated.

A machine that a cloud has just made has a host key that nobody can know: its first one is believed, kept in a file of its own below the state directory, and
removed with the machine. Machines that exist are believed by the known_hosts that their blueprint names, else by one's own; or in the same way, if it asks for that.
"""

from pathlib import Path
from threading import Lock

from clocker_actors.drivers.cloud import LibcloudCloud
from clocker_actors.drivers.installing import Authority, EngineInstaller, client_files, expiry
from clocker_actors.drivers.shell import LocalShell, SshShell, Trust
from clocker_actors.drivers.simulated.grounds import SimulatedGrounds
from clocker_actors.drivers.ssh import SshAddress
from clocker_actors.errors import SettingsError
from clocker_actors.model.identity import Uid
from clocker_actors.model.locations import CloudSpec, LocationKind, LocationSpec, MachineSpec, NodeTemplate, Resolver
from clocker_actors.model.specs import EngineSpec
from clocker_actors.ports.calls import CallLog
from clocker_actors.ports.cloud import Cloud
from clocker_actors.ports.installer import TLS_PORT, Installer
from clocker_actors.ports.shell import Shell

OWN_KEY = "id_ed25519"
AUTHORITY = "authority"


class RealGrounds:
    """`folder` keeps the manager's own key and the host keys of machines; `local_engine` is the url of this machine's engine."""

    def __init__(self, folder: Path, resolve: Resolver, calls: CallLog, local_engine: str, simulated: SimulatedGrounds) -> None:
        self._folder = folder
        self._resolve = resolve
        self._calls = calls
        self._local_engine = local_engine
        self._simulated = simulated
        self._making = Lock()  # of the own key and authority, which several machines may want at once
        self._authorities: dict[str, Authority] = {}
        self._clouds: dict[tuple[str, ...], Cloud] = {}

    def cloud(self, location: LocationSpec) -> Cloud:
        """The cloud of a location; one connection for all pools that use it as the same somebody."""
        if location.kind is LocationKind.SIMULATED:
            return self._simulated.cloud(location)
        spec = _cloud(location)
        key = (spec.provider, spec.region, spec.endpoint, spec.identity.name, spec.credential.name)
        if key not in self._clouds:
            self._clouds[key] = LibcloudCloud(spec, self._resolve, self._calls)
        return self._clouds[key]

    def entry(self, host: Uid, location: LocationSpec, address: str) -> MachineSpec:
        """As the template's user, with its key or else the manager's own, which `public_key` has made before there is a machine. Only words: it may be called
        where nothing may wait."""
        if location.kind is LocationKind.SIMULATED:
            return self._simulated.entry(host, location, address)
        template = _cloud(location).template
        # whoever gives the public key alone has the private one in ~/.ssh, or in an agent
        own = "" if template.public_key else str(self._folder / OWN_KEY)
        key_file = template.key_file or own
        return MachineSpec(host, address, user=template.user, key_file=key_file, known_hosts=str(self._known(host)))

    def public_key(self, location: LocationSpec) -> str:
        """Of the template's key, or else of the manager's own, which may have to be made: to be called in a thread. Raises SettingsError when its file
        cannot be read."""
        if location.kind is LocationKind.SIMULATED:
            return self._simulated.public_key(location)
        template = location.cloud.template if location.cloud else NodeTemplate()
        path = template.public_key or f"{template.key_file or self._own_key()}.pub"
        try:
            return Path(path).read_text().strip()
        except OSError as error:
            raise SettingsError(f"public key {path} cannot be read ({error.strerror}): write publicKeyFile, or put it there") from error

    def shell(self, location: LocationSpec, way: MachineSpec) -> Shell:
        """Root on the machine, over SSH or here."""
        if location.kind is LocationKind.SIMULATED:
            return self._simulated.shell(location, way)
        if location.kind is LocationKind.LOCAL:
            return LocalShell()
        password = self._resolve(way.password) if way.password is not None else ""
        known = self._known_of(way)
        address = SshAddress(way.address, way.port, way.user or "root", way.key_file, known, password)
        return SshShell(address, Trust(Path(known)) if location.kind is LocationKind.CLOUD or way.trust_first else None)

    def installer(self, location: LocationSpec, authority: str = "") -> Installer:
        """One that knows an authority of ours, which is made when an engine is first to listen on the network."""
        if location.kind is LocationKind.SIMULATED:
            return self._simulated.installer(location, authority)
        return EngineInstaller(lambda: self._own_authority(authority))

    def engine(self, location: LocationSpec, way: MachineSpec, socket: str, authority: str = "") -> EngineSpec:
        """Over SSH to its socket, or over TLS where the location says so; this machine's own as the settings name it."""
        if location.kind is LocationKind.SIMULATED:
            return self._simulated.engine(location, way, socket, authority)
        if location.kind is LocationKind.LOCAL:
            return EngineSpec(self._local_engine)
        host = f"[{way.address}]" if ":" in way.address else way.address
        if location.tls:
            files = client_files(self._of_authority(authority))
            return EngineSpec(f"https://{host}:{TLS_PORT}", str(files.ca), str(files.certificate), str(files.key))
        url = f"ssh://{way.user or 'root'}@{host}:{way.port}"
        return EngineSpec(url, ssh_key=way.key_file, ssh_known_hosts=self._known_of(way), ssh_socket=socket)

    def expiry(self, authority: str) -> float | None:
        """When it ends. Raises StoreFault when its certificate cannot be read."""
        return expiry(self._of_authority(authority))

    def keep_authorities(self, names: frozenset[str]) -> None:
        """The keys go first: what is left of a folder after a crash signs nothing."""
        kept = {self._of_authority(name) for name in names}
        with self._making:
            for folder in sorted(self._folder.glob(f"{AUTHORITY}*")):
                if folder not in kept:
                    self._authorities.pop(folder.name, None)
                    for file in sorted(folder.iterdir(), key=lambda file: not file.name.endswith("-key.pem")):
                        file.unlink(missing_ok=True)
                    folder.rmdir()

    def forget(self, host: Uid) -> None:
        """The host key of a machine that is gone."""
        self._known(host).unlink(missing_ok=True)

    def forget_key(self) -> None:
        """The manager's own; a new one is made when one is needed again."""
        path = self._folder / OWN_KEY
        with self._making:
            for file in (path, Path(f"{path}.pub")):
                file.unlink(missing_ok=True)

    async def close(self) -> None:
        """Close what leads to clouds; what they are doing goes on."""
        for cloud in self._clouds.values():
            await cloud.close()
        self._clouds.clear()
        await self._simulated.close()

    def _known(self, host: Uid) -> Path:
        return self._folder / f"{host}.known_hosts"

    def _known_of(self, way: MachineSpec) -> str:
        """Where its host key is looked up; "" for the usual place."""
        return str(self._folder / f"first-{way.address}-{way.port}.known_hosts") if way.trust_first else way.known_hosts

    def _own_key(self) -> Path:
        """Made when first needed."""
        path = self._folder / OWN_KEY
        with self._making:
            if not path.exists():
                self._make_key(path)
        return path

    def _own_authority(self, name: str) -> Authority:
        """Made when first needed; in a thread."""
        folder = self._of_authority(name)
        with self._making:
            if folder.name not in self._authorities:
                self._authorities[folder.name] = Authority(folder)
            return self._authorities[folder.name]

    def _of_authority(self, name: str) -> Path:
        return self._folder / (f"{AUTHORITY}-{name}" if name else AUTHORITY)

    def _make_key(self, path: Path) -> None:
        import asyncssh  # noqa: PLC0415 - costs 15 MB

        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = asyncssh.generate_private_key("ssh-ed25519", comment="clocker")
        Path(f"{path}.pub").write_bytes(key.export_public_key())
        new = path.with_suffix(".new")
        new.touch(mode=0o600)
        new.write_bytes(key.export_private_key())
        new.replace(path)


def _cloud(location: LocationSpec) -> CloudSpec:
    if location.cloud is None:
        raise TypeError(f"location {location.name} of kind {location.kind} has no cloud")
    return location.cloud
