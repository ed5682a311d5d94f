#!/usr/bin/env bash
# Checks the cosignatures under a receipt or checkpoint with openssl alone: the steps of openssl.md.
#   openssl.sh TRUST FILE [AGENCY]      without AGENCY: of every agency that signed
# Exit code 0: all that were asked for hold, and there is at least one.
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2,4s/^# //p' "$0" >&2; exit 2; }
trust=$1 file=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if grep -q '^--- proof$' "$file"; then
  sed '1,/^--- proof$/d' "$file" | sed '1,/^$/d' >"$work/checkpoint"
else
  cp "$file" "$work/checkpoint"
fi
sed '/^$/,$d' "$work/checkpoint" >"$work/text"

# check AGENCY VKEY: 0 verified, 1 not, 3 did not sign.
check() {
  local name
  name=$(cut -d+ -f1 <<<"$2")
  grep -F -- "— $name " "$work/checkpoint" | tail -n 1 | cut -d' ' -f3 | base64 -d >"$work/line"
  [ "$(wc -c <"$work/line")" -gt 0 ] || return 3
  [ "$(wc -c <"$work/line")" = 76 ] || return 1
  { printf '\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00'; cut -d+ -f3- <<<"$2" | base64 -d | tail -c 32; } >"$work/key.der"
  local time=$((16#$(head -c 12 "$work/line" | tail -c 8 | od -An -v -tx1 | tr -d ' \n')))
  tail -c 64 "$work/line" >"$work/signature"
  { printf 'cosignature/v1\ntime %s\n' "$time"; cat "$work/text"; } >"$work/message"
  openssl pkeyutl -verify -pubin -keyform DER -inkey "$work/key.der" -rawin -in "$work/message" \
    -sigfile "$work/signature" >/dev/null 2>&1 || return 1
  printf 'ok      %s: cosigned by %s at %s\n' "$file" "$1" "$(date -u -d "@$time" +%FT%TZ)"
}

good=0
while read -r agency vkey; do
  [ $# -lt 3 ] || [ "$3" = "$agency" ] || continue
  code=0
  check "$agency" "$vkey" || code=$?
  case $code in
    0) good=$((good + 1)) ;;
    3) [ $# -lt 3 ] || { echo "FAILED  $agency did not cosign $file"; exit 1; } ;;
    *) echo "FAILED  the line of $agency under $file does not hold"; exit 1 ;;
  esac
done < <(awk '$1 == "witness" { print $2, $3 }' "$trust")
[ "$good" -gt 0 ] || { echo "FAILED  nobody of the trust file cosigned $file"; exit 1; }
