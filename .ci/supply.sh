#!/usr/bin/env bash
# What this package is made of: supply.sh lock | audit | sbom | venv FOLDER. The tools live in .tools, apart from what they look at.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=.tools

need() { # the program $1, from the extra `supply`
  [ -x "$tools/bin/$1" ] && return
  bash .ci/venv.sh "$tools" bare
  "$tools/bin/python" -m pip install --quiet --disable-pip-version-check uv pip-audit cyclonedx-bom
}

lock() { # $1: the file, the rest: which extras. Versions with the hashes of all their files, and no word of where they were found.
  local file=$1
  shift
  "$tools/bin/uv" pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
    --no-emit-index-url --no-emit-find-links "$@" pyproject.toml -o "$file"
  echo "supply: $file: $(grep -c '==' "$file") packages"
}

case ${1:-} in
  lock)
    need uv
    lock requirements.lock
    lock requirements-dev.lock --extra test
    ;;
  venv) # exactly what the lock says, and nothing that it does not know
    bash .ci/venv.sh "${2:?a folder}" bare
    "$2/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
    "$2/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . 2>/dev/null ||
      "$2/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps -e .
    ;;
  audit)
    need pip-audit
    said=$("$tools/bin/pip-audit" -r requirements.lock --require-hashes --disable-pip --progress-spinner off 2>&1) && code=0 || code=$?
    unknown=$(grep -c 'could not be audited' <<<"$said" || true)
    if [ "$unknown" -gt 0 ] || { [ "$code" != 0 ] && ! grep -q 'known vulnerabilit' <<<"$said"; }; then
      echo "supply: not audited: what is known of vulnerabilities cannot be had from here ($unknown packages could not be looked up)." >&2
      echo "supply: run \`make audit\` where the package index answers. Last words: $(tail -n 1 <<<"$said")" >&2
      exit 2
    fi
    echo "$said"
    exit "$code"
    ;;
  sbom)
    need cyclonedx-py
    "$tools/bin/cyclonedx-py" requirements --pyproject pyproject.toml --of JSON -o sbom.json requirements.lock 2>/dev/null
    echo "supply: sbom.json (CycloneDX)"
    ;;
  *)
    echo "supply.sh: lock, venv FOLDER, audit or sbom" >&2
    exit 2
    ;;
esac
