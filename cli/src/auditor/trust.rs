//! `muhr trust`: what a trust file says, and whether it is the one that was read out.

use std::path::Path;

use protocol::{
    policy::{OpenedBy, TrustPolicy},
    text::hex,
    words,
};
use serde_json::json;

use crate::{
    arguments::{TrustCheckArguments, TrustShowArguments},
    exit::{CONFIGURATION, DONE, Failure},
    files,
    output::Output,
};

pub(crate) fn show(arguments: &TrustShowArguments, output: &Output) -> Result<u8, Failure> {
    let trust = files::trust(&arguments.file)?;
    tell(&trust, &arguments.file, output);
    Ok(DONE)
}

pub(crate) fn check(arguments: &TrustCheckArguments, output: &Output) -> Result<u8, Failure> {
    let trust = files::trust(&arguments.file)?;
    let said = arguments.words.join(" ");
    let network = words::first_wrong(trust.hash().as_bytes(), &said);
    let whole = words::first_wrong(trust.file_hash(), &said);
    if let (Some(at), Some(_)) = (network, whole) {
        let what = if at > words::WORDS {
            format!("{} words were expected, and more were given", words::WORDS)
        } else {
            format!("{}: word {at} is not this file's", arguments.file.display())
        };
        return Err(Failure::new(CONFIGURATION, what)
            .help("listen to the words again; if they differ still, do not use this trust file"));
    }
    tell(&trust, &arguments.file, output);
    output.text("✔ the words are this file's");
    if whole.is_some() {
        output.note("they do not cover its lines of past epochs: trust those if you advanced the file yourself");
    }
    Ok(DONE)
}

fn tell(trust: &TrustPolicy, path: &Path, output: &Output) {
    let words = words::fingerprint(trust.hash().as_bytes()).join(" ");
    let genesis = trust.genesis().map(|chain| hex(chain.as_bytes()));
    let witnesses: Vec<_> = trust
        .witnesses()
        .iter()
        .map(|witness| json!({"name": witness.name, "key": witness.key.name, "url": witness.url}))
        .collect();
    output.data(&json!({
        "schema": "muhr/trust/1", "file": path.display().to_string(), "origin": trust.origin(),
        "epoch": trust.epoch().map(|epoch| epoch.get()), "genesis": genesis, "words": words,
        "sha256": hex(trust.hash().as_bytes()), "witnesses": witnesses,
        "opened_by": trust.opened_by().map(OpenedBy::word), "base": trust.base().map(|base| base.to_hex()),
        "past": trust.past().iter().map(|past| json!({"epoch": past.epoch.get(), "trust": past.trust.to_hex(), "size": past.size.get(), "root": past.root.to_string()})).collect::<Vec<_>>(),
    }));
    output.text(&format!("trust file of {}", trust.origin()));
    output.text(&format!("  words    {words}"));
    if let Some(epoch) = trust.epoch() {
        let by = trust.opened_by().map_or("genesis", OpenedBy::word);
        output.text(&format!("  epoch    {epoch}, opened by {by}"));
    }
    for past in trust.past() {
        output.text(&format!(
            "  epoch {} ended at size {} with root {}",
            past.epoch, past.size, past.root
        ));
    }
    if !trust.past().is_empty() {
        let whole = words::fingerprint(trust.file_hash()).join(" ");
        output.text(&format!("  words with the past epochs  {whole}"));
    }
    if let Some(genesis) = genesis {
        output.text(&format!("  genesis  {genesis}"));
    }
    for witness in trust.witnesses() {
        output.text(&format!(
            "  may sign {}  {}",
            witness.name, witness.key.name
        ));
    }
}
