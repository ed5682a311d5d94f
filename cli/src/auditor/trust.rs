//! `muhr trust`: what a trust file says, and whether it is the one that was read out.

use std::path::Path;

use client::formats;
use protocol::{
    agency::quorum,
    policy::{OpenedBy, Rule, TrustPolicy},
    text::hex,
    words,
};
use serde_json::{Value, json};
use verify::Verdict;

use crate::{
    arguments::{TrustCheckArguments, TrustShowArguments},
    exit::{CONFIGURATION, DONE, ExitCode, Failure},
    output::Output,
};

pub(crate) fn show(arguments: &TrustShowArguments, output: &Output) -> Result<u8, Failure> {
    let trust = formats::trust(&arguments.file)?;
    tell(&trust, &arguments.file, None, output);
    Ok(DONE)
}

/// Says whether the words are the file's. Those of the network's own part do not cover the lines of past
/// epochs, by which old receipts are believed: that is another answer, and another exit code.
pub(crate) fn check(arguments: &TrustCheckArguments, output: &Output) -> Result<u8, Failure> {
    let trust = formats::trust(&arguments.file)?;
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
    let covered = whole.is_none();
    let covers = if covered {
        "all"
    } else {
        "without past epochs"
    };
    tell(&trust, &arguments.file, Some(covers), output);
    if covered {
        output.text("✔ the words are this file's");
        return Ok(DONE);
    }
    let lines = trust.past().len();
    output.text(&format!(
        "▲ the words are this file's but for its {lines} lines of past epochs, which they do not cover"
    ));
    output.note("have the words with the past epochs read out, or advance the file yourself with muhr trust advance");
    Ok(Verdict::CannotDecide.exit_code())
}

/// Who must sign, a line for each group.
fn signers(rule: &Rule) -> Vec<String> {
    let name = |rule: &Rule| match rule {
        Rule::LogAlone => "the log".to_owned(),
        Rule::Witness(name) | Rule::Group { name, .. } => name.clone(),
    };
    let Rule::Group {
        needed, members, ..
    } = rule
    else {
        return vec![match rule {
            Rule::Witness(name) => format!("{name} alone must sign"),
            _ => "nobody must sign: the log's own line is enough".to_owned(),
        }];
    };
    let names: Vec<String> = members.iter().map(name).collect();
    let count = members.len();
    let mut lines = vec![format!(
        "{needed} of these {count} must sign: {}",
        names.join(", ")
    )];
    for member in members {
        if let Rule::Group { name, .. } = member {
            let inner = signers(member);
            lines.extend(inner.iter().enumerate().map(|(at, line)| match at {
                0 => format!("  {name}: {line}"),
                _ => format!("  {line}"),
            }));
        }
    }
    lines
}

/// What makes a file weak: so few agencies can be wrong together, or be bought.
fn weakness(trust: &TrustPolicy) -> Option<String> {
    let agencies = trust.agencies();
    let least = trust.rule().least(&|name| agencies.contains(&name));
    let (count, enough) = (agencies.len(), quorum(agencies.len()));
    (least < enough).then(|| {
        format!("{least} of {count} agencies are enough for this file, where a network of {count} needs {enough}: ask who made it, and why")
    })
}

fn rule_json(rule: &Rule) -> Value {
    match rule {
        Rule::LogAlone => json!("log"),
        Rule::Witness(name) => json!(name),
        Rule::Group {
            name,
            needed,
            members,
        } => {
            json!({"group": name, "needed": needed, "members": members.iter().map(rule_json).collect::<Vec<_>>()})
        }
    }
}

fn tell(trust: &TrustPolicy, path: &Path, covers: Option<&str>, output: &Output) {
    let spoken = |hash: &[u8; 32]| words::fingerprint(hash).join(" ");
    let words = spoken(trust.hash().as_bytes());
    let genesis = trust.genesis().map(|chain| hex(chain.as_bytes()));
    let agencies = trust.agencies();
    let weakness = weakness(trust);
    let witnesses: Vec<_> = trust
        .witnesses()
        .iter()
        .map(|witness| json!({"name": witness.name, "key": witness.key.name, "url": witness.url, "agency": agencies.contains(&witness.name.as_str())}))
        .collect();
    output.data(&json!({
        "schema": "muhr/trust/1", "file": path.display().to_string(), "origin": trust.origin(),
        "epoch": trust.epoch().map(|epoch| epoch.get()), "genesis": genesis, "words": words, "words_cover": covers,
        "sha256": hex(trust.hash().as_bytes()), "witnesses": witnesses, "must_sign": rule_json(trust.rule()), "weakness": weakness,
        "opened_by": trust.opened_by().map(OpenedBy::word), "base": trust.base().map(|base| base.to_hex()),
        "past": trust.past().iter().map(|past| json!({"epoch": past.epoch.get(), "trust": past.trust.to_hex(), "size": past.size.get(), "root": past.root.to_string()})).collect::<Vec<_>>(),
    }));
    output.text(&format!("trust file of {}", trust.origin()));
    output.text(&format!("  words    {words}"));
    if let Some(base) = trust.base() {
        let words = spoken(base.as_bytes());
        output.text(&format!(
            "  base     somebody's own file, built on the network's of the words {words}"
        ));
    }
    if let Some(epoch) = trust.epoch() {
        let by = trust.opened_by().map_or("genesis", OpenedBy::word);
        output.text(&format!("  epoch    {epoch}, opened by {by}"));
    }
    for (at, line) in signers(trust.rule()).iter().enumerate() {
        let word = if at == 0 { "signers" } else { "" };
        output.text(&format!("  {word:<7}  {line}"));
    }
    if let Some(weakness) = &weakness {
        output.text(&format!("  ! {weakness}"));
    }
    for past in trust.past() {
        output.text(&format!(
            "  epoch {} ended at size {} with root {}",
            past.epoch, past.size, past.root
        ));
    }
    if !trust.past().is_empty() {
        let whole = spoken(trust.file_hash());
        output.text(&format!("  words with the past epochs  {whole}"));
    }
    if let Some(genesis) = genesis {
        output.text(&format!("  genesis  {genesis}"));
    }
    for witness in trust.witnesses() {
        let outside = if agencies.contains(&witness.name.as_str()) {
            ""
        } else {
            "  (outside witness)"
        };
        output.text(&format!(
            "  may sign {}  {}{outside}",
            witness.name, witness.key.name
        ));
    }
}
