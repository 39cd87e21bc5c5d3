"""An engine in memory, behind the same port and contract suite as the real one.

For the virtual-time tests, for `clocker daemon --simulated`, and for bad days that a real engine has too seldom. It behaves as Docker
20.10 was measured to: latencies, leftovers, silences and all. It never touches the network or the disk.
"""

from clocker_actors.drivers.simulated.engine import SimulatedEngine
from clocker_actors.drivers.simulated.load import LoadModel
from clocker_actors.drivers.simulated.timing import Timing
from clocker_actors.drivers.simulated.world import SimulatedWorld

__all__ = ["SimulatedEngine", "SimulatedWorld", "LoadModel", "Timing"]
