//! `muhr history`: all versions of a record, shown only after the proof that none is missing.

use protocol::{
    height::{Height, TimeMs},
    state::Status,
};
use serde_json::{Value, json};
use verify::{
    Verdict,
    history::{Facts, ProvenVersion},
};

use super::standing;
use crate::{
    arguments::HistoryArguments,
    clerk::submission,
    client::Client,
    exit::{Failure, USAGE},
    files, moment,
    output::{Output, iso, local, steps_json},
};

pub(crate) fn run(arguments: &HistoryArguments, output: &Output) -> Result<u8, Failure> {
    let registry = protocol::name::RegistryName::parse(&arguments.registry).ok_or_else(|| {
        Failure::new(USAGE, "--registry is not the name of a registry")
            .help("names look like qurilish.permits")
    })?;
    let _number = submission::number(&arguments.record)?;
    let at = arguments.at.as_deref().map(At::parse).transpose()?;
    let trust = files::trust(&arguments.trust)?;
    let client = Client::new(&arguments.node)?;
    let letters = submission::letters(&client, &registry)?;
    let record = submission::record(&arguments.record, letters, output)?;
    let key = record.key(&registry);
    let history = client.history(&registry, &key)?;
    let judged = verify::history::judge(&trust, &history, &registry, &key);
    output.data(&json!({
        "schema": "muhr/history/1", "verdict": judged.verdict.words(), "exit_code": judged.verdict.exit_code(),
        "registry": registry.as_str(), "record": record.to_string(), "steps": steps_json(&judged.steps),
        "facts": judged.facts.as_ref().map(facts_json),
        "at": at.as_ref().zip(judged.facts.as_ref()).map(|(at, facts)| at.json(facts)),
    }));
    output.text(&format!(
        "{}  {record} in {registry}",
        output.verdict(judged.verdict)
    ));
    match &judged.facts {
        Some(facts) => {
            show(output, facts, judged.verdict);
            if let Some(at) = &at {
                output.text(&format!("  {}", at.sentence(facts)));
            }
        }
        None => output.steps(&judged.steps),
    }
    Ok(judged.verdict.exit_code())
}

/// A moment in the past, by the calendar or by the log.
enum At {
    Time(TimeMs, String),
    Height(Height),
}

impl At {
    fn parse(text: &str) -> Result<Self, Failure> {
        if let Ok(height) = text.parse() {
            return Ok(Self::Height(Height::new(height)));
        }
        moment::end(text)
            .map(|time| Self::Time(time, text.to_owned()))
            .ok_or_else(|| {
                Failure::new(USAGE, format!("--at {text} is neither a date nor a height"))
                    .help("write it as 2026-11-23, 2026-11-23T10:00:00Z, or 1200")
            })
    }

    fn version<'a>(&self, facts: &'a Facts) -> Option<&'a ProvenVersion> {
        match self {
            Self::Time(time, _) => facts.at_time(*time),
            Self::Height(height) => facts.at_height(*height),
        }
    }

    /// Whether the checkpoint reaches that far: of what came after it nothing is proven.
    fn is_proven(&self, facts: &Facts) -> bool {
        match self {
            Self::Time(time, _) => *time <= facts.as_of_time,
            Self::Height(height) => *height <= facts.as_of_height,
        }
    }

    fn json(&self, facts: &Facts) -> Value {
        let version = self.version(facts);
        json!({
            "proven": self.is_proven(facts),
            "version": version.map(|version| version.entry.statement.version.get()),
            "status": version.and_then(|version| status_after(facts, version)).map(Status::word),
        })
    }

    fn sentence(&self, facts: &Facts) -> String {
        let when = match self {
            Self::Time(_, text) => format!("at {text}"),
            Self::Height(height) => format!("after block {height}"),
        };
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
                let status = status_after(facts, version).map_or("unknown", Status::word);
                format!(
                    "{when}: version {}, {status}",
                    version.entry.statement.version
                )
            }
        }
    }
}

/// The record's status after one of its versions.
fn status_after(facts: &Facts, version: &ProvenVersion) -> Option<Status> {
    let number = version.entry.statement.version;
    let upto = facts.versions.iter().rev();
    let upto = upto.take_while(|earlier| earlier.entry.statement.version <= number);
    verify::history::status_after(upto.map(|earlier| earlier.entry.statement.operation))
}

fn show(output: &Output, facts: &Facts, verdict: Verdict) {
    if verdict == Verdict::NotFound {
        output.text("  never registered under this number; the index proves it. That does not mean that a paper is forged.");
    }
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
        "  complete: {} versions, none left out; as of block {}, cosigned by {}",
        facts.versions.len(),
        facts.as_of_height,
        names.join(", ")
    ));
}

fn facts_json(facts: &Facts) -> Value {
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
