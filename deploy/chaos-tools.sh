#!/usr/bin/env bash
# Installs what the faults of `make nightly` need, where it may (root on Debian); else says what to
# install and goes on: what needs a missing tool is not run, and says so.
set -euo pipefail

missing=()
command -v ip >/dev/null || [ -x /usr/sbin/ip ] || missing+=(iproute2)
command -v nft >/dev/null || [ -x /usr/sbin/nft ] || missing+=(nftables)
command -v strace >/dev/null || missing+=(strace)
command -v xfs_io >/dev/null || [ -x /usr/sbin/xfs_io ] || missing+=(xfsprogs)
compgen -G '/usr/lib/*/faketime/libfaketimeMT.so.1' >/dev/null || missing+=(faketime)
[ ${#missing[@]} -gt 0 ] || exit 0

"$(dirname "$0")/install.sh" "${missing[@]}" || { [ $? = 3 ] && echo "some faults are not injected" >&2; }
