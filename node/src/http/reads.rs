//! Reads that cost something: each class has a bounded number of requests in hand, which take turns.
//!
//! Turns are short and in the order of asking, so that whoever asks for much waits behind whoever asks
//! for little. They run on threads of their own, behind everything else that a node does.

use std::{sync::Arc, time::Duration};

use axum::{body::HttpBody, response::Response};
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::problem::ProblemResponse;
use crate::{
    limits,
    server::{Budget, ServingCounts},
};

/// A read waits so long for its place, and an answer for its bytes.
const PATIENCE: Duration = Duration::from_millis(limits::PATIENCE_MS);

/// What is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// One receipt, one proof.
    Proof,
    /// Many receipts at once.
    Receipts,
    /// The versions of a record.
    History,
    /// A tile of the log.
    Tile,
    /// A list: clerks, registries, an inbox.
    List,
}

impl Class {
    const ALL: [Self; 5] = [
        Self::Proof,
        Self::Receipts,
        Self::History,
        Self::Tile,
        Self::List,
    ];

    const fn word(self) -> &'static str {
        match self {
            Self::Proof => "proof",
            Self::Receipts => "receipts",
            Self::History => "history",
            Self::Tile => "tile",
            Self::List => "list",
        }
    }

    const fn in_hand_max(self) -> usize {
        match self {
            Self::Proof => limits::PROOFS_IN_HAND_MAX,
            Self::Receipts => limits::RECEIPTS_IN_HAND_MAX,
            Self::History => limits::HISTORIES_IN_HAND_MAX,
            Self::Tile => limits::TILES_IN_HAND_MAX,
            Self::List => limits::LISTS_IN_HAND_MAX,
        }
    }
}

#[derive(Debug)]
struct ReadQueue {
    in_hand: Arc<Semaphore>,
    turns: Arc<Semaphore>,
}

/// Where costly reads are handed in.
#[derive(Debug)]
pub struct Reads {
    threads: Handle,
    queues: [ReadQueue; Class::ALL.len()],
    waits: Arc<Semaphore>,
    /// Places of answers that wait for their bytes.
    unsent: Semaphore,
    /// Bytes of requests' bodies in flight.
    pub(crate) bodies: Arc<Budget>,
    /// Bytes of costly answers that their clients have not taken yet.
    pub(crate) answers: Arc<Budget>,
    counts: Arc<ServingCounts>,
}

/// How many threads the turns of all classes take.
#[must_use]
pub const fn threads_max() -> usize {
    Class::ALL.len()
}

impl Reads {
    /// Reads on `threads`, of which there are [`threads_max`], for a port with `connections`.
    #[must_use]
    pub fn new(threads: Handle, connections: usize, counts: Arc<ServingCounts>) -> Arc<Self> {
        let queues = Class::ALL.map(|class| ReadQueue {
            in_hand: Arc::new(Semaphore::new(class.in_hand_max())),
            turns: Arc::new(Semaphore::new(1)),
        });
        Arc::new(Self {
            threads,
            queues,
            waits: Arc::new(Semaphore::new(
                connections * limits::HTTP_WAITS_PERCENT / 100,
            )),
            unsent: Semaphore::new(limits::ANSWERS_WAITING_MAX),
            bodies: Budget::new(
                limits::BODIES_BYTES_MAX,
                Duration::ZERO,
                counts.body_bytes.clone(),
            ),
            answers: Budget::new(
                limits::ANSWERS_BYTES_MAX,
                PATIENCE,
                counts.answer_bytes.clone(),
            ),
            counts,
        })
    }

    /// Takes a request of a class in hand, or says that it is busy.
    pub(crate) async fn begin(self: &Arc<Self>, class: Class) -> Result<InHand, ProblemResponse> {
        let queue = self.queue(class);
        let place = Arc::clone(&queue.in_hand).acquire_owned();
        match timeout(PATIENCE, place).await {
            Ok(Ok(place)) => Ok(InHand {
                reads: Arc::clone(self),
                class,
                _place: place,
            }),
            _ => {
                self.counts.count_busy(class.word());
                Err(ProblemResponse::busy(
                    "many ask this node for the same sort of thing; try again in a moment, or ask another",
                ))
            }
        }
    }

    /// Does one piece of work of a class.
    pub(crate) async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        class: Class,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ProblemResponse> {
        self.begin(class).await?.turn(work).await
    }

    /// Holds a part of the budget for an answer until it is taken.
    pub(crate) async fn sent(&self, mut answer: Response) -> Result<Response, ProblemResponse> {
        let size = answer.body().size_hint().lower();
        let mut held = self.answers.begin();
        // What waits has been made: it takes memory beside the budget, so only few may.
        let place = self.unsent.try_acquire();
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let is_taken = place.is_ok()
            && timeout(PATIENCE, held.take(size))
                .await
                .is_ok_and(|taken| taken.is_ok());
        if !is_taken {
            self.counts.count_busy("answer");
            return Err(ProblemResponse::busy(
                "many are taking long answers from this node; try again in a moment, or ask another",
            ));
        }
        answer.extensions_mut().insert(Arc::new(held));
        Ok(answer)
    }

    /// A place among those who wait for something to become final.
    pub(crate) fn wait(&self) -> Result<OwnedSemaphorePermit, ProblemResponse> {
        Arc::clone(&self.waits).try_acquire_owned().map_err(|_| {
            self.counts.count_busy("wait");
            ProblemResponse::busy(
                "too many wait at this node; ask again without wait=, or in a moment",
            )
        })
    }

    fn queue(&self, class: Class) -> &ReadQueue {
        let [proof, receipts, history, tile, list] = &self.queues;
        match class {
            Class::Proof => proof,
            Class::Receipts => receipts,
            Class::History => history,
            Class::Tile => tile,
            Class::List => list,
        }
    }
}

/// A request in hand.
#[derive(Debug)]
pub(crate) struct InHand {
    reads: Arc<Reads>,
    class: Class,
    _place: OwnedSemaphorePermit,
}

impl InHand {
    /// Does a piece of the work when its turn has come; milliseconds at most, or others wait.
    pub(crate) async fn turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ProblemResponse> {
        let turns = Arc::clone(&self.reads.queue(self.class).turns);
        let turn = turns.acquire_owned().await;
        // Kept by the work itself: it goes on when the client has gone.
        let done = self.reads.threads.spawn_blocking(move || {
            let done = work();
            drop(turn);
            done
        });
        done.await.map_err(|_| ProblemResponse::fault())
    }
}
