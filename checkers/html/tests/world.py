"""Files for the page's tests: one set for each verdict, out of corpus/cases."""

import base64
import json
import re
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "verify.html"
CORPUS = HERE.parents[2] / "corpus" / "cases"

LANGUAGES = {"uz": "uz-Latn", "uz-cyrl": "uz-Cyrl", "ru": "ru", "en": "en"}
# A name that would be markup if anybody took it for markup.
HOSTILE_NAME = "<img src=x onerror=alert(1)>&amp;.receipt"


def edited(name, edits):
    out = (CORPUS / name).read_bytes()
    for edit in edits or []:
        at = edit["at"]
        if edit["op"] == "cut":
            out = out[:at]
        elif edit["op"] == "flip":
            out = out[:at] + bytes([out[at] ^ edit["mask"]]) + out[at + 1 :]
        else:
            put = edit["text"].encode() if "text" in edit else base64.b64decode(edit["base64"])
            out = out[:at] + put + out[at + edit["length"] :]
    return out


class Set:
    """What somebody holds: the file to judge, the trust file, and perhaps a document and a number."""

    def __init__(self, case):
        self.name, self.kind, self.verdict = case["name"], case["kind"], case["verdict"]
        self.proof = edited(case["file"], case.get("edits"))
        self.trust = edited(case["trust"], case.get("trust_edits"))
        self.document = edited(case["document"], None) if "document" in case else None
        self.registry, self.number = case.get("registry"), case.get("record")

    def upload(self, slot, name=None):
        data = getattr(self, slot)
        return {"name": name or f"{slot}.file", "mimeType": "application/octet-stream", "buffer": data}


def corpus():
    return json.loads((CORPUS / "cases.json").read_text())


def verdicts():
    """One set for each verdict, receipts before others; pending is no receipt and not in the corpus."""
    found = {}
    cases = [case for case in corpus()["cases"] if case["verdict"] != "bad trust file"]
    for case in sorted(cases, key=lambda case: (case["kind"] != "receipt", "document" not in case)):
        found.setdefault(case["verdict"], Set(case))
    pending = Set(cases[0])
    pending.name, pending.verdict, pending.document, pending.number = "pending", "pending", None, None
    pending.proof = b"muhr-pending/v1\n"
    found["pending"] = pending
    return found


def first(kind, verdict, **wanted):
    """The first case of a kind with a verdict."""
    for case in corpus()["cases"]:
        if case["kind"] == kind and case["verdict"] == verdict and all(case.get(k) == v for k, v in wanted.items()):
            return Set(case)
    raise LookupError(f"the corpus has no {kind} that is {verdict}")


def cases(**wanted):
    return [case for case in corpus()["cases"] if all(case.get(key) == value for key, value in wanted.items())]


def shown():
    """What is reviewed word for word: one set for each verdict, and one for each sort of file and of facts."""
    found = {f"verdict: {verdict}": files for verdict, files in sorted(verdicts().items())}
    for name in [
        "receipt/registered", "receipt/redacted", "receipt/redacted-and-erased", "receipt/look-alike", "receipt/fields-five",
        "receipt/batch-3", "receipt/standing-pending", "receipt/standing-lapsed", "receipt/standing-effective",
        "receipt/standing-disputed", "receipt/attestation", "receipt/clerk-compromised-before", "receipt/rewritten-carriage-returns",
        "receipt/another-kind-dossier", "receipt/another-kind-pdf", "receipt/document-without-opening", "receipt/bridged",
        "history/complete", "history/ended", "checkpoint/three-of-four", "checkpoint/witnesses-outside-short",
        "checkpoint/trust-quorum-of-one-witness", "evidence/two-of-one-size", "evidence/of-two-sizes-TSH-8-proven",
    ]:
        [case] = cases(name=name)
        found[name] = Set(case)
    return found


def every_way():
    """The first case for each verdict, kind and sort of change, as their names tell them."""
    found = {}
    for case in corpus()["cases"]:
        if case["verdict"] == "bad trust file" or "then" in case:
            continue
        key = (case["kind"], case["verdict"], "-".join(case["name"].split("/")[1].split("-")[:1]))
        found.setdefault(key, Set(case))
    return list(found.values())


def file_name(text):
    return re.sub(r"[^a-z0-9-]+", "-", text.lower()).strip("-")
