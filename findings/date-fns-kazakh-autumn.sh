#!/usr/bin/env bash
# date-fns writes a date in Kazakh and reads it with the same format and language: September, October and November come
# back as January, June as May, and none of it is an invalid date. Uzbek and Russian come back whole. A guess: what format
# wrote, parse reads.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent date-fns@4.4.0
cat >try.js <<'JS'
const { format, parse } = require('date-fns'), locales = require('date-fns/locale');
for (const name of ['uz', 'uzCyrl', 'ru', 'kk']) {
  const wrong = [];
  for (let month = 0; month < 12; month++) {
    const text = format(new Date(2026, month, 15), 'd MMMM yyyy', { locale: locales[name] });
    const back = parse(text, 'd MMMM yyyy', new Date(2026, 0, 1), { locale: locales[name] });
    if (back.getMonth() !== month) wrong.push(`${text} -> ${format(back, 'yyyy-MM-dd')}`);
  }
  console.log(`${name}: ${wrong.join(', ') || 'all right'}`);
}
JS
seen=$(node try.js)
printf 'date-fns 4.4.0\n%s\n' "$seen"
[ "$seen" = "uz: all right
uzCyrl: all right
ru: all right
kk: 15 маусым 2026 -> 2026-05-15, 15 қыркүйек 2026 -> 2026-01-15, 15 қазан 2026 -> 2026-01-15, 15 қараша 2026 -> 2026-01-15" ]
