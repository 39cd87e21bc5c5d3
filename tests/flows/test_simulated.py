"""Does a simulated manager touch no real engine, whatever a blueprint names?"""

import socket
from pathlib import Path

from clocker_actors.drivers.simulated import SimulatedWorld
from tests.flows.support import managed


async def test_a_real_url_is_simulated_too(tmp_path: Path) -> None:
    path = tmp_path / "docker.sock"
    world = SimulatedWorld()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        listening.setblocking(False)
        hosts = f"{{name: one, engine: 'unix://{path}'}}, {{name: two, engine: 'ssh://root@192.0.2.1'}}"
        async with managed(tmp_path / "s", world=world) as driven:
            done = await driven.ended(
                await driven.deploy(
                    "name: shop\nlocation: cloud\nservices:\n"
                    "- {type: cluster, id: web, initialSize: 2, memberSpec: {type: 'docker:nginx:1'}}\n"
                    f"- {{type: docker-cloud, id: cloud, hosts: [{hosts}]}}\n"
                )
            )
            assert done.problem == ""
            assert driven.up("shop")
        try:
            listening.accept()
        except BlockingIOError:
            pass
        else:
            raise AssertionError("the real socket was called")
    named = [name for name, engine in world.engines.items() if engine.containers and not name.startswith("sim-")]
    assert len(named) == 2
    assert all(name.replace("-", "").isalnum() for name in named)
    assert "ssh-root-192-0-2-1" in named
