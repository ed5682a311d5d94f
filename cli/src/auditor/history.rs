//! `muhr history`: all versions of a record, shown only after the proof that none is missing.
//!
//! Asked of a moment, the verdict is of that moment: whoever asks whether a permit was in force then must not
//! be answered by what it is today.

use std::path::PathBuf;

use clap::Args;
use client::{proven, time};
use messages::UserMessage;
use protocol::{
    height::{Height, TimeMs},
    state::RecordStatus,
};
use verify::{
    Verdict,
    history::{HistoryFacts, ProvenVersion},
};
use views::{
    auditor::history::{AtMoment, HistoryView},
    shown::Ruling,
    steps::told,
};

use crate::{
    clerk::typed,
    exit::{ExitCode, Failure, USAGE},
    nodes,
    output::Output,
    trust_file,
};

/// `muhr history`.
#[derive(Debug, Args)]
pub struct HistoryArguments {
    /// The record's number
    pub record: String,
    /// The registry
    #[arg(long, value_name = "NAME")]
    pub registry: String,
    /// What held then, of which the verdict and the exit code are: a date as 2026-11-23 (its end, UTC), a moment as
    /// 2026-11-23T10:00:00Z, or a height; 10 if it was not registered yet, 16 if the log does not reach that far
    #[arg(long, value_name = "WHEN")]
    pub at: Option<String>,
    /// Lists every check, also those that hold
    #[arg(long)]
    pub steps: bool,
    /// Address of a node
    #[arg(long, env = "MUHR_NODE", value_name = "URL")]
    pub node: String,
    /// Trust file of the network
    #[arg(long, env = "MUHR_TRUST", value_name = "FILE")]
    pub trust: PathBuf,
}

pub(crate) fn run(arguments: &HistoryArguments, output: &Output) -> Result<u8, Failure> {
    let registry = typed::registry(&arguments.registry)?;
    let _number = typed::number(&arguments.record)?;
    let at = arguments.at.as_deref().map(AsOf::parse).transpose()?;
    let client = nodes::connect_to(&arguments.node)?;
    let trust = trust_file::of_nodes(&arguments.trust, &client, output)?;
    // Whoever has misspelt a registry is told so, and not that the record was never registered.
    let case_rule = proven::case_rule(&client, &trust, &registry)?;
    let record = typed::record(&arguments.record, case_rule, output)?;
    let key = record.key(&registry);
    let history = client.history(&registry, &key)?;
    let judged = verify::history::judge_pages(&trust, &history, &registry, &key);
    let asked = at.as_ref().zip(judged.facts.as_ref());
    let verdict = asked.map_or(judged.verdict, |(at, facts)| {
        at.verdict(facts, judged.verdict)
    });
    output.view(&HistoryView {
        verdict: Ruling(verdict),
        exit_code: verdict.exit_code(),
        registry: registry.to_string(),
        record: record.to_string(),
        steps: told(&judged.steps),
        facts: judged.facts.as_ref().map(Into::into),
        at: asked.map(|(at, facts)| at.view(facts)),
        by_now: Ruling(judged.verdict),
        parted: record.parted(),
        all_steps: arguments.steps,
    });
    if let Some(facts) = &judged.facts {
        output.warn_if_old(&facts.cosigners);
    }
    Ok(verdict.exit_code())
}

/// A moment in the past, by the calendar or by the log.
enum AsOf {
    Time(TimeMs, String),
    Height(Height),
}

impl AsOf {
    fn parse(text: &str) -> Result<Self, Failure> {
        if let Ok(height) = text.parse() {
            return Ok(Self::Height(Height::new(height)));
        }
        time::end(text)
            .map(|time| Self::Time(time, text.to_owned()))
            .ok_or_else(|| {
                Failure::new(USAGE, UserMessage::new("at-invalid").text("at", text))
                    .help(UserMessage::new("help-at-form"))
            })
    }

    fn version<'a>(&self, facts: &'a HistoryFacts) -> Option<&'a ProvenVersion> {
        match self {
            Self::Time(time, _) => facts.at_time(*time),
            Self::Height(height) => facts.at_height(*height),
        }
    }

    /// Returns whether the checkpoint reaches that far: of what came after it nothing is proven.
    fn is_proven(&self, facts: &HistoryFacts) -> bool {
        match self {
            Self::Time(time, _) => *time <= facts.as_of_time,
            Self::Height(height) => *height <= facts.as_of_height,
        }
    }

    /// View of that moment, where the history holds, of which `now` is the verdict.
    fn verdict(&self, facts: &HistoryFacts, now: Verdict) -> Verdict {
        if !matches!(
            now,
            Verdict::Authentic | Verdict::NotFound | Verdict::Revoked | Verdict::Suspended
        ) {
            return now;
        }
        if !self.is_proven(facts) {
            return Verdict::CannotDecide;
        }
        let Some(version) = self.version(facts) else {
            return Verdict::NotFound;
        };
        status_after(facts, version).map_or(Verdict::CannotDecide, Verdict::of_status)
    }

    fn when(&self) -> String {
        match self {
            Self::Time(_, text) => format!("at {text}"),
            Self::Height(height) => format!("after block {height}"),
        }
    }

    fn view(&self, facts: &HistoryFacts) -> AtMoment {
        let version = self.version(facts);
        let status = version.and_then(|version| status_after(facts, version));
        AtMoment {
            proven: self.is_proven(facts),
            version: version.map(|version| version.entry.statement.version.get()),
            status: status.map(RecordStatus::word),
            when: self.when(),
        }
    }
}

/// The record's status after one of its versions.
fn status_after(facts: &HistoryFacts, version: &ProvenVersion) -> Option<RecordStatus> {
    let number = version.entry.statement.version;
    let upto = facts.versions.iter().rev();
    let upto = upto.take_while(|earlier| earlier.entry.statement.version <= number);
    verify::history::status_after(upto.map(|earlier| earlier.entry.statement.operation))
}
