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

"$(dirname "$0")/install.sh" "${missing[@]}"
