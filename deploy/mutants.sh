#!/usr/bin/env bash
# Changes the code that safety rests on, one small change at a time, and sees that a test of the same crate notices.
# A sample, drawn by a seed: the same seed and tree give the same mutants. Writes mutants.txt into the folder named.
#
#   deploy/mutants.sh FOLDER        MUTANTS=100 SEED=1 TIMEOUT=90 (seconds; more on a machine that does other things too)
#
# It works in a copy of the tree made once, with one target folder, so that what is built for one mutant serves the next.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:?a folder for the results}
count=${MUTANTS:-100} seed=${SEED:-1}
command -v cargo-mutants >/dev/null || cargo install --quiet --locked cargo-mutants
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)

files=()
for place in 'consensus/src/**' 'verify/src/**' 'ledger/src/rules.rs' 'ledger/src/rules/**' 'protocol/src/policy.rs' 'protocol/src/policy/**' \
  'protocol/src/merkle.rs' 'protocol/src/merkle/**' 'protocol/src/index.rs' 'protocol/src/index/**'; do files+=(-f "$place"); done

cargo mutants --list "${files[@]}" >"$folder/all.txt"
# The order of a hash that begins with the seed is a draw that anybody can repeat.
while read -r line; do printf '%s %s\n' "$(printf '%s %s' "$seed" "$line" | sha256sum | cut -c1-16)" "$line"; done <"$folder/all.txt" |
  sort -u | sed -n "1,${count}p" | cut -d' ' -f2- >"$folder/sample.txt"
echo "seed $seed: $(wc -l <"$folder/sample.txt") of $(wc -l <"$folder/all.txt") mutants"

chosen=()
while read -r line; do chosen+=(--re "^$(sed 's/[][\.^$*+?(){}|/]/\\&/g' <<<"$line")\$"); done <"$folder/sample.txt"
status=0
# Most of a mutant's time goes into compiling it. What git ignores is copied too: the pointer to RocksDB.
export CARGO_TARGET_DIR=$folder/target CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_DEBUG=0 CARGO_INCREMENTAL=1
cargo mutants --gitignore=false "${files[@]}" "${chosen[@]}" --baseline skip --timeout "${TIMEOUT:-90}" --cargo-arg=--release --cargo-arg=--locked --no-shuffle \
  --output "$folder" || status=$?
# 0: all found. 2: some survived. Everything else is trouble.
[ $status = 0 ] || [ $status = 2 ] || [ $status = 3 ] || exit $status
for kind in caught missed unviable timeout; do echo "$kind $(wc -l <"$folder/mutants.out/$kind.txt")"; done | tee "$folder/mutants.txt"
cat "$folder/mutants.out/missed.txt"
