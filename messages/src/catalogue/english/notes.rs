//! Notes beside what a command has found, and questions to whoever sits there.

use crate::catalogue::Area;

pub(super) const AREA: Area = &[
    ("ask-same-again", "the same again: "),
    ("ask-new-passphrase", "new passphrase of {path}: "),
    ("ask-passphrase", "passphrase of {path}: "),
    (
        "note-mixed-alphabets",
        "the record's number mixes alphabets: {letters}; check that it was typed as meant",
    ),
    (
        "note-signed-long-ago",
        "what the node shows was signed {when}: what came since does not show; another agency's node may know more",
    ),
    (
        "ask-sign",
        "sign that? y and Enter signs, anything else ends",
    ),
    (
        "note-as-node-tells-clerks",
        "as the node tells; a receipt proves its clerk, and muhr audit proves all",
    ),
    (
        "note-policies-stay",
        "each version keeps the policy of its day, and its receipt shows it",
    ),
    (
        "witness-line-no-room",
        "its line finds no room: more than 16 lines are not read by all tools, and none of the agencies' can be spared; left out",
    ),
    (
        "witness-line-of-no-such-key",
        "answers with no line of the key that was given for it; left out. Ask whoever runs it for its vkey of today",
    ),
    (
        "witness-line-does-not-hold",
        "its line does not verify under the key that was given for it; left out. Ask whoever runs it, then run the same command again",
    ),
    (
        "witness-line-none",
        "answers with what is no signature line; left out",
    ),
    ("note-checkpoint-is", "the checkpoint is {without}"),
    ("note-same-as-table", "{path} holds the same as a table"),
    (
        "trust-file-weak",
        "{least} of {count|agency is|agencies are} enough for this file, where a network of {count} needs {enough}: ask who made it, and why",
    ),
    (
        "note-words-with-past",
        "have the words with the past epochs read out, or advance the file yourself with muhr trust advance",
    ),
    (
        "note-inbox",
        "{count|waits|wait} for {agency}, as the node tells; the agency that recorded one has its document and receipt",
    ),
    (
        "ask-right",
        "is that right? y and Enter goes on, anything else ends",
    ),
    (
        "note-each-is",
        "each is {does} in {registry}, handed to {nodes}, and stands in the log for good",
    ),
    ("registered-or-amended", "registered or amended"),
    (
        "note-folder",
        "{path}: a folder, {rows|document|documents}; number from: the file's name",
    ),
    (
        "note-earlier-receipts",
        "receipts of {count|record|records} of earlier runs",
    ),
    (
        "note-case-unknown",
        "no node proves how the registry's numbers are written: small letters are taken for other letters",
    ),
    (
        "note-left-behind-more",
        "and {more} more that no row asks for",
    ),
    (
        "note-left-behind",
        "{record}: version {version} is recorded as an earlier run signed it, and no row of the table says that now; {receipt}",
    ),
    ("left-behind-receipt", "its receipt is {path}"),
    (
        "note-run-again",
        "{what}: {why}; run the same command again",
    ),
    (
        "left-behind-unknown",
        "what earlier runs signed for rows that are not in the table now could not be looked for",
    ),
    (
        "note-continuing",
        "continuing: {rows|row was|rows were} signed before",
    ),
    ("note-receipt-there", "the receipt is already there"),
    (
        "note-document-gone-not-taken",
        "{path}: gone while its entry was on its way, which was not taken: {what}",
    ),
    (
        "note-document-gone",
        "{path}: gone while its entry was on its way; the receipt is {receipt}",
    ),
    ("note-again", "{path}: {what}; trying again"),
    ("note-document", "{path}: {why}; {what}"),
    ("word-no-document", "no document"),
    ("note-folder-again", "{what}; trying again"),
    ("note-left-out", "left out: {name} ({why})"),
    (
        "note-left-out-more",
        "left out: {more|more that is no document|more that are no documents}",
    ),
    ("mixed-alphabets", "the number mixes alphabets: {letters}"),
    (
        "note-not-touched",
        "documents, tables, backups and other copies are not touched; docs/clerks.md says more",
    ),
    ("note-would-be-left", "would be left: {path}: {why}"),
    ("note-would-be-erased", "would be erased: {path}"),
    ("registered", "registered"),
    ("word-evidence", "evidence"),
    ("word-document", "document"),
    ("word-waiting", "waiting"),
    ("nothing", ""),
    ("table-in-force-from", "; in force from: {column}"),
    (
        "note-table",
        "{path}: {form}{found}, {rows|row|rows}; number from: {record}{effective}; fields: {fields}",
    ),
    ("number-of-row", "row {row}: {number}"),
    ("list-next", "; {one}"),
    (
        "note-number-unlike",
        "1 number is unlike all others ({named}); --strict-numbers refuses such",
    ),
    (
        "note-numbers-unlike",
        "{count} numbers are unlike all others ({named}); --strict-numbers refuses such",
    ),
    ("found-of-sheets", " of {sheets}"),
    (
        "found-looks-like",
        " (as told, and its letters look like {alphabet}: look at them)",
    ),
    ("found-by-letters", " (told by its letters)"),
];
