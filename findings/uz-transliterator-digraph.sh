#!/usr/bin/env bash
# UzTransliterator takes Uzbek from Cyrillic to Latin and back. Where с and ҳ stand side by side, official Latin puts an
# apostrophe between s and h, so that the two are not read as sh; the library leaves it out, and the way back makes the
# one letter ш of them: another word. A guess: a pair of alphabets that both have all letters goes there and back.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check UzTransliterator==2.0.2
seen=$(env/bin/python - <<'PY'
import UzTransliterator
both = UzTransliterator.UzTransliterator()
for word in ["Мусҳаф", "Исҳоқ", "Тошкент"]:
    latin = both.transliterate(word, from_="cyr", to="lat")
    print(word, latin, both.transliterate(latin, from_="lat", to="cyr"))
PY
)
printf 'UzTransliterator 2.0.2\n%s\n' "$seen"
[ "$seen" = "Мусҳаф Mushaf Мушаф
Исҳоқ Ishoq Ишоқ
Тошкент Toshkent Тошкент" ]
