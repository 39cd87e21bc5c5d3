"""Real hosts for tests: network namespaces on a bridge, each with a Docker engine of its own.

A `Bed` makes hosts on this one machine that can be power-cut, hung, unplugged and restarted, and removes all of it at the end.
It needs root on Debian or Ubuntu with the packages of `.ci/packages.sh`; `ready.why_not()` says what is missing.
It never touches a Docker daemon, link, process or file it did not make itself. Tests and the demo use it; the product doesn't.
"""

from tests.bed.bed import Bed
from tests.bed.engine import Make
from tests.bed.host import BedHost
from tests.bed.process import BedError
from tests.bed.sshd import SshAccess

__all__ = ["Bed", "BedError", "BedHost", "Make", "SshAccess"]
