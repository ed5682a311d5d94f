#!/usr/bin/env python3
"""Judges what Muhr gives out, offline, with the trust file alone. Written after docs/protocol.md, to be
read beside it; the numbers in brackets are its sections. Shares no code with Muhr.

    check.py --trust trust.policy [--then OLD.policy]... FILE [DOCUMENT] [--registry NAME --record NUMBER]
    check.py --corpus DIR
    check.py --numbers FILE

FILE is a receipt, a history, a checkpoint or evidence of a fork. Prints the verdict; the exit code is that
of `muhr verify`. Needs Python 3.9 or newer, the package
`cryptography`, and the other files of this folder beside it.
"""
import argparse, base64, hashlib, hmac, re, sys
sys.dont_write_bytecode = True  # leaves nothing behind in an auditor's folder
from formats import *
from kinds import *
from proofs import *
from trust import *

WORDS = {0: "authentic", 3: "bad trust file", 6: "pending", 10: "not found", 11: "altered", 12: "superseded", 13: "revoked",
         14: "proof broken", 15: "wrong network", 16: "cannot decide", 17: "suspended", 30: "evidence of a fork"}


# --- Checkpoints that are believed [9.1]

def must(holds, check, what, code=14):
    """A check by its code, as in the corpus, and what is wrong where it does not hold."""
    require(holds, what, code, check)


def quorate(trust, note, unmet=(14, "quorum")):
    checkpoint = trust.checkpoint(note)
    if not checkpoint["quorum"] and trust.agencies_hold(checkpoint["times"]):
        group, missing = trust.short(trust.quorum, checkpoint["times"])
        must(False, "witnesses", f"the agencies have signed, and group {group} of the trust file is short; missing: {', '.join(missing)}", 16)
    code, check = unmet
    must(checkpoint["quorum"], check, f"no quorum: {', '.join(checkpoint['times']) or 'nobody'} cosigned", code)
    if not checkpoint["log_signed"]:
        print("without the log's own line: other people's tools refuse the checkpoint", file=sys.stderr)
    base = trust.headers.get("base")
    return {**checkpoint, "named": bytes.fromhex(base) if base else trust.hash, "way": "current"}


def believed(trust, then, note, newest, bridge=None):
    """The checkpoint, in the strongest way that there is [9.1, step 2]."""
    claimed, held = int(newest["epoch"]), int(trust.headers.get("epoch", newest["epoch"]))
    if claimed >= held:
        return quorate(trust, note, (16, "epoch-reached") if claimed > held else (14, "quorum"))
    ends = [None, *trust.past]
    at = next((at for at, past in enumerate(ends) if past and past[0] == claimed), None)
    must(at, "epoch-listed", f"it is of epoch {claimed}, and the trust file does not say how that ended", 16)
    _, named, size, root = ends[at]
    if bridge is not None:
        found = read_note(note)
        origin = next(name for name, _ in trust.logs)
        must(found["origin"] == origin, "origin", f"the checkpoint is of {found['origin']}", 15)
        found["size"], found["root"] = int(found["size"]), unbase64(found["root"])
        held = consistent(found["size"], found["root"], size, root, hashes(bridge))
        must(held, "bridge", "the bridge does not hold")
        return {**found, "named": named, "way": "bridge"}
    old = next((old for old in then if old.hash == named), None)
    must(old, "epoch-trust", f"it is of epoch {claimed}, which has ended: refresh it, or give the trust file of then", 16)
    checkpoint = quorate(old, note)
    begins = ends[at - 1][2] if ends[at - 1] else -1
    must(begins < checkpoint["size"] <= size, "epoch-size", f"a size that the log did not have in epoch {claimed}")
    return {**checkpoint, "named": named, "way": "as of then"}


def included(checkpoint, leaf, index, path, check):
    root = found_by(check, root_of, leaf_hash(leaf), int(index), checkpoint["size"], hashes(path))
    must(root == checkpoint["root"], check, "a leaf that is not in the log")


def check_head(trust, checkpoint, head):
    """The newest block leaf ends the log, and names the trust file [9.1, step 5]."""
    must(int(head["index"]) + 1 == checkpoint["size"], "head-last", "the newest block leaf is not the last leaf")
    included(checkpoint, head["leaf"], head["index"], head["path"], "head-included")
    mine = checkpoint["way"] != "current" or trust.headers.get("epoch", head["epoch"]) == head["epoch"]
    mine = mine and unbase64(head["trust"]) == checkpoint["named"]
    must(mine, "trust-named", f"the log is at epoch {head['epoch']}, with another trust file", 16)


def precedes(older, newer):
    """Earlier in the log, and in the same block or in one of a lower height and time [10]."""
    same, lower = older[2:] == newer[2:], older[2] < newer[2] and older[3] < newer[3]
    return older[0] < newer[0] and (same or lower)


def check_signature(trust, clerk, text, kind, checkpoint, signature, check):
    """By the clerk, for this origin and for the chain that the trust file names [3.3, 3.4, 9.1]."""
    statement, chain = text[: text.rindex("\n", 0, -1) + 1], trust.headers.get("genesis")
    must(chain, "genesis-named", "the trust file names no genesis, so it does not say for which network the clerk must have signed", 16)
    message = f"muhr-sign-{kind}/v2\norigin {checkpoint['origin']}\nchain {chain}\n{statement}"
    try:
        signed(clerk["key"], message.encode(), unbase64(signature), clerk["name"])
    except Failed as failed:
        message = f"muhr-sign-{kind}/v1\norigin {checkpoint['origin']}\n{statement}"
        found_by(check, signed, clerk["key"], message.encode(), unbase64(signature), clerk["name"])
        raise Failed(14, f"the signature of {clerk['name']} was made before chain ids were bound", check) from failed


# --- Receipts [9.1]

def read_receipt(text):
    r = read(RECEIPT, text)
    entry, clerk = read_entry(r["entry"]), read_authority(r["clerk"])
    record, registry = read_record(r["record"]), r["registry"] and read_registry(r["registry"])
    block, opening = read_block(r["block"]), read_opening(r["opening"])
    require(bool(r["redacted"]) == bool(opening and opening["places"]), "the format: the first line is of another opening")
    head = read_block(r["head"]) if r["head"] else block
    require((r["batch"] is None) == (entry["signature"] is not None), "the format: a batch belongs to a batched entry")
    require(not r["batch"] or 1 <= int(read(BATCH, r["batch"], 1024)["count"]) <= 1024, "the format: count")
    read_note(r["note"])
    return r, entry, clerk, record, registry, block, opening, head


def judge_receipt(trust, text, document=None, then=()):
    r, entry, clerk, record, registry, block, opening, head = read_receipt(text)                         # step 1
    checkpoint = believed(trust, then, r["note"], head, r["bridge"])                                     # step 2
    included(checkpoint, r["entry"], r["index"], r["path"], "entry-included")                            # step 3
    included(checkpoint, block["leaf"], block["index"], block["path"], "block-included")                 # step 4
    first = int(block["index"]) - int(block["entries"])
    mine = range(first, int(block["index"])) if first >= 0 else range(0)
    must(int(r["index"]) in mine, "block-covers-entry", "the block does not cover the entry")
    check_head(trust, checkpoint, head)                                                                  # step 5
    newer = all(int(head[what]) > int(block[what]) for what in ("index", "height", "time"))
    must(newer or not r["head"], "head-newer", "the newest block is not newer")
    key = index_key("record", entry["registry"].encode(), unbase64(entry["key"]))                        # step 6
    found_by("record-included", in_index, head["index_root"], key, r["record"], r["record_proof"])
    must(clerk["name"] == entry["author"], "clerk-is-author", "the clerk is not the author")
    key = index_key("clerk", clerk["name"].encode())
    found_by("clerk-included", in_index, head["index_root"], key, r["clerk"], r["clerk_proof"])
    if registry:
        must(registry["name"] == entry["registry"], "registry-is-entrys", "the registry is another than the entry's")
        key = index_key("registry", registry["name"].encode())
        found_by("registry-included", in_index, head["index_root"], key, r["registry"], r["registry_proof"])
    if entry["signature"]:                                                                               # step 7
        check_signature(trust, clerk, r["entry"], "entry", checkpoint, entry["signature"], "entry-signed")
    else:
        check_batch(trust, r, clerk, checkpoint, mine)
    here = (int(r["index"]), base64.b64encode(leaf_hash(r["entry"])).decode(), int(block["height"]), int(block["time"]))
    check_story(entry, here, record)                                                                     # step 8
    if opening:
        check_opening(opening, entry)                                                                    # step 9
    if document is not None:                                                                             # step 10
        check_document(opening, document)
    mark = record["marks"].get(entry["author"].split("/")[0])                                            # step 11
    if entry["operation"] in ATTESTS:
        if entry["version"] != record["latest"] or place(mark["place"])[0] != here[0]:
            return 12
    elif record["status"] == "active" and int(entry["version"]) < int(record["content"]):
        return 12
    told(record, int(head["time"]), clerk, int(block["time"]), registry)
    if record["status"] != "active":
        return 13 if record["status"] == "revoked" else 17
    return 0


def endorsement(record, now):
    """What other agencies' word makes of the latest version [5.1]."""
    terms, marks = record["terms"], record["marks"].values()
    if not terms:
        return "not-asked"
    until = 2**64 if terms["until"] == "ever" else int(terms["until"])
    own = terms["four_eyes"] and terms["four_eyes"].split("/")[0]
    if any(mark["said"] == "dispute" and mark["agency"] in {own, *terms["agencies"].split(",")} for mark in marks):
        return "disputed"
    confirmed = {mark["agency"] for mark in marks if mark["said"] == "confirm" and place(mark["place"])[3] <= until}
    enough = len(confirmed.intersection(terms["agencies"].split(",")) - {own}) >= int(terms["needed"])
    if enough and (not own or own in confirmed):
        return "effective"
    return "pending" if now <= until else "lapsed"


def word_on(text):
    """What other agencies' word makes of the version, by a receipt that was judged."""
    r = read(RECEIPT, text)
    return endorsement(read_record(r["record"]), int(read_block(r["head"] or r["block"])["time"]))


def asked(policy):
    """What a registry's policy asks, in words; one that was lifted asks nothing."""
    others = [f"{policy['needed']} of {policy['whom']}"] if int(policy["needed"]) else []
    return " and ".join(others + ["a second clerk"] * bool(policy["four_eyes"])) or "nothing"


def told(record, now, clerk, time, registry=None):
    """What stands beside the verdict."""
    if record["terms"] or record["marks"]:
        said = ", ".join(f"{mark['said']} by {name}" for name, mark in record["marks"].items())
        print(f"{endorsement(record, now)}: {said or 'nobody has spoken'}", file=sys.stderr)
    if registry and registry["policy"]:
        print(f"the registry asks of new versions, by policy {registry['policy']['number']}: {asked(registry['policy'])}", file=sys.stderr)
    if clerk["compromised"] and int(clerk["compromised"]) <= time:
        print(f"the key of {clerk['name']} may have been in other hands by then", file=sys.stderr)


def check_batch(trust, r, clerk, checkpoint, mine):
    batch = read(BATCH, r["batch"], 1024)
    included(checkpoint, r["batch"], r["batch_index"], r["batch_path"], "batch-included")
    must(int(r["batch_index"]) in mine, "batch-in-block", "the batch is of another block")
    must(batch["author"] == clerk["name"], "batch-author", "the batch is of another author")
    check_signature(trust, clerk, r["batch"], "batch", checkpoint, batch["signature"], "batch-signed")
    at = int(r["index"]) - int(r["batch_index"]) - 1
    must(at >= 0, "batch-before-entry", "the entry stands before its batch")
    covers = "batch-covers-entry"
    root = found_by(covers, root_of, leaf_hash(r["entry"]), at, int(batch["count"]), hashes(r["entry_path"]))
    must(root == unbase64(batch["root"]), covers, "the batch does not cover the entry")


CONTENT = {"register", "amend", "correct"}
ATTESTS = {"confirm", "dispute", "withdraw"}
LEADS_TO = {"register": {"active"}, "amend": {"active"}, "correct": {"active", "suspended"}, "suspend": {"suspended"},
            "reinstate": {"active"}, "revoke": {"revoked"}}


def check_story(entry, here, record):
    """The entry, the version that it names and the record's state agree."""
    version, latest, content = int(entry["version"]), int(record["latest"]), int(record["content"])
    must(version <= latest and content <= latest, "version-known", "a version that the record has not")
    if entry["operation"] in ATTESTS:
        return check_attestation(entry, here, record)
    if entry["previous"]:
        follows = version > 1 and entry["operation"] != "register" and precedes(place(entry["previous"]), here)
    else:
        follows = version == 1 and entry["operation"] == "register"
    must(follows, "version-follows", "it does not follow the version before it")
    has_content = entry["operation"] in CONTENT
    if version == latest:
        fits = here == place(record["place"]) and (content == version) == has_content
        fits = fits and second_pair(record) in (None, entry["author"])
        must(fits and record["status"] in LEADS_TO[entry["operation"]], "latest-is-entry", "the latest version is another entry")
    else:
        fits = precedes(here, place(record["place"])) and (not has_content or content >= version)
        must(fits, "latest-is-newer", "the latest version is not a newer one")


def check_attestation(entry, here, record):
    """Another agency's word: the record's state shows it or a later one, or has a newer version."""
    follows = entry["previous"] and precedes(place(entry["previous"]), here)
    must(follows, "attestation-follows", "it does not follow what it is about")
    latest, mark = place(record["place"]), record["marks"].get(entry["author"].split("/")[0])
    if entry["version"] != record["latest"]:
        return must(precedes(here, latest), "latest-is-newer", "the latest version is not a newer one")
    shown = mark and ((place(mark["place"]), mark["said"]) == (here, entry["operation"]) or precedes(here, place(mark["place"])))
    another = second_pair(record) != entry["author"]
    must(shown and another and precedes(latest, here), "attestation-shown", "the record's state does not show it")


def second_pair(record):
    """Who made the latest version, if a second clerk of the agency is asked to look at it."""
    return record["terms"] and record["terms"]["four_eyes"]


# --- Openings [1.1, 4]

def record_key(registry, parts):
    coded = (len(part.encode()).to_bytes(2, "big") + part.encode() for part in parts)
    return sha256(b"muhr-record/v1\0", registry.encode(), b"\0", *coded)


def keyed(key, *parts):
    return hmac.new(key, b"".join(parts), hashlib.sha256).digest()


def field_commitment(salt, name, value):
    return keyed(salt, b"muhr-field/v1\0", name, b"\0", value)


def commitment(opening):
    """What an opening opens: kind and 32 bytes, or nothing [4]."""
    if opening["document"]:
        return "document", keyed(unbase64(opening["salt"]), b"muhr-document/v1\0", bytes.fromhex(opening["document"]))
    if opening["places"]:
        pairs = iter(opening["pairs"])
        places = [field_commitment(found, *next(pairs)) if shown else found for found, shown in opening["places"]]
        return "fields", sha256(b"muhr-fields/v1\0", *places)
    if not opening["secret"]:
        return None
    places, secret = [], unbase64(opening["secret"])
    for at in range(max(4, 1 << (len(opening["pairs"]) - 1).bit_length())):
        salt = keyed(secret, b"muhr-field-salt/v1\0", at.to_bytes(4, "big"))
        if at < len(opening["pairs"]):
            places.append(field_commitment(salt, *opening["pairs"][at]))
        else:
            places.append(keyed(salt, b"muhr-field-none/v1\0"))
    return "fields", sha256(b"muhr-fields/v1\0", *places)


def check_opening(opening, entry):
    same = record_key(entry["registry"], opening["parts"]) == unbase64(entry["key"])
    must(same, "number-recorded", "another record number", 11)
    recorded = entry["kind"] and (entry["kind"], unbase64(entry["commitment"]))
    must(commitment(opening) == recorded, "content-recorded", "what the receipt shows is not what was recorded", 11)


def check_document(opening, document):
    must(opening, "document-opened", "the private part, which says which document was recorded, was removed", 16)
    hidden = opening["places"] and b"document" not in dict(opening["pairs"])
    must(not hidden, "document-shown", "fields are withheld, perhaps that of the document", 16)
    must(opening["shown"], "document-committed", "no document was recorded", 16)
    same = opening["shown"] == hashlib.sha256(document).hexdigest()
    must(same, "document-recorded", "another document than was recorded", 11)


# --- Histories [10]

def read_history(text):
    h = read(HISTORY, text, 64 << 20)
    key, head = unbase64(h["key"]), read_block(h["head"])
    sections = lambda part: ("\n" + (part or "")).split("\n--- ")[1:]
    texts = [part.split("\n", 1)[1].rstrip("\n") + "\n" for part in sections(h["versions"])]
    entries = [read_entry(part) for part in texts]
    clerks = []
    for part in sections(h["clerks"]):
        _, value, proof = part.split("\n", 2)
        clerks.append((read_authority(value + "\n"), value + "\n", proof.rstrip("\n") + "\n"))
    read_note(h["note"])
    return h, key, head, texts, entries, clerks


def judge_history(trust, text, registry=None, number=None):
    h, key, head, texts, entries, clerks = read_history(text)
    asked = registry is None or (registry, record_key(registry, read_number(number))) == (h["registry"], key)
    must(asked, "record-asked", "it is of another record")
    checkpoint = believed(trust, (), h["note"], head)
    check_head(trust, checkpoint, head)
    where = index_key("record", h["registry"].encode(), key)
    there = "record-included" if h["record"] else "record-absent"
    found_by(there, in_index, head["index_root"], where, h["record"], h["present"] or h["absent"])
    record = h["record"] and read_record(h["record"])
    if record:
        check_chain(h, record, entries, texts)
    authors = sorted({entry["author"] for entry in entries})
    must([clerk["name"] for clerk, _, _ in clerks] == authors, "authors-shown", "the clerks are not the authors")
    for clerk, value, proof in clerks:
        key = index_key("clerk", clerk["name"].encode())
        found_by("author-included", in_index, head["index_root"], key, value, proof)
    by_name = {clerk["name"]: clerk for clerk, _, _ in clerks}
    for entry, part in zip(entries, texts):
        if entry["signature"]:
            check_signature(trust, by_name[entry["author"]], part, "entry", checkpoint, entry["signature"], "version-signed")
    return {"active": 0, "revoked": 13, "suspended": 17}[record["status"]] if record else 10


NEXT = {(None, "register"): "active", ("active", "amend"): "active", ("active", "correct"): "active",
        ("active", "suspend"): "suspended", ("active", "revoke"): "revoked", ("suspended", "correct"): "suspended",
        ("suspended", "reinstate"): "active", ("suspended", "revoke"): "revoked"}  # the table of [6]


def check_chain(h, record, entries, texts):
    """From the latest version, which the index places, down to the first; then forward, by the rules."""
    expected, version, newer = record["place"], int(record["latest"]), None
    for entry, text in zip(entries, texts):
        must(expected, "chain-ends", "a version below the first")
        spot = place(expected)
        same = (entry["registry"], entry["key"], int(entry["version"])) == (h["registry"], h["key"], version)
        must(same and leaf_hash(text) == unbase64(spot[1]), "version-named", f"version {version} is not the one that the log names")
        must(newer is None or precedes(spot, newer), "version-older", f"version {version} is not older than the next")
        must((version > 1) == (entry["previous"] is not None), "previous-named", f"version {version} does not name the one before")
        expected, version, newer = entry["previous"], version - 1, spot
    must(expected is None, "none-missing", f"version {version} and all before it are missing")
    status, content = None, 0
    for entry in reversed(entries):
        status = NEXT.get((status, entry["operation"]))
        must(status, "status-reached", "the rules do not allow this history")
        content = int(entry["version"]) if entry["operation"] in CONTENT else content
    must((status, content) == (record["status"], int(record["content"])), "status-reached", "the versions lead to another status")
    must(second_pair(record) in (None, entries[0]["author"]), "status-reached", "the latest version is another clerk's")


# --- Checkpoints and evidence [3.1, 11]

def judge_checkpoint(trust, text):
    quorate(trust, text)
    return 0


def read_evidence(text):
    """Two notes, and for two sizes the path that shows with what the larger log begins."""
    text, *path = text.split("--- prefix\n", 1)
    found = text.split("--- checkpoint\n")
    require(len(found) == 3 and found[0] == "muhr-evidence/v1\n" and len(text.encode()) <= 1 << 18, "the format")
    prefix = None
    if path:
        require(re.fullmatch(rf"(?:prefix-path {HASH}\n){{1,65}}", path[0]), "the format")
        prefix = hashes(path[0])
    return [note for note in found[1:] if read_note(note)], prefix


def judge_evidence(trust, text):
    """Two notes that contradict each other convict whoever signed both."""
    notes, prefix = read_evidence(text)
    try:
        one, other = (trust.checkpoint(note) for note in notes)
    except Failed as failed:
        raise Failed(14, failed.args[1], "fork-proven") from None
    both = one["times"].keys() & other["times"].keys()
    if prefix is None:
        contradict = one["size"] == other["size"] and one["root"] != other["root"]
    else:
        begins, whole = prefix_roots(one["size"], other["size"], prefix) or (one["root"], None)
        contradict = whole == other["root"] and begins != one["root"]
    must(contradict and both, "fork-proven", "the evidence convicts nobody")
    return 30


READERS = {"receipt": read_receipt, "history": read_history, "checkpoint": read_note, "evidence": read_evidence}
SOME = {"receipt": "a receipt", "history": "the history of a record", "checkpoint": "a checkpoint", "evidence": "evidence of a fork"}


def text_of(data, wanted):
    """The text of a file in its format; else of another kind, re-written, or broken [9.5]."""
    def reads(data):
        try:
            READERS[wanted](data.decode())
        except (Failed, ValueError):
            return False
        return True

    if not reads(data):
        check = f"{wanted}-format"
        must(not is_rewritten(data, reads), check, REWRITTEN, 16)
        kind = kind_of(data)
        nameless = wanted == "checkpoint" and kind == "unknown"
        must(kind == wanted or nameless, check, f"this is not {SOME[wanted]}; by its bytes it is: {kind}", 16)
        raise Failed(14, "the format", check)
    return data.decode()


def remark(trust, text):
    """What a receipt that was judged does not show, and by what it is believed."""
    past = int(read_receipt(text)[-1]["epoch"]) < int(trust.headers.get("epoch", 0))
    return "; ".join(filter(None, [withheld(text), past and "believed by a past epoch's line in the trust file"]))


def withheld(text):
    r = read(RECEIPT, text)
    if r["redacted"]:
        hidden = sum(not shown for _, shown in read_opening(r["opening"])["places"])
        return f"fields are withheld, at most {hidden}"
    return "" if r["opening"] else "the entry is proven; its number and content are not shown"


def judge(trust, data, kind=None, document=None, registry=None, number=None, then=()):
    """The exit code; why, and the check's code, if one failed."""
    try:
        trust, then = read_trust(trust), [read_trust(old) for old in then]
        if kind is None:
            kind = kind_of(data)
            must(kind != "pending", "entry-decided", "the entry is on its way", 6)
            kind = kind if kind in READERS else "receipt"
        text = text_of(data, kind)
        if kind == "receipt":
            code = judge_receipt(trust, text, document, then)
            return code, remark(trust, text), "status" if code else None
        if kind == "history":
            return judge_history(trust, text, registry, number), "", None
        return (judge_evidence if kind == "evidence" else judge_checkpoint)(trust, text), "", None
    except Failed as failed:
        return failed.args


def main():
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--trust", metavar="FILE")
    ask.add_argument("--then", metavar="FILE", action="append", default=[], help="trust file of an epoch that has ended")
    ask.add_argument("--registry", help="of a history: which registry was asked about")
    ask.add_argument("--record", help="of a history: which number was asked about")
    ask.add_argument("--corpus", metavar="DIR")
    ask.add_argument("--numbers", metavar="FILE", help="published record numbers and their keys")
    ask.add_argument("files", nargs="*", metavar="FILE [DOCUMENT]")
    given = ask.parse_args()
    if given.corpus:
        import corpus
        return corpus.run(given.corpus, judge, word_on)
    if given.numbers:
        import look_alikes
        return look_alikes.run(given.numbers, record_key)
    if not given.trust or len(given.files) not in (1, 2) or bool(given.registry) != bool(given.record):
        ask.error("one file, perhaps its document, and --trust; for a history perhaps --registry and --record")
    trust, data, *document = [open(name, "rb").read() for name in [given.trust, *given.files]]
    then = [open(name, "rb").read() for name in given.then]
    code, why, _ = judge(trust, data, None, document[0] if document else None, given.registry, given.record, then)
    alone = " (receipt alone)" if kind_of(data) == "receipt" and not document else ""
    print(f"{WORDS[code]}{alone}  {given.files[0]}" + (f"\n  {why}" if why else ""))
    if code != 3:
        print(f"  by the trust file of the words: {spoken(Trust(trust).hash)}")
    return code


if __name__ == "__main__":
    sys.exit(main())
