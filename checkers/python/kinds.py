"""What a file is by its bytes, and what mail programs and editors do to texts [9.5]."""
import re

from formats import Failed, read_note

REWRITTEN = ("another program has re-written this text (its line ends, blanks at ends of lines, or marks at its beginning or "
             "end); ask for the file again, as an attachment")
STARTS = [(b"muhr-receipt/", "receipt"), (b"muhr-dossier/", "dossier"), (b"muhr-history/", "history"), (b"muhr-archive/", "archive"),
          (b"muhr-batch-receipts/", "batch-receipts"), (b"muhr-evidence/", "evidence"),
          (b"muhr-pending/", "pending"), (b"muhr-key/", "key"), (b"age-encryption.org/", "key"), (b"-----BEGIN AGE ENCRYPTED", "key"),
          (b"muhr-report/", "report"), (b"muhr-entry/", "text"), (b"muhr-batch/", "text"), (b"muhr-clerk/", "text"),
          (b"muhr-policy/", "text"), (b"muhr-block/", "text"), (b"muhr-genesis/", "text"), (b"muhr-epoch/", "text"), (b"muhr-epoch-proof/", "text"),
          (b"muhr-plan/", "text"), (b"muhr-contribution/", "text"), (b"muhr-acceptance/", "text"), (b"muhr-clerk-request/", "text"),
          (b"muhr:row,", "to-mend"), (b"row,record,version,status,", "results"), (b"%PDF-", "pdf"), (b"PK\x03\x04", "zip"),
          (b"PK\x05\x06", "zip"), (b"\x89PNG\r\n\x1a\n", "picture"), (b"\xff\xd8\xff", "picture")]


def utf8(data):
    """A text in UTF-8 without marks, whatever it was written in."""
    for mark, code in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if data[:2] == mark:
            return data[2 : len(data) & ~1].decode(code, "replace").encode()
    if len(data) > 1 and (data[0] == 0) != (data[1] == 0):
        code = "utf-16-be" if data[0] == 0 else "utf-16-le"
        return data[: len(data) & ~1].decode(code, "replace").encode()
    while data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
    return data


def is_rewritten(data, reads):
    """Whether a text is refused only for what a mail program or an editor has done to it."""
    lines = re.sub(rb"\r+\n|\r", b"\n", utf8(data))
    ended = lambda text: text.strip(b"\n") + b"\n"
    bare = re.sub(rb"[ \t]+(?=\n|\Z)", b"", lines)
    return any(text != data and reads(text) for text in (lines, ended(lines), ended(bare)))


def kind_of(data):
    """What a file is, by its bytes."""
    if not data:
        return "empty"
    head = utf8(data[:256]).lstrip(b" \t\n\r\x0c")
    for start, kind in STARTS:
        if data.startswith(start) or head.startswith(start):
            return kind
    if re.match(rb"[0-9A-Fa-f]{64} bXVoci1wZW5kaW5n", head):
        return "journal"
    if head.lower().startswith((b"<!doctype html", b"<html")):
        return "html"
    if len(data) > 65536:
        return "unknown"
    text = utf8(data).decode("utf-8", "replace").replace("\r\n", "\n")
    if all(re.search(rf"(?m)^{word} ", text) for word in ("log", "quorum")):
        return "trust"
    return "checkpoint" if is_checkpoint(data) or is_rewritten(data, is_checkpoint) else "unknown"


def is_checkpoint(data):
    try:
        return bool(read_note(data.decode()))
    except (Failed, ValueError):
        return False
