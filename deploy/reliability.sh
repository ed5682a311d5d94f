#!/usr/bin/env bash
# Joins the figures of the long lanes, one JSON file each in the folder $1, into one object: the
# commit, when, and each lane under the name of its file.
set -euo pipefail

cd "$(dirname "$0")/.."
printf '{"commit":"%s","ended":"%s","lanes":{' "$(git rev-parse HEAD)" "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
comma=
for file in "$1"/*.json; do
  [ -e "$file" ] || continue
  printf '%s\n"%s":%s' "$comma" "$(basename "$file" .json)" "$(cat "$file")"
  comma=,
done
printf '\n}}\n'
