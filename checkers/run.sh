#!/usr/bin/env bash
# Runs every outside checker. Exit code 0: all of them agree with what is expected; 2: usage; 1: else.
#   run.sh                                    on the corpus and the golden files
#   run.sh --node URL --trust FILE FILE...    on receipts and the whole log of a living network
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
node='' trust=''
while [ $# -gt 0 ]; do
  case $1 in
    --node) node=$2; shift 2 ;;
    --trust) trust=$2; shift 2 ;;
    -*) sed -n '2,4s/^# //p' "$0" >&2; exit 2 ;;
    *) break ;;
  esac
done
"$here/../deploy/outside-tools.sh"

# Where another Python comes first in the path, Debian's has the package that was installed.
python=python3
"$python" -c 'import cryptography' 2>/dev/null || python=/usr/bin/python3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
say() { printf '\n· %s\n' "$*"; }
fail() { echo "FAILED  $*" >&2; exit 1; }

# Debian's Go and its copy of golang.org/x/mod; no module proxy and no network.
(cd "$here/go" && HOME=$work GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE="$work/go" GOFLAGS='' GOPROXY=off go build -o "$work/check" .)

# tampered FILE: a copy with one digit of the root of its checkpoint changed.
tampered() {
  awk '{ line[NR] = $0 } END { for (i = 1; i <= NR; i++) if (line[i] == "") last = i
    for (i = 1; i <= NR; i++) { if (i == last - 1) { c = substr(line[i], 1, 1); line[i] = (c == "A" ? "B" : "A") substr(line[i], 2) } print line[i] } }' "$1" >"$work/tampered"
}

if [ -z "$trust" ]; then
  golden=$here/../corpus/golden/1
  say "Python: the corpus, and the golden files"
  "$python" "$here/python/check.py" --corpus "$here/../corpus/cases"
  for folder in "$here"/../corpus/golden/*/; do "$python" "$here/python/check.py" --corpus "$folder"; done
  say "Python: the published record numbers"
  "$python" "$here/python/check.py" --numbers "$here/../corpus/numbers.json"
  say "Go: vectors of proofs of the log's tree"
  "$work/check" -vectors "$here/../corpus/vectors/tree.json"
  trust=$golden/trust.policy
  set -- "$golden"/{permit.txt,parcel.txt,amended.txt}.receipt "$golden"/{row,permit-later,suspended,revoked}.receipt "$golden/checkpoint.note"
else
  [ $# -gt 0 ] || fail "no receipt was given"
  say "Python: $# files"
  for file in "$@"; do
    document=${file%.receipt}
    if [ "$document" != "$file" ] && [ -f "$document" ]; then
      "$python" "$here/python/check.py" --trust "$trust" "$file" "$document"
      echo "  with its document"
    else
      "$python" "$here/python/check.py" --trust "$trust" "$file"
    fi
  done
fi

say "Go: golang.org/x/mod/sumdb"
"$work/check" -trust "$trust" ${node:+-node "$node"} "$@"
say "openssl: every cosignature by itself"
for file in "$@"; do "$here/openssl/openssl.sh" "$trust" "$file"; done

say "All of them refuse a file with one changed letter"
tampered "$1"
! "$python" "$here/python/check.py" --trust "$trust" "$work/tampered" || fail "Python took a changed file"
! "$work/check" -trust "$trust" "$work/tampered" || fail "Go took a changed file"
! "$here/openssl/openssl.sh" "$trust" "$work/tampered" || fail "openssl took a changed file"
say "All agree."
