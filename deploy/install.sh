#!/usr/bin/env bash
# install.sh PACKAGE...: installs packages of Debian where it may (as root); else says which to install and ends
# with 3, so that its caller can say what is not done without them.
set -euo pipefail

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "missing: $*. On Debian: sudo apt-get install $*" >&2
  exit 3
fi
echo "· installing $*" >&2
apt-get update -qq
DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends "$@" >/dev/null
