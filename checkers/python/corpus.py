"""Puts the corpus (checkers/README.md) to a judge and says where the two disagree."""
import base64, json, pathlib


def edited(data, edits):
    for edit in edits:
        if edit["op"] == "flip":
            data = data[: edit["at"]] + bytes([data[edit["at"]] ^ edit["mask"]]) + data[edit["at"] + 1 :]
        elif edit["op"] == "cut":
            data = data[: edit["at"]]
        else:
            new = base64.b64decode(edit["base64"]) if "base64" in edit else edit["text"].encode()
            data = data[: edit["at"]] + new + data[edit["at"] + edit["length"] :]
    return data


def expanded(sweep):
    """The cases for which a sweep stands."""
    position = 0
    for count, code, *check in sweep["runs"]:
        for at in range(position, position + count):
            edit = {"op": sweep["op"], "at": at, "mask": sweep.get("mask")}
            yield {**sweep, "name": f"{sweep['name']}@{at}", "edits": [edit], "exit": code, **({"check": check[0]} if check else {})}
        position += count


def run(folder, judge, word_on):
    folder = pathlib.Path(folder)
    book = json.loads((folder / "cases.json").read_text(encoding="utf-8"))
    assert book["format"] == "muhr-cases/v1"
    cases = book["cases"] + [case for sweep in book["sweeps"] for case in expanded(sweep)]
    coded = any("check" in case for case in cases)  # golden files were made before checks had codes
    wrong = 0
    for case in cases:
        trust = edited((folder / case["trust"]).read_bytes(), case.get("trust_edits", []))
        data = edited((folder / case["file"]).read_bytes(), case.get("edits", []))
        document = (folder / case["document"]).read_bytes() if "document" in case else None
        then = [(folder / name).read_bytes() for name in case.get("then", [])]
        code, why, check = judge(trust, data, case["kind"], document, case.get("registry"), case.get("record"), then)
        word = word_on(data.decode()) if code == case["exit"] and "endorsement" in case else None
        if word != case.get("endorsement") and code == case["exit"]:
            wrong += 1
            print(f"{case['name']}: {word}; expected {case['endorsement']}")
        if code != case["exit"] or (coded and check != case.get("check")):
            wrong += 1
            expected = f"{case['exit']} {book['verdicts'][str(case['exit'])]} {case.get('check', '')}"
            print(f"{case['name']}: {code} {check} {why}; expected {expected}")
    print(f"{len(book['cases'])} cases and {len(cases) - len(book['cases'])} from sweeps, {wrong} judged otherwise")
    return 1 if wrong else 0
