#!/usr/bin/env bash
# Make the virtual environment $1 with this package and its extra $2, installing python3-venv where it is missing.
# "run" instead of an extra: only what the package needs to run; "bare": nothing yet.
set -euo pipefail
venv=$1
extra=$2
python=${PYTHON:-python3}
if [ ! -x "$venv/bin/python" ]; then
  if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
      echo "installing python3-venv"
      apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
    else
      echo "python3 has no venv module: install it (Debian: apt-get install python3-venv) and run this again" >&2
      exit 1
    fi
  fi
  "$python" -m venv "$venv"
fi
[ "$extra" = bare ] && exit 0
target=.
if [ "$extra" = run ]; then
  export PIP_NO_COMPILE=1 # Python compiles what is used; the rest would take longer than the installation
else
  target=".[$extra]"
fi
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check -e "$target"
