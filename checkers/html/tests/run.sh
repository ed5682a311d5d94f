#!/usr/bin/env bash
# Tests verify.html: its judge on the corpus under Node, and the page in Chromium.
# Installs what is missing where it may. Exit code 0: all of it holds; 77: some part could not run, and
# which and why was said; else something is wrong.   MUHR_SWEEP_STEP=1 takes every place of the sweeps.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
corpus=$here/../../../corpus
shots=${MUHR_SHOTS:-${CARGO_TARGET_DIR:-${TMPDIR:-/tmp}}}
muhr=${MUHR_BINARY:-$here/../../../bin/muhr}
tools=${XDG_CACHE_HOME:-$HOME/.cache}/muhr/browser-tools
playwright=1.65.2
skipped=0
skip() { echo "SKIPPED  $*" >&2; skipped=1; }
say() { printf '\n· %s\n' "$*"; }

say "The judge of verify.html, under Node"
if node --input-type=module -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 20 ? 0 : 1)' 2>/dev/null; then
  MUHR_SWEEP_STEP=${MUHR_SWEEP_STEP:-11} node "$here/corpus.mjs" "$corpus/cases/cases.json"
  for golden in "$corpus"/golden/*/cases.json; do node "$here/corpus.mjs" "$golden"; done
  node "$here/numbers.mjs" "$corpus/numbers.json"
  if [ -x "$muhr" ]; then node "$here/differ.mjs" "$muhr"; else skip "beside muhr: it is not built; run make build"; fi
else
  skip "the corpus under Node: there is no Node 20 or newer (https://nodejs.org, or Debian 13's package nodejs)"
fi

# Another test may be installing something else at the same time.
install() {
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
  echo "· installing $*"
  apt-get -o DPkg::Lock::Timeout=600 update -qq || true
  DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 install -y -qq --no-install-recommends "$@" >/dev/null
}

say "The page, in Chromium"
export CHROMIUM=${CHROMIUM:-/usr/bin/chromium}
python=python3
if ! "$python" -c 'import playwright' 2>/dev/null; then
  python=$tools/bin/python3
  if ! "$python" -c 'import playwright' 2>/dev/null; then
    python3 -m venv --clear "$tools" 2>/dev/null || { install python3-venv && python3 -m venv --clear "$tools"; } || true
    "$python" -m pip install --quiet "playwright==$playwright" || true
  fi
fi
if [ ! -x "$CHROMIUM" ] && ! install chromium fonts-dejavu-core; then
  skip "the page: there is no $CHROMIUM; on Debian: sudo apt-get install chromium"
elif ! "$python" -c 'import playwright' 2>/dev/null; then
  skip "the page: there is no Playwright for Python; python3 -m pip install playwright==$playwright"
else
  "$python" "$here/page.py" "$shots"
fi
[ "$skipped" = 0 ] || exit 77
