"""Receipts out of the archive of a bulk run [9.4, 9.6], each as the text that check.py judges. Nothing is judged here.

    archive.py ARCHIVE                 the keys of its records
    archive.py ARCHIVE KEY >RECEIPT    the newest receipt of one record
"""
import functools, sys

from proofs import *

SHARED = (rf"muhr-batch-receipts/v1\n--- clerk\n(?P<clerk>{part(AUTHORITY)}{part(INDEX_PROOF)})"
          rf"--- batch\n(?P<batch>{part(BATCH)})batch-index (?P<index>{NUM})\n"
          rf"(?P<registries>(?:--- registry\n{part(REGISTRY_STATE)}{part(INDEX_PROOF)})*)"
          rf"--- block\n(?P<block>{part(BLOCK)})(?:--- head\n(?P<head>{part(BLOCK)}))?"
          rf"--- records\n(?P<records>(?:{part(RECORD)})+)(?P<depths>(?:depth {NUM}\n)+)"
          rf"(?P<siblings>(?:sibling {HASH}\n)*)(?P<range>(?:range-path {HASH}\n)*)"
          rf"--- checkpoint\n(?P<note>{part(NOTE)})")
ROW = (rf"muhr-receipt/v1(?: redacted)?\n--- entry\n(?P<entry>{part(ENTRY)})(?:--- opening\n{part(OPENING)})?")


def lines(word, listed):
    return "".join(f"{word} {base64.b64encode(one).decode()}\n" for one in listed)


def split(count):
    return 1 << (count - 1).bit_length() - 1


def siblings(index, start, count):
    """The subtrees beside the way of a leaf, the lowest first."""
    if count == 1:
        return []
    left = split(count)
    if index < start + left:
        return siblings(index, start, left) + [(start + left, count - left)]
    return siblings(index, start + left, count - left) + [(start, left)]


def perfect(start, count):
    if count & (count - 1) == 0:
        return [(start, count)]
    return perfect(start, split(count)) + perfect(start + split(count), count - split(count))


class Tree:
    """Leaves that stand one after another in a log, and the subtrees beside them [9.4]."""

    def __init__(self, first, leaves, size, given):
        self.leaves, self.size = dict(enumerate(leaves, first)), size
        end, outside = first + len(leaves), set()

        def look(start, count):
            if start + count <= first or start >= end:
                outside.add((count, start))
            elif start < first or start + count > end:
                look(start, count // 2)
                look(start + count // 2, count // 2)

        for index in (first, end - 1):
            for beside in siblings(index, 0, size):
                for node in perfect(*beside):
                    look(*node)
        require(len(outside) == len(given), "the hashes beside the batch")
        self.given = {(start, count): one for (count, start), one in zip(sorted(outside), given)}
        self.node = functools.lru_cache(None)(self.hashed)

    def hashed(self, start, count):
        if count == 1 and start in self.leaves:
            return self.leaves[start]
        if (start, count) in self.given:
            return self.given[start, count]
        require(count > 1, "a hash that is missing")
        left = split(count)
        return sha256(b"\1", self.node(start, left), self.node(start + left, count - left))

    def path(self, index):
        return [self.node(*beside) for beside in siblings(index, 0, self.size)]


def unfolded(keyed, depths, given):
    """The siblings of each key's way through the index, of a proof of all of them [9.4]."""
    given, ways = iter(given), [[] for _ in keyed]

    def walk(first, end, depth):
        if first == end:
            return next(given)
        if end - first == 1 and depths[first] == depth:
            return sha256(b"JMT::LeafNode", *keyed[first])
        require(depth < 256, "a way that does not end")
        middle = first
        while middle < end and not keyed[middle][0][depth >> 3] >> (7 - (depth & 7)) & 1:
            middle += 1
        left, right = walk(first, middle, depth + 1), walk(middle, end, depth + 1)
        for way in ways[first:middle]:
            way.insert(0, right)
        for way in ways[middle:end]:
            way.insert(0, left)
        return sha256(b"JMT::IntrnalNode", left, right)

    walk(0, len(keyed), 0)
    require(next(given, None) is None, "more siblings than there are")
    return ways


def whole(shared, rows, number):
    """The receipt of one row of a batch."""
    said = read(SHARED, shared, 8 << 20)
    entries = [read(ROW, row)["entry"] for row in rows]
    records = said["records"].splitlines(True)
    depths = [int(line.split()[1]) for line in said["depths"].splitlines()]
    require(len(rows) == len(records) == len(depths) == int(read(BATCH, said["batch"])["count"]), "the count of rows")
    leaves, first = [leaf_hash(entry) for entry in entries], int(said["index"])
    note = read_note(said["note"])
    log = Tree(first, [leaf_hash(said["batch"]), *leaves], int(note["size"]), hashes(said["range"]))
    statement = [read_entry(entry) for entry in entries]
    keyed = sorted((index_key("record", one["registry"].encode(), unbase64(one["key"])), sha256(record.encode()), at)
                   for at, (one, record) in enumerate(zip(statement, records)))
    ways = unfolded([key[:2] for key in keyed], depths, hashes(said["siblings"]))
    way = ways[[at for *_, at in keyed].index(number)]
    registries = said["registries"].split("--- registry\n")[1:]
    own = [one for one in registries if one.startswith(f"registry {statement[number]['registry']} ")]
    index = first + 1 + number
    return "".join([
        rows[number], "--- clerk\n", said["clerk"], "--- batch\n", said["batch"], f"batch-index {first}\n",
        lines("batch-path", log.path(first)), lines("entry-path", Tree(0, leaves, len(leaves), []).path(number)),
        "--- record\n", records[number], "index-leaf present\n", lines("index-path", way),
        *("--- registry\n" + one for one in own[:1]), "--- block\n", said["block"],
        *(["--- head\n", said["head"]] if said["head"] else []), f"--- proof\nc2sp.org/tlog-proof@v1\nindex {index}\n",
        *(base64.b64encode(one).decode() + "\n" for one in log.path(index)), "\n", said["note"]])


def records(archive):
    """The records of an archive in their order: key, and what makes the receipt. A batch counts whole or not at all."""
    version, at = archive[:16], 16
    require(version in (b"muhr-archive/v1\n", b"muhr-archive/v2\n"), "not an archive of receipts")

    def header(at):
        line = archive[at:at + 128].split(b"\n")[0]
        return line.decode("ascii", "replace").split(" "), at + len(line) + 1

    while True:
        start, (words, at) = at, header(at)
        if words[0] == "receipt" and len(words) == 3 and at + int(words[2]) <= len(archive):
            yield words[1], functools.partial(str, archive[at:at + int(words[2])], "utf-8")
            at += int(words[2])
        elif words[0] == "batch" and len(words) == 4 and version == b"muhr-archive/v2\n" and at + int(words[1]) <= len(archive):
            end, shared = at + int(words[1]), archive[at:at + int(words[2])]
            at, keys, rows = at + int(words[2]), [], []
            while at < end:
                header_at, (row, at) = at, header(at)
                require(row[0] == "row" and len(row) == 4 and int(row[3]) == header_at - start, "a row of a batch")
                keys.append(row[1])
                rows.append(archive[at:at + int(row[2])])
                at += int(row[2])
            require(at == end and len(rows) == int(words[3]), "the rows of a batch")
            for number, key in enumerate(keys):
                yield key, functools.partial(made, shared, rows, number)
        else:
            return


def made(shared, rows, number):
    return whole(shared.decode(), [row.decode() for row in rows], number)


def main(path, wanted=None):
    with open(path, "rb") as file:
        newest = dict(records(file.read()))
    if wanted is None:
        print("\n".join(newest))
        return 0
    if wanted not in newest:
        print("no receipt of that record is in it", file=sys.stderr)
        return 2
    sys.stdout.buffer.write(newest[wanted]().encode())
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:3]))
    except (Failed, ValueError) as failed:
        print(f"the archive is damaged: {failed.args[-2] if isinstance(failed, Failed) else failed}", file=sys.stderr)
        sys.exit(14)
