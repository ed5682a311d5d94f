#!/usr/bin/env bash
# RFC 8785 sorts the members of every object, so that equal data have equal bytes to sign. json-canonicalize hands a value
# that has a toJSON method to JSON.stringify, as the sample code of that RFC does: what the method gives stays in the order
# in which it was built. canonicalize sorts it, so one receipt has two hashes; and json-canonicalize itself, given its own
# output parsed, writes other bytes. A guess: a canonical form is canonical, however the object was made.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent json-canonicalize@3.0.1 canonicalize@4.0.0
cat >try.mjs <<'JS'
import { canonicalize as jsonCanonicalize } from 'json-canonicalize';
import canonicalize from 'canonicalize';
class Place {
  constructor(size, leaf) { Object.assign(this, { size, leaf }); }
  toJSON() { return { size: this.size, leaf: this.leaf }; }
}
const receipt = { place: new Place(7, 3), log: 'registry' };
const own = jsonCanonicalize(receipt);
console.log('json-canonicalize', own);
console.log('parsed and again ', jsonCanonicalize(JSON.parse(own)));
console.log('canonicalize     ', canonicalize(receipt));
JS
seen=$(node try.mjs)
printf 'json-canonicalize 3.0.1, canonicalize 4.0.0\n%s\n' "$seen"
[ "$seen" = 'json-canonicalize {"log":"registry","place":{"size":7,"leaf":3}}
parsed and again  {"log":"registry","place":{"leaf":3,"size":7}}
canonicalize      {"log":"registry","place":{"leaf":3,"size":7}}' ]
