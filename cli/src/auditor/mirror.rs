//! `muhr log mirror`: a copy of the log in a folder that any web server can serve.
//!
//! Entries come from the node; every tile of hashes is made here from the entries, and no file is put into
//! its place before all of them are known to lead to the root of the checkpoint. The checkpoint is replaced
//! last: a mirror that was interrupted is an older one, and never a wrong one.

use std::{fs, path::PathBuf};

use clap::Args;
use client::{
    durable::{self, FileError},
    formats,
    log::{Log, mirror},
};
use messages::UserMessage;
use protocol::{
    height::LogSize,
    note::{NoteSignature, SignedNote},
    policy::TrustPolicy,
    text,
};
use verify::checkpoint;
use views::{auditor::mirror::MirrorView, shown::WITHOUT_LOG_LINE};

use super::watch;
use crate::{
    exit::{DONE, Failure, UNREACHABLE},
    nodes,
    output::Output,
};

/// `muhr log mirror URL DIR`.
#[derive(Debug, Args)]
pub struct MirrorArguments {
    /// Address of a node, or the folder of another mirror
    pub url: String,
    /// The folder
    pub dir: PathBuf,
    /// Address of a witness that is asked to cosign; may be repeated
    #[arg(long = "witness", value_name = "URL")]
    pub witnesses: Vec<String>,
    /// Trust file of the network
    #[arg(long, env = "MUHR_TRUST", value_name = "FILE")]
    pub trust: PathBuf,
    /// Where evidence of a fork goes
    #[arg(long, default_value = "fork.evidence", value_name = "FILE")]
    pub evidence: PathBuf,
}

/// Signature lines of a note that all tools read.
const SIGNATURES_MAX: usize = 16;
/// How often one witness is asked; others may ask it at the same time.
const WITNESS_TRIES: u32 = 5;

pub(crate) fn run(arguments: &MirrorArguments, output: &Output) -> Result<u8, Failure> {
    let trust = formats::trust(&arguments.trust)?;
    let log = nodes::log(&arguments.url)?;
    let note = log.checkpoint()?;
    let trusted = checkpoint::judge(&trust, &note).map_err(|error| {
        Failure::verdict(
            error.verdict(),
            UserMessage::new("node-checkpoint-untrusted").text("reason", error),
        )
    })?;
    let size = trusted.checkpoint().size;
    fs::create_dir_all(&arguments.dir)
        .map_err(|error| FileError::unwritable(&arguments.dir, error))?;
    let kept = arguments.dir.join("checkpoint");
    if kept.exists() {
        let older = Log::Folder(arguments.dir.clone()).checkpoint()?;
        watch::continues(&trust, &log, &older, &note, &arguments.evidence)?;
    }
    let written = mirror::bring(&log, &arguments.dir, trusted.checkpoint())?;
    if !trusted.log_signed() {
        output.note(&UserMessage::new("note-checkpoint-is").text("without", WITHOUT_LOG_LINE));
    }
    let note = witnessed(arguments, &trust, size, note, output);
    durable::write(&kept, note.as_bytes())?;
    let checkpoint = trusted.checkpoint();
    output.view(&MirrorView {
        url: arguments.url.clone(),
        dir: arguments.dir.display().to_string(),
        origin: checkpoint.origin.to_string(),
        size: size.get(),
        root: checkpoint.root.to_string(),
        files_written: written,
    });
    Ok(DONE)
}

/// The note with the lines of the witnesses that cosigned it. One that is away, or refuses, is named
/// and left out: a missing witness keeps nobody from the log.
fn witnessed(
    arguments: &MirrorArguments,
    trust: &TrustPolicy,
    size: LogSize,
    mut note: String,
    output: &Output,
) -> String {
    let own = Log::Folder(arguments.dir.clone());
    for url in &arguments.witnesses {
        match ask(url, &own, size, &note) {
            Ok(line) => match with_line(trust, &note, &line) {
                Ok(longer) => note = longer,
                Err(why) => output.note(
                    &UserMessage::new("note-witness-line-left-out")
                        .text("url", url)
                        .part("why", why),
                ),
            },
            Err(failure) => output.note(
                &UserMessage::new("note-witness")
                    .text("url", url)
                    .part("why", failure.what),
            ),
        }
    }
    note
}

/// The note with one line more. Where there is no room for it, agencies' lines beyond the network's quorum
/// make way: a witness's line says what they do not.
fn with_line(trust: &TrustPolicy, note: &str, line: &str) -> Result<String, UserMessage> {
    let holds = |note: &SignedNote| trust.evaluate(note).ok();
    let read = SignedNote::parse(&format!("{note}{line}"));
    let mut longer = read.map_err(|_| UserMessage::new("witness-line-none"))?;
    // One line that does not hold would spoil the note for everybody.
    let judged = holds(&longer).ok_or_else(|| UserMessage::new("witness-line-does-not-hold"))?;
    if !judged.network_quorum {
        return Err(UserMessage::new("witness-line-too-few"));
    }
    let agencies = trust.agencies();
    let is_agency = |line: &NoteSignature| {
        let mut witnesses = trust.witnesses().iter();
        witnesses.any(|one| agencies.contains(&one.name.as_str()) && one.key.is_of(line))
    };
    for at in (0..longer.signatures.len()).rev() {
        if longer.signatures.len() <= SIGNATURES_MAX {
            break;
        }
        if longer.signatures.get(at).is_some_and(is_agency) {
            let mut fewer = longer.clone();
            let _agency = fewer.signatures.remove(at);
            if holds(&fewer).is_some_and(|judged| judged.network_quorum) {
                longer = fewer;
            }
        }
    }
    if longer.signatures.len() > SIGNATURES_MAX {
        return Err(UserMessage::new("witness-line-no-room"));
    }
    Ok(longer.write())
}

/// Asks one witness to cosign, from wherever it stands.
fn ask(url: &str, own: &Log, size: LogSize, note: &str) -> Result<String, Failure> {
    let client = nodes::connect_to(url)?;
    let mut old = LogSize::ZERO;
    for _ in 0..WITNESS_TRIES {
        let proof: String = own
            .consistency(old, size)?
            .iter()
            .map(|hash| format!("{}\n", text::base64(hash)))
            .collect();
        let (status, answer) = client.add_checkpoint(&format!("old {old}\n{proof}\n{note}"))?;
        let stands = answer.trim_end().parse().ok().map(LogSize::new);
        match (status, stands) {
            (200, _) => return Ok(answer),
            (409, Some(stands)) if stands <= size => old = stands,
            (409, Some(stands)) => {
                let what = UserMessage::new("witness-signed-larger")
                    .text("signed", stands)
                    .text("size", size);
                return Err(Failure::new(UNREACHABLE, what));
            }
            _ => {
                let what = UserMessage::new("witness-answered")
                    .text("status", status)
                    .text("answer", answer.trim_end());
                return Err(Failure::new(UNREACHABLE, what));
            }
        }
    }
    Err(Failure::new(
        UNREACHABLE,
        UserMessage::new("witness-size-changes"),
    ))
}

#[cfg(test)]
mod tests {
    use protocol::{
        checkpoint::Checkpoint,
        cosignature,
        hash::RootHash,
        key::{SecretKey, vkey},
        name::Origin,
        note::ALGORITHM_COSIGNATURE,
    };

    use super::*;

    const ORIGIN: &str = "registry.example.uz/test/1";

    fn secret(at: usize) -> SecretKey {
        SecretKey::from_seed(&[u8::try_from(at + 1).unwrap(); 32])
    }

    fn line(name: &str, secret: &SecretKey, text: &str) -> String {
        let key = protocol::note::NoteKey {
            name: name.to_owned(),
            algorithm: ALGORITHM_COSIGNATURE,
            key: secret.public(),
        };
        let mut blob = 7_u64.to_be_bytes().to_vec();
        blob.extend_from_slice(cosignature::sign(secret, 7, text).as_bytes());
        NoteSignature {
            name: name.to_owned(),
            key_id: key.id(),
            blob,
        }
        .write()
    }

    /// A network of so many agencies that all cosigned, and the note that they make.
    fn network(agencies: usize, needed: usize) -> (TrustPolicy, String, String) {
        let text = Checkpoint {
            origin: Origin::parse(ORIGIN).unwrap(),
            size: LogSize::new(7),
            root: RootHash::new([7; 32]),
        }
        .write();
        let mut policy = format!("log {}\n", vkey(ORIGIN, 1, &secret(200).public()));
        let (mut note, mut names) = (format!("{text}\n"), String::new());
        for at in 0..agencies {
            let key = vkey(&format!("a{at}.example"), 4, &secret(at).public());
            policy += &format!("witness a{at} {key}\n");
            names += &format!(" a{at}");
            note += &line(&format!("a{at}.example"), &secret(at), &text);
        }
        policy += &format!("group validators {needed}{names}\nquorum validators\n");
        (TrustPolicy::parse(policy.as_bytes()).unwrap(), note, text)
    }

    #[test]
    fn agencies_lines_beyond_the_quorum_make_way_for_witnesses() {
        for agencies in [4, 14, 15, 16, 17, 22] {
            let needed = protocol::agency::quorum(agencies);
            let (trust, note, text) = network(agencies, needed);
            let (mut all, mut taken) = (note, 0);
            for at in 0..3 {
                let name = format!("w{at}.example");
                let line = line(&name, &secret(100 + at), &text);
                match with_line(&trust, &all, &line) {
                    Ok(longer) => {
                        assert!(longer.contains(&line), "{agencies}");
                        (all, taken) = (longer, taken + 1);
                    }
                    Err(why) => assert_eq!(why.code(), "witness-line-no-room"),
                }
            }
            let read = SignedNote::parse(&all).unwrap();
            assert!(
                read.signatures.len() <= SIGNATURES_MAX.max(agencies),
                "{agencies}"
            );
            assert!(trust.evaluate(&read).unwrap().quorum, "{agencies}");
            assert_eq!(taken, 3.min(SIGNATURES_MAX - needed), "{agencies}");
        }
    }

    #[test]
    fn a_line_that_does_not_hold_or_is_none_is_left_out() {
        let (trust, note, text) = network(4, 3);
        let forged = line("a0.example", &secret(0), &text.replacen("7", "8", 1));
        assert_eq!(
            with_line(&trust, &note, &forged),
            Err(UserMessage::new("witness-line-does-not-hold"))
        );
        assert_eq!(
            with_line(&trust, &note, "\u{2014} x\n"),
            Err(UserMessage::new("witness-line-none"))
        );
        let few: String = note
            .lines()
            .take(6)
            .map(|line| format!("{line}\n"))
            .collect();
        let good = line("w.example", &secret(9), &text);
        let refused = with_line(&trust, &few, &good);
        assert_eq!(refused, Err(UserMessage::new("witness-line-too-few")));
    }
}
