//! Sends chunks side by side, and has what became of their rows written as it comes.
//!
//! Not here: how a chunk is signed, handed in and verified (`client::import`), and the results' files.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, SyncSender},
    },
    thread,
};

use client::import::{ChunkOutcome, RowOutcome, Uploader};
use indicatif::ProgressBar;
use messages::UserMessage;

use super::{
    feed::{Feed, RowChunk},
    results::Results,
};
use crate::exit::Failure;

/// Chunks on their way at the same time: as many as there are cores, but enough that some are judged while others
/// wait for their block, and no more than a few, for each takes some megabytes.
const UPLOADS_MIN: usize = 4;
const UPLOADS_MAX: usize = 8;

/// The feed from which several threads take, until one of them stops it.
struct SharedFeed {
    feed: Mutex<Feed>,
    is_stopped: AtomicBool,
}

impl SharedFeed {
    fn next(&self) -> Result<Option<RowChunk>, Failure> {
        let mut feed = self.feed.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_stopped.load(Ordering::Acquire) {
            return Ok(None);
        }
        feed.next()
    }

    fn stop(&self) {
        self.is_stopped.store(true, Ordering::Release);
    }

    /// The rows that nobody took.
    fn rest(self) -> Feed {
        self.feed
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Outcome of a chunk; without a number, why there is no next one.
struct UploadedChunk {
    number: Option<u64>,
    outcomes: Vec<RowOutcome>,
    failure: Option<Failure>,
}

/// The first failure that is not a row's stops the rest; what was done stands, and every row is named.
pub(super) fn send_all(
    uploader: &Uploader,
    feed: Feed,
    results: &mut Results,
    bar: &ProgressBar,
) -> Result<(), Failure> {
    let feed = SharedFeed {
        feed: Mutex::new(feed),
        is_stopped: AtomicBool::new(false),
    };
    let mut failure = None;
    let cores = thread::available_parallelism().map_or(UPLOADS_MIN, usize::from);
    let uploads = cores.clamp(UPLOADS_MIN, UPLOADS_MAX);
    thread::scope(|scope| {
        // An upload that finds no room waits: results are written as fast as they come.
        let (sender, receiver) = mpsc::sync_channel(uploads);
        for _ in 0..uploads {
            let (sender, feed) = (sender.clone(), &feed);
            scope.spawn(move || upload_each(uploader, feed, &sender));
        }
        drop(sender);
        for sent in receiver {
            bar.inc(sent.outcomes.len() as u64);
            failure = failure.take().or(sent.failure);
            let written = sent
                .number
                .map_or(Ok(()), |number| results.take(number, sent.outcomes));
            if let Err(unwritable) = written {
                feed.stop();
                failure = failure.take().or(Some(unwritable));
            }
        }
    });
    name_the_rest(feed.rest(), results)?;
    failure.map_or(Ok(()), Err)
}

/// Takes chunk after chunk until the feed ends or something fails that is not a row's.
fn upload_each(uploader: &Uploader, feed: &SharedFeed, sender: &SyncSender<UploadedChunk>) {
    while let Some(sent) = upload_next(uploader, feed) {
        let is_last = sent.failure.is_some();
        if is_last {
            feed.stop();
        }
        if sender.send(sent).is_err() || is_last {
            return;
        }
    }
}

fn upload_next(uploader: &Uploader, feed: &SharedFeed) -> Option<UploadedChunk> {
    match feed.next() {
        Ok(None) => None,
        Ok(Some(chunk)) => {
            let ChunkOutcome {
                mut outcomes,
                failure,
            } = uploader.upload(chunk.rows);
            outcomes.extend(chunk.outcomes);
            Some(UploadedChunk {
                number: Some(chunk.number),
                outcomes,
                failure: failure.map(Failure::from),
            })
        }
        Err(failure) => Some(UploadedChunk {
            number: None,
            outcomes: Vec::new(),
            failure: Some(failure),
        }),
    }
}

/// After a failure the rows that nobody took are named too: none is lost.
fn name_the_rest(mut feed: Feed, results: &mut Results) -> Result<(), Failure> {
    while let Some(mut chunk) = feed.next()? {
        let reason = UserMessage::new("row-not-sent");
        chunk.outcomes.extend(chunk.rows.into_iter().map(|row| {
            RowOutcome::not_done(
                row.number,
                Some(row.record),
                "pending",
                Some(reason.clone()),
            )
        }));
        results.take(chunk.number, chunk.outcomes)?;
    }
    Ok(())
}
