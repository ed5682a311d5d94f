//! Output for people and programs: views, as lines or as documents, with what a terminal adds to them.
//!
//! Everything leaves by one of three functions here, which write out what could command a terminal. A write
//! that fails is remembered, and ends the command with an error; a reader who has left is none.

use std::{
    io::{Error, ErrorKind, IsTerminal, Write},
    sync::OnceLock,
};

use messages::UserMessage;
use protocol::{height::UnixSeconds, record::RecordId};
use verify::Verdict;
use views::{CommandView, Line, exit::FailureView, shown::ShownTime};

use crate::{
    exit::{DONE, Failure, UNEXPECTED, words},
    printable::{printable, printable_json},
};

/// Why something that was to be written to stdout was not: the first reason.
static LOST: OnceLock<Error> = OnceLock::new();

/// Remembers that a write to stdout failed. A reader who has left, as `head` does, has what it wanted.
pub(crate) fn written(result: std::io::Result<()>) {
    if let Err(error) = result
        && error.kind() != ErrorKind::BrokenPipe
    {
        let _later = LOST.set(error);
    }
}

/// Where and how to speak.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    pub(crate) json: bool,
    color: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            json,
            color: !json && !plain && std::io::stdout().is_terminal(),
        }
    }

    /// Shows what a command has found: its document for a program, or its lines for people.
    pub(crate) fn view<V: CommandView>(&self, view: &V) {
        self.document(view);
        if !self.json {
            view.lines().iter().for_each(|line| self.say(line));
        }
    }

    /// The document of what was told to people line by line, as it was found; nothing in text mode.
    pub(crate) fn document<V: CommandView>(&self, view: &V) {
        if self.json {
            line(&printable_json(&views::document(view).to_string()));
        }
    }

    /// One line for people; nothing in JSON mode.
    pub(crate) fn say(&self, said: &Line) {
        if self.json {
            return;
        }
        let before = printable(&said.before);
        match &said.judged {
            Some((verdict, behind)) => {
                let (verdict, behind) = (self.verdict(*verdict), printable(behind));
                line(&format!("{before}{verdict}{behind}"));
            }
            None => line(&before),
        }
    }

    /// A message beside the data. Nobody listens any more if this fails, and that is no error of ours.
    pub(crate) fn note(&self, message: &UserMessage) {
        let _closed = writeln!(std::io::stderr(), "· {}", printable(&words(message)));
    }

    /// The exit code of a command whose output is written: that of the command, unless some of what it had
    /// to say is lost. A graver code stays; it is true, and nobody takes it for success.
    pub(crate) fn end(&self, code: u8) -> u8 {
        written(std::io::stdout().flush());
        let Some(error) = LOST.get() else {
            return code;
        };
        let what = UserMessage::new("output-lost").text("reason", error);
        self.complain(&Failure::new(UNEXPECTED, what).help(UserMessage::new("help-output-lost")));
        if code == DONE { UNEXPECTED } else { code }
    }

    /// Says so if what a node shows was signed long ago.
    pub(crate) fn warn_if_old(&self, cosigners: &[(String, UnixSeconds)]) {
        if let Some(signed) = client::proven::signed_long_ago(cosigners) {
            let when = ShownTime::from(signed).local();
            self.note(&UserMessage::new("note-signed-long-ago").text("when", when));
        }
    }

    /// Warns of letters that may have been typed for others, and names them.
    pub(crate) fn look_alikes(&self, record: &RecordId) {
        let found: Vec<String> = record
            .look_alikes()
            .iter()
            .map(ToString::to_string)
            .collect();
        if !found.is_empty() {
            self.note(&UserMessage::new("note-mixed-alphabets").text("letters", found.join("; ")));
        }
    }

    /// A failure for a program; nothing in text mode.
    pub(crate) fn failure_data(&self, failure: &Failure) {
        self.document(&shown(failure));
    }

    pub(crate) fn failure(&self, failure: &Failure) {
        self.failure_data(failure);
        self.complain(failure);
    }

    fn complain(&self, failure: &Failure) {
        let mut out = std::io::stderr();
        for line in shown(failure).lines() {
            let _closed = writeln!(out, "{}", printable(&line.before));
        }
    }

    /// A verdict in one word, with a mark that needs no colour.
    fn verdict(&self, verdict: Verdict) -> String {
        let (mark, color) = match verdict {
            Verdict::Authentic => ("✔", "32"),
            Verdict::Pending
            | Verdict::Superseded
            | Verdict::Suspended
            | Verdict::NotFound
            | Verdict::CannotDecide => ("▲", "33"),
            _ => ("✘", "31"),
        };
        let words = verdict.words().to_uppercase();
        if self.color {
            format!("\u{1b}[{color}m{mark} {words}\u{1b}[0m")
        } else {
            format!("{mark} {words}")
        }
    }
}

fn shown(failure: &Failure) -> FailureView {
    FailureView {
        code: failure.code,
        error: failure.words(),
        help: failure.help.as_ref().map(words),
    }
}

fn line(line: &str) {
    written(writeln!(std::io::stdout(), "{line}"));
}
