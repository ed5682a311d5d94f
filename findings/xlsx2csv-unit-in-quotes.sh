#!/usr/bin/env bash
# A unit or a currency in a number's format is text in quotes: #,##0" soʻm", 0" dona". xlsx2csv takes the letters of that
# text for parts of a date: the sum is gone, and the month of a made-up day stands in the word. pylightxl makes a date of
# twelve pieces, as "dona" has a d. A guess: the number, as openpyxl and calamine read it from the same file.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check xlsx2csv==0.8.6 pylightxl==1.61 openpyxl==3.1.5 python-calamine==0.9.1
cat >write.py <<'PY'
import openpyxl
book = openpyxl.Workbook()
for row, (value, form) in enumerate([(1250000, '#,##0" soʻm"'), (12, '0" dona"')], 1):
    book.active.cell(row, 1, value).number_format = form
book.save("prices.xlsx")
PY
cat >read.py <<'PY'
import openpyxl, pylightxl, python_calamine
print("openpyxl:", [row[0] for row in openpyxl.load_workbook("prices.xlsx").active.values])
sheet = python_calamine.CalamineWorkbook.from_path("prices.xlsx").get_sheet_by_index(0)
print("calamine:", [row[0] for row in sheet.to_python()])
book = pylightxl.readxl("prices.xlsx")
print("pylightxl 1.61:", [row[0] for row in book.ws(book.ws_names[0]).rows])
PY
env/bin/python write.py
seen=$(env/bin/python read.py; env/bin/xlsx2csv prices.xlsx | sed 's/^/xlsx2csv 0.8.6: /')
printf '1250000 soʻm and 12 dona\n%s\n' "$seen"
[ "$seen" = "openpyxl: [1250000, 12]
calamine: [1250000.0, 12.0]
pylightxl 1.61: [1250000, '1900/01/11']
xlsx2csv 0.8.6: \"#,##0\"\" soʻ05\"\"\"
xlsx2csv 0.8.6: \"0\"\" 11ona\"\"\"" ]
