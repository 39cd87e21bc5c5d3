#!/usr/bin/env bash
# What takes long before the demo can begin, begun at once: while pip fills the virtual environment $1, the Debian packages that an engine of
# the demo's own needs are installed beside it. Only as root on Debian or Ubuntu, and only if it does not look as if an engine were there;
# the demo itself looks properly, waits for the end of this, and goes on without it if it failed.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ -e "$1/.runs" ] || echo "setting up a virtual environment in $1 (once)"
bash .ci/venv.sh "$1" bare
if [ "$(id -u)" = 0 ] && [ -e /etc/debian_version ] && [ -z "${DOCKER_HOST:-}" ] && [ ! -S /var/run/docker.sock ] &&
  ! command -v dockerd >/dev/null; then
  bash .ci/packages.sh docker.io iptables iproute2 busybox-static &
fi
