//! `muhr receipt erase`: overwrites openings on disk. The proofs stay.
//!
//! The old bytes that a file system, a disk or a backup keeps are out of its reach, and docs/clerks.md
//! says so. Files that hold what no receipt needs (entries on their way, journals, tables of results) are
//! named and left: they go whole, and whoever runs this knows whether they may.

mod cut;
mod kind;
mod many;

use messages::counted;
use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::Args;
use client::durable::{self, FileError};
use messages::UserMessage;
use protocol::receipt::RECEIPT_BYTES_MAX;
use views::clerk::private::{EraseView, LeftFile};

use self::{cut::Cut, kind::Treatment};

use crate::{
    exit::{DONE, Failure, SOME_NOT_DONE, USAGE, words},
    output::Output,
};

/// `muhr receipt erase FILE...`.
#[derive(Debug, Args)]
pub struct EraseArguments {
    /// Receipts, or folders of them
    #[arg(required = true, value_name = "FILE")]
    pub paths: Vec<PathBuf>,
    /// Do it; without this, only says what would be erased
    #[arg(long)]
    pub yes: bool,
}

pub(crate) fn run(arguments: &EraseArguments, output: &Output) -> Result<u8, Failure> {
    let mut found = Inventory::default();
    for path in &arguments.paths {
        if path.is_dir() {
            found.walk(path)?;
        } else {
            found.file(path.clone(), Some(Treatment::Receipt));
        }
    }
    if !arguments.yes && !found.with.is_empty() {
        for one in &found.with {
            output.note(&UserMessage::new("note-would-be-erased").text("path", one.shown()));
        }
        for (path, why) in &found.left {
            output.note(
                &UserMessage::new("note-would-be-left")
                    .text("path", path.display())
                    .part("why", why.clone()),
            );
        }
        let what = match found.with.iter().map(|one| one.receipts).sum() {
            1_usize => UserMessage::new("erase-would-destroy-one"),
            count => UserMessage::new("erase-would-destroy").text("count", count),
        };
        return Err(Failure::new(USAGE, what).help(UserMessage::new("help-erase-yes")));
    }
    let mut erased = Vec::new();
    for one in std::mem::take(&mut found.with) {
        match one.erase() {
            Ok(()) => erased.push(one),
            Err(failure) => found.left.push((one.path, failure.what)),
        }
    }
    let view = view(&erased, found);
    output.view(&view);
    output.note(&UserMessage::new("note-not-touched"));
    Ok(if view.left.is_empty() {
        DONE
    } else {
        SOME_NOT_DONE
    })
}

/// A file with openings.
struct OpeningsFile {
    path: PathBuf,
    kind: Treatment,
    /// How many of its receipts show something.
    receipts: usize,
}

impl OpeningsFile {
    fn shown(&self) -> String {
        match &self.kind {
            Treatment::Archive | Treatment::Dossier => {
                let count = counted(self.receipts, "receipt", "receipts");
                format!("{}  ({count})", self.path.display())
            }
            Treatment::Receipt | Treatment::Left(_) => self.path.display().to_string(),
        }
    }

    fn erase(&self) -> Result<(), Failure> {
        match &self.kind {
            Treatment::Archive => many::erase_archive(&self.path),
            Treatment::Dossier => many::erase_dossier(&self.path),
            Treatment::Receipt => cut::erase(&self.path),
            Treatment::Left(why) => Err(Failure::new(USAGE, why.clone())),
        }
    }
}

/// Inventory of what is there, file by file.
#[derive(Default)]
struct Inventory {
    /// Files with openings that can be taken out.
    with: Vec<OpeningsFile>,
    /// Receipts, and files of them, without any.
    without: Vec<PathBuf>,
    /// Files that hold openings, or may, and are not touched; and why.
    left: Vec<(PathBuf, UserMessage)>,
}

impl Inventory {
    /// Everything of ours in a folder and below it; links are not followed.
    fn walk(&mut self, folder: &Path) -> Result<(), Failure> {
        let unreadable = |error| FileError::unreadable(folder, error);
        let entries = fs::read_dir(folder).map_err(unreadable)?;
        let mut entries: Vec<_> = entries.collect::<Result<_, _>>().map_err(unreadable)?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let kind = entry.file_type().map_err(unreadable)?;
            if kind.is_dir() {
                self.walk(&entry.path())?;
            } else if kind.is_file() {
                self.file(entry.path(), None);
            }
        }
        Ok(())
    }

    /// Takes a file for what it says it is, or else for what it is meant to be.
    fn file(&mut self, path: PathBuf, meant: Option<Treatment>) {
        let counted = match kind::of(&path).map(|kind| kind.or(meant)) {
            Ok(None) => return,
            Ok(Some(Treatment::Left(why))) => Err(why),
            Ok(Some(kind)) => count(&path, &kind)
                .map(|receipts| (kind, receipts))
                .map_err(|failure| failure.what),
            Err(failure) => Err(failure.what),
        };
        match counted {
            Ok((_, 0)) => self.without.push(path),
            Ok((kind, receipts)) => self.with.push(OpeningsFile {
                path,
                kind,
                receipts,
            }),
            Err(why) => self.left.push((path, why)),
        }
    }
}

/// How many receipts of a file show something.
fn count(path: &Path, kind: &Treatment) -> Result<usize, Failure> {
    match kind {
        Treatment::Archive => many::open_in_archive(path),
        Treatment::Dossier => many::open_in_dossier(path),
        Treatment::Receipt | Treatment::Left(_) => {
            let bytes = durable::read(path, RECEIPT_BYTES_MAX)?;
            let cut = Cut::of(&bytes);
            let cut = cut.map_err(|error| {
                Failure::new(
                    USAGE,
                    UserMessage::new("erase-receipt-malformed").text("reason", error),
                )
            })?;
            Ok(usize::from(cut.is_some()))
        }
    }
}

fn view(erased: &[OpeningsFile], found: Inventory) -> EraseView {
    let name = |path: &Path| path.display().to_string();
    let left = |(path, why): (PathBuf, UserMessage)| LeftFile {
        file: name(&path),
        why: words(&why),
    };
    EraseView {
        erased: erased.iter().map(|one| name(&one.path)).collect(),
        had_none: found.without.iter().map(|path| name(path)).collect(),
        left: found.left.into_iter().map(left).collect(),
        counted: erased.iter().map(OpeningsFile::shown).collect(),
    }
}
