//! What people and programs get to see. Text is for people; JSON has a stable schema.
//!
//! Everything leaves by one of three functions here, which write out what could command a terminal. A write
//! that fails is remembered, and ends the command with an error; a reader who has left is none.

use std::{
    io::{Error, ErrorKind, IsTerminal, Write},
    sync::OnceLock,
};

pub(crate) use client::time::{iso, local};
use messages::{Coded, Language};
use protocol::{height::UnixSeconds, record::RecordId};
use serde_json::{Value, json};
use verify::{Cause, CheckStep, Verdict};

use crate::{
    exit::{DONE, Failure, UNEXPECTED},
    printable::{printable, printable_json},
};

/// What is said of a checkpoint that has its quorum and no line of the log's own key.
pub(crate) const WITHOUT_LOG_LINE: &str = "without the log's own line: other people's tools refuse it until an agency that has the publisher's key is back";

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

    /// Data for a program; nothing in text mode.
    pub(crate) fn data(&self, value: &Value) {
        if self.json {
            line(&printable_json(&value.to_string()));
        }
    }

    /// Data for people; nothing in JSON mode.
    pub(crate) fn text(&self, text: &str) {
        if !self.json {
            line(&printable(text));
        }
    }

    /// A verdict between what leads to it and what it is of; nothing in JSON mode.
    pub(crate) fn judged(&self, before: &str, verdict: Verdict, behind: &str) {
        if !self.json {
            let (before, behind) = (printable(before), printable(behind));
            line(&format!("{before}{}{behind}", self.verdict(verdict)));
        }
    }

    /// One line of what was gathered before it is said; nothing in JSON mode.
    pub(crate) fn say(&self, line: &Line) {
        match &line.judged {
            Some((verdict, behind)) => self.judged(&line.before, *verdict, behind),
            None => self.text(&line.before),
        }
    }

    /// A message beside the data. Nobody listens any more if this fails, and that is no error of ours.
    pub(crate) fn note(&self, line: &str) {
        let _closed = writeln!(std::io::stderr(), "· {}", printable(line));
    }

    /// The exit code of a command whose output is written: that of the command, unless some of what it had
    /// to say is lost. A graver code stays; it is true, and nobody takes it for success.
    pub(crate) fn end(&self, code: u8) -> u8 {
        written(std::io::stdout().flush());
        let Some(error) = LOST.get() else {
            return code;
        };
        let what = format!("the output could not be written: {error}");
        self.complain(&Failure::new(UNEXPECTED, what).help("what was done stays done; make room, or write elsewhere, and run the same command again"));
        if code == DONE { UNEXPECTED } else { code }
    }

    /// Says so if what a node shows was signed long ago.
    pub(crate) fn warn_if_old(&self, cosigners: &[(String, UnixSeconds)]) {
        if let Some(signed) = client::proven::signed_long_ago(cosigners) {
            let when = local(signed.get().saturating_mul(1000));
            self.note(&format!(
                "what the node shows was signed {when}: what came since does not show; another agency's node may know more"
            ));
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
            self.note(&format!(
                "the record's number mixes alphabets: {}; check that it was typed as meant",
                found.join("; ")
            ));
        }
    }

    /// A failure for a program; nothing in text mode.
    pub(crate) fn failure_data(&self, failure: &Failure) {
        self.data(&json!({"schema": "muhr/error/1", "code": failure.code, "error": failure.what, "help": failure.help}));
    }

    pub(crate) fn failure(&self, failure: &Failure) {
        self.failure_data(failure);
        self.complain(failure);
    }

    fn complain(&self, failure: &Failure) {
        let mut out = std::io::stderr();
        let _closed = writeln!(out, "error: {}", printable(&failure.what));
        if let Some(help) = &failure.help {
            let _closed = writeln!(out, " help: {}", printable(help));
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

    /// The checks of a judgement: those that failed, and how many hold, or each by itself.
    pub(crate) fn steps(&self, steps: &[CheckStep], all: bool) {
        let checks = checks(&told(steps), all);
        for line in checks.failed.iter().chain(&checks.others) {
            self.text(line);
        }
    }
}

fn line(line: &str) {
    written(writeln!(std::io::stdout(), "{line}"));
}

/// A line of text, perhaps with a verdict in it, which alone may have a colour.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    before: String,
    judged: Option<(Verdict, String)>,
}

impl Line {
    /// Text alone.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self {
            before: text.into(),
            judged: None,
        }
    }

    /// A verdict between what leads to it and what it is of.
    pub(crate) fn judged(
        before: impl Into<String>,
        verdict: Verdict,
        behind: impl Into<String>,
    ) -> Self {
        Self {
            before: before.into(),
            judged: Some((verdict, behind.into())),
        }
    }
}

/// A check of a judgement in words.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// The part of a file that it is about.
    pub(crate) name: &'static str,
    /// Its code, for programs.
    pub(crate) code: &'static str,
    /// Whether it held.
    pub(crate) ok: bool,
    /// What was found.
    pub(crate) detail: String,
}

/// The checks of a judgement in words.
pub(crate) fn told(steps: &[CheckStep]) -> Vec<Step> {
    let in_words = |step: &CheckStep| Step {
        name: step.check.part(),
        code: step.check.code(),
        ok: step.is_ok(),
        detail: detail(step),
    };
    steps.iter().map(in_words).collect()
}

/// What a check found, in a sentence.
pub(crate) fn detail(step: &CheckStep) -> String {
    let args = step.check.args();
    let check = Coded {
        code: step.check.code(),
        args: &args,
    };
    let sentence = if step.is_ok() {
        messages::held(Language::English, check)
    } else {
        let args = step.cause().map(Cause::args).unwrap_or_default();
        let cause = step.cause().map(|cause| Coded {
            code: cause.code(),
            args: &args,
        });
        messages::failed(Language::English, check, cause)
    };
    // `tests/it/house/messages.rs` holds that no check is without its sentence.
    sentence.unwrap_or_else(|| step.check.code().to_owned())
}

/// The checks of a judgement as lines.
pub(crate) struct Checks {
    /// Those that failed: they stand right below the verdict.
    pub(crate) failed: Vec<String>,
    /// How many others hold, or all of them: they stand at the end.
    pub(crate) others: Vec<String>,
}

/// Folds the checks that hold into one line, unless `all` are asked for.
pub(crate) fn checks(steps: &[Step], all: bool) -> Checks {
    let line = |step: &Step| {
        let mark = if step.ok { "✔" } else { "✘" };
        format!("{mark} {}: {}", step.name, step.detail)
    };
    let failed = steps.iter().filter(|step| !step.ok);
    let failed: Vec<String> = failed.map(|step| format!("  {}", line(step))).collect();
    let hold = steps.len() - failed.len();
    let others = if all {
        let numbered = (1..).zip(steps);
        numbered
            .map(|(number, step)| format!("  {number:2} {}", line(step)))
            .collect()
    } else if hold > 0 {
        let (checks, verb) = if hold == 1 {
            ("check", "holds")
        } else {
            ("checks", "hold")
        };
        let list = if hold == 1 { "it" } else { "them" };
        vec![format!("  {hold} {checks} {verb}; --steps lists {list}")]
    } else {
        Vec::new()
    };
    Checks { failed, others }
}

/// Steps for a program.
pub(crate) fn steps_json(steps: &[Step]) -> Value {
    steps
        .iter()
        .map(|step| json!({"name": step.name, "code": step.code, "ok": step.ok, "detail": step.detail}))
        .collect()
}
