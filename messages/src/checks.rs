//! The sentences of a verifier's checks: of one that held, and of one that failed where "not so" will not do.

use crate::Language;

/// What is said of a check that held.
const HELD: &[(&str, &str)] = &[
    ("receipt-format", "a receipt of version 1"),
    ("history-format", "a history of version 1"),
    ("state-format", "a state of version 1"),
    (
        "epoch-proof-format",
        "a proof of a change of agencies, version 1",
    ),
    ("quorum", "size {size}, cosigned by {signed} of {all}"),
    (
        "epoch-quorum",
        "size {size}, cosigned by {signed} of {all} in epoch {epoch}, with keys that are retired since",
    ),
    (
        "bridge",
        "size {size}, part of the log with which epoch {epoch} ended",
    ),
    ("entry-included", "the entry is leaf {index} of the log"),
    ("block-included", "its block is {height}"),
    ("block-covers-entry", "the block covers the entry"),
    (
        "head-last",
        "the newest block leaf is the last leaf of the checkpoint",
    ),
    ("head-included", "the newest block leaf is in the log"),
    ("head-newer", "the newest block is newer than the entry's"),
    ("trust-named", "epoch {epoch} as the log names it"),
    (
        "recovery-named",
        "epoch {epoch} as the log names it; it was opened by recovery keys after a disaster",
    ),
    (
        "ended-named",
        "epoch {epoch}, which has ended, as the log names it",
    ),
    ("record-included", "the record's state is in the index"),
    ("record-absent", "the index has no such record"),
    ("clerk-is-author", "the clerk is the entry's author"),
    ("clerk-included", "the clerk's key is in the index"),
    ("registry-is-entrys", "the registry is the entry's"),
    ("registry-included", "the registry's policy is in the index"),
    ("entry-signed", "signed by {clerk}"),
    ("batch-signed", "signed by {clerk}"),
    ("batch-included", "the batch is leaf {index} of the log"),
    ("batch-in-block", "the batch is in the entry's block"),
    ("batch-author", "the batch has the entry's author"),
    (
        "batch-covers-entry",
        "the batch's signature covers the entry",
    ),
    ("version-known", "the version is one that the record has"),
    ("version-follows", "it follows the version before it"),
    ("attestation-follows", "it follows what it is about"),
    (
        "attestation-shown",
        "the record's state shows what the agency said",
    ),
    (
        "latest-is-entry",
        "the record's latest version is this entry",
    ),
    (
        "latest-is-newer",
        "the record's latest version is a newer one",
    ),
    (
        "number-recorded",
        "the record's number is the one that was recorded",
    ),
    (
        "content-recorded",
        "what the receipt shows is what was recorded",
    ),
    (
        "fields-recorded",
        "the fields that are shown are what was recorded; others are withheld",
    ),
    (
        "content-withheld",
        "the entry is proven; its number and content are not shown",
    ),
    (
        "document-recorded",
        "the document is the one that was recorded",
    ),
    ("status", "the record is {status} at version {version}"),
    ("record-asked", "it is of the record that was asked about"),
    ("state-asked", "it is of the place that was asked about"),
    ("absence-in-one-page", "an absence has one page"),
    (
        "chain-complete",
        "{versions|version|versions}, down to the first, none left out",
    ),
    ("status-reached", "the versions lead to the record's status"),
    (
        "authors-shown",
        "every author is shown, by name, and nobody else",
    ),
    ("author-included", "the key of {clerk} is in the index"),
    (
        "version-batched",
        "version {version} is by batch, proven by its receipt",
    ),
    ("version-signed", "version {version} is signed by {clerk}"),
    ("state-included", "the index holds that"),
    (
        "fork-of-one-size",
        "two roots for one size, both signed by {names}",
    ),
    (
        "fork-of-two-sizes",
        "the log of size {other} does not begin with the log of size {one}, both signed by {names}",
    ),
    ("change-follows", "it opens epoch {epoch}"),
    (
        "end-implied",
        "the epoch before ends with the checkpoint of the change",
    ),
    (
        "recovery-approved",
        "approved by {found} recovery keys, of which {needed} are needed",
    ),
    ("next-format", "the next trust file"),
    (
        "end-before-block",
        "the epoch before ended where the block of the change begins",
    ),
    ("end-continued", "the log goes on from there"),
    (
        "change-block-last",
        "the block of the change is the last one under the checkpoint",
    ),
    ("change-block-included", "the block is in the log"),
    (
        "change-block-named",
        "the block names the trust file that is held",
    ),
    ("change-included", "the change is in the log"),
    ("change-block-covers", "the change is in that block"),
    (
        "next-with-past",
        "at most {bytes_max} bytes, and in its form",
    ),
];

/// What is said of a check that failed.
const FAILED: &[(&str, &str)] = &[
    ("dossier-format", "{cause}"),
    ("checkpoint-format", "{cause}"),
    ("evidence-format", "{cause}"),
    ("note-format", "the checkpoint: {cause}"),
    ("leaf-included", "{cause}"),
    ("history-shown", "there is no page"),
    (
        "origin",
        "the checkpoint is of {found}, and the trust file is for {expected}",
    ),
    (
        "signature-line",
        "the signature line of {name} does not verify",
    ),
    (
        "quorum",
        "{signed} of {all} validators cosigned it, and the trust file asks for more; missing: {missing}",
    ),
    (
        "witnesses",
        "the agencies have signed, and group \"{group}\" of the trust file is short: {met} of {needed} signed; missing: {missing}",
    ),
    (
        "epoch-reached",
        "it is of epoch {epoch}, and the trust file of {held}; advance the trust file first",
    ),
    (
        "epoch-listed",
        "it is of epoch {epoch}, and the trust file does not say how that ended; take a trust file that was advanced from there, or refresh the receipt",
    ),
    (
        "epoch-trust",
        "it is of epoch {epoch}, which has ended; refresh it, add a bridge to it, or give the trust file of that epoch too",
    ),
    (
        "epoch-size",
        "size {size} is not one that the log had in epoch {epoch}",
    ),
    ("bridge", "the bridge does not hold: {cause}"),
    (
        "trust-named",
        "the log names another trust file for epoch {epoch} than the one that was given",
    ),
    (
        "genesis-named",
        "the trust file has no \"#: genesis\" line, so it does not say for which network of this name the clerk must have signed; use the trust file of the network, or one that is built on it",
    ),
    ("authorship", "the entry is neither signed nor in a batch"),
    ("batch-before-entry", "the entry does not follow its batch"),
    (
        "number-recorded",
        "the record's number is not the one that was recorded",
    ),
    (
        "content-recorded",
        "what the receipt shows is not what was recorded",
    ),
    (
        "document-opened",
        "the receipt's private part was removed, so it says nothing of documents",
    ),
    (
        "document-shown",
        "fields are withheld, so the receipt says nothing of documents",
    ),
    ("document-committed", "this entry recorded no document"),
    (
        "document-recorded",
        "the document is not the one that was recorded",
    ),
    ("status", "the record is {status} at version {version}"),
    (
        "page-follows",
        "this is the page from version {version}; the pages above it belong before it",
    ),
    ("chain-ends", "there is a version below the first"),
    (
        "version-named",
        "version {version} is not the one that the log names",
    ),
    (
        "version-older",
        "version {version} is not older than the next",
    ),
    (
        "previous-named",
        "version {version} does not name the one before",
    ),
    (
        "none-missing",
        "version {version} and all before it are missing",
    ),
    (
        "state-known",
        "it is proven, and of a kind that this version of muhr does not know",
    ),
    (
        "fork-proven",
        "the evidence convicts nobody under this trust file",
    ),
    (
        "trust-of-network",
        "the trust file is not one that the network made; advance that one, and build your own on it again",
    ),
    (
        "end-shown",
        "a recovery must show where the epoch before ended",
    ),
];

pub(crate) fn held(language: Language, code: &str) -> Option<&'static str> {
    match language {
        Language::English => find(HELD, code),
    }
}

pub(crate) fn failed(language: Language, code: &str) -> Option<&'static str> {
    match language {
        Language::English => find(FAILED, code),
    }
}

/// The sentence of a check that failed and has none for that, by what it says where it holds.
pub(crate) fn not_so(language: Language, held: &str) -> String {
    match language {
        Language::English => format!("not so: {held}"),
    }
}

pub(crate) fn codes() -> impl Iterator<Item = &'static str> {
    HELD.iter().chain(FAILED).map(|(code, _)| *code)
}

fn find(table: &[(&str, &'static str)], code: &str) -> Option<&'static str> {
    let mut rows = table.iter();
    rows.find_map(|(other, template)| (*other == code).then_some(*template))
}
