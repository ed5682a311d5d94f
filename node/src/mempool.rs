//! Entries that wait for a block: admitted, in the order of their arrival, fair between agencies.
//!
//! A plain struct without clock or lock. At most one entry waits for each thing that only one can have,
//! like the next version of a record; what loses against a committed one is dropped with the reason,
//! which is kept for whoever asks.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::Arc,
};

use ledger::{Admitted, rules::Refusal};
use protocol::{
    act::Decision,
    authentic::{Authentic, Leaf, Submission},
    entry::Entry,
    governance::{GovernanceLeaf, ReadyFor},
    hash::{EntryId, IndexKey, LeafHash},
    height::{Height, Version},
    name::AgencyName,
    state::{ClerkState, ProposalState, RegistryState, ReturnState, VoiceState},
};

use crate::limits;

/// What became of an entry that was offered.
#[derive(Debug)]
pub enum Offered {
    /// It waits now.
    Waits,
    /// It was waiting already.
    WaitedAlready,
    /// Another entry waits for the same thing, like the same version of the record.
    Contested {
        /// That entry.
        by: EntryId,
    },
    /// The queue is full; try again later.
    Full,
}

/// The waiting entries.
#[derive(Debug, Default)]
pub struct Mempool {
    /// Entries, acts and whole batches, by the hash of their first leaf.
    entries: BTreeMap<LeafHash, Arc<Authentic>>,
    /// Of these and the claims nothing is asked in order.
    ids: HashMap<EntryId, LeafHash>,
    claims: HashMap<Claim, EntryId>,
    queues: BTreeMap<AgencyName, VecDeque<LeafHash>>,
    per_agency: BTreeMap<AgencyName, usize>,
    /// Return marks and governance, which go first and never wait for room: of each agency there are few, by
    /// what they claim.
    first_in_line: BTreeSet<(AgencyName, LeafHash)>,
    leaves: usize,
    /// Whose turn it is to be first in a block.
    first: usize,
    bytes: usize,
    refused: BTreeMap<EntryId, Refusal>,
    refused_order: VecDeque<EntryId>,
}

impl Mempool {
    /// How many leaves of the log wait.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.leaves
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The waiting entry with this leaf hash.
    #[must_use]
    pub fn get(&self, hash: &LeafHash) -> Option<&Arc<Authentic>> {
        self.entries.get(hash)
    }

    /// Whether an entry with this id waits.
    #[must_use]
    pub fn waits(&self, id: &EntryId) -> bool {
        self.ids.contains_key(id)
    }

    /// Why an entry was dropped or refused lately.
    #[must_use]
    pub fn refusal(&self, id: &EntryId) -> Option<&Refusal> {
        self.refused.get(id)
    }

    /// Queues an admitted entry.
    pub fn offer(&mut self, admitted: Admitted) -> Offered {
        let entry = admitted.into_entry();
        let claims = Claim::of(&entry);
        if self.ids.contains_key(&entry.id()) {
            return Offered::WaitedAlready;
        }
        if let Some(by) = claims.iter().find_map(|claim| self.claims.get(claim)) {
            return Offered::Contested { by: *by };
        }
        let agency = entry.submission().author().agency();
        let of_agency = self.per_agency.get(&agency).copied().unwrap_or(0);
        // Neither waits for clerks' entries.
        let has_room = goes_first(entry.submission());
        let is_full = self.leaves + entry.count() > limits::QUEUE_ENTRIES_MAX
            || self.bytes + entry.bytes().len() > limits::QUEUE_BYTES_MAX
            || of_agency + entry.count() > limits::QUEUE_AGENCY_ENTRIES_MAX;
        if is_full && !has_room {
            return Offered::Full;
        }
        for leaf in entry.leaves() {
            self.refused.remove(&leaf.id);
            self.ids.insert(leaf.id, entry.hash());
        }
        self.bytes += entry.bytes().len();
        self.leaves += entry.count();
        let claims = claims.into_iter().map(|claim| (claim, entry.id()));
        self.claims.extend(claims);
        if has_room {
            self.first_in_line.insert((agency, entry.hash()));
        } else {
            self.queues
                .entry(agency.clone())
                .or_default()
                .push_back(entry.hash());
            *self.per_agency.entry(agency).or_default() += entry.count();
        }
        self.entries.insert(entry.hash(), Arc::new(entry));
        Offered::Waits
    }

    /// The next for a block within the bounds: one from each agency in turn, oldest first, beginning each
    /// time with another agency, so that what is large waits for no one's small ones.
    pub fn candidates(&mut self, leaves_max: usize, bytes_max: usize) -> Vec<Arc<Authentic>> {
        for queue in self.queues.values_mut() {
            queue.retain(|hash| self.entries.contains_key(hash));
        }
        self.queues.retain(|_, queue| !queue.is_empty());
        self.first = self.first.wrapping_add(1);
        let begin = self.first.checked_rem(self.queues.len()).unwrap_or(0);
        let mut taken = Vec::new();
        let (mut leaves, mut bytes, mut turn) = (0, 0, 0);
        for mark in self
            .first_in_line
            .iter()
            .filter_map(|(_, hash)| self.entries.get(hash))
        {
            leaves += mark.count();
            bytes += mark.bytes().len();
            if leaves > leaves_max || bytes > bytes_max {
                return taken;
            }
            taken.push(Arc::clone(mark));
        }
        loop {
            let mut any = false;
            let (before, after) = (
                self.queues.values().take(begin),
                self.queues.values().skip(begin),
            );
            for queue in after.chain(before) {
                let Some(entry) = queue.get(turn).and_then(|hash| self.entries.get(hash)) else {
                    continue;
                };
                leaves += entry.count();
                bytes += entry.bytes().len();
                if leaves > leaves_max || bytes > bytes_max {
                    return taken;
                }
                any = true;
                taken.push(Arc::clone(entry));
            }
            if !any {
                return taken;
            }
            turn += 1;
        }
    }

    /// Forgets entries that a block took; gives back those that lost to one of them.
    pub fn committed<'a>(
        &mut self,
        entries: impl IntoIterator<Item = &'a Arc<Authentic>>,
    ) -> Vec<Arc<Authentic>> {
        let mut losers = Vec::new();
        for entry in entries {
            self.remove(&entry.hash());
            for claim in Claim::of(entry) {
                let loser = self.claims.get(&claim).and_then(|id| self.ids.get(id));
                let loser = loser.copied().and_then(|hash| self.remove(&hash));
                losers.extend(loser);
            }
        }
        losers
    }

    /// The agencies whose validators have lost what they signed, and whose marks wait.
    #[must_use]
    pub fn returning(&self) -> BTreeSet<AgencyName> {
        let first = self.first_in_line.iter();
        let first = first.filter(|(_, hash)| {
            let entry = self.entries.get(hash);
            entry.is_some_and(|entry| matches!(entry.submission(), Submission::Return(_)))
        });
        first.map(|(agency, _)| agency.clone()).collect()
    }

    /// All that wait, for a peer that was away.
    #[must_use]
    pub fn all_bytes(&self) -> Vec<Vec<u8>> {
        self.entries
            .values()
            .map(|entry| entry.bytes().to_vec())
            .collect()
    }

    /// Drops an entry with a reason, with all that stands in its batch.
    pub fn drop_entry(&mut self, id: &EntryId, refusal: Refusal) {
        let dropped = self.ids.get(id).copied();
        match dropped.and_then(|hash| self.remove(&hash)) {
            Some(entry) => self.drop_removed(&entry, &refusal),
            None => self.refuse(*id, refusal),
        }
    }

    /// Remembers why something is not here any more.
    pub fn drop_removed(&mut self, entry: &Authentic, refusal: &Refusal) {
        for leaf in entry.leaves() {
            self.refuse(leaf.id, refusal.clone());
        }
    }

    /// Entries whose last height is below `height`: they can never be decided.
    #[must_use]
    pub fn dead(&self, height: Height) -> Vec<EntryId> {
        self.entries
            .values()
            .filter(|entry| entry.submission().expires() < height)
            .map(|entry| entry.id())
            .collect()
    }

    fn remove(&mut self, hash: &LeafHash) -> Option<Arc<Authentic>> {
        let entry = self.entries.remove(hash)?;
        self.bytes = self.bytes.saturating_sub(entry.bytes().len());
        self.leaves = self.leaves.saturating_sub(entry.count());
        for leaf in entry.leaves() {
            self.ids.remove(&leaf.id);
        }
        for claim in Claim::of(&entry) {
            self.claims.remove(&claim);
        }
        let agency = entry.submission().author().agency();
        if goes_first(entry.submission()) {
            self.first_in_line.remove(&(agency, entry.hash()));
        } else if let Some(count) = self.per_agency.get_mut(&agency) {
            *count = count.saturating_sub(entry.count());
        }
        Some(entry)
    }

    fn refuse(&mut self, id: EntryId, refusal: Refusal) {
        if self.refused.insert(id, refusal).is_none() {
            self.refused_order.push_back(id);
        }
        while self.refused_order.len() > limits::REFUSALS_KEPT_MAX {
            if let Some(oldest) = self.refused_order.pop_front() {
                self.refused.remove(&oldest);
            }
        }
    }
}

/// Whether it is proposed before clerks' entries, and never refused for want of room.
const fn goes_first(submission: &Submission) -> bool {
    matches!(
        submission,
        Submission::Return(_) | Submission::Governance(_)
    )
}

/// What only one entry can have: a version of a record, an agency's word on it, a clerk's next state, a
/// registry's next policy, or a validator's return.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Claim(IndexKey, Version, Option<AgencyName>);

impl Claim {
    fn of(whole: &Authentic) -> Vec<Self> {
        match whole.submission() {
            Submission::Entry(entry) => vec![Self::of_entry(whole.first(), entry)],
            Submission::Batch(batch) => {
                let leaves = whole.leaves().skip(1).zip(&batch.entries);
                let claims = leaves.map(|(leaf, entry)| Self::of_entry(leaf, entry));
                claims.collect()
            }
            Submission::Act(act) => {
                let key = match &act.statement.decision {
                    Decision::AddClerk(state) => ClerkState::index_key(&state.name),
                    Decision::RevokeClerk { clerk, .. } => ClerkState::index_key(clerk),
                    Decision::SetPolicy { registry, .. }
                    | Decision::AddRegistry { registry, .. }
                    | Decision::TransferRegistry { registry, .. } => {
                        RegistryState::index_key(registry)
                    }
                };
                vec![Self(key, Version::ZERO, None)]
            }
            Submission::Return(mark) => {
                let key = ReturnState::index_key(&mark.statement.agency);
                vec![Self(key, Version::ZERO, None)]
            }
            Submission::Governance(leaf) => vec![Self::of_governance(leaf)],
        }
    }

    fn of_governance(leaf: &GovernanceLeaf) -> Self {
        match leaf {
            GovernanceLeaf::Proposal(proposal) => {
                let key = ProposalState::index_key(&proposal.statement.author);
                Self(key, Version::ZERO, None)
            }
            GovernanceLeaf::Withdrawal(withdrawal) => {
                let key = ProposalState::index_key(&withdrawal.statement.author);
                Self(key, Version::new(1), None)
            }
            GovernanceLeaf::Ballot(ballot) => {
                let key = VoiceState::index_key(&ballot.statement.author);
                Self(key, Version::ZERO, None)
            }
            GovernanceLeaf::Ready(mark) => {
                let statement = &mark.statement;
                let key = IndexKey::new(*statement.proposal.as_bytes());
                let side = Version::new(u64::from(statement.ready_for == ReadyFor::Next));
                Self(key, side, Some(statement.agency.clone()))
            }
        }
    }

    fn of_entry(leaf: Leaf<'_>, entry: &Entry) -> Self {
        let statement = &entry.statement;
        let attests = statement.operation.is_attestation();
        Self(
            leaf.index_key(statement),
            statement.version,
            attests.then(|| statement.author.agency()),
        )
    }
}
