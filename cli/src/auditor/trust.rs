//! `muhr trust`: what a trust file says, and whether it is the one that was read out.

use std::path::{Path, PathBuf};

use clap::Args;
use client::formats;
use messages::UserMessage;
use protocol::{
    agency::quorum,
    policy::{OpenedBy, Past, PolicyKey, TrustPolicy},
    words,
};
use verify::Verdict;
use views::auditor::trust::{PastEpoch, ShownWitness, TrustView, WordsCover, spoken};

use crate::{
    exit::{CONFIGURATION, DONE, ExitCode, Failure, words},
    output::Output,
};

/// `muhr trust show`.
#[derive(Debug, Args)]
pub struct TrustShowArguments {
    /// The trust file
    pub file: PathBuf,
}

/// `muhr trust check`.
#[derive(Debug, Args)]
pub struct TrustCheckArguments {
    /// The trust file
    pub file: PathBuf,
    /// The eight words
    #[arg(required = true)]
    pub words: Vec<String>,
}

pub(crate) fn show(arguments: &TrustShowArguments, output: &Output) -> Result<u8, Failure> {
    let trust = formats::trust(&arguments.file)?;
    output.view(&view(&trust, &arguments.file, None));
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
            UserMessage::new("words-too-many").text("expected", words::WORDS)
        } else {
            UserMessage::new("words-differ")
                .text("path", arguments.file.display())
                .text("at", at)
        };
        return Err(Failure::new(CONFIGURATION, what).help(UserMessage::new("help-words-again")));
    }
    if whole.is_none() {
        output.view(&view(&trust, &arguments.file, Some(WordsCover::All)));
        return Ok(DONE);
    }
    let covers = Some(WordsCover::WithoutPast);
    output.view(&view(&trust, &arguments.file, covers));
    output.note(&UserMessage::new("note-words-with-past"));
    Ok(Verdict::CannotDecide.exit_code())
}

/// Weakness of a file, if it has one: so few agencies can be wrong together, or be bought.
fn weakness(trust: &TrustPolicy) -> Option<String> {
    let agencies = trust.agencies();
    let least = trust.rule().least(&|name| agencies.contains(&name));
    let (count, enough) = (agencies.len(), quorum(agencies.len()));
    (least < enough).then(|| {
        words(
            &UserMessage::new("trust-file-weak")
                .text("least", least)
                .text("count", count)
                .text("enough", enough),
        )
    })
}

fn view(trust: &TrustPolicy, path: &Path, covers: Option<WordsCover>) -> TrustView {
    let agencies = trust.agencies();
    let witness = |witness: &PolicyKey| ShownWitness {
        name: witness.name.clone(),
        key: witness.key.name.clone(),
        url: witness.url.clone(),
        agency: agencies.contains(&witness.name.as_str()),
    };
    let past = |past: &Past| PastEpoch {
        epoch: past.epoch.get(),
        trust: past.trust.to_hex(),
        size: past.size.get(),
        root: past.root.to_string(),
    };
    TrustView {
        file: path.display().to_string(),
        origin: trust.origin().to_string(),
        epoch: trust.epoch().map(|epoch| epoch.get()),
        genesis: trust.genesis().map(|chain| chain.to_hex()),
        words: spoken(trust.hash().as_bytes()),
        words_cover: covers,
        sha256: trust.hash().to_hex(),
        witnesses: trust.witnesses().iter().map(witness).collect(),
        must_sign: trust.rule().into(),
        weakness: weakness(trust),
        opened_by: trust.opened_by().map(OpenedBy::word),
        base: trust.base().map(|base| base.to_hex()),
        past: trust.past().iter().map(past).collect(),
        base_words: trust.base().map(|base| spoken(base.as_bytes())),
        whole_words: spoken(trust.file_hash()),
    }
}
