#!/usr/bin/env bash
# 24:00 is the end of a day (ISO 8601 with its amendment of 2022, XML Schema's dateTime): 31 December, 24:00 is 1 January,
# 00:00, and dateutil says so. aniso8601 takes it and gives the beginning of that same day: a term ends a day early, and an
# interval until the end of the day ends before it begins. A guess: the next midnight, or an error.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check aniso8601==10.0.1 python-dateutil==2.9.0.post0
seen=$(env/bin/python - <<'PY'
import aniso8601
from dateutil.parser import isoparse
print("dateutil", isoparse("2026-12-31T24:00:00"))
print("aniso8601", aniso8601.parse_datetime("2026-12-31T24:00:00"))
begin, end = aniso8601.parse_interval("2026-12-31T08:00/2026-12-31T24:00")
print("interval", begin, end, "ends before it begins:", end < begin)
PY
)
printf 'aniso8601 10.0.1: 31 December 2026, 24:00\n%s\n' "$seen"
[ "$seen" = "dateutil 2027-01-01 00:00:00
aniso8601 2026-12-31 00:00:00
interval 2026-12-31 08:00:00 2026-12-31 00:00:00 ends before it begins: True" ]
