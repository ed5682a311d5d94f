//! Exit codes, and failures that carry one with a message and the way out.

use std::path::Path;

use messages::{Arg, Language, UserMessage};
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
/// Some rows of a table, some files, or some witnesses were not done.
pub(crate) const SOME_NOT_DONE: u8 = 20;
/// The version is taken by other content.
pub(crate) const CONFLICT: u8 = 21;
/// Reconciliation: table and ledger differ.
pub(crate) const DIFFERENT: u8 = 22;

/// Meanings of the codes, in the words of `muhr help exit-codes`.
pub(crate) const MEANINGS: [(u8, UserMessage); 19] = [
    (DONE, UserMessage::new("exit-done")),
    (UNEXPECTED, UserMessage::new("exit-unexpected")),
    (USAGE, UserMessage::new("exit-usage")),
    (CONFIGURATION, UserMessage::new("exit-configuration")),
    (NOT_PERMITTED, UserMessage::new("exit-not-permitted")),
    (UNREACHABLE, UserMessage::new("exit-unreachable")),
    (6, UserMessage::new("exit-pending")),
    (10, UserMessage::new("exit-not-found")),
    (11, UserMessage::new("exit-altered")),
    (12, UserMessage::new("exit-superseded")),
    (13, UserMessage::new("exit-revoked")),
    (14, UserMessage::new("exit-proof-broken")),
    (15, UserMessage::new("exit-wrong-network")),
    (16, UserMessage::new("exit-cannot-decide")),
    (17, UserMessage::new("exit-suspended")),
    (SOME_NOT_DONE, UserMessage::new("exit-some-not-done")),
    (CONFLICT, UserMessage::new("exit-conflict")),
    (DIFFERENT, UserMessage::new("exit-different")),
    (30, UserMessage::new("exit-fork")),
];

/// All codes with their meanings.
pub(crate) fn codes() -> ExitCodesView {
    let meaning = |(code, meaning)| CodeMeaning {
        code,
        meaning: words(&meaning),
    };
    ExitCodesView {
        codes: MEANINGS.into_iter().map(meaning).collect(),
    }
}

/// The table of `muhr help exit-codes`.
pub(crate) fn table() -> String {
    let lines = codes().lines().into_iter();
    lines.map(|line| line.before + "\n").collect()
}

/// Reason why a command did not do what was asked. Its sentences are looked up when it is shown.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    /// The exit code.
    pub(crate) code: u8,
    pub(crate) what: UserMessage,
    /// The way out.
    pub(crate) help: Option<UserMessage>,
}

/// What is wrong, behind the path of the file that it is wrong with.
pub(crate) fn in_file(path: &Path, what: impl Into<Arg>) -> UserMessage {
    UserMessage::new("in-file")
        .text("path", path.display())
        .part("what", what)
}

impl Failure {
    pub(crate) const fn new(code: u8, what: UserMessage) -> Self {
        let help = None;
        Self { code, what, help }
    }

    pub(crate) fn help(mut self, help: UserMessage) -> Self {
        self.help = Some(help);
        self
    }

    pub(crate) fn verdict(verdict: Verdict, what: UserMessage) -> Self {
        Self::new(verdict.exit_code(), what)
    }

    /// The sentence.
    pub(crate) fn words(&self) -> String {
        words(&self.what)
    }
}

/// A message in the language of this command.
pub(crate) fn words(message: &UserMessage) -> String {
    message.in_words(Language::English)
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
