#!/usr/bin/env bash
# The canonical form of linked data is what signatures are made over, so two libraries must write the same bytes. For a
# text with U+007F PyLD writes the character itself and rdf-canonize writes \u007F, so the hashes differ and a signature
# of one is refused by the other. A guess: one algorithm (RDFC-1.0, URDNA2015), one form.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check pyld==3.3.0
npm init -y >/dev/null
npm install --no-audit --no-fund --silent rdf-canonize@5.0.0
python=$(env/bin/python - <<'PY'
from pyld import jsonld
print(ascii(jsonld.normalize({"@id": "urn:a", "urn:b": "x\u007fy"}, {"algorithm": "URDNA2015", "format": "application/n-quads"}).strip()))
PY
)
cat >try.mjs <<'JS'
import { canonize } from 'rdf-canonize';
const named = (value) => ({ termType: 'NamedNode', value });
const text = { termType: 'Literal', value: 'x\u007fy', datatype: named('http://www.w3.org/2001/XMLSchema#string') };
const quad = { subject: named('urn:a'), predicate: named('urn:b'), object: text, graph: { termType: 'DefaultGraph', value: '' } };
console.log((await canonize([quad], { algorithm: 'RDFC-1.0' })).trim());
JS
javascript=$(node try.mjs)
echo "PyLD 3.3.0 writes $python, rdf-canonize 5.0.0 writes $javascript"
[ "$python" = "'<urn:a> <urn:b> \"x\\x7fy\" .'" ] && [ "$javascript" = '<urn:a> <urn:b> "x\u007Fy" .' ]
