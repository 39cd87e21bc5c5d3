#!/usr/bin/env bash
# Install the Debian packages that tests on real hosts and the demo need: those of the arguments (default: all) that are missing.
# Prints what it installed, or that nothing was missing (then it takes no time and no network). No service is started:
# a policy-rc.d that forbids it stands in for the machine's own meanwhile.
set -euo pipefail

ALL=(docker.io iptables iproute2 openssh-server busybox-static mmdebstrap ca-certificates)
POLICY=${POLICY_RC_D:-/usr/sbin/policy-rc.d}
LOCK=/run/lock/clocker-packages.lock

missing_of() { # the packages of "$@" that dpkg does not have as installed
  local package
  for package in "$@"; do
    if [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)" != installed ]; then
      echo "$package"
    elif [ "$package" = docker.io ] && ! command -v docker >/dev/null; then
      echo docker-cli # from Debian 13 on the client is a package of its own, which docker.io only recommends
    fi
  done
}

refuse() { echo "packages.sh: $*" >&2; exit 1; }

command -v dpkg-query >/dev/null && command -v apt-get >/dev/null ||
  refuse "this is not Debian or Ubuntu (no apt-get): install by hand: ${*:-${ALL[*]}}"
for package in "$@"; do
  case " ${ALL[*]} " in *" $package "*) ;; *) refuse "unknown package $package; known are: ${ALL[*]}" ;; esac
done
[ $# -gt 0 ] || set -- "${ALL[@]}"

mapfile -t missing < <(missing_of "$@")
if [ ${#missing[@]} = 0 ]; then
  echo "packages: nothing missing"
  exit 0
fi
[ "$(id -u)" = 0 ] || refuse "missing: ${missing[*]}. Run as root, or: sudo apt-get install --no-install-recommends ${missing[*]}"

# Two runs at once would save each other's policy-rc.d.
mkdir -p "${LOCK%/*}"
exec 9>"$LOCK"
flock 9
mapfile -t missing < <(missing_of "$@")
[ ${#missing[@]} = 0 ] && { echo "packages: nothing missing"; exit 0; }

saved=$POLICY.clocker-saved # one that is there already was left by a run killed half-way: it is the machine's own
restore_policy() {
  if [ -e "$saved" ] || [ -L "$saved" ]; then mv -f "$saved" "$POLICY"; else rm -f "$POLICY"; fi
}
if { [ -e "$POLICY" ] || [ -L "$POLICY" ]; } && ! { [ -e "$saved" ] || [ -L "$saved" ]; }; then
  mv -f "$POLICY" "$saved"
fi
trap restore_policy EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
printf '#!/bin/sh\nexit 101\n' >"$POLICY"
chmod 755 "$POLICY"

echo "packages: installing ${missing[*]}"
log=$(mktemp)
apt() { DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 -y "$@" >>"$log" 2>&1 9>&-; }
# Lists may be missing or older than the mirror: refresh them first, once.
if ! { apt update && apt install --no-install-recommends "${missing[@]}"; }; then
  tail -n 20 "$log" >&2
  rm -f "$log"
  refuse "apt-get could not install ${missing[*]} (its last words are above); check the network and /etc/apt"
fi
mapfile -t more < <(missing_of "${missing[@]}")
if [ ${#more[@]} -gt 0 ]; then
  apt install --no-install-recommends "${more[@]}" || refuse "apt-get could not install ${more[*]}: $(tail -n 3 "$log")"
fi
rm -f "$log"
for package in "${missing[@]}" "${more[@]}"; do
  dpkg-query -W -f='packages: installed ${Package} ${Version}\n' "$package"
done
