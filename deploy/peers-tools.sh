#!/usr/bin/env bash
# Installs what Muhr is measured beside (`make bench-peers`), where it may (root on Debian); else says what to
# install. Nothing is started: the measurement runs servers of its own, on folders and ports of its own.
set -euo pipefail

missing=()
command -v etcd >/dev/null || missing+=(etcd-server)
compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || missing+=(postgresql)
command -v setpriv >/dev/null || missing+=(util-linux)
[ ${#missing[@]} -gt 0 ] || exit 0

"$(dirname "$0")/install.sh" "${missing[@]}"
