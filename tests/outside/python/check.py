#!/usr/bin/env python3
"""Judges what Muhr gives out, offline, with the trust file alone. Written after docs/protocol.md, to be
read beside it; the numbers in brackets are its sections. Shares no code with Muhr.

    check.py --trust trust.policy [--then OLD.policy]... FILE [DOCUMENT] [--registry NAME --record NUMBER]
    check.py --corpus DIR
    check.py --numbers FILE

FILE is a receipt, a history, a checkpoint or evidence of a fork. Prints the verdict; the exit code is that
of `muhr verify`. Needs Python 3.9 or newer, the package
`cryptography`, and formats.py beside it.
"""
import argparse, base64, hashlib, hmac, re, sys
sys.dont_write_bytecode = True  # leaves nothing behind in an auditor's folder
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from formats import *

WORDS = {0: "authentic", 3: "bad trust file", 10: "not found", 11: "altered", 12: "superseded", 13: "revoked",
         14: "proof broken", 15: "wrong network", 16: "cannot decide", 17: "suspended", 30: "evidence of a fork"}


# --- Hashes, trees, keys [2, 3, 5]

def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def leaf_hash(text):
    return sha256(b"\0", text.encode())


def root_of(leaf, index, size, path):
    """RFC 6962: the root to which the path of a leaf leads."""
    require(0 <= index < size and (size > 1) == bool(path), "a path that does not fit the tree")
    if size == 1:
        return leaf
    left = 1 << (size - 1).bit_length() - 1
    if index < left:
        return sha256(b"\1", root_of(leaf, index, left, path[:-1]), path[-1])
    return sha256(b"\1", path[-1], root_of(leaf, index - left, size - left, path[:-1]))


def consistent(old, old_root, new, new_root, path):
    """RFC 6962: whether the log of new leaves begins with the log of old leaves."""
    if old in (0, new):
        return not path and old <= new and old_root == (new_root if old else sha256())
    if old > new or not path:
        return False
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    first, second, *rest = [old_root, old_root, *path] if old & (old - 1) == 0 else [path[0], path[0], *path[1:]]
    for node in rest:
        if not last:
            return False
        if at & 1 or at == last:
            first, second = sha256(b"\1", node, first), sha256(b"\1", node, second)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            second = sha256(b"\1", second, node)
        at, last = at >> 1, last >> 1
    return not last and (first, second) == (old_root, new_root)


def index_key(kind, *parts):
    return sha256(b"muhr-index/v1\0", kind.encode(), *(b"\0" + part for part in parts))


def in_index(root, key, value, proof):
    """Whether the index holds value (None: nothing) under key."""
    proof = read(INDEX_PROOF, proof)
    siblings, found = hashes(proof["siblings"]), proof["found"].split(" ")
    bits = [key[depth >> 3] >> (7 - (depth & 7)) & 1 for depth in range(256)]
    require((found[0] == "present") == (value is not None), "the index proof shows another thing")
    if value is not None:
        node = sha256(b"JMT::LeafNode", key, sha256(value.encode()))
    elif found[0] == "empty":
        node = b"SPARSE_MERKLE_PLACEHOLDER_HASH__"
    else:
        other, other_value = unbase64(found[1]), unbase64(found[2])
        shared = all(other[depth >> 3] >> (7 - (depth & 7)) & 1 == bits[depth] for depth in range(len(siblings)))
        require(shared and other != key, "the index proof is of another way")
        node = sha256(b"JMT::LeafNode", other, other_value)
    for depth in reversed(range(len(siblings))):
        pair = (siblings[depth], node) if bits[depth] else (node, siblings[depth])
        node = sha256(b"JMT::IntrnalNode", *pair)
    require(node == unbase64(root), "the index proof leads to another root")


L = 2**252 + 27742317777372353535851937790883648493  # the order of the base point


def small_order(encoded):
    """Order 1, 2, 4 or 8. OpenSSL lets such points pass, and under them anyone can sign anything."""
    y = int.from_bytes(encoded, "little") % 2**255
    return y * (y * y - 1) * (D * y**4 + 2 * y * y - 1) % P == 0


def signed(key, message, signature, whose):
    strict = not small_order(key) and not small_order(signature[:32]) and int.from_bytes(signature[32:], "little") < L
    require(strict and len(signature) == 64, f"the signature of {whose}")
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except InvalidSignature:
        raise Failed(14, f"the signature of {whose}") from None


# --- The trust file [8] and checkpoints [3.1]

class Trust:
    """A C2SP tlog-policy file."""

    def __init__(self, data):
        own = data[: re.search(rb"(?m)^#: past |\Z", data).start()]
        self.hash, self.logs, self.witnesses, self.groups, self.quorum = sha256(own), {}, {}, {}, None
        self.headers, self.recovery, self.past, self.points = {}, [], [], set()
        try:
            require(len(data) <= 65536, "the trust file is too long")
            for line in data.split(b"\n"):
                self.line(line)
            require(self.logs and self.quorum, "no log or no quorum")
            self.check_past()
        except (Failed, ValueError) as error:
            raise Failed(3, f"the trust file: {error}") from None

    def line(self, line):
        require(not re.search(rb"[\x00-\x08\x0a-\x1f\x7f]", line), "a control character")
        require(not self.past or not line or line.startswith(b"#: past "), "a line after those of past epochs")
        header = re.fullmatch(rb"#: ([a-z-]+) (.*)", line)
        if header and header[1].decode() in HEADERS:
            self.header(header[1].decode(), header[2].decode())
        words = [] if line.lstrip(b" \t\r\f").startswith(b"#") else [w for w in re.split("[ \t]", line.decode()) if w]
        if words[:1] == ["log"] and len(words) in (2, 3):
            name, vkey = self.vkey(words[1], 1)
            require(all(name == other for other, _ in self.logs), "logs of two names")
            self.logs[name, vkey[0]] = vkey[1]
        elif words[:1] == ["witness"] and len(words) in (3, 4):
            self.new(words[1], self.witnesses)
            name, vkey = self.vkey(words[2], 4)
            self.witnesses[words[1]] = (name, *vkey)
        elif words[:1] == ["group"] and len(words) >= 4:
            _, name, least, *members = words
            self.new(name, self.groups)
            taken = {member for _, group in self.groups.values() for member in group}
            known = self.witnesses.keys() | self.groups.keys()
            require(len(members) == len(set(members)) and set(members) <= known - taken, "a member unknown or taken")
            least = {"all": str(len(members)), "any": "1"}.get(least, least)
            require(re.fullmatch(NUM, least) and 1 <= int(least) <= len(members), "a threshold")
            self.groups[name] = (int(least), members)
        elif words[:1] == ["quorum"] and len(words) == 2:
            known = words[1] == "none" or words[1] in self.witnesses or words[1] in self.groups
            require(not self.quorum and known, "a second quorum, or one of nobody")
            self.quorum = words[1]
        else:
            require(not words, "an unknown line")

    def header(self, word, value):
        require(re.fullmatch(HEADERS[word], value) and word not in self.headers, "a header twice, or malformed")
        if word == "past":
            epoch, trust, size, root = value.split(" ")
            self.past.append((int(epoch), bytes.fromhex(trust), int(size), unbase64(root)))
        elif word == "recovery":
            self.recovery.append(value.split(" "))
            point(unbase64(self.recovery[-1][1]))
            names = [name for name, _ in self.recovery]
            require(names == sorted(set(names)), "recovery keys out of order")
        else:
            self.headers[word] = value

    def check_past(self):
        for older, newer in zip(self.past, self.past[1:]):
            require(older[0] + 1 == newer[0] and older[2] < newer[2], "past epochs out of order")
        if self.past:
            epoch, trust, _, _ = self.past[-1]
            require(self.headers.get("epoch") == str(epoch + 1), "the last past epoch is not the one before")
            require(self.headers.get("prev") in (None, "none", trust.hex()), "the last past epoch is of another file")

    def new(self, name, among):
        fresh = name != "none" and name not in self.witnesses and name not in self.groups
        require(fresh and len(among) < 256, "a name that is taken, or too many")

    def vkey(self, text, algorithm):
        """Name, key id and key of `<name>+<id>+<base64 of algorithm and key>`."""
        found = re.fullmatch(r"([^\s+]+)\+([0-9a-f]{8})\+(.+)", text)
        require(found, "no verifier key")
        name, data = found[1], unbase64(found[3])
        require(data[:1] == bytes([algorithm]) and len(data) == 33 and point(data[1:]) not in self.points, "a key")
        self.points.add(data[1:])
        identity = sha256(name.encode(), b"\n", data)[:4]
        require(identity.hex() == found[2], "a key id")
        return name, (identity, data[1:])

    def checkpoint(self, note):
        """The checkpoint, its cosigners with their times, and whether they are a quorum."""
        note = read(NOTE, note, 65536)
        origin = next(name for name, _ in self.logs)
        require(note["origin"] == origin, f"the checkpoint is of {note['origin']}", 15)
        times, log_signed, text = {}, False, note["text"].encode()
        for line in note["lines"].split("\n")[:-1]:
            _, name, blob = line.split(" ")
            blob = unbase64(blob)
            require(len(blob) > 4, "the format: a signature line")
            if (name, blob[:4]) in self.logs:
                signed(self.logs[name, blob[:4]], text, blob[4:], name)
                log_signed = True
            for who, (key_name, identity, key) in self.witnesses.items():
                if (key_name, identity) == (name, blob[:4]):
                    time = int.from_bytes(blob[4:12], "big")
                    require(0 < time < 2**63, f"the time of {name}")
                    signed(key, b"cosignature/v1\ntime %d\n" % time + text, blob[12:], name)
                    times[who] = max(time, times.get(who, 0))
        note["size"], note["root"], note["times"] = int(note["size"]), unbase64(note["root"]), times
        note["quorum"] = log_signed if self.quorum == "none" else self.holds(self.quorum, times)
        return note

    def holds(self, name, times):
        if name not in self.groups:
            return name in times
        least, members = self.groups[name]
        return sum(self.holds(member, times) for member in members) >= least


def quorate(trust, note, code=14):
    checkpoint = trust.checkpoint(note)
    require(checkpoint["quorum"], f"no quorum: {', '.join(checkpoint['times']) or 'nobody'} cosigned", code)
    base = trust.headers.get("base")
    return {**checkpoint, "named": bytes.fromhex(base) if base else trust.hash, "way": "current"}


def believed(trust, then, note, newest, bridge=None):
    """The checkpoint, in the strongest way that there is [9.1, step 2]."""
    claimed, held = int(newest["epoch"]), int(trust.headers.get("epoch", newest["epoch"]))
    if claimed >= held:
        return quorate(trust, note, 16 if claimed > held else 14)
    ends = [None, *trust.past]
    at = next((at for at, past in enumerate(ends) if past and past[0] == claimed), None)
    require(at, f"it is of epoch {claimed}, and the trust file does not say how that ended", 16)
    _, named, size, root = ends[at]
    if bridge is not None:
        found = read(NOTE, note, 65536)
        origin = next(name for name, _ in trust.logs)
        require(found["origin"] == origin, f"the checkpoint is of {found['origin']}", 15)
        found["size"], found["root"] = int(found["size"]), unbase64(found["root"])
        held = consistent(found["size"], found["root"], size, root, hashes(bridge))
        require(held, "the bridge does not hold")
        return {**found, "named": named, "way": "bridge"}
    old = next((old for old in then if old.hash == named), None)
    require(old, f"it is of epoch {claimed}, which has ended: refresh it, or give the trust file of then", 16)
    checkpoint = quorate(old, note)
    begins = ends[at - 1][2] if ends[at - 1] else -1
    require(begins < checkpoint["size"] <= size, f"a size that the log did not have in epoch {claimed}")
    return {**checkpoint, "named": named, "way": "as of then"}


def included(checkpoint, leaf, index, path, what):
    require(root_of(leaf_hash(leaf), int(index), checkpoint["size"], hashes(path)) == checkpoint["root"],
            f"{what} is not in the log")


def check_head(trust, checkpoint, head):
    """The newest block leaf ends the log, and names the trust file [9.1, step 5]."""
    require(int(head["index"]) + 1 == checkpoint["size"], "the newest block leaf is not the last leaf")
    included(checkpoint, head["leaf"], head["index"], head["path"], "the newest block leaf")
    mine = checkpoint["way"] != "current" or trust.headers.get("epoch", head["epoch"]) == head["epoch"]
    require(mine and unbase64(head["trust"]) == checkpoint["named"], f"the log is at epoch {head['epoch']}, with another trust file", 16)


def precedes(older, newer):
    """Earlier in the log, and in the same block or in one of a lower height and time [10]."""
    same, lower = older[2:] == newer[2:], older[2] < newer[2] and older[3] < newer[3]
    return older[0] < newer[0] and (same or lower)


def check_signature(clerk, text, domain, checkpoint, signature):
    statement = text[: text.rindex("\n", 0, -1) + 1]
    message = f"{domain}\norigin {checkpoint['origin']}\n{statement}"
    signed(clerk["key"], message.encode(), unbase64(signature), clerk["name"])


# --- Receipts [9.1]

def judge_receipt(trust, text, document=None, then=()):
    r = read(RECEIPT, text)                                                              # step 1
    entry, clerk = read_entry(r["entry"]), read_authority(r["clerk"])
    record, registry = read_record(r["record"]), r["registry"] and read_registry(r["registry"])
    block, opening = read_block(r["block"]), read_opening(r["opening"])
    require(bool(r["redacted"]) == bool(opening and opening["places"]), "the format: the first line is of another opening")
    head = read_block(r["head"]) if r["head"] else block
    require((r["batch"] is None) == (entry["signature"] is not None), "the format: a batch belongs to a batched entry")
    require(not r["batch"] or 1 <= int(read(BATCH, r["batch"], 1024)["count"]) <= 1024, "the format: count")
    checkpoint = believed(trust, then, r["note"], head, r["bridge"])                                     # step 2
    included(checkpoint, r["entry"], r["index"], r["path"], "the entry")                                 # step 3
    included(checkpoint, block["leaf"], block["index"], block["path"], "the block leaf")                 # step 4
    first = int(block["index"]) - int(block["entries"])
    mine = range(first, int(block["index"])) if first >= 0 else range(0)
    require(int(r["index"]) in mine, "the block does not cover the entry")
    check_head(trust, checkpoint, head)                                                                  # step 5
    newer = all(int(head[what]) > int(block[what]) for what in ("index", "height", "time"))
    require(newer or not r["head"], "the newest block is not newer")
    key = index_key("record", entry["registry"].encode(), unbase64(entry["key"]))                        # step 6
    in_index(head["index_root"], key, r["record"], r["record_proof"])
    require(clerk["name"] == entry["author"], "the clerk is not the author")
    in_index(head["index_root"], index_key("clerk", clerk["name"].encode()), r["clerk"], r["clerk_proof"])
    if registry:
        require(registry["name"] == entry["registry"], "the registry is another than the entry's")
        in_index(head["index_root"], index_key("registry", registry["name"].encode()), r["registry"], r["registry_proof"])
    if entry["signature"]:                                                                               # step 7
        check_signature(clerk, r["entry"], "muhr-sign-entry/v1", checkpoint, entry["signature"])
    else:
        check_batch(r, clerk, checkpoint, mine)
    here = (int(r["index"]), base64.b64encode(leaf_hash(r["entry"])).decode(), int(block["height"]), int(block["time"]))
    check_story(entry, here, record)                                                                     # step 8
    if opening:
        check_opening(opening, entry)                                                                    # step 9
    if document is not None:                                                                             # step 10
        shown = (opening or {}).get("shown")
        require(shown, "nothing here says which document was recorded", 16)
        require(shown == hashlib.sha256(document).hexdigest(), "another document than was recorded", 11)
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
    if any(mark["said"] == "dispute" for mark in marks):
        return "disputed"
    if not terms:
        return "not-asked"
    until = 2**64 if terms["until"] == "ever" else int(terms["until"])
    own = terms["four_eyes"] and terms["four_eyes"].split("/")[0]
    confirmed = {mark["agency"] for mark in marks if mark["said"] == "confirm" and place(mark["place"])[3] <= until}
    enough = len(confirmed.intersection(terms["agencies"].split(",")) - {own}) >= int(terms["needed"])
    if enough and (not own or own in confirmed):
        return "effective"
    return "pending" if now <= until else "lapsed"


def word_on(text):
    """What other agencies' word makes of the version, by a receipt that was judged."""
    r = read(RECEIPT, text)
    return endorsement(read_record(r["record"]), int(read_block(r["head"] or r["block"])["time"]))


def told(record, now, clerk, time, registry=None):
    """What stands beside the verdict."""
    if record["terms"] or record["marks"]:
        said = ", ".join(f"{mark['said']} by {name}" for name, mark in record["marks"].items())
        print(f"{endorsement(record, now)}: {said or 'nobody has spoken'}", file=sys.stderr)
    if registry and registry["policy"]:
        print(f"the registry asks of new versions, by policy {registry['policy']['number']}: {registry['policy']['needed']} of "
              f"{registry['policy']['whom']}", file=sys.stderr)
    if clerk["compromised"] and int(clerk["compromised"]) <= time:
        print(f"the key of {clerk['name']} may have been in other hands by then", file=sys.stderr)


def check_batch(r, clerk, checkpoint, mine):
    batch = read(BATCH, r["batch"], 1024)
    included(checkpoint, r["batch"], r["batch_index"], r["batch_path"], "the batch")
    require(int(r["batch_index"]) in mine and batch["author"] == clerk["name"], "the batch is of another block or author")
    check_signature(clerk, r["batch"], "muhr-sign-batch/v1", checkpoint, batch["signature"])
    at = int(r["index"]) - int(r["batch_index"]) - 1
    root = root_of(leaf_hash(r["entry"]), at, int(batch["count"]), hashes(r["entry_path"]))
    require(root == unbase64(batch["root"]), "the batch does not cover the entry")


CONTENT = {"register", "amend", "correct"}
ATTESTS = {"confirm", "dispute", "withdraw"}
LEADS_TO = {"register": {"active"}, "amend": {"active"}, "correct": {"active", "suspended"}, "suspend": {"suspended"},
            "reinstate": {"active"}, "revoke": {"revoked"}}


def check_story(entry, here, record):
    """The entry, the version that it names and the record's state agree."""
    version, latest, content = int(entry["version"]), int(record["latest"]), int(record["content"])
    require(version <= latest and content <= latest, "a version that the record has not")
    if entry["operation"] in ATTESTS:
        return check_attestation(entry, here, record)
    if entry["previous"]:
        follows = version > 1 and entry["operation"] != "register" and precedes(place(entry["previous"]), here)
    else:
        follows = version == 1 and entry["operation"] == "register"
    require(follows, "it does not follow the version before it")
    has_content = entry["operation"] in CONTENT
    if version == latest:
        fits = here == place(record["place"]) and (content == version) == has_content
        fits = fits and second_pair(record) in (None, entry["author"])
        require(fits and record["status"] in LEADS_TO[entry["operation"]], "the latest version is another entry")
    else:
        fits = precedes(here, place(record["place"])) and (not has_content or content >= version)
        require(fits, "the latest version is not a newer one")


def check_attestation(entry, here, record):
    """Another agency's word: the record's state shows it or a later one, or has a newer version."""
    require(entry["previous"] and precedes(place(entry["previous"]), here), "it does not follow what it is about")
    latest, mark = place(record["place"]), record["marks"].get(entry["author"].split("/")[0])
    if entry["version"] != record["latest"]:
        return require(precedes(here, latest), "the latest version is not a newer one")
    shown = mark and ((place(mark["place"]), mark["said"]) == (here, entry["operation"]) or precedes(here, place(mark["place"])))
    another = second_pair(record) != entry["author"]
    require(shown and another and precedes(latest, here), "the record's state does not show it")


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
    require(record_key(entry["registry"], opening["parts"]) == unbase64(entry["key"]), "another record number", 11)
    recorded = entry["kind"] and (entry["kind"], unbase64(entry["commitment"]))
    require(commitment(opening) == recorded, "what the receipt shows is not what was recorded", 11)


# --- Histories [10]

def judge_history(trust, text, registry=None, number=None):
    h = read(HISTORY, text, 64 << 20)
    key, head = unbase64(h["key"]), read_block(h["head"])
    sections = lambda part: ("\n" + (part or "")).split("\n--- ")[1:]
    texts = [part.split("\n", 1)[1].rstrip("\n") + "\n" for part in sections(h["versions"])]
    entries = [read_entry(part) for part in texts]
    clerks = []
    for part in sections(h["clerks"]):
        _, value, proof = part.split("\n", 2)
        clerks.append((read_authority(value + "\n"), value + "\n", proof.rstrip("\n") + "\n"))
    asked = registry is None or (registry, record_key(registry, read_number(number))) == (h["registry"], key)
    require(asked, "it is of another record")
    checkpoint = believed(trust, (), h["note"], head)
    check_head(trust, checkpoint, head)
    where = index_key("record", h["registry"].encode(), key)
    in_index(head["index_root"], where, h["record"], h["present"] or h["absent"])
    record = h["record"] and read_record(h["record"])
    if record:
        check_chain(h, record, entries, texts)
    authors = sorted({entry["author"] for entry in entries})
    require([clerk["name"] for clerk, _, _ in clerks] == authors, "the clerks are not the authors")
    for clerk, value, proof in clerks:
        in_index(head["index_root"], index_key("clerk", clerk["name"].encode()), value, proof)
    by_name = {clerk["name"]: clerk for clerk, _, _ in clerks}
    for entry, part in zip(entries, texts):
        if entry["signature"]:
            check_signature(by_name[entry["author"]], part, "muhr-sign-entry/v1", checkpoint, entry["signature"])
    return {"active": 0, "revoked": 13, "suspended": 17}[record["status"]] if record else 10


NEXT = {(None, "register"): "active", ("active", "amend"): "active", ("active", "correct"): "active",
        ("active", "suspend"): "suspended", ("active", "revoke"): "revoked", ("suspended", "correct"): "suspended",
        ("suspended", "reinstate"): "active", ("suspended", "revoke"): "revoked"}  # the table of [6]


def check_chain(h, record, entries, texts):
    """From the latest version, which the index places, down to the first; then forward, by the rules."""
    expected, version, newer = record["place"], int(record["latest"]), None
    for entry, text in zip(entries, texts):
        require(expected, "a version below the first")
        spot = place(expected)
        same = (entry["registry"], entry["key"], int(entry["version"])) == (h["registry"], h["key"], version)
        require(same and leaf_hash(text) == unbase64(spot[1]), f"version {version} is not the one that the log names")
        require(newer is None or precedes(spot, newer), f"version {version} is not older than the next")
        require((version > 1) == (entry["previous"] is not None), f"version {version} does not name the one before")
        expected, version, newer = entry["previous"], version - 1, spot
    require(expected is None, f"version {version} and all before it are missing")
    status, content = None, 0
    for entry in reversed(entries):
        status = NEXT.get((status, entry["operation"]))
        require(status, "the rules do not allow this history")
        content = int(entry["version"]) if entry["operation"] in CONTENT else content
    require((status, content) == (record["status"], int(record["content"])), "the versions lead to another status")
    require(second_pair(record) in (None, entries[0]["author"]), "the latest version is another clerk's")


# --- Checkpoints and evidence [3.1, 11]

def judge_checkpoint(trust, text):
    quorate(trust, text)
    return 0


def judge_evidence(trust, text):
    """Two notes of one size and two roots convict whoever signed both."""
    found = text.split("--- checkpoint\n")
    require(len(found) == 3 and found[0] == "muhr-evidence/v1\n", "the format")
    try:
        one, other = (trust.checkpoint(note) for note in found[1:])
    except Failed as failed:
        raise Failed(14, failed.args[1]) from None
    both = one["times"].keys() & other["times"].keys()
    require(one["size"] == other["size"] and one["root"] != other["root"] and both, "the evidence convicts nobody")
    return 30


def remark(text):
    """What a receipt that was judged does not show."""
    r = read(RECEIPT, text)
    if r["redacted"]:
        hidden = sum(not shown for _, shown in read_opening(r["opening"])["places"])
        return f"fields are withheld, at most {hidden}"
    return "" if r["opening"] else "the entry is proven; its number and content are not shown"


def judge(trust, data, kind=None, document=None, registry=None, number=None, then=()):
    """The exit code, and why if a check failed."""
    try:
        trust, then = Trust(trust), [Trust(old) for old in then]
        try:
            text = data.decode()
        except UnicodeDecodeError:
            raise Failed(14, "the format: not UTF-8") from None
        header = re.match("muhr-(receipt|history|evidence)/", text)
        kind = kind or (header[1] if header else "checkpoint")
        if kind == "receipt":
            return judge_receipt(trust, text, document, then), remark(text)
        if kind == "history":
            return judge_history(trust, text, registry, number), ""
        return (judge_evidence if kind == "evidence" else judge_checkpoint)(trust, text), ""
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
    code, why = judge(trust, data, None, document[0] if document else None, given.registry, given.record, then)
    print(f"{WORDS[code]}  {given.files[0]}" + (f"\n  {why}" if why else ""))
    return code


if __name__ == "__main__":
    sys.exit(main())
