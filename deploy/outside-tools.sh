#!/usr/bin/env bash
# Installs what the outside checkers need, where it may (root on Debian); else says what to install.
# Called by checkers/run.sh. Python's package may also come from PyPI: pip install cryptography.
set -euo pipefail

missing=()
python3 -c 'import cryptography' 2>/dev/null || missing+=(python3 python3-cryptography)
command -v go >/dev/null || missing+=(golang-go)
[ -d /usr/share/gocode/src/golang.org/x/mod/sumdb/tlog ] || missing+=(golang-golang-x-mod-dev)
command -v openssl >/dev/null || missing+=(openssl)
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "· installing ${missing[*]}" >&2
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
else
  echo "missing: ${missing[*]}" >&2
  echo "install them, on Debian: sudo apt-get install ${missing[*]}" >&2
  exit 1
fi
