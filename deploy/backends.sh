#!/usr/bin/env bash
# Judges crafted signatures with the arithmetic that the build would not choose on this processor: AVX2, if it has
# AVX-512 IFMA, and none of either. The build itself runs the same test with what it chooses.
set -euo pipefail
cd "$(dirname "$0")/.."
for backend in simd serial; do
  target="${CARGO_TARGET_DIR:?}/backend-$backend"
  flags="-Ctarget-cpu=x86-64-v2 --cfg curve25519_dalek_backend=\"$backend\""
  # A fifth of the usual number: the arithmetic differs, the rule does not.
  said=$(CARGO_TARGET_DIR="$target" RUSTFLAGS="$flags" MUHR_BACKEND="$backend" \
    MUHR_SIGNATURES="${MUHR_SIGNATURES:-40000}" ${CARGO:-cargo} test --release --locked --quiet \
    -p muhr-protocol --test groups -- --nocapture 2>&1) || { echo "$said" >&2; exit 1; }
  echo "· signatures, $backend: $(grep 'test result' <<<"$said")"
done
