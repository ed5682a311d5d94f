"""The trust file [8], and what a checkpoint's note is worth under one [3.1]."""
import re

from formats import *
from kinds import REWRITTEN, is_rewritten
from proofs import *


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
            # The network's own file has one way to be written, and block leaves name its hash.
            as_written = data.endswith(b"\n") and not re.search(rb"(?m)^$|[ \t]$", data[:-1])
            require(as_written or "genesis" not in self.headers or "base" in self.headers, REWRITTEN)
        except (Failed, ValueError) as error:
            why = error.args[1] if isinstance(error, Failed) else error
            raise Failed(3, f"the trust file: {why}", None) from None

    def line(self, line):
        require(not re.search(rb"[\x00-\x08\x0a-\x1f\x7f]", line), "a control character")
        require(not self.past or not line or line.startswith(b"#: past "), "a line after those of past epochs")
        header = re.fullmatch(rb"#: ([a-z-]+) (.*)", line)
        if line.startswith(b"#: "):
            line.decode()  # a comment may be in whatever alphabet, a header not
        if header and header[1].decode() in HEADERS:
            self.header(header[1].decode(), header[2].decode())
        words = [] if line.lstrip(b" \t\r\f").startswith(b"#") else [w for w in re.split("[ \t]", line.decode()) if w]
        if words[:1] in (["log"], ["witness"]):
            require(all(re.fullmatch(WORD, url) for url in words[2 if words[0] == "log" else 3 :]), "a URL")
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
        require(re.fullmatch(WORD, name) and name not in KEYWORDS, "no name for a witness or group")
        fresh = name not in self.witnesses and name not in self.groups
        require(fresh and len(among) < 256, "a name that is taken, or too many")

    def vkey(self, text, algorithm):
        """Name, key id and key of `<name>+<id>+<base64 of algorithm and key>`."""
        found = re.fullmatch(r"([^\s+]+)\+([0-9a-f]{8})\+(.+)", text)
        require(found and re.fullmatch(WORD, found[1]), "no verifier key")
        name, data = found[1], unbase64(found[3])
        require(data[:1] == bytes([algorithm]) and len(data) == 33 and point(data[1:]) not in self.points, "a key")
        self.points.add(data[1:])
        identity = sha256(name.encode(), b"\n", data)[:4]
        require(identity.hex() == found[2], "a key id")
        return name, (identity, data[1:])

    def checkpoint(self, note):
        """The checkpoint, its cosigners with their times, and whether they are a quorum."""
        note = read_note(note)
        origin = next(name for name, _ in self.logs)
        require(note["origin"] == origin, f"the checkpoint is of {note['origin']}", 15, "origin")
        times, log_signed, text = {}, False, note["text"].encode()
        for line in note["lines"].split("\n")[:-1]:
            _, name, blob = line.split(" ")
            blob = unbase64(blob)
            if (name, blob[:4]) in self.logs:
                found_by("signature-line", signed, self.logs[name, blob[:4]], text, blob[4:], name)
                log_signed = True
            for who, (key_name, identity, key) in self.witnesses.items():
                if (key_name, identity) == (name, blob[:4]):
                    time = int.from_bytes(blob[4:12], "big")
                    require(0 < time < 2**63, f"the time of {name}", 14, "signature-line")
                    found_by("signature-line", signed, key, b"cosignature/v1\ntime %d\n" % time + text, blob[12:], name)
                    times[who] = max(time, times.get(who, 0))
        note["size"], note["root"], note["times"] = int(note["size"]), unbase64(note["root"]), times
        note["log_signed"] = log_signed
        note["quorum"] = log_signed if self.quorum == "none" else self.holds(self.quorum, times)
        return note

    def agencies_hold(self, times):
        """Whether the network's own quorum is met, under a file that somebody has built on the network's."""
        return "base" in self.headers and "validators" in self.groups and self.holds("validators", times)

    def short(self, name, times):
        """The innermost group that is not met, and who is missing in it."""
        unmet = [member for member in self.groups.get(name, (1, [name]))[1] if not self.holds(member, times)]
        inner = [member for member in unmet if member in self.groups]
        return self.short(inner[0], times) if inner and name in self.groups else (name, unmet)

    def holds(self, name, times):
        if name not in self.groups:
            return name in times
        least, members = self.groups[name]
        return sum(self.holds(member, times) for member in members) >= least


def read_trust(data):
    try:
        return Trust(data)
    except Failed as failed:
        def reads(other):
            try:
                return bool(Trust(other))
            except Failed:
                return False
        if is_rewritten(data, reads):
            raise Failed(3, f"the trust file: {REWRITTEN}", None) from None
        raise failed


def spoken(data):
    """The eight words of a hash, as they are read out over a telephone [8]."""
    pairs = [int.from_bytes(data[at : at + 2], "big") for at in range(0, 16, 2)]
    letters = [("bdfghjklmnprstvz", 12, 15), ("aiou", 10, 3), ("bdfghjklmnprstvz", 6, 15), ("aiou", 4, 3), ("bdfghjklmnprstvz", 0, 15)]
    return " ".join("".join(alphabet[pair >> shift & mask] for alphabet, shift, mask in letters) for pair in pairs)
