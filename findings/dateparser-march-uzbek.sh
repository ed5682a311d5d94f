#!/usr/bin/env bash
# March is "mart" in Uzbek, and MART is also short for the time of the Marquesas Islands. With the two languages of an
# office in Tashkent told, dateparser reads 15 mart 2026 as the 15th of the month that it is now, nine and a half hours
# behind Greenwich; each of the other eleven months is right, and so is March with Uzbek alone told. A guess: of two
# languages that are told, the one that knows the word reads it.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check dateparser==1.5.0
cat >try.py <<'PY'
import datetime, warnings
warnings.simplefilter("ignore")
import dateparser

MONTHS = "yanvar fevral mart aprel may iyun iyul avgust sentabr oktabr noyabr dekabr".split()
NOW = {"RELATIVE_BASE": datetime.datetime(2026, 11, 30, 12)}
for languages in (["uz"], ["uz", "ru"], None):
    read = {name: dateparser.parse(f"15 {name} 2026", languages=languages, settings=NOW) for name in MONTHS}
    wrong = {name: str(day) for number, (name, day) in enumerate(read.items(), 1) if day != datetime.datetime(2026, number, 15)}
    print(languages, "wrong:", wrong)
PY
seen=$(env/bin/python try.py)
printf 'dateparser 1.5.0: the 15th of each month of 2026, asked on 30 November\n%s\n' "$seen"
[ "$seen" = "['uz'] wrong: {}
['uz', 'ru'] wrong: {'mart': '2026-11-15 00:00:00-09:30'}
None wrong: {'mart': '2026-11-15 00:00:00-09:30'}" ]
