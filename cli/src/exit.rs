//! Exit codes, and failures that carry one with a sentence and the way out.

use verify::Verdict;
pub(crate) use views::exit::ExitCode;
use views::{
    CommandView,
    exit::{CodeMeaning, ExitCodesView},
};

/// Done.
pub(crate) const DONE: u8 = 0;
/// Unexpected.
pub(crate) const UNEXPECTED: u8 = 1;
/// The command line.
pub(crate) const USAGE: u8 = 2;
/// Configuration or trust file.
pub(crate) const CONFIGURATION: u8 = 3;
/// Not permitted.
pub(crate) const NOT_PERMITTED: u8 = 4;
/// The network cannot be reached.
pub(crate) const UNREACHABLE: u8 = 5;
/// Some rows of a table, or some files, were not done.
pub(crate) const SOME_NOT_DONE: u8 = 20;
/// The version is taken by other content.
pub(crate) const CONFLICT: u8 = 21;
/// Reconciliation: table and ledger differ.
pub(crate) const DIFFERENT: u8 = 22;

/// What each code means, in the words of `muhr help exit-codes`.
pub(crate) const MEANINGS: [(u8, &str); 19] = [
    (DONE, "authentic and current; done"),
    (UNEXPECTED, "unexpected: this machine's trouble or a bug"),
    (USAGE, "usage: the command line is wrong"),
    (CONFIGURATION, "configuration, key or trust file is invalid"),
    (NOT_PERMITTED, "not permitted: the clerk may not do this"),
    (
        UNREACHABLE,
        "the network cannot be reached; nothing is lost, try again",
    ),
    (6, "pending: accepted, not final yet; try again"),
    (
        10,
        "not found: the record was not registered, and that is proven",
    ),
    (
        11,
        "altered: the document or number is not what was recorded",
    ),
    (12, "superseded: authentic, and replaced by a newer version"),
    (13, "revoked"),
    (
        14,
        "proof broken: a signature, path or quorum does not hold",
    ),
    (
        15,
        "wrong network: of another network than the trust file's",
    ),
    (16, "cannot decide: something needed is missing"),
    (17, "suspended"),
    (
        SOME_NOT_DONE,
        "some rows or files were not done, and it is said which",
    ),
    (CONFLICT, "conflict: that version is taken by other content"),
    (
        DIFFERENT,
        "reconciliation: table and ledger differ; the report says where",
    ),
    (30, "evidence of a fork, saved to a file"),
];

/// All codes with their meanings.
pub(crate) fn codes() -> ExitCodesView {
    let meaning = |(code, meaning)| CodeMeaning { code, meaning };
    ExitCodesView {
        codes: MEANINGS.into_iter().map(meaning).collect(),
    }
}

/// The table of `muhr help exit-codes`.
pub(crate) fn table() -> String {
    let lines = codes().lines().into_iter();
    lines.map(|line| line.before + "\n").collect()
}

/// Why a command did not do what was asked.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) code: u8,
    pub(crate) what: String,
    pub(crate) help: Option<String>,
}

impl Failure {
    pub(crate) fn new(code: u8, what: impl Into<String>) -> Self {
        Self {
            code,
            what: what.into(),
            help: None,
        }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn verdict(verdict: Verdict, what: impl Into<String>) -> Self {
        Self::new(verdict.exit_code(), what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verdict_has_its_own_code_and_a_meaning() {
        let codes = Verdict::BY_GRAVITY.map(ExitCode::exit_code);
        assert_eq!(codes, [30, 14, 15, 16, 11, 13, 17, 12, 10, 6, 0]);
        let is_known = |code: &u8| MEANINGS.iter().any(|(known, _)| known == code);
        assert!(codes.iter().all(is_known));
    }
}
