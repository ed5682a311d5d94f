"""The texts of Muhr [1, 3, 5, 8, 9, 10]: one pattern each. A text that does not match from end to end is refused.

A pattern fixes the order of the lines, the one way to write a number, and base64 whose unused bits are zero. The
numbers in brackets are sections of docs/protocol.md.
"""
import base64, datetime, functools, re, unicodedata


class Failed(Exception):
    """A check that did not hold: the exit code that follows, why, and the check's code (checkers/README.md)."""


def require(holds, what, code=14, check=None):
    if not holds:
        raise Failed(code, what, check)


def found_by(check, find, *given):
    """What a function finds; where it fails, this check does."""
    try:
        return find(*given)
    except Failed as failed:
        raise Failed(*failed.args[:2], check) from None


U64 = "18446744073709551615"
NUM = "(?:0|[1-9][0-9]{0,18}|" + "".join(
    f"{U64[:i]}[0-{int(d) - 1}][0-9]{{{19 - i}}}|" for i, d in enumerate(U64) if i and int(d)) + U64 + ")"
HASH = "(?:[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=)"
SIGNATURE = "(?:[A-Za-z0-9+/]{85}[AQgw]==)"
ORIGIN = rf"(?=[^\n]{{1,128}}\n)(?:[a-z0-9._-]+/)+{NUM}"
KEYWORDS = ["all", "any", "group", "log", "none", "quorum", "witness"]  # of trust files [1, 8]
WORD = "[!-\"$-~]{1,255}"
RESERVED = "|".join([*KEYWORDS, "both", "outside", "validators"])
AGENCY = f"(?!(?:{RESERVED})(?![a-z0-9-]))[a-z](?:[a-z0-9-]{{0,30}}[a-z0-9])?"
CLERK = AGENCY + "/[a-z](?:[a-z0-9.-]{0,30}[a-z0-9])?"
REGISTRY = "[a-z](?:[a-z0-9.-]{0,62}[a-z0-9])?"
DATE = "[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}"
OPERATIONS = ["register", "amend", "correct", "suspend", "reinstate", "revoke", "confirm", "dispute", "withdraw"]
OPERATION = "(?:" + "|".join(OPERATIONS) + ")"
PLACE = f"{NUM} {HASH} {NUM} {NUM}"  # leaf index, leaf hash, height, time

def part(pattern):
    """A pattern within a larger one: its names count only when it is read by itself."""
    return re.sub(r"\?P<\w+>", "?:", pattern)


ENTRY = (rf"muhr-entry/v1 (?P<operation>{OPERATION})\nregistry (?P<registry>{REGISTRY})\nkey (?P<key>{HASH})\n"
         rf"version (?P<version>{NUM})\n(?:previous (?P<previous>{PLACE})\n)?(?:effective (?P<date>{DATE})\n)?"
         rf"(?:reason [A-Z][A-Z0-9-]{{0,15}}\n)?(?:reference {REGISTRY} {HASH} {NUM}\n){{0,8}}"
         rf"(?:commitment (?P<kind>document|fields) (?P<commitment>{HASH})\n)?author (?P<author>{CLERK})\n"
         rf"expires {NUM}\n(?:signature ed25519 (?P<signature>{SIGNATURE})|batched)\n")
BATCH = (rf"muhr-batch/v1\nauthor (?P<author>{CLERK})\ncount (?P<count>{NUM})\nroot (?P<root>{HASH})\n"
         rf"expires {NUM}\nsignature ed25519 (?P<signature>{SIGNATURE})\n")
HEX = "[0-9a-f]{64}"
HEADERS = {"epoch": NUM, "genesis": HEX, "prev": f"none|{HEX}", "base": HEX, "opened-by": "agencies|recovery",
           "recovery-threshold": NUM, "recovery": f"{AGENCY} {HASH}", "past": f"{NUM} {HEX} {NUM} {HASH}"}  # [8]
LEAF = (rf"muhr-block/v1\nheight (?P<height>{NUM})\ntime (?P<time>{NUM})\nproposer (?:none|{AGENCY})\n"
        rf"parent (?:{HASH}|none)\nentries (?P<entries>{NUM})\nindex (?P<index_root>{HASH})\n"
        rf"epoch (?P<epoch>{NUM})\ntrust (?P<trust>{HASH})\n")
BLOCK = rf"(?P<leaf>{part(LEAF)})block-index (?P<index>{NUM})\n(?P<path>(?:block-path {HASH}\n){{0,64}})"
TERMS = (rf" terms (?P<policy>{NUM}) (?P<needed>{NUM}) (?P<agencies>none|{AGENCY}(?:,{AGENCY})*) (?P<until>{NUM}|ever)"
         rf"(?: four-eyes (?P<four_eyes>{CLERK}))?")
MARK = rf" mark (?P<agency>{AGENCY}) (?P<said>confirm|dispute|withdraw) (?P<place>{PLACE})"
RECORD = (rf"record (?P<status>active|suspended|revoked) (?P<latest>{NUM}) (?P<content>{NUM}) (?P<place>{PLACE})"
          rf"(?P<terms>{part(TERMS)})?(?P<marks>(?:{part(MARK)})*)\n")
AUTHORITY = (rf"clerk (?P<name>{CLERK}) ed25519 (?P<key>{HASH}) until (?P<date>never|{DATE}) registries "
             rf"(?P<registries>{REGISTRY}(?:,{REGISTRY})*) operations (?P<operations>{OPERATION}(?:,{OPERATION})*)"
             rf"(?: revoked {NUM}(?: compromised (?P<compromised>{NUM}))?)?\n")
POLICY = (rf"(?P<number>{NUM}) (?P<needed>{NUM}) (?P<whom>none|(?:@validators|{AGENCY})(?:,{AGENCY})*) (?:{NUM}|ever)(?P<four_eyes> four-eyes)?")
REGISTRY_STATE = rf"registry (?P<name>{REGISTRY}) owner {AGENCY}(?: capitals)?(?: policy (?P<policy>{part(POLICY)}))?\n"
INDEX_PROOF = (rf"index-leaf (?P<found>present|empty|other {HASH} {HASH})\n"
               rf"(?P<siblings>(?:index-path {HASH}\n){{0,256}})")
CHARACTER = r"[^\x00-\x1f\x7f]"
ESCAPED = r"\\\\|\\[nrt]|\\x(?:0[0-8bcef]|1[0-9a-f]|7f)"
PAIR = rf"((?:[^\x00-\x20\x7f-\x9f\\]|\\\\|\\s)+) ((?:(?!\\){CHARACTER}|{ESCAPED})*)"
FIELD = rf"field {PAIR}\n"
PLACE_LINE = rf"(?:hidden ({HASH})|shown ({HASH}) {PAIR})\n"
OPENING = (rf"record-id (?P<number>{CHARACTER}+)\n(?:document sha256 (?P<document>[0-9a-f]{{64}})\n"
           rf"salt (?P<salt>{HASH})\n|secret (?P<secret>{HASH})\n(?P<fields>(?:{part(FIELD)}){{1,256}})"
           rf"|(?P<places>(?:{part(PLACE_LINE)}){{4,256}}))?")
NOTE = (rf"(?P<text>(?P<origin>{ORIGIN})\n(?P<size>{NUM})\n(?P<root>{HASH})\n)\n"
        rf"(?P<lines>(?:— [^\s+\x00-\x1f]+ [A-Za-z0-9+/=]+\n){{1,100}})")
RECEIPT = (rf"muhr-receipt/v1(?P<redacted> redacted)?\n--- entry\n(?P<entry>{part(ENTRY)})(?:--- opening\n(?P<opening>{part(OPENING)}))?"
           rf"--- clerk\n(?P<clerk>{part(AUTHORITY)})(?P<clerk_proof>{part(INDEX_PROOF)})"
           rf"(?:--- batch\n(?P<batch>{part(BATCH)})batch-index (?P<batch_index>{NUM})\n"
           rf"(?P<batch_path>(?:batch-path {HASH}\n){{0,64}})(?P<entry_path>(?:entry-path {HASH}\n){{0,64}}))?"
           rf"--- record\n(?P<record>{part(RECORD)})(?P<record_proof>{part(INDEX_PROOF)})"
           rf"(?:--- registry\n(?P<registry>{part(REGISTRY_STATE)})(?P<registry_proof>{part(INDEX_PROOF)}))?"
           rf"--- block\n(?P<block>{part(BLOCK)})(?:--- head\n(?P<head>{part(BLOCK)}))?"
           rf"(?:--- bridge\n(?P<bridge>(?:bridge-path {HASH}\n){{0,64}}))?"
           rf"--- proof\nc2sp\.org/tlog-proof@v1\nindex (?P<index>{NUM})\n(?P<path>(?:{HASH}\n){{0,64}})\n(?P<note>{part(NOTE)})")
HISTORY = (rf"muhr-history/v1\nregistry (?P<registry>{REGISTRY})\nkey (?P<key>{HASH})\n"
           rf"(?:(?P<record>{part(RECORD)})(?P<present>{part(INDEX_PROOF)})(?P<versions>(?:--- version\n{part(ENTRY)})*)|(?P<absent>{part(INDEX_PROOF)}))"
           rf"(?P<clerks>(?:--- clerk\n{part(AUTHORITY)}{part(INDEX_PROOF)})*)--- head\n(?P<head>{part(BLOCK)})--- checkpoint\n(?P<note>{part(NOTE)})")


def read(pattern, text, most=1 << 18):
    """The named parts of a text that matches from end to end."""
    found = re.fullmatch(pattern, text)
    require(found and len(text.encode()) <= most, "the format")
    require("\x7f" not in text or pattern == NOTE, "the format: a control character")
    return found.groupdict()


def read_note(text):
    """A signed checkpoint: every line of it is in its form, whosever it is."""
    note = read(NOTE, text, 65536)
    for line in note["lines"].split("\n")[:-1]:
        require(len(unbase64(line.split(" ")[2])) > 4, "the format: a signature line")
    return note


def read_entry(text):
    entry = read(ENTRY, text, 4096)
    require(not entry["date"] or is_day(entry["date"]), "the format: no such day")
    return entry


def read_record(text):
    record = read(RECORD, text)
    record["terms"] = record["terms"] and read(TERMS, record["terms"])
    record["marks"] = {mark["agency"]: mark for mark in map(re.Match.groupdict, re.finditer(MARK, record["marks"]))}
    terms = record["terms"] or {"needed": "1", "agencies": "", "four_eyes": None}
    asked = terms["agencies"].split(",") if record["terms"] else []
    of_nobody = terms["needed"] == "0"
    require(of_nobody == (terms["agencies"] == "none"), "the format: terms of nobody and of some")
    require(not of_nobody or terms["four_eyes"], "the format: terms of nobody")
    said = re.findall(" mark ([^ ]+) ", text)
    require(asked == sorted(set(asked)) and said == sorted(set(said)), "the format: order")
    return record


def read_authority(text):
    clerk = read(AUTHORITY, text)
    names, operations = clerk["registries"].split(","), clerk["operations"].split(",")
    require(names == sorted(set(names)) and operations == [o for o in OPERATIONS if o in operations], "the format: order")
    require(clerk["date"] == "never" or is_day(clerk["date"]), "the format: no such day")
    clerk["key"] = point(unbase64(clerk["key"]))
    return clerk


def read_registry(text):
    registry = read(REGISTRY_STATE, text)
    if registry["policy"]:
        policy = read(POLICY, registry["policy"])
        role, names = "@validators", policy["whom"].split(",")
        named = names[1:] if names[0] == role else names
        require(named == sorted(set(named)) and (names[0] != role or named != ["none"]), "the format: order")
        registry["policy"] = policy
    return registry


def read_block(text):
    block = read(BLOCK, text)
    return {**block, **read(LEAF, block["leaf"], 1024)}


def is_day(text):
    try:
        return bool(datetime.date.fromisoformat(text))
    except ValueError:
        return False


def unbase64(text):
    try:
        found = base64.b64decode(text, validate=True)
    except ValueError:
        found = b""
    require(base64.b64encode(found).decode() == text, "the format: base64")
    return found


def hashes(lines):
    return [unbase64(line.split(" ")[-1]) for line in lines.split("\n")[:-1]]


def place(text):
    index, leaf, height, time = text.split(" ")
    return int(index), leaf, int(height), int(time)


P = 2**255 - 19  # the field of Ed25519, and a number of its curve
D = -121665 * pow(121666, -1, P) % P


@functools.lru_cache
def point(key):
    """A key if it is the one encoding of a point of the curve; else refused where it is read."""
    y = int.from_bytes(key, "little") % 2**255
    x2 = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    square = pow(x2, (P - 1) // 2, P) == 1 or (x2 == 0 and key[-1] < 128)
    require(len(key) == 32 and y < P and square, "a key that is no point")
    return key


# --- Record numbers [1.1] and openings [4, 9]

INVISIBLE = ("[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
             "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]")
WHITE = "[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+"


def read_number(text):
    """The folded parts of a record number on one line [1.1]."""
    parts, letters = [""], iter(text)
    for letter in letters:
        if letter == "|":
            parts.append("")
        elif letter == "\\":
            escaped = next(letters, "")
            require(escaped in ("\\", "|"), "the format: a backslash that escapes nothing")
            parts[-1] += escaped
        else:
            parts[-1] += letter
    return fold(parts)


def capitals(parts):
    """The parts as a registry of capitals has them [1.1]."""
    small = {code: code - 0x20 for code in (*range(0x61, 0x7B), *range(0x430, 0x450))}
    small |= {code: code - 0x50 for code in range(0x450, 0x460)} | {code: code - 1 for code in (0x493, 0x49B, 0x4B3)}
    return [unicodedata.normalize("NFC", part.translate(small)) for part in parts]


def fold(parts):
    parts = [re.sub("[\u02bb\u02bc\u2018\u2019`]", "'", unicodedata.normalize("NFC", part)) for part in parts]
    parts = [re.sub(WHITE, " ", part).strip(" ") for part in parts]
    fine = all(0 < len(part.encode()) <= 512 and not re.search(INVISIBLE, part) for part in parts)
    require(fine and 1 <= len(parts) <= 8, "the format: a record number")
    return parts


def write_number(parts):
    return "|".join(part.replace("\\", "\\\\").replace("|", "\\|") for part in parts)


def unescape(text):
    plain = {"\\": "\\", "n": "\n", "r": "\r", "t": "\t", "s": " "}
    return re.sub(r"\\(x..|.)", lambda m: plain.get(m[1]) or chr(int(m[1][1:], 16)), text).encode()


def read_opening(text):
    if text is None:
        return None
    opening = read(OPENING, text)
    opening["parts"] = read_number(opening["number"])
    require(write_number(opening["parts"]) == opening["number"], "the format: the number is not folded")
    places = re.findall(PLACE_LINE, opening["places"] or "")  # each hidden, or a salt, a name and a value
    opening["places"] = [(unbase64(place[0] or place[1]), not place[0]) for place in places]
    pairs = re.findall(FIELD, opening["fields"] or "") or [place[2:] for place in places if not place[0]]
    opening["pairs"] = [(unescape(name), unescape(value)) for name, value in pairs]
    power = len(places) & (len(places) - 1) == 0
    require(not places or (power and 0 < len(pairs) < len(places)), "the format: the places of a redaction")
    names = [name for name, _ in opening["pairs"]]
    small = sum(len(name) + len(value) for name, value in opening["pairs"]) <= 1 << 17
    require(len(set(names)) == len(names) and small, "the format: fields")
    attached = dict(opening["pairs"]).get(b"document", b"").decode()
    opening["shown"] = opening["document"] or (re.fullmatch("[0-9a-f]{64}", attached) and attached)
    return opening
