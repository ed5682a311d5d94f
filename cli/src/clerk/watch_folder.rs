//! `muhr anchor watch`: the hot folder. What appears is registered, and its receipt stands beside it.
//!
//! A file is taken once two looks in a row have seen it with the same length and time; what is moved
//! into the folder is whole from the start. The folder is the only memory: a receipt beside a file says
//! that it is done, a pending file that its entry is on its way, so that any restart goes on where the
//! last run was, and a document that is renamed on its way is not registered twice. Not here: amending.
//! A document that changes after it was anchored is reported.

use std::{
    collections::{HashMap, HashSet},
    fs::{self, File},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use clap::Args;
use client::{
    coded::Coded,
    durable::{self, FileError},
    formats,
    submit::{self, Clerk, ClerkKey, SubmitError},
};
use messages::UserMessage;
use protocol::{
    entry::Statement, hash::DocumentHash, name::RegistryName, opening::Opening, pending::Pending,
    receipt::RECEIPT_BYTES_MAX, record::CaseRule,
};
use verify::Verdict;
use views::clerk::bulk::{WatchFolderView, taken_line};

use super::{
    bulk::{
        documents::{self, FileState, Selection},
        folder::{self, Seen},
    },
    open_files, submission,
};
use crate::{
    arguments::ClerkOptions,
    clerk::typed,
    exit::{
        CONFLICT, DONE, Failure, NOT_PERMITTED, SOME_NOT_DONE, UNREACHABLE, USAGE, in_file, words,
    },
    output::Output,
};

/// `muhr anchor watch DIR`.
#[derive(Debug, Args)]
pub struct HotArguments {
    /// The folder; a file's name without extension is the record's number
    pub dir: PathBuf,
    /// The registry
    #[arg(long, value_name = "NAME")]
    pub registry: String,
    /// Takes only files of such names, with * and ?, and those too that are else left out; may be repeated
    #[arg(long, value_name = "PATTERN")]
    pub include: Vec<String>,
    /// Takes no files of such names, with * and ?; may be repeated
    #[arg(long, value_name = "PATTERN")]
    pub exclude: Vec<String>,
    /// Seconds between two looks; a file that changed between them is not whole yet
    #[arg(long, default_value_t = 2, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(0..=3600))]
    pub every: u64,
    /// End after so many looks; for ever if not said
    #[arg(long, value_name = "COUNT")]
    pub rounds: Option<u64>,
    /// Who asks, whom, and whom to trust
    #[command(flatten)]
    pub options: ClerkOptions,
}

/// Endings behind the name of a document for its receipt, and for an entry on its way to one.
const RECEIPT: &str = ".receipt";
const PENDING: &str = ".receipt.pending";
const ON_ITS_WAY: &str = ".pending";
/// Two that watch one folder would take each other's entries for their own.
const LOCK: &str = ".muhr.lock";

struct Hot<'a> {
    options: &'a ClerkOptions,
    dir: &'a Path,
    registry: RegistryName,
    /// Read once: its passphrase is asked for once.
    key: ClerkKey,
    /// How the registry's numbers are written.
    case_rule: CaseRule,
    /// The clerk of the start, who knows the network, and by now perhaps not its height.
    first: Clerk,
    output: &'a Output,
    /// Which files are taken.
    selection: Selection,
    /// Reasons that were said of documents that are not whole yet.
    told: HashMap<PathBuf, UserMessage>,
    /// How each file looked the last time.
    seen: HashMap<PathBuf, Seen>,
    /// Files that were judged, and how each looked then: it is judged again when it has changed.
    judged: HashMap<PathBuf, Seen>,
    /// Of receipts and entries whose document is gone: how they looked, and the document.
    lost: HashMap<PathBuf, (Seen, Option<DocumentHash>)>,
    anchored: u64,
    refused: u64,
    /// Nobody else watches the folder while this is open.
    _lock: File,
}

pub(crate) fn run(arguments: &HotArguments, output: &Output) -> Result<u8, Failure> {
    let dir = &arguments.dir;
    let selection = Selection {
        include: arguments.include.clone(),
        exclude: arguments.exclude.clone(),
    };
    let _readable = documents::list(dir, &selection)?;
    let key = submission::read_key(&arguments.options, output)?;
    let registry = typed::registry(&arguments.registry)?;
    // What is wrong with trust file or address is said now, not when the first file comes.
    let first = submission::open_with(&arguments.options, &key, output)?;
    let mut hot = Hot {
        options: &arguments.options,
        dir,
        case_rule: typed::case_rule(&first, &registry)?,
        registry,
        first,
        key,
        output,
        selection,
        told: HashMap::new(),
        seen: HashMap::new(),
        judged: HashMap::new(),
        lost: HashMap::new(),
        anchored: 0,
        refused: 0,
        _lock: lock(dir)?,
    };
    let mut looks = 0;
    loop {
        // A folder that cannot be read now, as one on another machine, may be there again the next time.
        let waiting = hot.look().unwrap_or_else(|failure| {
            output.note(&UserMessage::new("note-folder-again").part("what", failure.what));
            1
        });
        looks += 1;
        if arguments.rounds.is_some_and(|rounds| looks >= rounds) {
            let (anchored, refused) = (hot.anchored, hot.refused);
            output.view(&WatchFolderView {
                looks,
                anchored,
                refused,
                waiting,
            });
            let done = refused == 0 && waiting == 0;
            return Ok(if done { DONE } else { SOME_NOT_DONE });
        }
        thread::sleep(Duration::from_secs(arguments.every));
    }
}

fn lock(dir: &Path) -> Result<File, Failure> {
    let path = dir.join(LOCK);
    let opened = durable::open_private(&path, File::options().write(true));
    let file = opened.map_err(|error| FileError::unwritable(&path, error))?;
    durable::lock(&path, &file)?;
    Ok(file)
}

impl Hot<'_> {
    /// Looks once: how many documents have neither a receipt nor a refusal yet.
    fn look(&mut self) -> Result<u64, Failure> {
        let mut waiting = 0;
        let mut ready = Vec::new();
        let mut now = HashMap::new();
        let documents::Listing { documents, others } = documents::list(self.dir, &self.selection)?;
        self.say_left_out(&others);
        for path in documents {
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
        let open = match ready.is_empty() {
            true => HashSet::new(),
            false => open_files::written_in(self.dir),
        };
        // Entries are dead after some thousand blocks, so that each look has a clerk of its own.
        let mut clerk = None;
        waiting += self.sweep(&mut clerk)?;
        let lost = self.known(ready.is_empty())?;
        for (path, seen) in ready {
            match self.not_whole(&path, &open) {
                None => {}
                Some(FileState::Never { .. }) => {
                    waiting -= 1;
                    let _before = self.judged.insert(path, seen);
                    continue;
                }
                Some(_) => continue,
            }
            match self.take(&path, &lost, &mut clerk) {
                Ok(()) => waiting -= 1,
                Err(failure) if matches!(failure.code, USAGE | CONFLICT | NOT_PERMITTED) => {
                    waiting -= 1;
                    self.refuse(&path, &failure);
                }
                Err(failure) => {
                    self.try_again(&path, &failure);
                    // Where nobody answers, nobody answers for the next file either. What else is wrong
                    // with one is tried again at the next look, and keeps no other waiting.
                    if failure.code == UNREACHABLE {
                        break;
                    }
                    continue;
                }
            }
            let _before = self.judged.insert(path, seen);
        }
        Ok(waiting)
    }

    /// Says once what is none of the documents, where nobody would see why.
    fn say_left_out(&mut self, others: &[(PathBuf, UserMessage)]) {
        let said = { others.iter() }.filter(|(_, why)| documents::is_said_by_watch(why));
        for (path, why) in said {
            if self.told.insert(path.clone(), why.clone()).as_ref() != Some(why) {
                self.output.note(&documents::left_out(path, why));
            }
        }
    }

    /// Why a document is not taken now, which is said once.
    fn not_whole(&mut self, path: &Path, open: &HashSet<PathBuf>) -> Option<FileState> {
        let is_open = || {
            let path = path.canonicalize();
            path.is_ok_and(|path| open.contains(&path))
        };
        let state = match documents::state(path) {
            Ok(FileState::Whole) if is_open() => FileState::NotYet("open-file", folder::OPEN),
            Ok(FileState::Whole) | Err(_) => {
                let _mended = self.told.remove(path);
                return None;
            }
            Ok(state) => state,
        };
        let (why, what) = match &state {
            FileState::Never { why, .. } => (why, UserMessage::new("word-no-document")),
            FileState::NotYet(_, why) => (why, UserMessage::new("word-waiting")),
            FileState::Whole => return None,
        };
        let before = self.told.insert(path.to_owned(), why.clone());
        if before.as_ref() != Some(why) {
            let shown = path.display();
            self.output.note(
                &UserMessage::new("note-document")
                    .text("path", shown)
                    .part("why", why.clone())
                    .part("what", what),
            );
        }
        Some(state)
    }

    fn try_again(&self, path: &Path, failure: &Failure) {
        let (shown, what) = (path.display(), failure.what.clone());
        self.output.note(
            &UserMessage::new("note-again")
                .text("path", shown)
                .part("what", what),
        );
    }

    fn clerk<'c>(&self, clerk: &'c mut Option<Clerk>) -> Result<&'c mut Clerk, Failure> {
        let clerk = match clerk {
            Some(clerk) => clerk,
            None => clerk.insert(submission::open_with(self.options, &self.key, self.output)?),
        };
        clerk.wait_anew(submission::patience(self.options));
        Ok(clerk)
    }

    /// Files that this program wrote with `ending` behind the names of documents that are there no more.
    fn orphans(&self, ending: &str) -> Result<Vec<(PathBuf, Seen)>, Failure> {
        let unreadable = |error| FileError::unreadable(self.dir, error);
        let mut all = Vec::new();
        for entry in fs::read_dir(self.dir).map_err(unreadable)? {
            all.push(entry.map_err(unreadable)?.path());
        }
        let here: HashSet<PathBuf> = all.iter().map(|path| own(path, ending)).collect();
        let mut found = Vec::new();
        for path in all {
            let is_own = path.to_str().is_some_and(|path| path.ends_with(ending));
            let is_lost = is_own && !here.contains(&path);
            let seen = folder::seen(&path).filter(|_| is_lost);
            found.extend(seen.map(|seen| (path, seen)));
        }
        found.sort();
        Ok(found)
    }

    /// Brings the receipts of entries whose document was renamed or moved on their way, where it was. How
    /// many have none yet.
    fn sweep(&mut self, clerk: &mut Option<Clerk>) -> Result<u64, Failure> {
        let mut waiting = 0;
        for (path, seen) in self.orphans(PENDING)? {
            if self.judged.get(&path) == Some(&seen) {
                continue;
            }
            let receipt = path.with_extension("");
            let shown = receipt.with_extension("");
            let shown = shown.display();
            let brought = pending(&path).and_then(|pending| {
                // Without its document nothing new is signed.
                let (statement, opening) = (pending.entry.statement, pending.opening);
                let clerk = self.clerk(clerk)?;
                submit::sign_and_submit(clerk, &receipt, statement, opening, || false).map_err(
                    |error| match error {
                        SubmitError::NotAgreed => {
                            Failure::new(CONFLICT, UserMessage::new("pending-gone"))
                        }
                        error => error.into(),
                    },
                )
            });
            match brought {
                Ok(_) => {
                    self.anchored += 1;
                    self.output.note(
                        &UserMessage::new("note-document-gone")
                            .text("path", shown)
                            .text("receipt", receipt.display()),
                    );
                }
                Err(failure) if matches!(failure.code, USAGE | CONFLICT | NOT_PERMITTED) => {
                    self.output.note(
                        &UserMessage::new("note-document-gone-not-taken")
                            .text("path", shown)
                            .part("what", failure.what),
                    );
                    let _before = self.judged.insert(path, seen);
                }
                Err(failure) => {
                    waiting += 1;
                    self.try_again(&path, &failure);
                }
            }
        }
        Ok(waiting)
    }

    /// The documents that were handed in under names that they have no more, each with the file that says so.
    fn known(&mut self, nobody_asks: bool) -> Result<HashMap<DocumentHash, PathBuf>, Failure> {
        let mut known = HashMap::new();
        if nobody_asks {
            return Ok(known);
        }
        let mut before = std::mem::take(&mut self.lost);
        for ending in [RECEIPT, PENDING] {
            for (path, seen) in self.orphans(ending)? {
                // Each is read once, however many are left behind.
                let found = match before.remove(&path) {
                    Some((then, document)) if then == seen => document,
                    _ => self.document_of(&path, ending),
                };
                known.extend(found.map(|document| (document, path.clone())));
                let _none = self.lost.insert(path, (seen, found));
            }
        }
        Ok(known)
    }

    fn document_of(&self, path: &Path, ending: &str) -> Option<DocumentHash> {
        let (statement, opening): (Statement, Opening) = if ending == RECEIPT {
            let receipt = formats::receipt(path).ok()?;
            (receipt.entry.statement, receipt.opening?)
        } else {
            let pending = pending(path).ok()?;
            (pending.entry.statement, pending.opening)
        };
        let document = opening.content?.document()?;
        // Another agency's word on a document does not say that the document was registered.
        let registers = statement.operation.has_content() && statement.registry == self.registry;
        registers.then_some(document)
    }

    /// Anchors a document, unless its receipt is there.
    fn take(
        &mut self,
        path: &Path,
        lost: &HashMap<DocumentHash, PathBuf>,
        clerk: &mut Option<Clerk>,
    ) -> Result<(), Failure> {
        let receipt = durable::beside(path, RECEIPT);
        for place in [&receipt, &own(path, PENDING)] {
            // A link could lead to any file, and reading from a pipe would wait for ever.
            if fs::symlink_metadata(place).is_ok_and(|found| !found.is_file()) {
                let what = UserMessage::new("place-not-a-file").text("path", place.display());
                let help = UserMessage::new("help-move-place-away");
                return Err(Failure::new(CONFLICT, what).help(help));
            }
        }
        let (record, document) = folder::read(path).map_err(|unread| unread.failure)?;
        let record = record.in_case(self.case_rule);
        let content = submit::content(Some(document), Vec::new())?;
        let key = record.key(&self.registry);
        let opening = Opening { record, content };
        if receipt.exists() {
            self.must_be_of(&receipt, &opening)?;
            let _left = fs::remove_file(own(path, PENDING));
            return Ok(());
        }
        let on_its_way = own(path, PENDING).exists();
        if let Some(other) = lost.get(&document).filter(|_| !on_its_way) {
            return Err(handed_in(other));
        }
        let clerk = self.clerk(clerk)?;
        let registry = self.registry.clone();
        let shown = opening.record.to_string();
        let statement = submit::first(clerk, registry, key, None, Vec::new(), &opening);
        self.output.look_alikes(&opening.record);
        let sign_and_submit = || {
            let (statement, opening) = (statement.clone(), opening.clone());
            let done = submit::sign_and_submit(clerk, &receipt, statement, opening, || true);
            done.map_err(Failure::from)
        };
        let brought = match sign_and_submit() {
            // What was signed long ago may be dead by now; it was never recorded, and is signed again.
            Err(failure) if on_its_way && failure.code == USAGE => sign_and_submit(),
            brought => brought,
        };
        let facts = brought?;
        let _mended = fs::remove_file(durable::beside(path, ".refused"));
        self.anchored += 1;
        let line = taken_line(&shown.to_string(), facts.time.into());
        self.output.say(&line);
        Ok(())
    }

    /// A receipt beside a document is believed only if it verifies, and is of this document.
    fn must_be_of(&self, receipt: &Path, opening: &Opening) -> Result<(), Failure> {
        let (clerk, registry) = (&self.first, self.registry.clone());
        let key = opening.record.key(&registry);
        let statement = submit::first(clerk, registry, key, None, Vec::new(), opening);
        let done = submit::existing_receipt(clerk, receipt, &statement, opening)?;
        let gone = || Failure::verdict(Verdict::Pending, UserMessage::new("receipt-gone"));
        done.map(drop).ok_or_else(gone)
    }

    /// Says beside the document why it is not anchored.
    fn refuse(&mut self, path: &Path, failure: &Failure) {
        self.refused += 1;
        self.output.note(&in_file(path, failure.what.clone()));
        let help = failure
            .help
            .as_ref()
            .map_or(String::new(), |help| format!("{}\n", words(help)));
        let text = format!("{}\n{help}", failure.words());
        let written = durable::write(&durable::beside(path, ".refused"), text.as_bytes());
        if let Err(unwritable) = written {
            self.output.note(&unwritable.message());
        }
    }
}

/// Path of what stands beside a document: its receipt, or an entry on its way to one.
fn own(document: &Path, ending: &str) -> PathBuf {
    let receipt = durable::beside(document, RECEIPT);
    match ending {
        PENDING => durable::beside(&receipt, ON_ITS_WAY),
        _ => receipt,
    }
}

fn pending(path: &Path) -> Result<Pending, Failure> {
    Pending::parse(&durable::read(path, RECEIPT_BYTES_MAX)?)
        .map_err(|_| Failure::new(CONFLICT, UserMessage::new("pending-malformed")))
}

/// Why a document is not registered under its new name.
fn handed_in(file: &Path) -> Failure {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    if let Some(document) = name.strip_suffix(PENDING) {
        let what = UserMessage::new("same-document-on-its-way").text("document", document);
        return Failure::verdict(Verdict::Pending, what);
    }
    let document = name.strip_suffix(RECEIPT).unwrap_or_default();
    Failure::new(
        CONFLICT,
        UserMessage::new("same-document-anchored").text("document", document),
    )
    .help(
        UserMessage::new("help-rename-back")
            .text("document", document)
            .text("name", name),
    )
}
