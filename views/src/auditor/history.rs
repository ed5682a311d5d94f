//! `muhr history`: all versions of a record, and what it was at a moment that was asked of.

use messages::counted;
use schemars::JsonSchema;
use serde::Serialize;
use verify::{
    Verdict,
    history::{HistoryFacts, ProvenVersion},
};

use crate::{
    CommandView, Line,
    agency::standing::ShownStanding,
    shown::{Ruling, ShownTime},
    steps::{self, Step},
};

/// One version of a record.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ShownVersion {
    /// Its number.
    pub version: u64,
    /// What was done, in a word.
    pub operation: &'static str,
    /// The clerk who did it.
    pub author: String,
    /// The reason that was given.
    pub reason: Option<String>,
    /// The legal date that was declared.
    pub effective: Option<String>,
    /// Its leaf.
    pub index: u64,
    /// Hash of that leaf in base64.
    pub hash: String,
    /// Height of its block.
    pub height: u64,
    /// Time of its block.
    pub time: ShownTime,
}

impl From<&ProvenVersion> for ShownVersion {
    fn from(version: &ProvenVersion) -> Self {
        let statement = &version.entry.statement;
        Self {
            version: statement.version.get(),
            operation: statement.operation.word(),
            author: statement.author.to_string(),
            reason: statement.reason.as_ref().map(ToString::to_string),
            effective: statement.effective.as_ref().map(ToString::to_string),
            index: version.index.get(),
            hash: version.hash.to_string(),
            height: version.height.get(),
            time: version.time.into(),
        }
    }
}

impl ShownVersion {
    fn row(&self) -> String {
        format!(
            "  {:>7}  {}  {:>7}  {:<9}  {}  {:<6}  {}",
            self.version,
            self.time.local(),
            self.height,
            self.operation,
            self.author,
            self.reason.as_deref().unwrap_or("–"),
            self.effective.as_deref().unwrap_or("–")
        )
    }
}

/// What is proven of a record.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct HistoryPart {
    /// Its status; none if it was never registered.
    pub status: Option<&'static str>,
    /// Leaves of the log that proves it.
    pub size: u64,
    /// As of which block that is so.
    pub as_of_height: u64,
    /// When that block was.
    pub as_of_time: ShownTime,
    /// Who cosigned the checkpoint.
    pub cosigners: Vec<String>,
    /// All versions.
    pub versions: Vec<ShownVersion>,
    /// What others have made of the latest.
    pub standing: Option<ShownStanding>,
    /// The latest version, if there is one.
    #[serde(skip)]
    pub latest: Option<u64>,
    /// Whether there is a standing to tell of.
    #[serde(skip)]
    pub has_standing: bool,
}

impl From<&HistoryFacts> for HistoryPart {
    fn from(facts: &HistoryFacts) -> Self {
        let state = facts.state.as_ref();
        let standing = state.map(|state| {
            let endorsement = state.endorsement(facts.as_of_time);
            ShownStanding::of(state.standing.as_deref(), endorsement)
        });
        let cosigners = facts.cosigners.iter();
        Self {
            status: state.map(|state| state.status.word()),
            size: facts.size.get(),
            as_of_height: facts.as_of_height.get(),
            as_of_time: facts.as_of_time.into(),
            cosigners: cosigners.map(|(name, _)| name.clone()).collect(),
            versions: facts.versions.iter().map(Into::into).collect(),
            standing,
            latest: state.map(|state| state.version.get()),
            has_standing: state.is_some_and(|state| state.standing.is_some()),
        }
    }
}

impl HistoryPart {
    fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if !self.versions.is_empty() {
            lines.push("  version  recorded                       block    operation  by                    reason  legal date".to_owned());
        }
        lines.extend(self.versions.iter().map(ShownVersion::row));
        let standing = self.standing.as_ref().filter(|_| self.has_standing);
        lines.extend(
            self.latest
                .zip(standing)
                .map(|(version, standing)| format!("  version {version} is {}", standing.words())),
        );
        lines.push(format!(
            "  complete: {}, none left out; as of block {}, {}; cosigned by {}",
            counted(self.versions.len(), "version", "versions"),
            self.as_of_height,
            self.as_of_time.local(),
            self.cosigners.join(", ")
        ));
        lines
    }

    /// What the record is by now, where that is something else than what was asked for.
    fn present(&self) -> String {
        let state = self.latest.zip(self.status);
        let state = state.map_or_else(
            || "not registered".to_owned(),
            |(version, status)| format!("version {version}, {status}"),
        );
        format!("as of block {}: {state}", self.as_of_height)
    }
}

/// What the record was at a moment.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AtMoment {
    /// Whether the checkpoint reaches that far.
    pub proven: bool,
    /// The version of then.
    pub version: Option<u64>,
    /// The record's status then.
    pub status: Option<&'static str>,
    /// The moment in words.
    #[serde(skip)]
    pub when: String,
}

impl AtMoment {
    fn sentence(&self, facts: &HistoryPart) -> String {
        let when = &self.when;
        if !self.proven {
            return format!(
                "{when}: not proven, since the checkpoint is of block {} and {}",
                facts.as_of_height,
                facts.as_of_time.local()
            );
        }
        match self.version {
            None => format!("{when}: not registered yet, and that is proven"),
            Some(version) => {
                let status = self.status.unwrap_or("unknown");
                format!("{when}: version {version}, {status}")
            }
        }
    }
}

/// A record with all its versions.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct HistoryView {
    /// What is said of the record, at the moment that was asked of.
    pub verdict: Ruling,
    /// The exit code of that.
    pub exit_code: u8,
    /// The registry.
    pub registry: String,
    /// The record's number.
    pub record: String,
    /// What was checked.
    pub steps: Vec<Step>,
    /// What is proven, if the history holds.
    pub facts: Option<HistoryPart>,
    /// What the record was at a moment, if one was asked of.
    pub at: Option<AtMoment>,
    /// What is said of the record by now.
    #[serde(skip)]
    pub by_now: Ruling,
    /// How the number was read, if that is not plain.
    #[serde(skip)]
    pub parted: Option<String>,
    /// Whether each check is to be told.
    #[serde(skip)]
    pub all_steps: bool,
}

impl CommandView for HistoryView {
    const SCHEMA: &'static str = "muhr/history/1";

    fn lines(&self) -> Vec<Line> {
        let Self {
            record, registry, ..
        } = self;
        let when = self.at.as_ref().map(|at| format!(", {}", at.when));
        let of = format!("  {record} in {registry}{}", when.unwrap_or_default());
        let first = Line::judged("", self.verdict.0, of);
        let proven = self.facts.as_ref().map(|facts| self.proven(facts));
        let proven = proven.unwrap_or_default().into_iter().map(Line::text);
        let steps = steps::lines(&self.steps, self.all_steps);
        std::iter::once(first).chain(proven).chain(steps).collect()
    }
}

impl HistoryView {
    fn proven(&self, facts: &HistoryPart) -> Vec<String> {
        let mut lines = Vec::new();
        if self.by_now.0 == Verdict::NotFound {
            lines.push("  never registered under this number; the index proves it. That does not mean that a paper is forged.".to_owned());
            let parted = self.parted.as_ref();
            lines.extend(parted.map(|parted| format!("  the number was {parted}")));
        }
        lines.extend(facts.lines());
        if let Some(at) = &self.at {
            lines.push(format!("  {}", at.sentence(facts)));
            if self.verdict != self.by_now {
                lines.push(format!("  {}", facts.present()));
            }
        }
        lines
    }
}
