//! What `muhr verify` shows of a judgement: the verdict, then what is proven, then how many checks hold.

use std::path::Path;

use serde_json::{Value, json};
use verify::{
    Verdict,
    checkpoint::Way,
    receipt::{ReceiptFacts, Shown},
};

use super::{Subject, Told};
use crate::{
    agency::policy,
    auditor::{dossier, standing},
    exit::ExitCode,
    output::{Line, checks, iso, local, steps_json},
};

impl Subject {
    /// What a reader must not take for granted, behind the verdict.
    const fn words(self) -> Option<&'static str> {
        match self {
            Self::Document | Self::Other(_) => None,
            Self::ReceiptAlone => Some("receipt alone"),
            Self::DocumentInDossier => Some("dossier"),
            Self::DossierAlone => Some("dossier alone"),
        }
    }

    /// The same for programs.
    pub(in crate::auditor) const fn word(self) -> &'static str {
        match self {
            Self::Document => "document",
            Self::ReceiptAlone => "receipt alone",
            Self::DocumentInDossier => "document in dossier",
            Self::DossierAlone => "dossier alone",
            Self::Other(kind) => kind.word(),
        }
    }
}

/// The first line of a file: the verdict, what it is of, and the file.
fn headline(
    file: &Path,
    (subject, verdict): (Subject, Verdict),
    facts: Option<&ReceiptFacts>,
) -> Line {
    let way = facts.and_then(|facts| match facts.way {
        Way::Current => None,
        Way::Bridge | Way::AsOfThen => Some("by a past epoch's line in the trust file"),
    });
    let remarks: Vec<&str> = subject.words().into_iter().chain(way).collect();
    let remarks = if remarks.is_empty() {
        String::new()
    } else {
        format!(" ({})", remarks.join("; "))
    };
    Line::judged("", verdict, format!("{remarks}  {}", file.display()))
}

/// All lines of a file, of which the verdict may be a graver one than the judgement's own.
pub(in crate::auditor) fn lines(
    file: &Path,
    said: (Subject, Verdict),
    judgement: &Told,
    all_steps: bool,
) -> Vec<Line> {
    let facts = judgement.facts.as_ref();
    // Of what proves no record, the steps are all that there is to say: who signed both sides of a fork.
    let steps = checks(&judgement.steps, all_steps || facts.is_none());
    let proven = facts.map(proven).unwrap_or_default();
    let rest = steps.failed.into_iter().chain(proven).chain(steps.others);
    let first = std::iter::once(headline(file, said, facts));
    first.chain(rest.map(Line::text)).collect()
}

/// What is proven, a line each.
fn proven(facts: &ReceiptFacts) -> Vec<String> {
    let mut lines = Vec::new();
    let number = facts.record.as_deref();
    let number = number.map_or_else(|| "(number not shown)".to_owned(), ToOwned::to_owned);
    lines.push(format!(
        "  {number} in {}, version {} ({} by {})",
        facts.registry,
        facts.version,
        facts.operation.word(),
        facts.author
    ));
    let (time, height) = (local(facts.time.get()), facts.height);
    lines.push(format!("  recorded {time} in block {height}"));
    let names: Vec<&str> = facts
        .cosigners
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    lines.push(match facts.way {
        Way::Bridge => {
            "  part of the log with which its epoch ended, as the trust file says".to_owned()
        }
        Way::Current | Way::AsOfThen => format!("  cosigned by {}", names.join(", ")),
    });
    if !facts.log_signed && facts.way != Way::Bridge {
        lines.push("  without the log's own line: other people's tools refuse the checkpoint; muhr receipt refresh gets one with it".to_owned());
    }
    for (name, value) in &facts.fields {
        lines.push(format!("  {name}: {value}"));
    }
    match facts.shown {
        Shown::All => {}
        Shown::Part { withheld_max } => {
            lines.push(format!("  withheld: at most {withheld_max} fields"));
        }
        Shown::Nothing => {
            lines.push("  withheld: number and content; the entry is proven".to_owned());
        }
    }
    if let Some(standing) = &facts.standing {
        lines.push(format!(
            "  {}",
            standing::words(standing, facts.endorsement)
        ));
    }
    if let Some(policy) = &facts.policy {
        let words = policy::in_words(Some(policy));
        lines.push(format!("  {} by now: {words}", facts.registry));
    }
    if let Some(since) = facts.compromised {
        lines.push(format!(
            "  ! the key of {} may have been in other hands since {}, before this was recorded; ask the agency",
            facts.author,
            local(since.get())
        ));
    }
    lines.push(format!(
        "  as of block {}, {}; a later change does not show offline",
        facts.as_of_height,
        local(facts.as_of_time.get())
    ));
    lines
}

/// One file for programs.
pub(in crate::auditor) fn json(file: &Path, subject: Subject, judgement: &Told) -> Value {
    let verdict = judgement.verdict;
    json!({
        "file": file.display().to_string(), "judged": subject.word(), "verdict": verdict.words(), "exit_code": verdict.exit_code(),
        "steps": steps_json(&judgement.steps), "facts": judgement.facts.as_ref().map(facts_json),
    })
}

/// What is proven, for programs.
pub(in crate::auditor) fn facts_json(facts: &ReceiptFacts) -> Value {
    let (shown, withheld_max) = match facts.shown {
        Shown::All => ("all", Some(0)),
        Shown::Part { withheld_max } => ("part", Some(withheld_max)),
        Shown::Nothing => ("nothing", None),
    };
    json!({
        "registry": facts.registry, "key": facts.key.to_hex(), "record": facts.record, "rests_on": dossier::references_json(&facts.references), "version": facts.version.get(), "operation": facts.operation.word(),
        "author": facts.author, "effective": facts.effective, "reason": facts.reason, "index": facts.index.get(),
        "height": facts.height.get(), "time": iso(facts.time.get()), "status": facts.status.word(), "latest_version": facts.latest.get(),
        "size": facts.size.get(), "as_of_height": facts.as_of_height.get(), "as_of_time": iso(facts.as_of_time.get()),
        "cosigners": facts.cosigners.iter().map(|(name, time)| json!({"name": name, "time": iso(time.get().saturating_mul(1000))})).collect::<Vec<_>>(),
        "log_signed": facts.log_signed, "way": facts.way.words(), "shown": shown, "withheld_max": withheld_max,
        "standing": standing::json(facts.standing.as_ref(), facts.endorsement),
        "policy": facts.policy.as_ref().map(policy::as_json),
        "compromised": facts.compromised.map(|since| iso(since.get())),
        "fields": facts.fields.iter().map(|(name, value)| json!({"name": name, "value": value})).collect::<Vec<_>>(),
    })
}
