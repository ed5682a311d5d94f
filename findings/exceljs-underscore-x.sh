#!/usr/bin/env bash
# exceljs writes a text that holds `_xHHHH_` as it is. In a workbook that is an escape for a character (ECMA-376,
# ST_Xstring; a literal one is written _x005F_xHHHH_), so a reader that follows the format takes it for one, exceljs included: the
# number TSH_x0041_2 goes in and TSHA2 comes out. A guess: what a library wrote, it reads back.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent exceljs@4.4.0
cat >try.js <<'JS'
const { Workbook } = require('exceljs');
(async () => {
  const written = new Workbook();
  written.addWorksheet('permits').getCell('A1').value = 'TSH_x0041_2';
  await written.xlsx.writeFile('permits.xlsx');
  const read = new Workbook();
  await read.xlsx.readFile('permits.xlsx');
  console.log(read.getWorksheet('permits').getCell('A1').value);
})();
JS
seen=$(node try.js)
stored=$(python3 -c "import zipfile; print(zipfile.ZipFile('permits.xlsx').read('xl/sharedStrings.xml').decode())" | grep -o '<t[^>]*>[^<]*</t>')
echo "exceljs 4.4.0 wrote TSH_x0041_2 as $stored and read $seen"
[ "$seen" = TSHA2 ] && [[ $stored == *'>TSH_x0041_2<'* ]]
