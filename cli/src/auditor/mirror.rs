//! `muhr log mirror`: a copy of the log in a folder that any web server can serve.
//!
//! Entries come from the node; every tile of hashes is made here from the entries, so a mirror never
//! holds a tile that its entries do not lead to. The checkpoint is replaced last: a mirror that was
//! interrupted is an older one, and never a wrong one.

use std::{fs, path::Path};

use protocol::{
    height::LogSize,
    merkle::{
        self, Frontier, Hash, leaf_hash,
        tiles::{self, TILE_WIDTH, TilePath},
    },
    policy::TrustPolicy,
    text,
};
use serde_json::json;
use verify::{Verdict, checkpoint};

use super::watch;
use crate::{
    arguments::MirrorArguments,
    client::Client,
    exit::{DONE, Failure, UNREACHABLE},
    files,
    log::Log,
    output::Output,
};

/// Lines of a note that all tools read: text, empty line, and sixteen signatures.
const LINES_MAX: usize = 4 + 16;
/// How often one witness is asked; others may ask it at the same time.
const WITNESS_TRIES: u32 = 5;

pub(crate) fn run(arguments: &MirrorArguments, output: &Output) -> Result<u8, Failure> {
    let trust = files::trust(&arguments.trust)?;
    let log = Log::open(&arguments.url)?;
    let note = log.checkpoint()?;
    let trusted = checkpoint::judge(&trust, &note).map_err(|error| {
        Failure::verdict(error.verdict(), format!("the node's checkpoint: {error}"))
    })?;
    let size = trusted.checkpoint().size;
    fs::create_dir_all(&arguments.dir)
        .map_err(|error| files::unwritable(&arguments.dir, &error))?;
    let kept = arguments.dir.join("checkpoint");
    if kept.exists() {
        let older = Log::Folder(arguments.dir.clone()).checkpoint()?;
        watch::continues(&trust, &log, &older, &note, &arguments.evidence)?;
    }
    let mut mirror = Mirror {
        folder: &arguments.dir,
        levels: Vec::new(),
        frontier: Frontier::default(),
        written: 0,
    };
    mirror.copy(&log, size)?;
    if mirror.frontier.root() != trusted.checkpoint().root {
        return Err(Failure::verdict(
            Verdict::ProofBroken,
            "the entries do not lead to the root of the checkpoint; the mirror keeps its older one",
        ));
    }
    let note = witnessed(arguments, &trust, size, note, output);
    files::write(&kept, note.as_bytes())?;
    output.data(&json!({
        "schema": "muhr/mirror/1", "url": arguments.url, "dir": arguments.dir, "origin": trusted.checkpoint().origin.as_str(),
        "size": size.get(), "root": trusted.checkpoint().root.to_string(), "files_written": mirror.written,
    }));
    output.text(&format!(
        "✔ {} holds the log of {} up to size {size}; {} files written",
        arguments.dir.display(),
        trusted.checkpoint().origin,
        mirror.written
    ));
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
            Ok(line) => {
                let longer = format!("{note}{line}");
                // One line that does not hold would spoil the note for everybody.
                if checkpoint::judge(trust, &longer).is_ok() && longer.lines().count() <= LINES_MAX
                {
                    note = longer;
                } else {
                    output.note(&format!(
                        "the line of witness {url} does not hold; left out"
                    ));
                }
            }
            Err(failure) => output.note(&format!("witness {url}: {}", failure.what)),
        }
    }
    note
}

/// Asks one witness to cosign, from wherever it stands.
fn ask(url: &str, own: &Log, size: LogSize, note: &str) -> Result<String, Failure> {
    let client = Client::new(url)?;
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
                let what = format!("has signed size {stands}, and this log shows only {size}");
                return Err(Failure::new(UNREACHABLE, what));
            }
            _ => {
                let what = format!("answered {status}: {}", answer.trim_end());
                return Err(Failure::new(UNREACHABLE, what));
            }
        }
    }
    Err(Failure::new(
        UNREACHABLE,
        "its size changes while it is asked",
    ))
}

struct Mirror<'a> {
    folder: &'a Path,
    /// The tile being filled at each level, and its index.
    levels: Vec<(u64, Vec<Hash>)>,
    frontier: Frontier,
    written: u64,
}

impl Mirror<'_> {
    fn copy(&mut self, log: &Log, size: LogSize) -> Result<(), Failure> {
        let own = Log::Folder(self.folder.to_owned());
        let mut index = 0;
        while let Some(width) = tiles::width_at(0, index, size) {
            let path = TilePath::Entries { index, width };
            // Only full bundles are kept for good, so only they are taken from here.
            let kept = u64::from(width) == TILE_WIDTH && self.file(path).exists();
            let bundle = if kept {
                own.tile(path)?
            } else {
                log.tile(path)?
            };
            let broken = |what: String| Failure::verdict(Verdict::ProofBroken, what);
            let entries = tiles::parse_bundle(&bundle)
                .map_err(|error| broken(format!("bundle {index}: {error}")))?;
            if entries.len() != usize::from(width) {
                return Err(broken(format!(
                    "bundle {index} has {} entries where it should have {width}",
                    entries.len()
                )));
            }
            self.put(path, &bundle)?;
            for entry in entries {
                let hash = leaf_hash(&entry);
                self.frontier.push(hash);
                self.push(*hash.as_bytes())?;
            }
            index += 1;
        }
        for (level, (index, hashes)) in std::mem::take(&mut self.levels).into_iter().enumerate() {
            if !hashes.is_empty() {
                self.put_hashes(level, index, &hashes)?;
            }
        }
        Ok(())
    }

    fn push(&mut self, mut hash: Hash) -> Result<(), Failure> {
        let mut level = 0;
        loop {
            if self.levels.len() <= level {
                self.levels.push((0, Vec::new()));
            }
            let Some((index, hashes)) = self.levels.get_mut(level) else {
                return Ok(());
            };
            hashes.push(hash);
            if hashes.len() < TILE_WIDTH as usize {
                return Ok(());
            }
            let (full, at) = (std::mem::take(hashes), *index);
            *index += 1;
            self.put_hashes(level, at, &full)?;
            hash = merkle::fold(&full);
            level += 1;
        }
    }

    fn put_hashes(&mut self, level: usize, index: u64, hashes: &[Hash]) -> Result<(), Failure> {
        let path = TilePath::Hashes {
            level: u8::try_from(level).unwrap_or(u8::MAX),
            index,
            width: u16::try_from(hashes.len()).unwrap_or(u16::MAX),
        };
        self.put(path, &hashes.concat())
    }

    fn file(&self, path: TilePath) -> std::path::PathBuf {
        self.folder.join(path.to_string().trim_start_matches('/'))
    }

    /// Writes a file unless it is there with these bytes: tiles never change.
    fn put(&mut self, path: TilePath, bytes: &[u8]) -> Result<(), Failure> {
        let file = self.file(path);
        if fs::read(&file).is_ok_and(|there| there == bytes) {
            return Ok(());
        }
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder).map_err(|error| files::unwritable(folder, &error))?;
        }
        self.written += 1;
        files::write_lazily(&file, bytes)
    }
}
