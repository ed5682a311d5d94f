//! One honest member of the model of the boundary: where it is, what it has said, what is on its disk.

/// In which of the two sets it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// In the old one only.
    Leaver,
    /// In both, by one key or by two.
    Stayer,
    /// In the new one only.
    Newcomer,
}

/// What it has of the note on the block that changes the set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Note {
    /// Nothing.
    None,
    /// It is in memory.
    Heard,
    /// It is on disk.
    Synced,
}

/// How far its cosignature on that block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cosigned {
    No,
    /// On its disk is what it is about to cosign.
    Synced,
    /// Others may have it.
    Out,
}

/// Whether it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    Up,
    /// It was switched off, and nobody has its cosignature.
    Gone,
    /// It was switched off, and others have its cosignature.
    GoneAndHeard,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) role: Role,
    /// Blocks that are on its disk as decided, of both heights.
    pub(super) applied: [Option<u8>; 2],
    /// Its last precommit at either height: on its disk, and perhaps with others.
    pub(super) said: [Option<u8>; 2],
    pub(super) cosigned: Cosigned,
    pub(super) note: Note,
    pub(super) presence: Presence,
}

const fn digit(kind: Option<u8>) -> u16 {
    match kind {
        None => 0,
        Some(kind) => kind as u16 + 1,
    }
}

impl Member {
    pub(super) const fn new(role: Role) -> Self {
        Self {
            role,
            applied: [None; 2],
            said: [None; 2],
            cosigned: Cosigned::No,
            note: Note::None,
            presence: Presence::Up,
        }
    }

    /// How many of the two heights lie behind it; the number of the one that it is at.
    pub(super) fn at(&self) -> usize {
        self.applied.iter().flatten().count()
    }

    pub(super) fn is_up(&self) -> bool {
        self.presence == Presence::Up
    }

    /// In a number, the role first, so that members of one role stand together when sorted.
    pub(super) fn pack(&self) -> u16 {
        let [applied, applied_next] = self.applied.map(digit);
        let [said, said_next] = self.said.map(digit);
        let parts = [
            applied,
            applied_next,
            said,
            said_next,
            self.cosigned as u16,
            self.note as u16,
            self.presence as u16,
        ];
        let sum = |word: u16, part: &u16| word * 4 + part;
        parts.iter().fold(self.role as u16, sum)
    }

    pub(super) fn unpack(mut word: u16) -> Self {
        let mut next = || {
            let part = usize::from(word % 4);
            word /= 4;
            part
        };
        let (presence, note, cosigned) = (next(), next(), next());
        let mut kind = || (next() as u8).checked_sub(1);
        let (said_next, said, applied_next, applied) = (kind(), kind(), kind(), kind());
        Self {
            role: [Role::Leaver, Role::Stayer, Role::Newcomer][next()],
            applied: [applied, applied_next],
            said: [said, said_next],
            cosigned: [Cosigned::No, Cosigned::Synced, Cosigned::Out][cosigned],
            note: [Note::None, Note::Heard, Note::Synced][note],
            presence: [Presence::Up, Presence::Gone, Presence::GoneAndHeard][presence],
        }
    }
}
