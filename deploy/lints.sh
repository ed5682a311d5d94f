#!/usr/bin/env bash
# The lints that are no compiler's: who may use which crate, licences, sources, advisories; the public
# documentation; and whether the verifier builds for a browser. CARGO is the cargo to use.
#
# A missing tool fails with MUHR_REQUIRE_ALL=1, as in CI, and is said in one line else. Two things may be
# out of reach on any machine, and are then said in one line too: the database of advisories, which lies
# outside, and the standard library for wasm32.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo=${CARGO:-cargo}

if command -v cargo-deny >/dev/null; then
  echo "· cargo deny: bans, licences, sources"
  cargo deny --locked --offline check --hide-inclusion-graph bans licenses sources
  if cargo deny --locked fetch db >/dev/null 2>&1; then
    echo "· cargo deny: advisories"
    cargo deny --locked --offline check --hide-inclusion-graph advisories
  else
    echo "· advisories were not checked: their database cannot be reached from here"
  fi
elif [ "${MUHR_REQUIRE_ALL:-}" = 1 ]; then
  echo "cargo-deny is missing: deploy/test-tools.sh installs it" >&2
  exit 1
else
  echo "· crates were not checked: cargo-deny is missing (deploy/test-tools.sh installs it)"
fi

echo "· cargo doc"
RUSTDOCFLAGS="-D warnings" $cargo doc --release --locked --workspace --no-deps --document-private-items --quiet

target=wasm32-unknown-unknown
if [ -d "$(rustc --print sysroot)/lib/rustlib/$target/lib" ] || rustup target add $target >/dev/null 2>&1; then
  echo "· verify for $target"
  $cargo check --release --locked -p muhr-verify --target $target --quiet
else
  echo "· verify was not checked for $target: this toolchain has no standard library for it (rustup target add $target)"
fi
