//! `muhr log mirror`: a copy of the log in a folder that any web server can serve.
//!
//! Entries come from the node; every tile of hashes is made here from the entries, and no file is put into
//! its place before all of them are known to lead to the root of the checkpoint. The checkpoint is replaced
//! last: a mirror that was interrupted is an older one, and never a wrong one.

use std::{fs, path::PathBuf};

use clap::Args;
use client::{
    coded::Coded,
    durable::{self, FileError},
    http::Client,
    log::{Log, mirror},
    trust_chain::{self, ChainError},
};
use messages::UserMessage;
use protocol::{
    cosignature,
    epoch::PROOF_BYTES_MAX,
    height::{Epoch, LogSize},
    note::{NoteKey, NoteSignature, SignedNote},
    policy::TrustPolicy,
    text,
};
use verify::{Verdict, checkpoint};
use views::{
    auditor::mirror::{AskedWitness, MirrorView},
    shown::WITHOUT_LOG_LINE,
};

use super::{outside::OutsideWitness, watch};
use crate::{
    exit::{DONE, Failure, SOME_NOT_DONE, words},
    nodes,
    output::Output,
    trust_file,
};

/// `muhr log mirror URL DIR`.
#[derive(Debug, Args)]
pub struct MirrorArguments {
    /// Address of a node, or the folder of another mirror
    pub url: String,
    /// The folder
    pub dir: PathBuf,
    /// A witness that is asked to cosign, its key and its address, as court=court.example/w1+1a2b3c4d+BA...,https://court.example/; may be repeated
    #[arg(long = "witness", value_name = "NAME=VKEY,URL")]
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
    let witnesses = OutsideWitness::all(&arguments.witnesses)?;
    let log = nodes::log(&arguments.url)?;
    let trust = trust_file::of_log(&arguments.trust, &log, output)?;
    let note = log.checkpoint()?;
    let trusted = checkpoint::judge(&trust, &note).map_err(|error| {
        Failure::verdict(
            error.verdict(),
            UserMessage::new("node-checkpoint-untrusted").text("reason", error),
        )
    })?;
    fs::create_dir_all(&arguments.dir)
        .map_err(|error| FileError::unwritable(&arguments.dir, error))?;
    // One at a time, where a folder can be kept so: of two, the slower would put its older checkpoint back.
    let folder = fs::File::open(&arguments.dir).ok();
    if let Some(folder) = &folder {
        durable::lock(&arguments.dir, folder)?;
    }
    let kept = arguments.dir.join("checkpoint");
    let own = Log::Folder(arguments.dir.clone());
    let older = kept.exists().then(|| own.checkpoint()).transpose()?;
    if let Some(older) = &older {
        let then = trust_file::of_note(&arguments.trust, &trust, older);
        checkpoint::judge(&then, older).map_err(|error| {
            let what = UserMessage::new("checkpoint-untrusted")
                .text("path", kept.display())
                .text("reason", &error);
            Failure::verdict(error.verdict(), what).help(UserMessage::new("help-mirror-checkpoint"))
        })?;
        let (older, newer) = ((&then, older.as_str()), (&trust, note.as_str()));
        watch::continues(&log, older, newer, &arguments.evidence)?;
    }
    let written = mirror::bring(&log, &arguments.dir, trusted.checkpoint())?;
    keep_chain(&log, arguments, &trust, output)?;
    if !trusted.log_signed() {
        output.note(&UserMessage::new("note-checkpoint-is").text("without", WITHOUT_LOG_LINE));
    }
    let checkpoint = trusted.checkpoint();
    let mut note = Witnessed::new(&trust, &note, older.as_deref())?;
    let said = witnesses.iter().map(|witness| {
        let refused = note.ask(witness, &own, checkpoint.size).err();
        (witness, refused)
    });
    let said: Vec<_> = said.collect();
    durable::write(&kept, note.now.write().as_bytes())?;
    let asked = |(witness, refused): &(&OutsideWitness<'_>, Option<UserMessage>)| AskedWitness {
        name: witness.name.to_owned(),
        url: witness.url.to_owned(),
        cosigned: note.holds_line_of(&witness.key),
        code: refused.as_ref().map(|why| why.code().to_owned()),
        reason: refused.as_ref().map(words),
    };
    let view = MirrorView {
        url: arguments.url.clone(),
        dir: arguments.dir.display().to_string(),
        origin: checkpoint.origin.to_string(),
        size: checkpoint.size.get(),
        root: checkpoint.root.to_string(),
        files_written: written,
        witnesses: said.iter().map(asked).collect(),
    };
    output.view(&view);
    // The copy is whole and there; what was asked for besides is not.
    Ok(if view.is_witnessed() {
        DONE
    } else {
        SOME_NOT_DONE
    })
}

/// Keeps the chain of trust files in the mirror. A place that does not give it is no reason to go without its log.
fn keep_chain(
    log: &Log,
    arguments: &MirrorArguments,
    trust: &TrustPolicy,
    output: &Output,
) -> Result<(), Failure> {
    match trust_chain::keep(log, &arguments.dir, trust) {
        Ok(_new) => Ok(()),
        Err(error @ (ChainError::Http(_) | ChainError::File(_))) => {
            output.note(
                &UserMessage::new("note-mirror-without-trust").part("reason", error.message()),
            );
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

/// The note that the mirror will hold, with the lines of the witnesses that cosigned it.
struct Witnessed<'a> {
    trust: &'a TrustPolicy,
    now: SignedNote,
    /// Lines that the mirror holds already for this very checkpoint, if it does.
    held: Vec<NoteSignature>,
    /// Lines of the node that nobody has judged.
    unjudged: Vec<NoteSignature>,
}

impl<'a> Witnessed<'a> {
    fn new(trust: &'a TrustPolicy, note: &str, older: Option<&str>) -> Result<Self, Failure> {
        let read = |note: &str| {
            SignedNote::parse(note).map_err(|error| {
                Failure::verdict(
                    Verdict::ProofBroken,
                    UserMessage::new("node-checkpoint-untrusted").text("reason", error),
                )
            })
        };
        let mut now = read(note)?;
        // Of what the node sent, the lines that the trust file's keys have made, which were judged with the
        // checkpoint: others, which nobody has judged, would take the witnesses' room.
        let is_known = |line: &NoteSignature| {
            let mut keys = trust.witnesses().iter().map(|one| &one.key);
            keys.any(|key| key.is_of(line)) || trust.logs().any(|key| key.is_of(line))
        };
        let (known, unjudged) = now.signatures.into_iter().partition(is_known);
        now.signatures = known;
        let older = older.map(read).transpose()?;
        let held = older.filter(|older| older.text == now.text);
        let held = held.map_or_else(Vec::new, |older| older.signatures);
        let mut note = Self {
            trust,
            now,
            held,
            unjudged,
        };
        note.keep_held();
        Ok(note)
    }

    /// Returns whether a line of a key stands under the note; all that do were judged.
    fn holds_line_of(&self, key: &NoteKey) -> bool {
        self.now.signatures.iter().any(|line| key.is_of(line))
    }

    /// Lines that this mirror took for this very checkpoint before stay, whoever is named this time.
    fn keep_held(&mut self) {
        for line in &self.held {
            let mut lines = self.now.signatures.iter();
            let is_there =
                lines.any(|other| other.name == line.name && other.key_id == line.key_id);
            if !is_there && let Some(longer) = with_line(self.trust, &self.now, line.clone()) {
                self.now = longer;
            }
        }
    }

    /// Asks one witness, and takes the line that its key has made. One that is away, refuses or lies keeps nobody
    /// from the log: its line is missing, unless a line that holds is here already.
    fn ask(
        &mut self,
        witness: &OutsideWitness<'_>,
        own: &Log,
        size: LogSize,
    ) -> Result<(), UserMessage> {
        let holds = |line: &&NoteSignature| {
            witness.key.is_of(line)
                && cosignature::verify_line(&witness.key, &self.now.text, line).is_ok()
        };
        let lines = self.now.signatures.iter().chain(&self.held);
        let here = lines.chain(&self.unjudged).find(holds);
        let here = here.cloned();
        // Nobody has judged what the node sent under this key.
        self.now.signatures.retain(|line| !witness.key.is_of(line));
        let asked = ask(witness, own, size, &self.now);
        let refused = asked.as_ref().err().cloned();
        if let Some(line) = asked.ok().or(here) {
            let longer = with_line(self.trust, &self.now, line);
            self.now = longer.ok_or_else(|| UserMessage::new("witness-line-no-room"))?;
        }
        refused.map_or(Ok(()), Err)
    }
}

/// The note with one line more. Where there is no room for it, agencies' lines beyond the network's quorum
/// make way: a witness's line says what they do not.
fn with_line(trust: &TrustPolicy, note: &SignedNote, line: NoteSignature) -> Option<SignedNote> {
    let agencies = trust.agencies();
    let is_agency = |line: &NoteSignature| {
        let mut witnesses = trust.witnesses().iter();
        witnesses.any(|one| agencies.contains(&one.name.as_str()) && one.key.is_of(line))
    };
    let mut longer = note.clone();
    longer.signatures.push(line);
    for at in (0..longer.signatures.len()).rev() {
        if longer.signatures.len() <= SIGNATURES_MAX {
            break;
        }
        if longer.signatures.get(at).is_some_and(is_agency) {
            let mut fewer = longer.clone();
            let _agency = fewer.signatures.remove(at);
            if trust
                .evaluate(&fewer)
                .is_ok_and(|judged| judged.network_quorum)
            {
                longer = fewer;
            }
        }
    }
    (longer.signatures.len() <= SIGNATURES_MAX).then_some(longer)
}

/// The line with which a witness cosigns a note, from wherever it stands.
fn ask(
    witness: &OutsideWitness<'_>,
    own: &Log,
    size: LogSize,
    note: &SignedNote,
) -> Result<NoteSignature, UserMessage> {
    let what = |failure: Failure| failure.what;
    let client = nodes::connect_to(witness.url).map_err(what)?;
    let mut old = LogSize::ZERO;
    let mut is_led = false;
    for _ in 0..WITNESS_TRIES {
        let proof = own.consistency(old, size).map_err(Failure::from);
        let proof = proof.map_err(what)?;
        let proof: String = proof
            .iter()
            .map(|hash| format!("{}\n", text::base64(hash)))
            .collect();
        let asked = client.add_checkpoint(&format!("old {old}\n{proof}\n{}", note.write()));
        let (status, answer) = asked.map_err(Failure::from).map_err(what)?;
        let stands = answer.trim_end().parse().ok().map(LogSize::new);
        match (status, stands) {
            (200, _) => return line_of(&witness.key, note, &answer),
            (409, Some(stands)) if stands <= size => old = stands,
            // It may judge by the trust file of an epoch that has ended.
            (403, _) if !is_led && lead(&client, own) => is_led = true,
            (409, Some(stands)) => {
                return Err(UserMessage::new("witness-signed-larger")
                    .text("signed", stands)
                    .text("size", size));
            }
            _ => {
                return Err(UserMessage::new("witness-answered")
                    .text("status", status)
                    .text("answer", answer.trim_end()));
            }
        }
    }
    Err(UserMessage::new("witness-size-changes"))
}

/// Hands a witness the proofs that the mirror holds, from the epoch on in which it stands. Says whether it has come to a
/// later one.
fn lead(witness: &Client, own: &Log) -> bool {
    let Log::Folder(folder) = own else {
        return false;
    };
    let (mut next, mut has_moved) = (Epoch::new(1), false);
    while let Ok(proof) = durable::read(&trust_chain::proof_in(folder, next), PROOF_BYTES_MAX) {
        let Ok((status, answer)) = witness.add_epoch(&proof) else {
            return has_moved;
        };
        let stands = text::number(answer.trim_end()).map(Epoch::new);
        next = match (status, stands) {
            (200, _) => {
                has_moved = true;
                next.next()
            }
            (409, Some(stands)) if stands >= next => stands.next(),
            _ => return has_moved,
        };
    }
    has_moved
}

/// The line of a key among those that a witness answered; it may have other keys as well.
fn line_of(key: &NoteKey, note: &SignedNote, answer: &str) -> Result<NoteSignature, UserMessage> {
    let read = SignedNote::parse(&format!("{}\n{answer}", note.text))
        .map_err(|_| UserMessage::new("witness-line-none"))?;
    let mut lines = read.signatures.into_iter();
    let line = lines
        .find(|line| key.is_of(line))
        .ok_or_else(|| UserMessage::new("witness-line-of-no-such-key"))?;
    match read.text == note.text && cosignature::verify_line(key, &note.text, &line).is_ok() {
        true => Ok(line),
        false => Err(UserMessage::new("witness-line-does-not-hold")),
    }
}

#[cfg(test)]
mod tests {
    use protocol::{
        checkpoint::Checkpoint,
        cosignature::Cosigner,
        hash::RootHash,
        key::{SecretKey, vkey},
        name::Origin,
    };

    use super::*;

    const ORIGIN: &str = "registry.example.uz/test/1";

    fn secret(at: usize) -> SecretKey {
        SecretKey::from_seed(&[u8::try_from(at + 1).unwrap(); 32])
    }

    fn line(name: &str, secret: &SecretKey, text: &str) -> String {
        let cosigner = Cosigner::validator(name.to_owned(), secret.public());
        cosigner.cosignature_line(7, &cosignature::sign(secret, 7, text))
    }

    /// A network of so many agencies that all cosigned, and the note that they make.
    fn network(agencies: usize, needed: usize) -> (TrustPolicy, SignedNote) {
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
        let trust = TrustPolicy::parse(policy.as_bytes()).unwrap();
        (trust, SignedNote::parse(&note).unwrap())
    }

    /// A witness's key, and the line that it makes under a text.
    fn witness(at: usize, text: &str) -> (NoteKey, String) {
        let (name, secret) = (format!("w{at}.example"), secret(100 + at));
        let key = Cosigner::validator(name.clone(), secret.public());
        (key.key().clone(), line(&name, &secret, text))
    }

    #[test]
    fn agencies_lines_beyond_the_quorum_make_way_for_witnesses() {
        for agencies in [4, 14, 15, 16, 17, 22] {
            let needed = protocol::agency::quorum(agencies);
            let (trust, mut all) = network(agencies, needed);
            let mut taken = 0;
            for at in 0..3 {
                let (key, line) = witness(at, &all.text);
                let line = line_of(&key, &all, &line).unwrap();
                if let Some(longer) = with_line(&trust, &all, line.clone()) {
                    assert!(longer.signatures.contains(&line), "{agencies}");
                    (all, taken) = (longer, taken + 1);
                }
            }
            let lines = all.signatures.len();
            assert!(lines <= SIGNATURES_MAX.max(agencies), "{agencies}");
            assert!(trust.evaluate(&all).unwrap().quorum, "{agencies}");
            assert_eq!(taken, 3.min(SIGNATURES_MAX - needed), "{agencies}");
        }
    }

    #[test]
    fn only_a_line_of_the_witness_that_verifies_is_taken() {
        let (_, note) = network(4, 3);
        let (key, good) = witness(0, &note.text);
        let (_, other) = witness(1, &note.text);
        // The same name, and another key.
        let twin = line("w0.example", &secret(9), &note.text);
        let (_, elsewhere) = witness(0, &note.text.replacen("\n7\n", "\n8\n", 1));
        for (answer, refused) in [
            (good.clone(), None),
            // A witness may have several keys, and answer with a line of each.
            (format!("{other}{good}"), None),
            (other, Some("witness-line-of-no-such-key")),
            (twin, Some("witness-line-of-no-such-key")),
            (elsewhere, Some("witness-line-does-not-hold")),
            ("\u{2014} x\n".to_owned(), Some("witness-line-none")),
            (
                format!("more\n\n{good}"),
                Some("witness-line-does-not-hold"),
            ),
            (String::new(), Some("witness-line-none")),
        ] {
            let read = line_of(&key, &note, &answer);
            match refused {
                None => assert_eq!(read.unwrap().write(), good, "{answer:?}"),
                Some(why) => assert_eq!(read.unwrap_err().code(), why, "{answer:?}"),
            }
        }
    }
}
