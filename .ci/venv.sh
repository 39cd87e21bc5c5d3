#!/usr/bin/env bash
# Make the virtual environment $1 with this package and its extra $2 (or "run" for none), installing python3-venv where it is missing.
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
target=.
[ "$extra" = run ] || target=".[$extra]"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check -e "$target"
