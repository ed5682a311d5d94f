//! Bugs that tests plant on purpose, to know that they would be found: all of them, for all crates.
//! Not for any network: without the feature `planted` the only answer is `false`, given while
//! compiling, and no bug is in the binary. No crate of the workspace turns the feature on;
//! `make planted` does, and runs each bug against the test that must fail.

/// What goes wrong, and by what name `MUHR_PLANT` calls it.
macro_rules! bugs {
    ($($bug:ident $name:literal $what:literal)*) => {
        /// A mistake that has been made somewhere, or could be.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Bug {
            $(#[doc = $what] $bug,)*
        }

        impl Bug {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$bug,)*];

            /// The name in tables and in `MUHR_PLANT`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$bug => $name,)* }
            }

            /// What is wrong, in a sentence.
            #[must_use]
            pub const fn what(self) -> &'static str {
                match self { $(Self::$bug => $what,)* }
            }
        }
    };
}

bugs! {
    QuorumTwoF "quorum-2f" "Two thirds without the one more."
    DuplicatesCounted "duplicates-counted" "One signature twice in a certificate is two votes."
    WrongSet "wrong-validator-set" "What was verified under another set counts."
    NoLockCheck "lock-check-skipped" "Prevotes whatever is proposed, locked or not."
    WrongUnlock "wrong-unlock" "Any older polka unlocks, even one before the lock."
    PaperUnlock "paper-unlock" "A fresh proposal of the locked block is prevoted: frames the honest."
    LockLost "lock-lost-in-crash" "The lock is not taken up from the record."
    VotesLost "votes-lost-in-crash" "The votes are not taken up from the record."
    SentBeforeSaved "vote-before-fsync" "A vote leaves before the record is on disk."
    FutureUnbounded "unbounded-future-buffer" "Votes of the next height are all kept."
    TimerUncapped "uncapped-timer" "Waits grow without end."
    ProposalAnew "new-proposal-after-restart" "The proposal is not taken up from the record."
    PolkaKept "polka-not-broadcast" "Whoever locks tells nobody why."
    NoResend "no-resend" "Nothing is ever said again."
    NoOrigin "no-origin-in-signed-bytes" "The signed bytes do not name the network."
    NoKind "no-kind-in-signed-bytes" "The signed bytes do not say which vote it is."
    NoRound "certificate-round-ignored" "The signed bytes do not name the round."
    NoValidRound "valid-round-unsigned" "The signed bytes do not hold the valid round."
    RoundsMixed "quorum-across-rounds" "Precommits of different rounds add up."
    DecidesEarly "decides-before-quorum" "f + 1 precommits decide."
    NoSkip "round-skip-missing" "f + 1 voices from a later round are not followed."
    NoPrecommitTimer "precommit-timer-missing" "Rule 8 never fires."
    AnyUntimely "time-not-judged" "A fresh proposal with a time far off is prevoted."
    AnyProposer "proposer-unchecked" "Anyone may propose in any round."
    InvalidVoted "validity-ignored" "A block that the rules refuse is prevoted."
    AccusesWidely "evidence-too-wide" "A lock left for a newer polka counts as amnesia."
    OneWakes "one-voice-skips" "A single voice from a later round is followed."
    NeverDozes "idle-rounds-without-end" "Rounds go on when nothing is left to decide."
    GroupTakesSmallOrder "group-takes-small-order" "Points of small order are not told in a group."
    LaxSignatures "verify-not-strict" "Signatures are checked without the extra refusals."
    TrailingBytes "trailing-bytes-accepted" "Bytes after a value inside a node are not noticed."
    TrailingLines "trailing-lines-accepted" "Lines after the last one of a text are not noticed."
    TimeUnsigned "time-outside-signed-bytes" "A cosignature does not cover its time."
    OrderHashed "iteration-order-hashed" "The index root depends on the order of a hash map."
    LivesLonger "entry-scope-off-by-one" "An entry lives one height longer than it says."
    DayLonger "clerk-scope-off-by-one" "A clerk may act in the millisecond after the last day."
    LaxDoor "door-laxer-than-law" "The door forgets a rule that blocks obey."
    LogShortened "shortened-log-accepted" "A ledger that lost its end opens as if it were whole."
    LeafServedBeforeSync "leaf-served-before-sync" "A block counts as stored before it is synced."
    RunWithoutManifest "run-without-manifest" "Rows go although the database has not noted their run."
    IndexBehindLeaves "index-behind-leaves" "What is in no run yet is not taken up when a folder is opened."
    FolderUnsynced "folder-not-synced" "A new file's name is not synced into its folder."
    CosignFirst "cosigned-before-durable" "A cosignature leaves before the register is on disk."
    RegisterIgnored "register-not-consulted" "After a restart the register binds nothing."
    ReturnByHearsay "return-by-hearsay" "A lost safety record is taken for whatever peers tell."
    OldMarkAgain "old-mark-again" "A return mark that expires before the last one is taken."
    CosignsInSilence "cosigns-in-silence" "A validator that returns cosigns before a block holds its mark."
    CompactBelieved "outline-believed" "A compact block that makes another block speaks against the signed one."
    FirstCompactStays "first-outline-stays" "The first compact block of a block keeps all others out."
    ObserverHeard "observer-on-consensus-lane" "What observers say on the consensus lane is taken."
    AbsentIsBlank "register-absent-is-blank" "What was signed and is not there counts as nothing signed."
    AnothersRecord "another-key-s-record" "What another key has signed is taken for what this one has."
    SlotsShared "slots-shared-by-all" "Proposals of all validators wait in the same few slots."
    ReceiptEarly "receipt-before-certificate" "A checkpoint is published before a quorum cosigned it."
    CosignedAhead "cosigned-ahead-of-time" "A cosignature with any date is taken and published."
    PresenceBySocket "presence-by-socket" "A peer is reached for as long as its connection stands."
}

/// Whether this bug is planted: never.
#[cfg(not(feature = "planted"))]
#[must_use]
pub const fn is(_bug: Bug) -> bool {
    false
}

/// Whether this bug is planted: if `MUHR_PLANT` names it, for the whole process.
#[cfg(feature = "planted")]
#[allow(
    clippy::disallowed_methods,
    reason = "only tests have this feature, and they name the bug from outside"
)]
#[must_use]
pub fn is(bug: Bug) -> bool {
    use std::sync::OnceLock;

    static NAMED: OnceLock<Option<Bug>> = OnceLock::new();
    let named = NAMED.get_or_init(|| {
        let name = std::env::var("MUHR_PLANT").ok()?;
        Bug::ALL.iter().copied().find(|bug| bug.name() == name)
    });
    *named == Some(bug)
}

// What goes wrong in this crate. Each site asks under `cfg`, so that without the feature no code is there.

/// The time that a cosignature covers.
#[cfg(feature = "planted")]
pub(crate) fn signed_time(time: u64) -> u64 {
    if is(Bug::TimeUnsigned) { 0 } else { time }
}

/// A signature checked without the extra refusals.
#[cfg(feature = "planted")]
pub(crate) fn lax_verify(
    key: &ed25519_dalek::VerifyingKey,
    message: &[u8],
    signature: &ed25519_dalek::Signature,
) -> Option<Result<(), ed25519_dalek::SignatureError>> {
    is(Bug::LaxSignatures).then(|| ed25519_dalek::Verifier::verify(key, message, signature))
}

/// Whether lines behind the last one of a text are not noticed.
#[cfg(feature = "planted")]
pub(crate) fn takes_trailing_lines() -> bool {
    is(Bug::TrailingLines)
}

/// Whether bytes behind a value inside a node are not noticed.
#[cfg(all(feature = "planted", feature = "codec"))]
pub(crate) fn takes_trailing_bytes() -> bool {
    is(Bug::TrailingBytes)
}
