//! The checks that a judgement may take: a code for each, and what its sentence needs.
//!
//! Not here: the sentences, which the crate `messages` has by code, and what follows from a check that
//! fails.

use protocol::{
    height::{Epoch, Height, LeafIndex, LogSize, Version},
    name::ClerkName,
};

/// Declares the checks: variant with its arguments, code, and the part of the file that it is about.
macro_rules! checks {
    ($($(#[$doc:meta])* $check:ident $({ $($(#[$arg_doc:meta])* $arg:ident: $type:ty),* })? $code:literal in $part:literal;)*) => {
        /// One check with what was compared in it.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Check {
            $($(#[$doc])* $check $({ $($(#[$arg_doc])* $arg: $type),* })?,)*
        }

        impl Check {
            /// The code of every check, with the names of its arguments.
            pub const CODES: &[(&str, &[&str])] = &[$(($code, &[$($(stringify!($arg)),*)?]),)*];

            /// The code: stable, and the same in every verifier of the corpus.
            #[must_use]
            pub const fn code(&self) -> &'static str {
                match self { $(Self::$check { .. } => $code,)* }
            }

            /// The part of a file that the check is about, in a word or two.
            #[must_use]
            pub const fn part(&self) -> &'static str {
                match self { $(Self::$check { .. } => $part,)* }
            }

            /// The arguments by name, as text.
            #[must_use]
            pub fn args(&self) -> Vec<(&'static str, String)> {
                match self {
                    $(Self::$check $({ $($arg),* })? => vec![$($((stringify!($arg), $arg.to_string())),*)?],)*
                }
            }
        }
    };
}

checks! {
    /// The bytes are a receipt.
    ReceiptFormat "receipt-format" in "format";
    /// The bytes are a history, or a page of one.
    HistoryFormat "history-format" in "format";
    /// The bytes are a dossier.
    DossierFormat "dossier-format" in "format";
    /// The bytes are a signed checkpoint.
    CheckpointFormat "checkpoint-format" in "format";
    /// The bytes are evidence of a fork.
    EvidenceFormat "evidence-format" in "format";
    /// The bytes are a state with its proof.
    StateFormat "state-format" in "format";
    /// The bytes are the proof of a change of agencies.
    EpochProofFormat "epoch-proof-format" in "format";
    /// There is a page of the history at all.
    HistoryShown "history-shown" in "format";

    /// The checkpoint that a file quotes is a signed checkpoint.
    NoteFormat "note-format" in "checkpoint";
    /// The checkpoint is of the log that the trust file is for.
    Origin {
        /// Of which log it is.
        found: String,
        /// For which log the trust file is.
        expected: String
    } "origin" in "checkpoint";
    /// A signature line of a known key verifies.
    SignatureLine {
        /// Name of the key.
        name: String
    } "signature-line" in "checkpoint";
    /// As many cosigned the checkpoint as the trust file asks for.
    Quorum {
        /// Leaves under the checkpoint.
        size: LogSize,
        /// Agencies that signed.
        signed: usize,
        /// Agencies that could have.
        all: usize,
        /// Agencies that did not, with commas.
        missing: String
    } "quorum" in "checkpoint";
    /// Those signed whom a trust file of somebody's own asks for beside the agencies.
    Witnesses {
        /// The group that is short.
        group: String,
        /// Members that signed.
        met: usize,
        /// Members that must.
        needed: usize,
        /// Members that did not, with commas.
        missing: String
    } "witnesses" in "checkpoint";
    /// The trust file is of no earlier epoch than the checkpoint.
    EpochReached {
        /// Of the checkpoint.
        epoch: Epoch,
        /// Of the trust file.
        held: Epoch
    } "epoch-reached" in "checkpoint";
    /// The trust file says how the checkpoint's epoch ended.
    EpochListed {
        /// Of the checkpoint.
        epoch: Epoch
    } "epoch-listed" in "checkpoint";
    /// There is a bridge out of the epoch that has ended, or its trust file.
    EpochTrust {
        /// Of the checkpoint.
        epoch: Epoch
    } "epoch-trust" in "checkpoint";
    /// As many as the trust file of an epoch that has ended asked for cosigned, while it lasted.
    EpochQuorum {
        /// Leaves under the checkpoint.
        size: LogSize,
        /// Agencies that signed.
        signed: usize,
        /// Agencies that could have.
        all: usize,
        /// Of the checkpoint.
        epoch: Epoch
    } "epoch-quorum" in "checkpoint";
    /// The log had this size in the epoch.
    EpochSize {
        /// Leaves under the checkpoint.
        size: LogSize,
        /// Of the checkpoint.
        epoch: Epoch
    } "epoch-size" in "checkpoint";
    /// The checkpoint is part of the log with which its epoch ended.
    Bridge {
        /// Leaves under the checkpoint.
        size: LogSize,
        /// Of the checkpoint.
        epoch: Epoch
    } "bridge" in "checkpoint";
    /// A leaf is in the log.
    LeafIncluded "leaf-included" in "checkpoint";

    /// The entry is in the log.
    EntryIncluded {
        /// Index of the leaf.
        index: LeafIndex
    } "entry-included" in "entry";
    /// The entry's block leaf is in the log.
    BlockIncluded {
        /// Height of the block.
        height: Height
    } "block-included" in "block";
    /// The entry is one of the leaves that its block counts.
    BlockCoversEntry "block-covers-entry" in "block";
    /// The newest block leaf is the last leaf under the checkpoint.
    HeadLast "head-last" in "head";
    /// The newest block leaf is in the log.
    HeadIncluded "head-included" in "head";
    /// The newest block is newer than the entry's.
    HeadNewer "head-newer" in "head";
    /// The newest block leaf names the trust file that is held.
    TrustNamed {
        /// Of the newest block.
        epoch: Epoch
    } "trust-named" in "trust file";
    /// The newest block leaf names the trust file that is held, of an epoch that recovery keys opened.
    RecoveryNamed {
        /// Of the newest block.
        epoch: Epoch
    } "recovery-named" in "trust file";
    /// The newest block leaf names the trust file that is held, of an epoch that has ended.
    EndedNamed {
        /// Of the newest block.
        epoch: Epoch
    } "ended-named" in "trust file";

    /// The index holds the record's state.
    RecordIncluded "record-included" in "record";
    /// The index holds no such record.
    RecordAbsent "record-absent" in "record";
    /// The clerk that is shown is the entry's author.
    ClerkIsAuthor "clerk-is-author" in "clerk";
    /// The index holds the clerk's key.
    ClerkIncluded "clerk-included" in "clerk";
    /// The registry that is shown is the entry's.
    RegistryIsEntrys "registry-is-entrys" in "registry";
    /// The index holds the registry's policy.
    RegistryIncluded "registry-included" in "registry";

    /// The trust file names the chain that signatures of clerks are for.
    GenesisNamed "genesis-named" in "signature";
    /// The entry is signed, or stands in a batch that is shown.
    Authorship "authorship" in "signature";
    /// The clerk signed the entry.
    EntrySigned {
        /// The clerk.
        clerk: ClerkName
    } "entry-signed" in "signature";
    /// The clerk signed the batch.
    BatchSigned {
        /// The clerk.
        clerk: ClerkName
    } "batch-signed" in "signature";
    /// The batch is in the log.
    BatchIncluded {
        /// Index of the leaf.
        index: LeafIndex
    } "batch-included" in "batch";
    /// The batch is in the entry's block.
    BatchInBlock "batch-in-block" in "batch";
    /// The batch and the entry have one author.
    BatchAuthor "batch-author" in "batch";
    /// The entry stands behind its batch.
    BatchBeforeEntry "batch-before-entry" in "batch";
    /// The entry is under the root that the batch signs.
    BatchCoversEntry "batch-covers-entry" in "batch";

    /// The record has the entry's version.
    VersionKnown "version-known" in "story";
    /// The entry follows the version before it.
    VersionFollows "version-follows" in "story";
    /// An attestation follows the version that it is about.
    AttestationFollows "attestation-follows" in "story";
    /// The record's state shows what the agency said.
    AttestationShown "attestation-shown" in "story";
    /// The record's latest version is the entry.
    LatestIsEntry "latest-is-entry" in "story";
    /// The record's latest version is newer than the entry.
    LatestIsNewer "latest-is-newer" in "story";

    /// The number that is shown is the record's.
    NumberRecorded "number-recorded" in "number";
    /// The content that is shown is what the entry commits to.
    ContentRecorded "content-recorded" in "content";
    /// The fields that are shown are what the entry commits to; others are withheld.
    FieldsRecorded "fields-recorded" in "content";
    /// No number and no content is shown, so there is nothing to compare.
    ContentWithheld "content-withheld" in "content";
    /// The private part, which says of which document the receipt is, is there.
    DocumentOpened "document-opened" in "document";
    /// The field of the document is not withheld.
    DocumentShown "document-shown" in "document";
    /// The entry recorded a document.
    DocumentCommitted "document-committed" in "document";
    /// The document is the one that was recorded.
    DocumentRecorded "document-recorded" in "document";
    /// The record is in force, and nothing newer replaces what is shown.
    Status {
        /// Of the record.
        status: &'static str,
        /// The record's latest.
        version: Version
    } "status" in "status";

    /// The history is of the record that was asked about.
    RecordAsked "record-asked" in "question";
    /// The state is of the place that was asked about.
    StateAsked "state-asked" in "question";
    /// The absence of a record is shown in one page.
    AbsenceInOnePage "absence-in-one-page" in "chain";
    /// A page begins where the one above it ends.
    PageFollows {
        /// With which the page begins.
        version: Version
    } "page-follows" in "chain";
    /// Nothing stands below the first version.
    ChainEnds "chain-ends" in "chain";
    /// A version is the one that the log names at its place.
    VersionNamed {
        /// Number of the version.
        version: Version
    } "version-named" in "chain";
    /// A version is older than the next.
    VersionOlder {
        /// Number of the version.
        version: Version
    } "version-older" in "chain";
    /// A version names the one before.
    PreviousNamed {
        /// Number of the version.
        version: Version
    } "previous-named" in "chain";
    /// No version is missing below the last that is shown.
    NoneMissing {
        /// The newest that could be missing.
        version: Version
    } "none-missing" in "chain";
    /// The versions reach down to the first.
    ChainComplete {
        /// Number of versions.
        versions: usize
    } "chain-complete" in "chain";
    /// The versions lead to the record's status.
    StatusReached "status-reached" in "story";
    /// The clerks that are shown are the authors of the versions.
    AuthorsShown "authors-shown" in "clerk";
    /// The index holds the key of an author.
    AuthorIncluded {
        /// The author.
        clerk: ClerkName
    } "author-included" in "clerk";
    /// A version of a batch is left to its own receipt.
    VersionBatched {
        /// Number of the version.
        version: Version
    } "version-batched" in "signature";
    /// An author signed a version.
    VersionSigned {
        /// Number of the version.
        version: Version,
        /// The author.
        clerk: ClerkName
    } "version-signed" in "signature";

    /// The index holds the state, or nothing.
    StateIncluded "state-included" in "state";
    /// The state is of a kind that is known.
    StateKnown "state-known" in "state";

    /// Evidence convicts somebody of a fork.
    ForkProven "fork-proven" in "evidence";
    /// Two roots of one size convict.
    ForkOfOneSize {
        /// Cosigners that signed both, with commas.
        names: String
    } "fork-of-one-size" in "evidence";
    /// A log convicts that does not begin with the smaller one.
    ForkOfTwoSizes {
        /// Size of the smaller.
        one: LogSize,
        /// Size of the larger.
        other: LogSize,
        /// Cosigners that signed both, with commas.
        names: String
    } "fork-of-two-sizes" in "evidence";

    /// The trust file is one that the network made.
    TrustOfNetwork "trust-of-network" in "trust file";
    /// The change opens the epoch after the trust file's.
    ChangeFollows {
        /// Epoch that the change opens.
        epoch: Epoch
    } "change-follows" in "change";
    /// An ordinary change says nothing of where the epoch before ended: its checkpoint does.
    EndImplied "end-implied" in "last";
    /// Enough recovery keys approved the change.
    RecoveryApproved {
        /// Approvals found.
        found: usize,
        /// Approvals needed.
        needed: u64
    } "recovery-approved" in "recovery";
    /// The next trust file is one.
    NextFormat "next-format" in "trust file";
    /// A recovery shows where the epoch before ended.
    EndShown "end-shown" in "last";
    /// The epoch before ended where the block of the change begins.
    EndBeforeBlock "end-before-block" in "last";
    /// The log goes on from where the epoch before ended.
    EndContinued "end-continued" in "last";
    /// The block of the change is the last one under the checkpoint.
    ChangeBlockLast "change-block-last" in "block";
    /// The block of the change is in the log.
    ChangeBlockIncluded "change-block-included" in "block";
    /// The block of the change names the trust file that is held.
    ChangeBlockNamed "change-block-named" in "block";
    /// The change is in the log.
    ChangeIncluded "change-included" in "change";
    /// The change is one of the leaves that its block counts.
    ChangeBlockCovers "change-block-covers" in "change";
    /// The next trust file with the lines of past epochs is one.
    NextWithPast {
        /// The most bytes it may have.
        bytes_max: usize
    } "next-with-past" in "next";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_check_has_a_code_of_its_own_in_kebab_case() {
        let codes: BTreeSet<&str> = Check::CODES.iter().map(|(code, _)| *code).collect();
        assert_eq!(codes.len(), Check::CODES.len());
        let is_kebab = |code: &&str| {
            let mut words = code.split('-');
            words.all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase()))
        };
        let other: Vec<&str> = codes.into_iter().filter(|code| !is_kebab(code)).collect();
        assert!(other.is_empty(), "{other:?}");
    }

    #[test]
    fn the_arguments_are_those_that_the_codes_name() {
        let check = Check::EpochSize {
            size: LogSize::new(7),
            epoch: Epoch::new(2),
        };
        let args = [("size", "7".to_owned()), ("epoch", "2".to_owned())];
        assert_eq!(check.args(), args);
        let named = Check::CODES.iter().find(|(code, _)| *code == check.code());
        assert_eq!(named, Some(&("epoch-size", &["size", "epoch"][..])));
    }
}
