//! `muhr verify`: judges documents and receipts, offline.

use std::path::{Path, PathBuf};

use protocol::{
    dossier::Dossier, policy::TrustPolicy, receipt::RECEIPT_BYTES_MAX, standing::Endorsement,
};
use serde_json::{Value, json};
use verify::{
    Step, Verdict,
    checkpoint::{self, Trusts, Way},
    receipt::{Facts, Judgement, Shown},
};

use super::{dossier, standing};
use crate::{
    agency::policy,
    arguments::VerifyArguments,
    exit::{Failure, USAGE},
    files,
    output::{Output, iso, local, steps_json},
};

/// How far a dossier is followed unless another depth is asked for.
const DEPTH_MAX: u8 = 16;

pub(crate) fn run(arguments: &VerifyArguments, output: &Output) -> Result<u8, Failure> {
    if arguments.receipt.is_some() && arguments.files.len() != 1 {
        return Err(Failure::new(USAGE, "--receipt goes with one document")
            .help("without it, the receipt of FILE is FILE.receipt"));
    }
    let trust = files::trust(&arguments.trust)?;
    let then = arguments.then.iter().map(|path| files::trust(path));
    let then = then.collect::<Result<Vec<_>, _>>()?;
    let trusts = Trusts::new(&trust, &then);
    let mut gravest = Verdict::Authentic;
    let mut judged = Vec::new();
    for file in &arguments.files {
        if let Some(path) = as_dossier(file, arguments.receipt.as_deref())? {
            if arguments.effective {
                let what = format!(
                    "{} is a dossier, and --effective asks of receipts",
                    path.display()
                );
                return Err(
                    Failure::new(USAGE, what).help("verify the receipts that it was gathered from")
                );
            }
            let document = (path != file.as_path())
                .then(|| files::hash(file))
                .transpose()?;
            let depth = arguments.follow.unwrap_or(DEPTH_MAX);
            let (verdict, shown) =
                dossier::judge(output, trusts, file, path, document.as_ref(), depth)?;
            gravest = gravest.graver(verdict);
            judged.push(shown);
            continue;
        }
        let mut judgement = judge(trusts, file, arguments.receipt.as_deref())?;
        follows(&mut judgement, arguments.follow);
        if arguments.effective {
            require_effect(&mut judgement);
        }
        gravest = gravest.graver(judgement.verdict);
        show(output, file, &judgement);
        for reference in judgement.facts.iter().flat_map(|facts| &facts.references) {
            let what = dossier::words(reference);
            output.text(&format!(
                "  rests on {what}, which this receipt does not prove"
            ));
        }
        judged.push(as_json(file, &judgement));
    }
    output.data(&json!({"schema": "muhr/verify/1", "verdict": gravest.words(), "exit_code": gravest.exit_code(), "files": judged}));
    Ok(gravest.exit_code())
}

/// A receipt alone proves nothing of what it rests on: whoever asks for that has no answer yet.
fn follows(judgement: &mut Judgement, follow: Option<u8>) {
    let rests_on = judgement.facts.as_ref().map(|facts| &facts.references);
    if follow.unwrap_or(0) == 0 || rests_on.is_none_or(Vec::is_empty) {
        return;
    }
    judgement.steps.push(Step {
        name: "references",
        ok: false,
        detail: "this is a receipt alone, without those of the records that it rests on; gather it first with muhr receipt gather".to_owned(),
    });
    judgement.verdict = judgement.verdict.graver(Verdict::CannotDecide);
}

/// A version whose confirmations are missing, came too late or are disputed is no more than pending. One of
/// which nobody was asked waits for nobody.
fn require_effect(judgement: &mut Judgement) {
    let Some(facts) = judgement.facts.as_ref() else {
        return;
    };
    let endorsement = facts.endorsement;
    let ok = matches!(
        endorsement,
        Endorsement::Effective(_) | Endorsement::NotAsked
    );
    if judgement.verdict == Verdict::Authentic && !ok {
        judgement.verdict = Verdict::Pending;
    }
    judgement.steps.push(Step {
        name: "effect",
        ok,
        detail: format!(
            "by the word of those who were asked it is {}",
            endorsement.word()
        ),
    });
}

/// The dossier among the files, if one of them is a dossier.
fn as_dossier<'a>(file: &'a Path, receipt: Option<&'a Path>) -> Result<Option<&'a Path>, Failure> {
    let path = receipt.unwrap_or(file);
    Ok(Dossier::is_start(&head(path)?).then_some(path))
}

fn judge(trusts: Trusts<'_>, file: &Path, receipt: Option<&Path>) -> Result<Judgement, Failure> {
    if receipt.is_none() {
        let head = head(file)?;
        if head.starts_with(b"muhr-receipt/") {
            return Ok(verify::receipt::judge(
                trusts,
                &files::read(file, RECEIPT_BYTES_MAX)?,
                None,
            ));
        }
        if head.starts_with(b"muhr-evidence/") {
            return judge_evidence(trusts.now(), file);
        }
    }
    let path = receipt.map_or_else(|| files::beside(file, ".receipt"), Path::to_owned);
    let hash = files::hash(file)?;
    if !path.exists() {
        return Ok(without_receipt(&path));
    }
    let bytes = files::read(&path, RECEIPT_BYTES_MAX)?;
    Ok(verify::receipt::judge(trusts, &bytes, Some(&hash)))
}

fn head(file: &Path) -> Result<Vec<u8>, Failure> {
    use std::io::Read;
    let mut bytes = Vec::new();
    let opened = std::fs::File::open(file).map_err(|error| files::unreadable(file, &error))?;
    opened
        .take(32)
        .read_to_end(&mut bytes)
        .map_err(|error| files::unreadable(file, &error))?;
    Ok(bytes)
}

fn without_receipt(path: &Path) -> Judgement {
    let pending: PathBuf = files::beside(path, ".pending");
    let (verdict, detail) = if pending.exists() {
        (
            Verdict::Pending,
            format!("the entry is on its way: {}", pending.display()),
        )
    } else {
        (
            Verdict::CannotDecide,
            format!(
                "there is no receipt at {}; give it with --receipt",
                path.display()
            ),
        )
    };
    Judgement {
        verdict,
        steps: vec![Step {
            name: "receipt",
            ok: false,
            detail,
        }],
        facts: None,
    }
}

fn judge_evidence(trust: &TrustPolicy, file: &Path) -> Result<Judgement, Failure> {
    let bytes = files::read(file, RECEIPT_BYTES_MAX)?;
    let text = String::from_utf8_lossy(&bytes);
    let guilty = checkpoint::parse_evidence(&text)
        .map(|(one, other)| checkpoint::fork(trust, &one, &other))
        .unwrap_or_default();
    let (verdict, ok, detail) = if guilty.is_empty() {
        (
            Verdict::ProofBroken,
            false,
            "the evidence convicts nobody under this trust file".to_owned(),
        )
    } else {
        (
            Verdict::Fork,
            true,
            format!(
                "two roots for one size, both signed by {}",
                guilty.join(", ")
            ),
        )
    };
    Ok(Judgement {
        verdict,
        steps: vec![Step {
            name: "evidence",
            ok,
            detail,
        }],
        facts: None,
    })
}

pub(super) fn show(output: &Output, file: &Path, judgement: &Judgement) {
    output.text(&format!(
        "{}  {}",
        output.verdict(judgement.verdict),
        file.display()
    ));
    output.steps(&judgement.steps);
    let Some(facts) = &judgement.facts else {
        return;
    };
    let number = facts
        .record
        .as_deref()
        .map_or_else(|| "(number not shown)".to_owned(), ToOwned::to_owned);
    output.text(&format!(
        "  {number} in {}, version {} ({} by {})",
        facts.registry,
        facts.version,
        facts.operation.word(),
        facts.author
    ));
    output.text(&format!(
        "  recorded {} in block {}",
        local(facts.time.get()),
        facts.height
    ));
    let names: Vec<&str> = facts
        .cosigners
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    output.text(&match facts.way {
        Way::Bridge => "  part of the log with which its epoch ended".to_owned(),
        Way::Current | Way::AsOfThen => format!("  cosigned by {}", names.join(", ")),
    });
    for (name, value) in &facts.fields {
        output.text(&format!("  {name}: {}", printable(value)));
    }
    match facts.shown {
        Shown::All => {}
        Shown::Part { withheld_max } => {
            output.text(&format!("  withheld: at most {withheld_max} fields"));
        }
        Shown::Nothing => output.text("  withheld: number and content; the entry is proven"),
    }
    if let Some(standing) = &facts.standing {
        output.text(&format!(
            "  {}",
            standing::words(standing, facts.endorsement)
        ));
    }
    if let Some(policy) = &facts.policy {
        let words = policy::in_words(Some(policy));
        output.text(&format!("  {} by now: {words}", facts.registry));
    }
    if let Some(since) = facts.compromised {
        output.text(&format!(
            "  ! the key of {} may have been in other hands since {}, before this was recorded; ask the agency",
            facts.author,
            local(since.get())
        ));
    }
    output.text(&format!(
        "  as of block {}, {}; a later change does not show offline",
        facts.as_of_height,
        local(facts.as_of_time.get())
    ));
}

/// Values come from a file: what could command a terminal is shown as a question mark.
pub(super) fn printable(value: &str) -> String {
    value
        .chars()
        .map(|letter| if letter.is_control() { '?' } else { letter })
        .collect()
}

fn as_json(file: &Path, judgement: &Judgement) -> Value {
    json!({
        "file": file.display().to_string(), "verdict": judgement.verdict.words(), "exit_code": judgement.verdict.exit_code(),
        "steps": steps_json(&judgement.steps), "facts": judgement.facts.as_ref().map(facts_json),
    })
}

pub(super) fn facts_json(facts: &Facts) -> Value {
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
        "cosigners": facts.cosigners.iter().map(|(name, time)| json!({"name": name, "time": iso(time.saturating_mul(1000))})).collect::<Vec<_>>(),
        "log_signed": facts.log_signed, "way": facts.way.words(), "shown": shown, "withheld_max": withheld_max,
        "standing": standing::json(facts.standing.as_ref(), facts.endorsement),
        "policy": facts.policy.as_ref().map(policy::as_json),
        "compromised": facts.compromised.map(|since| iso(since.get())),
        "fields": facts.fields.iter().map(|(name, value)| json!({"name": name, "value": value})).collect::<Vec<_>>(),
    })
}
