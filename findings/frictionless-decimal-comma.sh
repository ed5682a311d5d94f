#!/usr/bin/env bash
# frictionless takes a column of numbers with a decimal comma, as most of Europe and Central Asia writes them, for
# geographical points: 80,5 becomes longitude 80, latitude 5, and no error is told. A guess: text, or the number.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check frictionless==5.21.0
printf 'number;area\nA-1;80,5\nA-2;41,2\n' >parcels.csv
seen=$(env/bin/python - <<'PY'
from frictionless import Resource, validate
with Resource(path="parcels.csv") as table:
    rows = table.read_rows()
    print(table.schema.get_field("area").type, [float(x) for x in rows[0]["area"]], "valid:", validate("parcels.csv").valid)
PY
)
echo "frictionless 5.21.0 reads the area 80,5 as: $seen"
[ "$seen" = "geopoint [80.0, 5.0] valid: True" ]
