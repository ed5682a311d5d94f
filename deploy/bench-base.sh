#!/usr/bin/env bash
# Builds another commit for `bench --against`: bench-base.sh COMMIT DIR leaves its bench, muhr and muhr-node
# in DIR, and in DIR/commit which commit it is. The commit's tree and its build lie in DIR as well, so that
# nothing of this tree's build is touched; building takes as long as a first build.
set -euo pipefail
cd "$(dirname "$0")/.."

[ $# = 2 ] || { echo "bench-base.sh COMMIT DIR" >&2; exit 2; }
commit=$(git rev-parse --short "$1^{commit}")
mkdir -p "$2"
place=$(cd "$2" && pwd)
if [ -e "$place/tree" ]; then
  git worktree remove --force "$place/tree"
fi
git worktree add --quiet --detach "$place/tree" "$commit"
(
  cd "$place/tree"
  export CARGO_TARGET_DIR=$place/target
  deploy/rocksdb.sh portable
  cargo build --release --locked -p cli -p node
  cargo build --release --locked -p tests --bin bench
)
cp -f "$place"/target/release/{bench,muhr,muhr-node} "$place/"
echo "$commit" >"$place/commit"
git worktree remove --force "$place/tree"
echo "$place holds $commit" >&2
