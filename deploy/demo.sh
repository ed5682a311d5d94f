#!/usr/bin/env bash
# The tour: four agencies on this machine anchor permits, lose a node, lose two, come back, and an
# auditor replays everything. Every claim is checked; the first that does not come true ends it.
#   DEMO=once       end after the tour instead of keeping the network up
#   DEMO_DIR=path   where everything goes (else a new folder, printed)
#   DEMO_BIN=path   where muhr and muhr-node are (else ./bin, as make build leaves them)
#   PERMITS=file    anchor the rows of your own CSV file (first column: the record's number, unless
#                   PERMITS_RECORD names other columns, separated by commas)
set -euo pipefail
cd "$(dirname "$0")/.."

bin=${DEMO_BIN:-$PWD/bin}
muhr=$bin/muhr
node=$bin/muhr-node
agencies=(kadastr qurilish adliya soliq)
registry=qurilish.permits

if [ -n "${DEMO_DIR:-}" ]; then mkdir -p "$DEMO_DIR"; dir=$(cd "$DEMO_DIR" && pwd); else dir=$(mktemp -d "${TMPDIR:-/tmp}/muhr-demo.XXXXXX"); fi
net=$dir/net
documents=$dir/documents
receipts=$dir/receipts
mkdir -p "$documents" "$receipts"
# The tour asks nobody before it signs; only a table of your own may ask how it is written.
exec 3<&0 </dev/null
declare -A pid

say() { printf '\n\033[1m%s\033[0m\n' "$*" >&2; }
note() { printf '· %s\n' "$*" >&2; }
fail() { printf '✘ %s\n' "$*" >&2; exit 1; }
url() { printf 'http://%s' "$(sed -n 's/^http = "\(.*\)"/\1/p' "$net/$1/node.toml")"; }

# expect CODE WHAT COMMAND...: runs the command and holds it to its exit code.
expect() {
  local code=$1 what=$2 got=0
  shift 2
  "$@" || got=$?
  [ "$got" = "$code" ] || fail "$what: exit code $got where $code was expected"
}

start() {
  "$node" run --dir "$net/$1" >>"$net/$1/log" 2>&1 &
  pid[$1]=$!
}

stop() {
  kill "${pid[$1]}"
  wait "${pid[$1]}" 2>/dev/null || true
  unset "pid[$1]"
}

stop_all() {
  local name
  for name in "${!pid[@]}"; do stop "$name"; done
}
trap stop_all EXIT
trap 'exit 130' INT TERM

# wait_until SECONDS WHAT COMMAND...: tries again until it succeeds.
wait_until() {
  local tries=$(($1 * 5)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || fail "$what: not within the time"
    sleep 0.2
  done
}

reached() { "$muhr" network status --node "$(url "$1")" --json | grep -q "\"reached\": *$2\b"; }
height() { "$muhr" network status --node "$(url "$1")" --json | sed -n 's/.*"height": *\([0-9]*\).*/\1/p' | head -1; }
same_height() { [ "$(height "$1")" = "$(height "$2")" ]; }

bar() { # bar DONE ALL
  [ -t 2 ] || return 0
  local full=$(($1 * 30 / $2)) line
  line=$(printf '%*s' "$full" '' | tr ' ' '#')
  printf '\r  [%-30s] %d/%d ' "$line" "$1" "$2" >&2
  [ "$1" -lt "$2" ] || printf '\n' >&2
}

pdf() { # pdf FILE TEXT: a small but whole PDF with one line of text
  local body="BT /F1 14 Tf 60 760 Td ($2) Tj ET"
  {
    printf '%%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n'
    printf '3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F1 5 0 R>>>>/Contents 4 0 R>>endobj\n'
    printf '4 0 obj<</Length %d>>stream\n%s\nendstream endobj\n' "${#body}" "$body"
    printf '5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\ntrailer<</Root 1 0 R>>\n%%%%EOF\n'
  } >"$1"
}

make_documents() {
  local i n
  for i in $(seq 1 24); do
    n=$(printf 'TSH-2026-%04d' "$i")
    case $((i % 4)) in
      0) printf 'Qurilish ruxsatnomasi %s\nManzil: Toshkent, Bog‘ishamol ko‘chasi, %d-uy\nMaydon: %d m²\n' "$n" "$i" $((60 + i)) >"$documents/$n.txt" ;;
      1) printf 'Разрешение на строительство %s\nАдрес: Ташкент, ул. Садовая, дом %d\nПлощадь: %d м²\n' "$n" "$i" $((60 + i)) >"$documents/$n.txt" ;;
      2) printf 'Building permit %s\nAddress: Tashkent, Garden street %d\nArea: %d m2\n' "$n" "$i" $((60 + i)) >"$documents/$n.txt" ;;
      3) pdf "$documents/$n.pdf" "Building permit $n, Tashkent, Garden street $i" ;;
    esac
  done
  {
    printf 'number,kind,district,area\n'
    for i in $(seq 25 40); do printf 'TSH-2026-%04d,%s,%s,%d\n' "$i" 'turar joy' 'Yunusobod' $((40 + i)); done
  } >"$documents/permits.csv"
}

say "Four agencies start: ${agencies[*]}"
note "everything goes to $dir"
"$muhr" network create --agencies "$(IFS=,; echo "${agencies[*]}")" --origin registry.example.uz/pilot/1 --dir "$net" >&2
for name in "${agencies[@]}"; do start "$name"; done
for name in "${agencies[@]}"; do wait_until 60 "$name reaches the others" reached "$name" 4; done
export MUHR_NODE MUHR_KEY=$net/qurilish/keys/clerk.key MUHR_TRUST=$net/trust.policy
MUHR_NODE=$(url qurilish)
"$muhr" network status --node "$MUHR_NODE"

if [ -n "${PERMITS:-}" ]; then
  say "The rows of $PERMITS become entries"
  columns=${PERMITS_RECORD:-$(head -1 "$PERMITS" | sed 's/^\xef\xbb\xbf//' | cut -d, -f1)}
  code=0
  "$muhr" anchor bulk "$PERMITS" --registry "$registry" --record "$columns" --out "$dir/bulk" <&3 || code=$?
  [ "$code" = 0 ] || [ "$code" = 20 ] || fail "anchor bulk ended with exit code $code"
  note "$dir/bulk/result.csv says of every row what became of it"
  sample=$(find "$dir/bulk/receipts" -name "*.receipt" | sort | sed -n 1p)
  [ -n "$sample" ] || fail "no row was anchored"
else
  say "Two dozen permits in three languages, and a table of sixteen"
  make_documents
  done_count=0
  for file in "$documents"/TSH-*.txt "$documents"/TSH-*.pdf; do
    id=$(basename "${file%.*}")
    "$muhr" anchor "$file" --registry "$registry" --record "$id" >"$dir/anchor.log" 2>&1 || { cat "$dir/anchor.log" >&2; fail "anchoring $id"; }
    cp "$file.receipt" "$receipts/"
    done_count=$((done_count + 1))
    bar "$done_count" 24
  done
  expect 0 "anchoring the table" "$muhr" anchor bulk "$documents/permits.csv" --registry "$registry" --record number --out "$dir/bulk"
  sample=$documents/TSH-2026-0001.txt.receipt
fi

say "One receipt, and what it proves offline"
cat "$sample"
expect 0 "verifying a receipt" "$muhr" verify "$sample"

say "A permit is amended, then revoked; its history hides nothing"
permit=$documents/TOUR-0001.txt
printf 'Building permit TOUR-0001\nArea: 80 m2\n' >"$permit"
expect 0 "anchoring" "$muhr" anchor "$permit" --registry "$registry" --record TOUR-0001
expect 0 "verifying the document" "$muhr" verify "$permit"
amended=$documents/TOUR-0001-amended.txt
printf 'Building permit TOUR-0001\nArea: 96 m2\n' >"$amended"
expect 0 "amending" "$muhr" amend TOUR-0001 "$amended" --registry "$registry" --reason C02
expect 0 "revoking" "$muhr" revoke TOUR-0001 --registry "$registry" --reason R04 --out "$receipts/TOUR-0001-revoked.receipt"
cp "$permit.receipt" "$amended.receipt" "$receipts/"
expect 13 "the history of a revoked permit" "$muhr" history TOUR-0001 --registry "$registry"
expect 10 "a permit that was never registered" "$muhr" history NEVER-0001 --registry "$registry"

say "Somebody alters a copy of a document"
altered=$documents/TOUR-0001-altered.txt
sed 's/80/800/' "$permit" >"$altered"
expect 11 "verifying the altered copy" "$muhr" verify "$altered" --receipt "$permit.receipt"

say "The owner of the registry asks another agency for its word"
expect 0 "setting the policy" "$muhr" registry policy set "$registry" --needed 1 --agencies kadastr --within 30 --key "$net/qurilish/keys/admin.key" --yes
expect 0 "making a key for a clerk of kadastr" "$muhr" key new "$dir/attester.key" --holder kadastr/attester --plain
public=$("$muhr" key show "$dir/attester.key" --json | sed -n 's/.*"public": *"\([^"]*\)".*/\1/p')
expect 0 "letting the clerk attest" "$muhr" clerk add kadastr/attester --public "$public" --registries "$registry" --operations attest --key "$net/kadastr/keys/admin.key" --yes
asked=$documents/TOUR-0004.txt
printf 'Building permit TOUR-0004, on plot 10:01\n' >"$asked"
expect 0 "anchoring what must be confirmed" "$muhr" anchor "$asked" --registry "$registry" --record TOUR-0004
"$muhr" verify "$asked" | tee "$dir/pending.txt"
grep -q 'pending: nobody has spoken' "$dir/pending.txt" || fail "the receipt does not say that a confirmation is missing"
expect 0 "what waits for kadastr" "$muhr" inbox --agency kadastr
expect 0 "kadastr confirms it" "$muhr" attest confirm "$asked.receipt" --document "$asked" --key "$dir/attester.key" --node "$(url kadastr)"
expect 0 "a newer proof" "$muhr" receipt refresh "$asked.receipt"
"$muhr" verify "$asked" | tee "$dir/effective.txt"
grep -q 'effective: confirm by kadastr' "$dir/effective.txt" || fail "the receipt does not show the confirmation"
cp "$asked.receipt" "$receipts/"

say "One agency stops, and the others go on"
stop soliq
more=$documents/TOUR-0002.txt
printf 'Building permit TOUR-0002\n' >"$more"
expect 0 "anchoring with three agencies" "$muhr" anchor "$more" --registry "$registry" --record TOUR-0002
expect 0 "verifying it" "$muhr" verify "$more"

say "A second agency stops, and the network stops safely"
stop adliya
late=$documents/TOUR-0003.txt
printf 'Building permit TOUR-0003\n' >"$late"
expect 6 "anchoring with two agencies" "$muhr" anchor "$late" --registry "$registry" --record TOUR-0003 --timeout 5
wait_until 10 "the status says who is missing" reached qurilish 2
"$muhr" network status --node "$MUHR_NODE" | tee "$dir/status.txt"
grep -q adliya "$dir/status.txt" && grep -q soliq "$dir/status.txt" || fail "the status does not name who is missing"

say "Both start again and catch up by themselves"
start soliq
start adliya
expect 0 "the waiting permit is anchored" "$muhr" anchor "$late" --registry "$registry" --record TOUR-0003 --timeout 60
for name in soliq adliya; do wait_until 60 "$name catches up" same_height "$name" qurilish; done
"$muhr" network status --node "$(url soliq)"
cp "$more.receipt" "$late.receipt" "$receipts/"

say "An auditor replays the whole log with nothing but the trust file"
for name in "${agencies[@]}"; do
  expect 0 "the audit of $name" "$muhr" audit "$(url "$name")" --trust "$net/trust.policy"
done

say "Everything above came true."
for name in "${agencies[@]}"; do note "$name  $(url "$name")"; done
note "trust file  $net/trust.policy"
note "try: $muhr verify $sample --trust $net/trust.policy"
[ "${DEMO:-}" = once ] && exit 0
note "the network stays up until Ctrl-C"
wait
