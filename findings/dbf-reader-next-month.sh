#!/usr/bin/env bash
# Land registers still pass tables as .dbf. dbf-reader gives each date of one a month late (it hands the month, 1 to 12, to
# JavaScript's Date, which counts from 0): 30 November becomes 30 December, and 31 January 3 March. dbffile, which wrote
# the table here, reads back what it wrote. A guess: the day that is in the file.
set -euo pipefail
export TZ=UTC
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent dbf-reader@1.0.3 dbffile@1.13.0
cat >try.js <<'JS'
const { DBFFile } = require('dbffile'), { Dbf } = require('dbf-reader'), fs = require('fs');
(async () => {
  const table = await DBFFile.create('deeds.dbf', [{ name: 'DAY', type: 'D', size: 8 }]);
  await table.appendRecords(['2026-11-30', '2026-01-31'].map((day) => ({ DAY: new Date(day) })));
  const show = (rows) => rows.map((row) => row.DAY.toISOString().slice(0, 10)).join(' ');
  console.log('in the file', fs.readFileSync('deeds.dbf', 'latin1').match(/2026\d{4}/g).join(' '));
  console.log('dbffile', show(await (await DBFFile.open('deeds.dbf')).readRecords()));
  console.log('dbf-reader', show(Dbf.read(fs.readFileSync('deeds.dbf')).rows));
})();
JS
seen=$(node try.js)
printf 'dbf-reader 1.0.3\n%s\n' "$seen"
[ "$seen" = "in the file 20261130 20260131
dbffile 2026-11-30 2026-01-31
dbf-reader 2026-12-30 2026-03-03" ]
