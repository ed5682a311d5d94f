#!/usr/bin/env bash
# Installs what the build needs, where it may (root on Debian); else says what to install.
set -euo pipefail

rust_needed=1.95
missing=()
command -v cc >/dev/null && command -v c++ >/dev/null || missing+=(build-essential)
command -v curl >/dev/null || missing+=(curl)
# libclang.so, libclang-14.so.1 and their like; libclang-cpp.so alone does not do.
compgen -G '/usr/lib/llvm-*/lib/libclang[.-][0-9s]*' >/dev/null || compgen -G '/usr/lib/*/libclang[.-][0-9s]*' >/dev/null || missing+=(libclang-dev)

[ ${#missing[@]} = 0 ] || "$(dirname "$0")/install.sh" "${missing[@]}"

version=$(cargo --version 2>/dev/null | cut -d' ' -f2 || true)
if [ -z "$version" ] || [ "$(printf '%s\n%s\n' "$rust_needed" "$version" | sort -V | head -1)" != "$rust_needed" ]; then
  echo "Rust $rust_needed or newer is needed, and ${version:-none} was found." >&2
  echo "install it as https://rustup.rs says, or on a newer Debian: apt-get install rustup && rustup default stable" >&2
  exit 1
fi

# Cargo tells by file times what is stale, which says nothing when another clone built into the
# same folder: its files may be newer than this clone's and yet other files.
if [ -n "${CARGO_TARGET_DIR:-}" ]; then
  mkdir -p "$CARGO_TARGET_DIR"
  if [ "$(cat "$CARGO_TARGET_DIR/built-from" 2>/dev/null || true)" != "$PWD" ]; then
    find . -name '*.rs' -not -path './target/*' -exec touch -c {} +
    echo "$PWD" > "$CARGO_TARGET_DIR/built-from"
  fi
fi
