//! `muhr history`: all versions of a record, shown only after the proof that none is missing.
//!
//! Asked of a moment, the verdict is of that moment: whoever asks whether a permit was in force then must not
//! be answered by what it is today.

use client::{formats, proven, time};
use protocol::{
    height::{Height, TimeMs},
    record::CaseRule,
    state::RecordStatus,
};
use serde_json::{Value, json};
use verify::{
    Verdict,
    history::{HistoryFacts, ProvenVersion},
};

use super::standing;
use crate::{
    arguments::HistoryArguments,
    clerk::typed,
    exit::{ExitCode, Failure, USAGE},
    nodes,
    output::{Output, iso, local, steps_json, told},
};

pub(crate) fn run(arguments: &HistoryArguments, output: &Output) -> Result<u8, Failure> {
    let registry = protocol::name::RegistryName::parse(&arguments.registry).ok_or_else(|| {
        Failure::new(USAGE, "--registry is not the name of a registry")
            .help("names look like qurilish.permits")
    })?;
    let _number = typed::number(&arguments.record)?;
    let at = arguments.at.as_deref().map(AsOf::parse).transpose()?;
    let trust = formats::trust(&arguments.trust)?;
    let client = nodes::connect_to(&arguments.node)?;
    // Of a registry that is not on this ledger no number is a record's, however it is written.
    let found = proven::registry(&client, &trust, &registry)?.state;
    let case_rule = found.map_or(CaseRule::AsWritten, |state| state.case_rule);
    let record = typed::record(&arguments.record, case_rule, output)?;
    let key = record.key(&registry);
    let history = client.history(&registry, &key)?;
    let judged = verify::history::judge_pages(&trust, &history, &registry, &key);
    let asked = at.as_ref().zip(judged.facts.as_ref());
    let verdict = asked.map_or(judged.verdict, |(at, facts)| {
        at.verdict(facts, judged.verdict)
    });
    output.data(&json!({
        "schema": "muhr/history/1", "verdict": verdict.words(), "exit_code": verdict.exit_code(),
        "registry": registry.as_str(), "record": record.to_string(), "steps": steps_json(&told(&judged.steps)),
        "facts": judged.facts.as_ref().map(facts_json),
        "at": asked.map(|(at, facts)| at.json(facts)),
    }));
    let when = asked.map_or_else(String::new, |(at, _)| format!(", {}", at.when()));
    output.judged("", verdict, &format!("  {record} in {registry}{when}"));
    if let Some(facts) = &judged.facts {
        if judged.verdict == Verdict::NotFound {
            output.text("  never registered under this number; the index proves it. That does not mean that a paper is forged.");
            if let Some(parted) = record.parted() {
                output.text(&format!("  the number was {parted}"));
            }
        }
        show(output, facts);
        output.warn_if_old(&facts.cosigners);
        if let Some(at) = &at {
            output.text(&format!("  {}", at.sentence(facts)));
            if verdict != judged.verdict {
                output.text(&format!("  {}", present(facts)));
            }
        }
    }
    output.steps(&judged.steps, arguments.steps);
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
                Failure::new(USAGE, format!("--at {text} is neither a date nor a height"))
                    .help("write it as 2026-11-23, 2026-11-23T10:00:00Z, or 1200")
            })
    }

    fn version<'a>(&self, facts: &'a HistoryFacts) -> Option<&'a ProvenVersion> {
        match self {
            Self::Time(time, _) => facts.at_time(*time),
            Self::Height(height) => facts.at_height(*height),
        }
    }

    /// Whether the checkpoint reaches that far: of what came after it nothing is proven.
    fn is_proven(&self, facts: &HistoryFacts) -> bool {
        match self {
            Self::Time(time, _) => *time <= facts.as_of_time,
            Self::Height(height) => *height <= facts.as_of_height,
        }
    }

    /// What is to be said of that moment, where the history holds, of which `now` is the verdict.
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

    fn json(&self, facts: &HistoryFacts) -> Value {
        let version = self.version(facts);
        json!({
            "proven": self.is_proven(facts),
            "version": version.map(|version| version.entry.statement.version.get()),
            "status": version.and_then(|version| status_after(facts, version)).map(RecordStatus::word),
        })
    }

    fn sentence(&self, facts: &HistoryFacts) -> String {
        let when = self.when();
        if !self.is_proven(facts) {
            return format!(
                "{when}: not proven, since the checkpoint is of block {} and {}",
                facts.as_of_height,
                local(facts.as_of_time.get())
            );
        }
        match self.version(facts) {
            None => format!("{when}: not registered yet, and that is proven"),
            Some(version) => {
                let status = status_after(facts, version).map_or("unknown", RecordStatus::word);
                format!(
                    "{when}: version {}, {status}",
                    version.entry.statement.version
                )
            }
        }
    }
}

/// What the record is by now, where that is something else than what was asked for.
fn present(facts: &HistoryFacts) -> String {
    let state = facts.state.as_ref();
    let state = state.map_or_else(
        || "not registered".to_owned(),
        |state| format!("version {}, {}", state.version, state.status.word()),
    );
    format!("as of block {}: {state}", facts.as_of_height)
}

/// The record's status after one of its versions.
fn status_after(facts: &HistoryFacts, version: &ProvenVersion) -> Option<RecordStatus> {
    let number = version.entry.statement.version;
    let upto = facts.versions.iter().rev();
    let upto = upto.take_while(|earlier| earlier.entry.statement.version <= number);
    verify::history::status_after(upto.map(|earlier| earlier.entry.statement.operation))
}

fn show(output: &Output, facts: &HistoryFacts) {
    if !facts.versions.is_empty() {
        output.text("  version  recorded                       block    operation  by                    reason  legal date");
    }
    for version in &facts.versions {
        let statement = &version.entry.statement;
        let reason = statement
            .reason
            .as_ref()
            .map_or("–", |reason| reason.as_str());
        let date = statement
            .effective
            .as_ref()
            .map_or("–", |date| date.as_str());
        let (number, time, height) = (
            statement.version.get(),
            local(version.time.get()),
            version.height.get(),
        );
        output.text(&format!(
            "  {number:>7}  {time}  {height:>7}  {:<9}  {:<20}  {reason:<6}  {date}",
            statement.operation.word(),
            statement.author
        ));
    }
    let names: Vec<&str> = facts
        .cosigners
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    if let Some(state) = &facts.state
        && let Some(standing) = &state.standing
    {
        let endorsement = state.endorsement(facts.as_of_time);
        let words = standing::words(standing, endorsement);
        output.text(&format!("  version {} is {words}", state.version));
    }
    output.text(&format!(
        "  complete: {} versions, none left out; as of block {}, {}; cosigned by {}",
        facts.versions.len(),
        facts.as_of_height,
        local(facts.as_of_time.get()),
        names.join(", ")
    ));
}

fn facts_json(facts: &HistoryFacts) -> Value {
    json!({
        "status": facts.state.as_ref().map(|state| state.status.word()), "size": facts.size.get(), "as_of_height": facts.as_of_height.get(),
        "as_of_time": iso(facts.as_of_time.get()), "cosigners": facts.cosigners.iter().map(|(name, _)| name).collect::<Vec<_>>(),
        "versions": facts.versions.iter().map(version_json).collect::<Vec<_>>(),
        "standing": facts.state.as_ref().map(|state| standing::json(state.standing.as_deref(), state.endorsement(facts.as_of_time))),
    })
}

fn version_json(version: &ProvenVersion) -> Value {
    let statement = &version.entry.statement;
    json!({
        "version": statement.version.get(), "operation": statement.operation.word(), "author": statement.author.as_str(),
        "reason": statement.reason.as_ref().map(|reason| reason.as_str()), "effective": statement.effective.as_ref().map(|date| date.as_str()),
        "index": version.index.get(), "hash": version.hash.to_string(), "height": version.height.get(), "time": iso(version.time.get()),
    })
}
