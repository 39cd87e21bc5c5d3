"""Docker Engine on a bare machine, from the distribution's own packages, through a shell.

`distribution` and `packages` say what a distribution needs, `remedies` what its words mean, `starting` how a service is started under
whatever init there is, `settings` what the engine is told, `authority` makes certificates; all but the last are pure. `runner` does it,
step by step. Nothing here upgrades a kernel, removes a package or reboots, and every step may be done twice.
"""

from clocker_actors.drivers.installing.authority import Authority, ClientFiles, client_files, expiry
from clocker_actors.drivers.installing.runner import EngineInstaller

__all__ = ["Authority", "ClientFiles", "EngineInstaller", "client_files", "expiry"]
