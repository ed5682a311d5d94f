//! Catch-up: which blocks are asked for, which are being checked, and which wait to be committed.
//!
//! It takes facts (an answer came, its signatures were checked, somebody is late) with the height that is
//! being decided, and returns orders. Reading and checking blocks is `prepare`'s; committing them and
//! choosing whom to ask are the driver's (`blocks`, `block_requests`).

pub(super) mod prepare;

use std::{collections::VecDeque, time::Duration};

use protocol::height::Height;
use tokio::sync::mpsc;

use self::prepare::{CheckedAnswer, PreparedBlock};
use crate::{
    host::Moment,
    network::PeerIndex,
    wire::{self, DecidedBlock},
};

/// Blocks that wait to be checked; more are not asked for.
const WAITING_MAX: usize = 2 * wire::BLOCKS_MAX;
/// Ask somebody else if an answer takes longer than this.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// What the driver is to do.
#[derive(Debug)]
pub(super) enum CatchUpOrder {
    /// Nothing, until something else comes.
    Wait,
    /// Count blocks that nobody asked for.
    Unasked(PeerIndex),
    /// Check these blocks, which follow one another and what is here, and tell with
    /// [`CatchUp::on_checked`] what came of it. None may be left: then nothing of the answer fits.
    Check(Vec<DecidedBlock>, PeerIndex),
    /// Ask this peer for more, if it claims to have more.
    AskAhead(PeerIndex),
    /// Count an answer with a block that does not hold, and ask others.
    Wrong(PeerIndex),
}

/// Where catch-up stands. While one answer's blocks are committed, the next answer's signatures are
/// checked on other threads.
#[derive(Debug)]
pub(super) struct CatchUp {
    blocks: VecDeque<(PreparedBlock, PeerIndex)>,
    /// Blocks whose signatures are being checked.
    coming: usize,
    /// The answer after that, so that blocks stay in order.
    held: Option<(Vec<DecidedBlock>, PeerIndex)>,
    checked: mpsc::UnboundedSender<CheckedAnswer>,
    /// What those threads send.
    ready: mpsc::UnboundedReceiver<CheckedAnswer>,
    /// Who was asked and has not answered yet, and who was asked last.
    asked: Option<(PeerIndex, Moment)>,
    asked_last: Option<PeerIndex>,
}

impl CatchUp {
    /// Nothing is here and nobody was asked.
    pub(super) fn new() -> Self {
        let (checked, ready) = mpsc::unbounded_channel();
        Self {
            blocks: VecDeque::new(),
            coming: 0,
            held: None,
            checked,
            ready,
            asked: None,
            asked_last: None,
        }
    }

    /// Whether a block waits to be committed.
    pub(super) fn has_work(&self) -> bool {
        !self.blocks.is_empty()
    }

    /// The height after the last block that is here, while `height` is being decided.
    fn next(&self, height: Height) -> u64 {
        let waiting = u64::try_from(self.waiting()).unwrap_or(0);
        height.get().saturating_add(waiting)
    }

    fn waiting(&self) -> usize {
        self.blocks.len().saturating_add(self.coming)
    }

    /// Whether neither a block waits nor one is being checked.
    pub(super) fn is_idle(&self) -> bool {
        self.waiting() == 0
    }

    /// Asks `peer`, unless an answer is on its way or enough is here. The height from which on.
    pub(super) fn ask(&mut self, peer: PeerIndex, height: Height, now: Moment) -> Option<Height> {
        let has_enough = self.held.is_some() || self.waiting() >= WAITING_MAX;
        if self.asked.is_some() || has_enough {
            return None;
        }
        self.asked = Some((peer, now));
        self.asked_last = Some(peer);
        Some(Height::new(self.next(height)))
    }

    /// The peer that has not answered in time; it is waited for no longer.
    pub(super) fn take_late(&mut self, now: Moment) -> Option<PeerIndex> {
        let late = |(_, at): &mut (_, Moment)| now.since(*at) >= ANSWER_WITHIN;
        self.asked.take_if(late).map(|(peer, _)| peer)
    }

    /// The peer that was asked last.
    pub(super) const fn asked_last(&self) -> Option<PeerIndex> {
        self.asked_last
    }

    /// Whether a peer that has decided `theirs` has more than is here, and there is room for an answer.
    pub(super) fn wants_more(&self, theirs: Height, height: Height) -> bool {
        theirs.get() >= self.next(height) && self.waiting() < wire::BLOCKS_MAX
    }

    /// Blocks came. Unasked, a peer may tell how the present height was decided, and nothing else: the
    /// places here are for whoever was asked.
    pub(super) fn on_blocks(
        &mut self,
        blocks: Vec<DecidedBlock>,
        from: PeerIndex,
        is_answer: bool,
        height: Height,
    ) -> CatchUpOrder {
        if !is_answer && blocks.len() > 1 {
            return CatchUpOrder::Unasked(from);
        }
        if !is_answer && !self.is_idle() {
            return CatchUpOrder::Wait;
        }
        if self.coming > 0 {
            self.answer_came(from);
            self.held.get_or_insert((blocks, from));
            return CatchUpOrder::Wait;
        }
        self.take(blocks, from, height)
    }

    fn take(&mut self, blocks: Vec<DecidedBlock>, from: PeerIndex, height: Height) -> CatchUpOrder {
        let room = WAITING_MAX
            .saturating_sub(self.waiting())
            .min(wire::BLOCKS_MAX);
        let next = self.next(height);
        let last = blocks.last().map(|block| block.commit.height.get());
        let new = blocks
            .into_iter()
            .skip_while(|block| block.commit.height.get() < next);
        let fitting: Vec<DecidedBlock> = (next..)
            .zip(new)
            .take_while(|(height, block)| block.commit.height.get() == *height)
            .map(|(_, block)| block)
            .take(room)
            .collect();
        // What does not follow is no answer; what came another way meanwhile is one.
        if !fitting.is_empty() || last.is_some_and(|last| last < next) {
            self.answer_came(from);
        }
        CatchUpOrder::Check(fitting, from)
    }

    fn answer_came(&mut self, from: PeerIndex) {
        self.asked.take_if(|(peer, _)| *peer == from);
    }

    /// So many blocks are being checked from now on.
    pub(super) const fn begin_check(&mut self, count: usize) {
        self.coming = self.coming.saturating_add(count);
    }

    /// They cannot be checked. Nothing is lost: the blocks are asked for again.
    pub(super) const fn give_up_check(&mut self) {
        self.coming = 0;
    }

    /// Where threads send what they have checked.
    pub(super) fn sender(&self) -> mpsc::UnboundedSender<CheckedAnswer> {
        self.checked.clone()
    }

    /// Waits for the next answer that threads have checked.
    pub(super) async fn checked(&mut self) -> Option<CheckedAnswer> {
        self.ready.recv().await
    }

    /// Blocks whose signatures were checked wait their turn, and the next answer is looked at.
    pub(super) fn on_checked(&mut self, checked: CheckedAnswer, height: Height) -> CatchUpOrder {
        let CheckedAnswer { blocks, from } = checked;
        self.coming = self.coming.saturating_sub(blocks.len());
        for block in blocks {
            let Some(block) = block else {
                // What is held would follow the blocks that do not come now.
                self.held = None;
                return CatchUpOrder::Wrong(from);
            };
            self.blocks.push_back((block, from));
        }
        match self.held.take() {
            Some((blocks, from)) => self.take(blocks, from, height),
            None => CatchUpOrder::AskAhead(from),
        }
    }

    /// The next block that waits, and who brought it.
    pub(super) fn next_block(&mut self) -> Option<(PreparedBlock, PeerIndex)> {
        self.blocks.pop_front()
    }

    /// Drops the blocks that wait: what they follow does not hold.
    pub(super) fn drop_waiting(&mut self) {
        self.blocks.clear();
    }
}

#[cfg(test)]
mod tests {
    use consensus::Commit;
    use protocol::{
        block::BlockLeaf,
        hash::{BlockId, IndexRoot, TrustHash},
        height::{Epoch, Round, TimeMs},
    };

    use super::*;

    const HERE: Height = Height::new(10);
    const ONE: PeerIndex = PeerIndex::new(1);
    const TWO: PeerIndex = PeerIndex::new(2);

    fn at(ms: u64) -> Moment {
        Moment::new(Duration::from_millis(ms))
    }

    fn blocks(heights: std::ops::Range<u64>) -> Vec<DecidedBlock> {
        let block = |height| DecidedBlock {
            leaves: Vec::new(),
            commit: Commit {
                height: Height::new(height),
                round: Round::ZERO,
                block: BlockId::new([1; 32]),
                votes: Vec::new(),
            },
        };
        heights.map(block).collect()
    }

    fn prepared(block: DecidedBlock) -> PreparedBlock {
        PreparedBlock {
            leaf: BlockLeaf {
                height: block.commit.height,
                time: TimeMs::ZERO,
                proposer: None,
                parent: None,
                entries: 0,
                index: IndexRoot::new([0; 32]),
                epoch: Epoch::ZERO,
                trust: TrustHash::new([0; 32]),
            },
            block,
            entries: None,
        }
    }

    /// Heights that are to be checked.
    fn checks(order: &CatchUpOrder) -> Vec<u64> {
        match order {
            CatchUpOrder::Check(blocks, _) => {
                let heights = blocks.iter().map(|block| block.commit.height.get());
                heights.collect()
            }
            other => panic!("{other:?}"),
        }
    }

    /// All blocks of an order hold.
    fn hold(catchup: &mut CatchUp, order: CatchUpOrder) -> CatchUpOrder {
        let CatchUpOrder::Check(blocks, from) = order else {
            panic!("{order:?}");
        };
        catchup.begin_check(blocks.len());
        let blocks = blocks.into_iter().map(|block| Some(prepared(block)));
        let blocks = blocks.collect();
        catchup.on_checked(CheckedAnswer { blocks, from }, HERE)
    }

    #[test]
    fn one_question_is_on_its_way_and_who_is_late_is_named_once() {
        let mut catchup = CatchUp::new();
        assert_eq!(catchup.ask(ONE, HERE, at(0)), Some(HERE));
        assert_eq!(catchup.ask(TWO, HERE, at(1)), None);
        assert_eq!(catchup.take_late(at(1999)), None);
        assert_eq!(catchup.take_late(at(2000)), Some(ONE));
        assert_eq!(catchup.take_late(at(9000)), None);
        assert_eq!(catchup.ask(TWO, HERE, at(2000)), Some(HERE));
        assert_eq!(catchup.asked_last(), Some(TWO));
    }

    #[test]
    fn an_answer_is_what_follows_and_the_next_question_goes_on_behind_it() {
        let mut catchup = CatchUp::new();
        let _from = catchup.ask(ONE, HERE, at(0));
        let order = catchup.on_blocks(blocks(8..13), ONE, true, HERE);
        assert_eq!(checks(&order), [10, 11, 12]);
        let order = hold(&mut catchup, order);
        assert!(matches!(order, CatchUpOrder::AskAhead(ONE)));
        assert!(catchup.has_work() && !catchup.is_idle());
        assert!(catchup.wants_more(Height::new(13), HERE));
        assert!(!catchup.wants_more(Height::new(12), HERE));
        assert_eq!(catchup.ask(ONE, HERE, at(5)), Some(Height::new(13)));
        let heights = std::iter::from_fn(|| catchup.next_block());
        let heights = heights.map(|(block, _)| block.block.commit.height.get());
        assert_eq!(heights.collect::<Vec<_>>(), [10, 11, 12]);
    }

    #[test]
    fn blocks_that_leave_a_gap_are_no_answer_and_those_of_before_are_one() {
        let mut catchup = CatchUp::new();
        let _from = catchup.ask(ONE, HERE, at(0));
        let order = catchup.on_blocks(blocks(12..14), ONE, true, HERE);
        assert!(checks(&order).is_empty());
        assert_eq!(catchup.ask(TWO, HERE, at(1)), None);
        let order = catchup.on_blocks(blocks(5..7), ONE, true, HERE);
        assert!(checks(&order).is_empty());
        assert_eq!(catchup.ask(TWO, HERE, at(1)), Some(HERE));
    }

    #[test]
    fn unasked_a_peer_tells_of_the_present_height_alone() {
        let mut catchup = CatchUp::new();
        let many = catchup.on_blocks(blocks(10..12), ONE, false, HERE);
        assert!(matches!(many, CatchUpOrder::Unasked(ONE)));
        let one = catchup.on_blocks(blocks(10..11), ONE, false, HERE);
        assert_eq!(checks(&one), [10]);
        let _ahead = hold(&mut catchup, one);
        let again = catchup.on_blocks(blocks(10..11), TWO, false, HERE);
        assert!(matches!(again, CatchUpOrder::Wait));
    }

    #[test]
    fn one_answer_is_held_while_another_is_checked_and_falls_with_it() {
        let mut catchup = CatchUp::new();
        let first = catchup.on_blocks(blocks(10..12), ONE, true, HERE);
        catchup.begin_check(checks(&first).len());
        let held = catchup.on_blocks(blocks(12..14), TWO, true, HERE);
        assert!(matches!(held, CatchUpOrder::Wait));
        // Enough is here: nobody is asked.
        assert_eq!(catchup.ask(TWO, HERE, at(0)), None);
        let good = blocks(10..12).into_iter().map(prepared).map(Some);
        let answer = |blocks| CheckedAnswer { blocks, from: ONE };
        let order = catchup.on_checked(answer(good.collect()), HERE);
        assert_eq!(checks(&order), [12, 13]);

        catchup.begin_check(2);
        let held = catchup.on_blocks(blocks(14..15), TWO, true, HERE);
        assert!(matches!(held, CatchUpOrder::Wait));
        let order = catchup.on_checked(answer(vec![None, None]), HERE);
        assert!(matches!(order, CatchUpOrder::Wrong(ONE)));
        assert_eq!(catchup.ask(TWO, HERE, at(0)), Some(Height::new(12)));
        catchup.drop_waiting();
        assert!(catchup.is_idle());
    }

    #[test]
    fn no_more_is_taken_than_there_is_room_for() {
        let (mut catchup, many) = (CatchUp::new(), wire::BLOCKS_MAX as u64);
        let first = catchup.on_blocks(blocks(10..11 + many), ONE, true, HERE);
        assert_eq!(checks(&first).len(), wire::BLOCKS_MAX);
        let _ahead = hold(&mut catchup, first);
        let second = catchup.on_blocks(blocks(10 + many..10 + 2 * many), ONE, true, HERE);
        let _ahead = hold(&mut catchup, second);
        assert_eq!(catchup.ask(ONE, HERE, at(0)), None);
        let third = catchup.on_blocks(blocks(10 + 2 * many..11 + 2 * many), ONE, true, HERE);
        assert!(checks(&third).is_empty());
    }
}
