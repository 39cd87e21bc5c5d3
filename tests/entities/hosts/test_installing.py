"""Is the engine installed for whoever enters the machine, and does an installation tell how it goes?"""

from collections.abc import Callable

import pytest

from clocker_actors.drivers.simulated.machines import SimulatedMachine, SimulatedShell
from clocker_actors.entities.hosts.machinework import InstallEnded, InstallSaid, install
from clocker_actors.ports.installer import Installed, InstallOptions
from clocker_actors.ports.shell import Shell


class Recording:
    """An installer that remembers what it was asked for."""

    options: InstallOptions | None = None

    async def install(self, shell: Shell, options: InstallOptions, progress: Callable[[str], None]) -> Installed:
        self.options = options
        progress("verify: all is well")
        return Installed("Some Linux", "24.0", "/run/docker.sock", True)


@pytest.mark.parametrize(("user", "names", "admitted"), [("", (), ""), ("alpine", (), "alpine"), ("alpine", ("10.0.0.9",), "")])
async def test_who_enters_is_let_at_the_socket_unless_it_is_reached_by_certificate(
    user: str, names: tuple[str, ...], admitted: str
) -> None:
    installer = Recording()
    told = [each async for each in install(installer, SimulatedShell(SimulatedMachine("10.0.0.9", 0.0)), user, names)]
    assert [type(each) for each in told] == [InstallSaid, InstallEnded]
    assert installer.options is not None
    assert (installer.options.user, installer.options.tls_for) == (admitted, names)
