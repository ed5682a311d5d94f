"""Letters of a record number that may have been typed for others [1.2], and the published numbers put to all of it."""
import base64, json, re
from formats import Failed, capitals, fold, read_number, write_number

LATIN, CYRILLIC = "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f", "\u0400-\u0481\u048a-\u052f"
PAIRS = """A 0410, a 0430, B 0412, C 0421, c 0441, d 0501, E 0415, e 0435, \u00cb 0401, \u00eb 0451, H 041d, h 04bb, I 0406,
    I 04c0, i 0456, \u00cf 0407, \u00ef 0457, J 0408, j 0458, K 041a, l 04cf, M 041c, O 041e, o 043e, P 0420, p 0440, Q 051a,
    q 051b, S 0405, s 0455, T 0422, W 051c, w 051d, X 0425, x 0445, Y 0423, Y 04ae, y 0443"""
PAIRS = [(pair.split()[0], chr(int(pair.split()[1], 16))) for pair in PAIRS.split(",")]
TWIN = {cyrillic: latin for latin, cyrillic in PAIRS} | {latin: cyrillic for latin, cyrillic in reversed(PAIRS)}


def look_alikes(parts):
    """Each letter once, as it first appears, with its twin if it has one."""
    count = lambda text: (len(re.findall(f"[{LATIN}]", text)), len(re.findall(f"[{CYRILLIC}]", text)))
    whole, found = count("".join(parts)), {}
    for word in re.findall(f"[{LATIN}{CYRILLIC}]+", " ".join(parts)) if all(whole) else []:
        mixed = all(count(word))
        if not mixed and not all(letter in TWIN for letter in word):
            continue
        latin, cyrillic = count(word) if mixed else whole
        rare = (LATIN if latin <= cyrillic else "") + (CYRILLIC if cyrillic <= latin else "")
        found.update({letter: TWIN.get(letter) for letter in re.findall(f"[{rare}]", word)})
    return [[letter, twin] if twin else [letter] for letter, twin in found.items()]


def run(path, record_key):
    """Every published number gives its parts, line, key and look-alikes, or is refused."""
    with open(path, encoding="utf-8") as file:
        book = json.load(file)
    assert book["format"] == "muhr-numbers/v1"
    wrong = 0
    for given in book["numbers"]:
        try:
            parts = read_number(given["number"]) if "number" in given else fold(given["columns"])
            key = base64.b64encode(record_key(given.get("registry", book["registry"]), parts)).decode()
            found = {"parts": parts, "line": write_number(parts), "key": key, "look_alikes": look_alikes(parts)}
        except Failed:
            found = {}
        if found != {what: given[what] for what in ("parts", "line", "key", "look_alikes") if what in given}:
            wrong += 1
            print(f"{given['what']}: {found}")
    for given in book["capitals"]:
        if capitals(read_number(given["number"])) != given["parts"]:
            wrong += 1
            print(f"{given['what']}: {capitals(read_number(given['number']))}")
    print(f"{len(book['numbers'])} numbers, {wrong} otherwise than published")
    return 1 if wrong else 0
