//! Bugs that tests plant on purpose, to know that they would be found. Not for any network: without
//! the feature `planted` the only answer is `false`, given while compiling, and no bug is in the
//! binary. No other crate of the workspace turns the feature on.

/// What goes wrong, and by what name `MUHR_PLANT` calls it.
macro_rules! bugs {
    ($($bug:ident $name:literal $what:literal)*) => {
        /// A mistake that has been made in this protocol somewhere, or could be.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Bug {
            $(#[doc = $what] $bug,)*
        }

        #[cfg(feature = "planted")]
        impl Bug {
            /// All of them.
            pub(crate) const ALL: &[Self] = &[$(Self::$bug,)*];

            /// The name in tables and in `MUHR_PLANT`.
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$bug => $name,)* }
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
    DecidesEarly "receipt-before-certificate" "f + 1 precommits decide."
    NoSkip "round-skip-missing" "f + 1 voices from a later round are not followed."
    NoPrecommitTimer "precommit-timer-missing" "Rule 8 never fires."
    AnyUntimely "time-not-judged" "A fresh proposal with a time far off is prevoted."
    AnyProposer "proposer-unchecked" "Anyone may propose in any round."
    InvalidVoted "validity-ignored" "A block that the rules refuse is prevoted."
    AccusesWidely "evidence-too-wide" "A lock left for a newer polka counts as amnesia."
    OneWakes "one-voice-skips" "A single voice from a later round is followed."
    NeverDozes "idle-rounds-without-end" "Rounds go on when nothing is left to decide."
}

/// Whether this bug is planted: never.
#[cfg(not(feature = "planted"))]
pub(crate) const fn is(_bug: Bug) -> bool {
    false
}

#[cfg(feature = "planted")]
pub(crate) use planting::is;

/// The switch: a test sets it for its thread; else the environment may, for the whole process.
#[cfg(feature = "planted")]
pub(crate) mod planting {
    use std::{cell::Cell, sync::OnceLock};

    use super::Bug;

    thread_local! {
        static HERE: Cell<Option<Bug>> = const { Cell::new(None) };
    }

    /// Whether this bug is planted.
    pub(crate) fn is(bug: Bug) -> bool {
        HERE.get().or_else(named) == Some(bug)
    }

    /// Plants a bug in this thread, or none.
    #[cfg(test)]
    pub(crate) fn plant(bug: Option<Bug>) {
        HERE.set(bug);
    }

    /// The bug that `MUHR_PLANT` names.
    fn named() -> Option<Bug> {
        static NAMED: OnceLock<Option<Bug>> = OnceLock::new();
        *NAMED.get_or_init(|| {
            let name = std::env::var("MUHR_PLANT").ok()?;
            Bug::ALL.iter().copied().find(|bug| bug.name() == name)
        })
    }
}
