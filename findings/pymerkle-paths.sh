#!/usr/bin/env bash
# pymerkle's roots over SHA-256 are those of RFC 6962 and RFC 9162. Its proofs are not: the path of inclusion begins
# with or holds the leaf itself, and the path of consistency has other nodes in another order. A guess from equal
# roots: paths can be handed to any verifier of these RFCs. Here both are named by the range of leaves each covers.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check pymerkle==7.0.0
cat >try.py <<'PY'
import hashlib, warnings
from pymerkle import InmemoryTree

warnings.simplefilter("ignore")
SIZE = 7
sha = lambda data: hashlib.sha256(data).digest()
leaves = [sha(b"\0" + f"leaf {n}".encode()) for n in range(SIZE)]

def split(n):
    k = 1
    while 2 * k < n:
        k *= 2
    return k

def root(part):
    return part[0] if len(part) == 1 else sha(b"\1" + root(part[:split(len(part))]) + root(part[split(len(part)):]))

def inclusion(m, part):
    if len(part) == 1:
        return []
    k = split(len(part))
    return inclusion(m, part[:k]) + [root(part[k:])] if m < k else inclusion(m - k, part[k:]) + [root(part[:k])]

def consistency(m, part, whole):
    if m == len(part):
        return [] if whole else [root(part)]
    k = split(len(part))
    if m <= k:
        return consistency(m, part[:k], whole) + [root(part[k:])]
    return consistency(m - k, part[k:], False) + [root(part[:k])]

name = {root(leaves[i:j]).hex(): f"{i}..{j - 1}" for i in range(SIZE) for j in range(i + 1, SIZE + 1)}
tree = InmemoryTree(algorithm="sha256")
for n in range(SIZE):
    tree.append_entry(f"leaf {n}".encode())
print("same root:", tree.get_state().hex() == root(leaves).hex())
def show(what, theirs, rfc):
    print(what, "pymerkle", [name[h] for h in theirs.serialize()["path"]], "RFC", [name[h.hex()] for h in rfc])
show("leaf 4 of 7:", tree.prove_inclusion(5, SIZE), inclusion(4, leaves))
show("from 4 to 7:", tree.prove_consistency(4, SIZE), consistency(4, leaves, True))
PY
seen=$(env/bin/python try.py)
printf 'pymerkle 7.0.0\n%s\n' "$seen"
[ "$seen" = "same root: True
leaf 4 of 7: pymerkle ['4..4', '5..5', '6..6', '0..3'] RFC ['5..5', '6..6', '0..3']
from 4 to 7: pymerkle ['4..4', '5..5', '6..6', '0..3'] RFC ['4..6']" ]
