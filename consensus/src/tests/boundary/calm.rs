//! Good weather for the model of the boundary: all liars are silent, and honest members do what they can.
//!
//! The next height can be reached from a state if this one way of going on leads there. Liars that are
//! silent have taken along what only they knew, so nothing counts here that no honest member has.

use super::{CHANGE, Cosigned, Member, Model, Note, PLAIN, Presence, Set, is_in, next_cosigned};

impl Model {
    /// Whether all that are up get to h + 1, or to another block at h than the one that changes the set.
    pub(super) fn recovers(&self, mut members: Vec<Member>) -> bool {
        loop {
            let mut moves = false;
            for at in 0..members.len() {
                if members[at].is_up()
                    && let Some(next) = self.calm_step(&members, at)
                {
                    members[at] = next;
                    moves = true;
                }
            }
            if !moves {
                break;
            }
        }
        let there = |m: &Member| m.at() == 2 || m.applied[0] == Some(PLAIN);
        members
            .iter()
            .all(|member| !member.is_up() || there(member))
    }

    /// The next thing that a member does, if there is any.
    fn calm_step(&self, members: &[Member], at: usize) -> Option<Member> {
        let mut member = members[at];
        if let Some(cosigned) = next_cosigned(&member) {
            member.cosigned = cosigned;
            return Some(member);
        }
        match member.note {
            Note::None if member.applied[0] == Some(CHANGE) && self.has_note(members) => {
                member.note = Note::Heard;
                return Some(member);
            }
            Note::Heard => {
                member.note = Note::Synced;
                return Some(member);
            }
            Note::None | Note::Synced => {}
        }
        let height = self.open_height(members, &member)?;
        let decided = (0..2).find(|kind| self.is_decided_calmly(members, member, height, *kind));
        if decided.is_some() {
            member.applied[height] = decided;
            return Some(member);
        }
        let kind = wanted(members, height);
        let set = self.set_of(member.role, height, kind);
        let may = is_in(member.role, set)
            && member.said[height] != Some(kind)
            && !self.is_kept_out(members, set, height, kind);
        member.said[height] = Some(kind);
        may.then_some(member)
    }

    /// Whether the honest have enough cosignatures, or the note.
    fn has_note(&self, members: &[Member]) -> bool {
        let known = |m: &&Member| m.cosigned == Cosigned::Out && m.presence != Presence::Gone;
        let cosigned = members.iter().filter(known).count();
        let served = members.iter().any(|m| m.is_up() && m.note != Note::None);
        served || cosigned >= self.quorum[Set::Old as usize]
    }

    /// Whether the precommits of those that are up decide a block, or one of them serves it.
    fn is_decided_calmly(&self, members: &[Member], me: Member, height: usize, kind: u8) -> bool {
        let set = self.set_of(me.role, height, kind);
        let mut up = members.iter().copied().filter(Member::is_up);
        let serves =
            |m: Member| m.applied[height] == Some(kind) && self.set_of(m.role, height, kind) == set;
        let votes = self.votes(&up.clone().collect::<Vec<_>>(), set, height, kind);
        votes >= self.quorum[set as usize] || up.any(serves)
    }
}

/// The block that the next proposers offer: the one that most are bound to.
fn wanted(members: &[Member], height: usize) -> u8 {
    let bound = |kind| {
        members
            .iter()
            .filter(|m| m.said[height] == Some(kind))
            .count()
    };
    u8::from(bound(1) > bound(0))
}
