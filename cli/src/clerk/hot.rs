//! `muhr anchor watch`: the hot folder. What appears is registered, and its receipt stands beside it.
//!
//! A file is taken once two looks in a row have seen it with the same length and time; what is moved
//! into the folder is whole from the start. The folder is the only memory: a receipt beside a file says
//! that it is done, a pending file that its entry is on its way, so that any restart goes on where the
//! last run was. Not here: amending. A document that changes after it was anchored is reported.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use protocol::{
    name::RegistryName,
    opening::Opening,
    receipt::{RECEIPT_BYTES_MAX, Receipt},
};
use serde_json::json;

use super::{
    bulk::folder::{self, Seen},
    submission::{self, Clerk, ClerkKey},
};
use crate::{
    arguments::{Desk, HotArguments},
    exit::{CONFLICT, DONE, Failure, NOT_PERMITTED, SOME_NOT_DONE, USAGE},
    files,
    output::{Output, local},
};

struct Hot<'a> {
    desk: &'a Desk,
    registry: RegistryName,
    /// Read once: its passphrase is asked for once.
    key: ClerkKey,
    output: &'a Output,
    /// How each file looked the last time.
    seen: HashMap<PathBuf, Seen>,
    /// What was judged, and how it looked then: it is judged again when it has changed.
    judged: HashMap<PathBuf, Seen>,
    anchored: u64,
    refused: u64,
}

pub(crate) fn run(arguments: &HotArguments, output: &Output) -> Result<u8, Failure> {
    let mut hot = Hot {
        desk: &arguments.desk,
        registry: submission::registry(&arguments.registry)?,
        key: ClerkKey::read(&arguments.desk, output)?,
        output,
        seen: HashMap::new(),
        judged: HashMap::new(),
        anchored: 0,
        refused: 0,
    };
    // What is wrong with trust file or address is said now, not when the first file comes.
    let _clerk = Clerk::with(&arguments.desk, &hot.key)?;
    let mut looks = 0;
    loop {
        let waiting = hot.look(&arguments.dir)?;
        looks += 1;
        if arguments.rounds.is_some_and(|rounds| looks >= rounds) {
            let (anchored, refused) = (hot.anchored, hot.refused);
            output.data(&json!({
                "schema": "muhr/hot/1", "looks": looks, "anchored": anchored, "refused": refused, "waiting": waiting,
            }));
            output.text(&format!(
                "{anchored} anchored, {refused} refused, {waiting} waiting"
            ));
            let done = refused == 0 && waiting == 0;
            return Ok(if done { DONE } else { SOME_NOT_DONE });
        }
        thread::sleep(Duration::from_secs(arguments.every));
    }
}

impl Hot<'_> {
    /// Looks once: how many documents have neither a receipt nor a refusal yet.
    fn look(&mut self, dir: &Path) -> Result<u64, Failure> {
        let mut waiting = 0;
        let mut ready = Vec::new();
        let mut now = HashMap::new();
        for path in folder::documents(dir)? {
            // Gone between the listing and the look: renamed or removed, and none of ours.
            let Some(seen) = folder::seen(&path) else {
                continue;
            };
            if self.judged.get(&path) != Some(&seen) {
                waiting += 1;
                if self.seen.get(&path) == Some(&seen) {
                    ready.push((path.clone(), seen));
                }
            }
            let _before = now.insert(path, seen);
        }
        self.seen = now;
        // Entries are dead after some thousand blocks, so that each look has a clerk of its own.
        let mut clerk = None;
        for (path, seen) in ready {
            match self.take(&path, &mut clerk) {
                Ok(()) => waiting -= 1,
                Err(failure) if matches!(failure.code, USAGE | CONFLICT | NOT_PERMITTED) => {
                    waiting -= 1;
                    self.refuse(&path, &failure)?;
                }
                // The network's trouble, or this machine's: everything is tried again at the next look.
                Err(failure) => {
                    self.output.note(&format!(
                        "{}: {}; trying again",
                        path.display(),
                        failure.what
                    ));
                    return Ok(waiting);
                }
            }
            let _before = self.judged.insert(path, seen);
        }
        Ok(waiting)
    }

    /// Anchors a document, unless its receipt is there.
    fn take(&mut self, path: &Path, clerk: &mut Option<Clerk>) -> Result<(), Failure> {
        let receipt = files::beside(path, ".receipt");
        let (record, document) = folder::read(path)?;
        if receipt.exists() {
            let found = Receipt::parse(&files::read(&receipt, RECEIPT_BYTES_MAX)?).ok();
            let content = found
                .and_then(|found| found.opening)
                .and_then(|opening| opening.content);
            if content.and_then(|content| content.document()) == Some(document) {
                return Ok(());
            }
            let what = "the document is not the one that its receipt is of";
            return Err(Failure::new(CONFLICT, what)
                .help("if it was changed after it was anchored, amend the record; else move the receipt away"));
        }
        let clerk = match clerk {
            Some(clerk) => clerk,
            None => clerk.insert(Clerk::with(self.desk, &self.key)?),
        };
        clerk.wait_anew(self.desk);
        let key = record.key(&self.registry);
        let content = submission::content(Some(document), Vec::new())?;
        let registry = self.registry.clone();
        let shown = record.to_string();
        let opening = Opening { record, content };
        let statement = submission::first(clerk, registry, key, None, Vec::new(), &opening);
        let facts = submission::bring(clerk, &receipt, statement, opening, || Ok(()))?;
        let _mended = fs::remove_file(files::beside(path, ".refused"));
        self.anchored += 1;
        self.output
            .text(&format!("✔ {shown}  {}", local(facts.time.get())));
        Ok(())
    }

    /// Says beside the document why it is not anchored.
    fn refuse(&mut self, path: &Path, failure: &Failure) -> Result<(), Failure> {
        self.refused += 1;
        self.output
            .note(&format!("{}: {}", path.display(), failure.what));
        let help = failure
            .help
            .as_ref()
            .map_or(String::new(), |help| format!("{help}\n"));
        let text = format!("{}\n{help}", failure.what);
        files::write(&files::beside(path, ".refused"), text.as_bytes())
    }
}
