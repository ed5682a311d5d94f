//! An honest machine that keeps some kinds of words to itself: votes, blocks or certificates.

use super::Actor;
use crate::{Message, VoteKind, tests::world::Random};

pub(super) struct Withholder {
    prevotes: bool,
    precommits: bool,
    blocks: bool,
    certificates: bool,
}

impl Withholder {
    pub(super) fn new(rng: &mut Random) -> Self {
        Self {
            prevotes: rng.percent(50),
            precommits: rng.percent(50),
            blocks: rng.percent(50),
            certificates: rng.percent(50),
        }
    }
}

impl Actor for Withholder {
    fn name(&self) -> &'static str {
        "withholder"
    }

    fn machines(&self) -> usize {
        1
    }

    fn passes(&mut self, _: usize, _: u16, message: &Message, _: &mut Random) -> bool {
        let withheld = match message {
            Message::Vote(vote) => match vote.statement.kind {
                VoteKind::Prevote => self.prevotes,
                VoteKind::Precommit => self.precommits,
            },
            Message::Proposal(_) => self.blocks,
            Message::Polka(_) | Message::Commit(_) => self.certificates,
        };
        !withheld
    }

    fn gives_blocks(&self) -> bool {
        !self.blocks
    }
}
