//! `muhr history`: all versions of a record, shown only after the proof that none is missing.

use protocol::record::RecordId;
use serde_json::{Value, json};
use verify::{
    Verdict,
    history::{Facts, ProvenVersion},
};

use crate::{
    arguments::HistoryArguments,
    client::Client,
    exit::{Failure, USAGE},
    files,
    output::{Output, iso, local, steps_json},
};

pub(crate) fn run(arguments: &HistoryArguments, output: &Output) -> Result<u8, Failure> {
    let registry = protocol::name::RegistryName::parse(&arguments.registry).ok_or_else(|| {
        Failure::new(USAGE, "--registry is not the name of a registry")
            .help("names look like qurilish.permits")
    })?;
    let record = RecordId::parse(&arguments.record)
        .map_err(|error| Failure::new(USAGE, error.to_string()))?;
    let trust = files::trust(&arguments.trust)?;
    let key = record.key(&registry);
    let history = Client::new(&arguments.node)?.history(&registry, &key)?;
    let judged = verify::history::judge(&trust, &history, &registry, &key);
    output.data(&json!({
        "schema": "muhr/history/1", "verdict": judged.verdict.words(), "exit_code": judged.verdict.exit_code(),
        "registry": registry.as_str(), "record": record.to_string(), "steps": steps_json(&judged.steps),
        "facts": judged.facts.as_ref().map(facts_json),
    }));
    output.text(&format!(
        "{}  {record} in {registry}",
        output.verdict(judged.verdict)
    ));
    match &judged.facts {
        Some(facts) => show(output, facts, judged.verdict),
        None => output.steps(&judged.steps),
    }
    Ok(judged.verdict.exit_code())
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
    output.text(&format!(
        "  complete: {} versions, none left out; as of block {}, cosigned by {}",
        facts.versions.len(),
        facts.as_of_height,
        names.join(", ")
    ));
}

fn facts_json(facts: &Facts) -> Value {
    json!({
        "status": facts.state.map(|state| state.status.word()), "size": facts.size.get(), "as_of_height": facts.as_of_height.get(),
        "as_of_time": iso(facts.as_of_time.get()), "cosigners": facts.cosigners.iter().map(|(name, _)| name).collect::<Vec<_>>(),
        "versions": facts.versions.iter().map(version_json).collect::<Vec<_>>(),
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
