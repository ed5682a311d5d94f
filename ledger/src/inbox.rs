//! Records whose latest version waits for the word of other agencies or of a second clerk, by agency. In memory, made anew
//! when the folder is opened: a convenience for whoever asks, and nothing that a rule reads.

use std::collections::BTreeMap;

use protocol::{
    hash::IndexKey,
    height::{LeafIndex, TimeMs},
    name::AgencyName,
    standing::{Endorsement, Standing, Terms},
    state::RecordState,
};

/// The records that wait for one agency, in the order in which their versions were recorded, each with
/// the last moment at which its word counts.
type Waiting = BTreeMap<LeafIndex, (IndexKey, Option<TimeMs>)>;

/// Returns whether agencies are asked for their word on the latest version.
pub(crate) fn waits(state: &RecordState) -> bool {
    asked(state).is_some()
}

/// What was said of the latest version, and what is asked of whom; none if nobody is asked any more.
fn asked(state: &RecordState) -> Option<(&Standing, &Terms)> {
    let standing = state.standing.as_deref()?;
    let terms = standing.terms.as_ref()?;
    // At its own time it can be anything but lapsed: when that is, depends on who asks when.
    let is_done = matches!(state.endorsement(state.time), Endorsement::Effective(_));
    (!is_done).then_some((standing, terms))
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Inboxes {
    by_agency: BTreeMap<AgencyName, Waiting>,
    /// Indexes of the latest versions.
    places: BTreeMap<IndexKey, LeafIndex>,
}

impl Inboxes {
    /// Takes notice of a record as it is now.
    pub(crate) fn note(&mut self, key: IndexKey, state: &RecordState) {
        if let Some(index) = self.places.remove(&key) {
            for waiting in self.by_agency.values_mut() {
                waiting.remove(&index);
            }
        }
        let Some((standing, terms)) = asked(state) else {
            return;
        };
        let asked = terms.agencies.iter().cloned().chain(terms.own());
        for agency in asked.filter(|agency| standing.mark(agency).is_none()) {
            let waiting = self.by_agency.entry(agency).or_default();
            waiting.insert(state.index, (key, terms.until));
            self.places.insert(key, state.index);
        }
    }

    /// Those that wait for `agency` at `now`, oldest first, at most `count_max`; and how many there are.
    pub(crate) fn of(
        &self,
        agency: &AgencyName,
        now: TimeMs,
        count_max: usize,
    ) -> (Vec<IndexKey>, usize) {
        let waiting = self.by_agency.get(agency).into_iter().flatten();
        let mut all = 0;
        let mut first = Vec::new();
        for (_, (key, until)) in waiting {
            if until.is_some_and(|until| until < now) {
                continue;
            }
            all += 1;
            if first.len() < count_max {
                first.push(*key);
            }
        }
        (first, all)
    }
}
