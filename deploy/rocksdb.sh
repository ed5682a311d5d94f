#!/usr/bin/env bash
# Compiles the pinned RocksDB into one static library, in a few large units, and tells cargo where it
# lies. The sources are those of the crate librocksdb-sys in cargo's registry folder; macros and
# instructions are those of its build script. It is not a second way to build: where anything is
# missing or has changed, one sentence says so and cargo builds RocksDB itself, as it always could.
#
# The library lies in the cache folder under a key of crate, compiler and flags. .cargo/rocksdb.toml
# (not in git, included by .cargo/config.toml) leads every cargo of this tree to it.
#
#   deploy/rocksdb.sh           for every x86-64 processor, as .cargo/config.toml says
#   deploy/rocksdb.sh native    for this machine's own, as `make build NATIVE=1` does
set -euo pipefail
cd "$(dirname "$0")/.."

kind=${1:-portable}
case $kind in
  portable) config=.cargo/rocksdb.toml arch=(-march=x86-64-v2 -msse2 -msse4.1 -msse4.2) ;;
  native) config=.cargo/rocksdb-native.toml arch=(-march=native) ;;
  *) echo "rocksdb.sh: '$kind' is not a kind of build: none, or native" >&2; exit 2 ;;
esac

# Says why, takes cargo's pointer away, and lets the build go on.
plain() {
  echo "# Written by deploy/rocksdb.sh: cargo builds RocksDB itself, since $1." >"$config"
  echo "· RocksDB is built by cargo itself, which takes longer: $1" >&2
  exit 0
}

# What this script was written for. A new version of the crate may want other macros: read its
# build.rs, compare, and put the new sum here.
build_script=2dbb97b102a2c13f0192ee75a49d4fc0f84fa0692ac9ffc84d364a7a28b472a3
features=bindgen-runtime,static,zstd,zstd-sys

[ "$(uname -sm)" = "Linux x86_64" ] || plain "this is $(uname -sm), not Linux on x86-64"
cxx=${CXX:-c++}
for tool in "$cxx" ar sha256sum flock xargs; do
  command -v "$tool" >/dev/null || plain "there is no $tool here"
done

cargo fetch --locked --quiet || plain "'cargo fetch --locked' failed"
crates=$(cargo metadata --locked --offline --format-version 1 2>/dev/null | grep -oE '"manifest_path":"[^"]*/(librocksdb-sys|zstd-sys)-[^"]*"' | cut -d'"' -f4 | xargs -r -n1 dirname)
source=$(grep -m1 '/librocksdb-sys-[^/]*$' <<<"$crates") || plain "librocksdb-sys is not in the registry folder"
zstd=$(grep -m1 '/zstd-sys-[^/]*$' <<<"$crates") || plain "zstd-sys is not in the registry folder"
[ "$(sha256sum <"$source/build.rs" | cut -d' ' -f1)" = $build_script ] || plain "$(basename "$source") has another build script than deploy/rocksdb.sh knows"
found=$(cargo tree --locked --offline -e normal -i librocksdb-sys --depth 0 -f '{f}')
[ "$found" = $features ] || plain "its features are $found, and deploy/rocksdb.sh knows $features"

flags=(-O2 -ffunction-sections -fdata-sections -fPIC -m64 -w "${arch[@]}" -std=c++20 -include cstdint
  -I rocksdb/include -I rocksdb -I rocksdb/third-party/gtest-1.8.1/fused-src -I "$zstd/zstd/lib" -I .
  -DZSTD=1 -DNDEBUG=1 -DHAVE_ALIGNED_NEW -DHAVE_UINT128_EXTENSION -DOS_LINUX -DROCKSDB_PLATFORM_POSIX
  -DROCKSDB_LIB_IO_POSIX -DROCKSDB_SCHED_GETCPU_PRESENT -DROCKSDB_AUXV_GETAUXVAL_PRESENT
  -DROCKSDB_FALLOCATE_PRESENT -DROCKSDB_RANGESYNC_PRESENT)

# -v names the target and the processor that -march=native stands for.
key=$({ basename "$source"; basename "$zstd"; "$cxx" --version; "$cxx" "${arch[@]}" -E -v -x c++ /dev/null 2>&1 | grep cc1plus || true
  printf '%s\n' "${flags[@]}"; cat deploy/rocksdb.sh; } | sha256sum | cut -c1-16)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/muhr/rocksdb
library=$cache/$key

# Two builds at once make it once.
mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9

if [ ! -s "$library/librocksdb.a" ]; then
  cores=$(nproc)
  # A unit takes up to 1.5 GB; a small machine compiles fewer at a time.
  room=$(awk '/MemAvailable/ {print int($2 / 1600000)}' /proc/meminfo)
  jobs=$((room < 1 ? 1 : room < cores ? room : cores))
  units=$((jobs * 4))
  echo "· building RocksDB in $units units, $jobs at a time (once for each version of it)"
  work=$(mktemp -d "$cache/.building-XXXXXX")
  trap 'rm -rf "$work"' EXIT

  # What needs no RocksDB is built beside it, since the crates behind it leave a core idle: the crates of
  # others that ours name, with the features that the whole build gives them.
  if [ -n "${CARGO_TARGET_DIR:-}" ]; then
    others=$(cargo tree --locked --offline -e normal --depth 1 --prefix none -f '{p}' $(printf -- '-p %s ' muhr-protocol muhr-verify consensus ledger api client node cli) |
      awk '!/\(\// && NF && $1 != "rocksdb" { print "-p", $1 "@" substr($2, 2) }' | sort -u)
    # shellcheck disable=SC2086
    cargo build --release --locked --quiet $others &
  fi

  # Neighbours in the list share their headers, so a unit is a run of the list, cut by size.
  { grep -v '^util/build_version.cc$' "$source/rocksdb_lib_sources.txt" | sed 's/^[[:space:]]*//; /^$/d; s|^|rocksdb/|'; echo build_version.cc; } >"$work/sources"
  (cd "$source" && xargs -d '\n' stat -c '%s %n' <"$work/sources") |
    awk -v units=$units -v work="$work" '
      { size[NR] = $1 + 20000; name[NR] = $2; all += size[NR] }
      END { for (i = 1; i <= NR; i++) { unit = int(sofar * units / all); sofar += size[i]
            printf "#include \"%s\"\n", name[i] > sprintf("%s/unit-%02d.cc", work, unit) } }'

  # A unit that a compiler does not take as one is compiled file by file.
  cat >"$work/unit.sh" <<'UNIT'
set -euo pipefail
unit=$1; shift
if "$@" -c "$unit" -o "${unit%.cc}.o" 2>"${unit%.cc}.log"; then exit 0; fi
echo "· $(basename "$unit") is compiled file by file: $(grep -m1 error "${unit%.cc}.log" || tail -1 "${unit%.cc}.log")" >&2
n=0
sed 's/^#include "\(.*\)"$/\1/' "$unit" | while read -r file; do
  n=$((n + 1)); "$@" -c "$file" -o "${unit%.cc}-$n.o"
done
UNIT
  if ! (cd "$source" && printf '%s\0' "$work"/unit-*.cc | xargs -0 -P "$jobs" -I{} bash "$work/unit.sh" {} "$cxx" "${flags[@]}"); then
    plain "$cxx could not compile it (see above)"
  fi
  ar crs "$work/librocksdb.a" "$work"/*.o
  rm -f "$work"/*.o "$work"/*.cc "$work"/*.log "$work"/unit.sh
  rm -rf "$library"
  mv "$work" "$library"
  trap - EXIT
  wait
fi

text="# Written by deploy/rocksdb.sh: where the RocksDB of this tree lies.
[env]
ROCKSDB_LIB_DIR = \"$library\"
ROCKSDB_INCLUDE_DIR = \"$source/rocksdb/include\"
ROCKSDB_STATIC = \"1\""
[ "$(cat "$config" 2>/dev/null || true)" = "$text" ] || printf '%s\n' "$text" >"$config"
