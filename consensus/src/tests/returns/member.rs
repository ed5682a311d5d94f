//! One honest validator of the model of returns: what it has said, what it remembers, how far it is.

/// Whether it speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Mode {
    /// It has its record.
    #[default]
    Speaks,
    /// It lost its record and waits for the mark of this loss.
    Waits {
        /// Which loss of all.
        loss: u8,
    },
    /// By hearsay: it speaks from this height on.
    SpeaksFrom(u8),
}

/// Most heights and kinds of block that fit.
const HEIGHTS_MAX: u8 = 4;
const KINDS_MAX: u8 = 6;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Member {
    /// Height of its last block.
    pub(super) top: u8,
    /// What it remembers to have precommitted at the height above.
    pub(super) vote: Option<u8>,
    pub(super) mode: Mode,
    /// The greatest height at which it precommitted in an earlier life.
    pub(super) spoke: u8,
    /// The greatest height that it has cosigned in any life.
    pub(super) cosigned: u8,
    /// The losses that were its own, where the rule under test does not tell them apart.
    pub(super) marks: u8,
    /// Precommits that others may hold, a bit for each height and kind.
    said: u32,
}

fn bit(height: u8, kind: u8) -> u32 {
    assert!(height <= HEIGHTS_MAX && kind < KINDS_MAX);
    1 << ((height - 1) * KINDS_MAX + kind)
}

impl Member {
    pub(super) fn said(&self, height: u8, kind: u8) -> bool {
        self.said & bit(height, kind) != 0
    }

    /// The greatest height at which it has precommitted, in any life.
    pub(super) fn last_said(&self) -> u8 {
        let last = u32::BITS - self.said.leading_zeros();
        last.div_ceil(u32::from(KINDS_MAX)) as u8
    }

    pub(super) fn speaks(&self) -> bool {
        match self.mode {
            Mode::Speaks => true,
            Mode::Waits { .. } => false,
            Mode::SpeaksFrom(height) => self.top + 1 >= height,
        }
    }

    /// Precommits another block at a height, in a later round, or the first.
    pub(super) fn precommit(&mut self, height: u8, kind: u8) {
        if let Some(before) = self.vote.replace(kind) {
            self.said &= !bit(height, before);
        }
        self.said |= bit(height, kind);
    }

    /// Whether its precommit keeps it from voting for another block of the height: it remembers it,
    /// or it does not vote there.
    pub(super) fn is_bound(&self, height: u8, kind: u8) -> bool {
        let votes_there = self.top + 1 == height && self.speaks();
        self.said(height, kind) && !(votes_there && self.vote != Some(kind))
    }

    /// Exchanges the two plain blocks of a height.
    pub(super) fn swap(&mut self, height: u8) {
        let (first, second) = (bit(height, 0), bit(height, 1));
        let (a, b) = (self.said & first != 0, self.said & second != 0);
        if a != b {
            self.said ^= first | second;
        }
        if self.top + 1 == height
            && let Some(kind @ 0..2) = self.vote
        {
            self.vote = Some(1 - kind);
        }
    }

    pub(super) fn pack(&self) -> u64 {
        let mode = match self.mode {
            Mode::Speaks => 0,
            Mode::Waits { loss } => 1 + u64::from(loss),
            Mode::SpeaksFrom(height) => 8 + u64::from(height),
        };
        let vote = self.vote.map_or(0, |kind| u64::from(kind) + 1);
        let small = [
            u64::from(self.top),
            vote,
            mode,
            u64::from(self.spoke),
            u64::from(self.cosigned),
            u64::from(self.marks),
        ];
        small
            .iter()
            .fold(u64::from(self.said), |word, part| word << 4 | part)
    }

    pub(super) fn unpack(mut word: u64) -> Self {
        let mut next = || {
            let part = (word & 15) as u8;
            word >>= 4;
            part
        };
        let (marks, cosigned, spoke, mode, vote, top) =
            (next(), next(), next(), next(), next(), next());
        Self {
            top,
            vote: vote.checked_sub(1),
            mode: match mode {
                0 => Mode::Speaks,
                loss @ 1..8 => Mode::Waits { loss: loss - 1 },
                height => Mode::SpeaksFrom(height - 8),
            },
            spoke,
            cosigned,
            marks,
            said: word as u32,
        }
    }
}
