//! Governance: a change is made when its time has come, enough agencies are for it and their keys are at
//! hand, by every node from its own log; and in no other way.

mod refusals;

use std::collections::BTreeSet;

use ledger::{Executed, InvalidBlock, NotExecuted, execute::BlockParameters};
use protocol::{
    agency::{ProvenAgency, quorum},
    authentic::Authentic,
    entry::Operation,
    epoch::{Change, ChangeStatement},
    governance::{ChangeProposal, ProposedChange, ReadyFor, RulesChange, RulesStatement, Stance},
    hash::EntryId,
    height::TimeMs,
    key::SecretKey,
    name::AgencyName,
    policy::OpenedBy,
    state::{Governance, Limits, ProposalEnd, ProposalState, value_hash},
};
use testkit::governance::Speaker;

use self::refusals::refused;
use crate::acts;
use crate::world::{self, Chain, network, next, proposal, register, secret, sign};

const FOUR: [&str; 4] = ["build", "court", "land", "tax"];

fn name(agency: &str) -> AgencyName {
    AgencyName::parse(agency).unwrap()
}

fn admin(agency: &AgencyName) -> SecretKey {
    secret(&format!("{agency} admin"))
}

fn speaker(agency: &AgencyName) -> Speaker<'static> {
    // All chains of these tests are one network's.
    let network = Box::leak(Box::new(network()));
    Speaker {
        network,
        agency: agency.clone(),
    }
}

/// The change by which these agencies would run the network.
pub fn epoch(chain: &Chain, agencies: Vec<ProvenAgency>) -> ProposedChange {
    let network = chain.head.directory().network();
    let statement = ChangeStatement {
        by: OpenedBy::Agencies,
        epoch: network.epoch.next(),
        before: network.trust,
        recovery_threshold: 7 - network.recovery_threshold,
        publisher: chain.genesis.publisher,
        agencies,
    };
    unapproved(chain, statement)
}

fn unapproved(chain: &Chain, statement: ChangeStatement) -> ProposedChange {
    let trust_file = statement.trust_file(&chain.genesis.network_id());
    ProposedChange::Epoch(Box::new(Change {
        statement,
        approvals: Vec::new(),
        trust_file,
    }))
}

pub fn change_threshold(change: &ProposedChange) -> u64 {
    let ProposedChange::Epoch(change) = change else {
        unreachable!("a change of agencies");
    };
    change.statement.recovery_threshold
}

fn rules(chain: &Chain, limits: Limits, governance: Governance) -> ProposedChange {
    let network = chain.head.directory().network();
    ProposedChange::Rules(RulesChange {
        statement: RulesStatement {
            before: value_hash(&network.write()),
            protocol: network.protocol,
            limits,
            governance,
        },
        approvals: Vec::new(),
    })
}

/// Who has been heard of in a proposal, and when the block of the change would come.
#[derive(Clone)]
struct Course {
    approving: Vec<&'static str>,
    present: Vec<&'static str>,
    next: Vec<&'static str>,
    /// Milliseconds from the opening to the block.
    late_ms: u64,
}

impl Course {
    fn whole() -> Self {
        Self {
            approving: FOUR[..3].to_vec(),
            present: FOUR[..3].to_vec(),
            next: FOUR.to_vec(),
            late_ms: 0,
        }
    }
}

fn at(chain: &Chain, time: u64, leaves: &[Authentic]) -> Result<Executed, NotExecuted> {
    let time = TimeMs::new(time);
    ledger::execute(&chain.head, &chain.records, proposal(time), leaves)
}

fn add(chain: &mut Chain, time: u64, leaves: &[Authentic]) -> Executed {
    let executed = at(chain, time, leaves).unwrap();
    chain.append(&executed);
    executed
}

/// Proposes a change that opens as early as it can.
fn propose(chain: &mut Chain, author: &str, change: &ProposedChange) -> ChangeProposal {
    let time = chain.head.time().get() + 1000;
    let opens = time + chain.head.directory().network().governance.notice_ms;
    propose_at(chain, author, change, time, opens)
}

fn propose_at(
    chain: &mut Chain,
    author: &str,
    change: &ProposedChange,
    time: u64,
    opens: u64,
) -> ChangeProposal {
    let author = name(author);
    let number = chain.head.directory().voice(&author).proposals + 1;
    let opens = TimeMs::new(opens);
    let (proposed, leaf) = speaker(&author).propose(&admin(&author), number, opens, change.clone());
    add(chain, time, &[leaf]);
    proposed
}

fn ballot(chain: &Chain, voter: &str, proposal: &ChangeProposal, is_for: bool) -> Authentic {
    let voter = name(voter);
    let number = chain.head.directory().voice(&voter).ballots + 1;
    let speaker = speaker(&voter);
    if is_for {
        speaker.approve(&admin(&voter), number, proposal)
    } else {
        speaker.vote(&admin(&voter), number, proposal.id(), Stance::Against)
    }
}

fn mark(agency: &str, ready_for: ReadyFor, proposal: EntryId, time: u64) -> Authentic {
    let vote = secret(&format!("{agency} vote"));
    let cosign = secret(&format!("{agency} cosign"));
    let time = TimeMs::new(time);
    speaker(&name(agency)).ready((&vote, &cosign), ready_for, proposal, time)
}

/// Ballots and marks, in two blocks before the opening.
fn prepare(chain: &mut Chain, proposal: &ChangeProposal, course: &Course) {
    let ballots: Vec<_> = course
        .approving
        .iter()
        .map(|voter| ballot(chain, voter, proposal, true))
        .collect();
    let time = chain.head.time().get() + 1000;
    add(chain, time, &ballots);
    let opens = proposal.statement.opens.get();
    let id = proposal.id();
    let present = course.present.iter();
    let mut marks: Vec<_> = present
        .map(|agency| mark(agency, ReadyFor::Present, id, opens - 2000))
        .collect();
    if matches!(proposal.statement.change, ProposedChange::Epoch(_)) {
        let next = course.next.iter();
        marks.extend(next.map(|agency| mark(agency, ReadyFor::Next, id, opens - 2000)));
    }
    add(chain, opens - 1000, &marks);
}

/// Makes a change with everybody's help; the block that makes it.
pub fn agree(chain: &mut Chain, change: &ProposedChange) -> Executed {
    let names: Vec<&'static str> = match change {
        ProposedChange::Epoch(change) => {
            let agencies = change.statement.agencies.iter();
            agencies.map(|agency| leaked(&agency.name)).collect()
        }
        ProposedChange::Rules(_) => Vec::new(),
    };
    let validators = &chain.head.directory().network().validators;
    let now: Vec<&'static str> = validators.iter().map(leaked).collect();
    let course = Course {
        approving: now[..quorum(now.len())].to_vec(),
        present: now.clone(),
        next: names,
        late_ms: 0,
    };
    let proposed = propose(chain, now[0], change);
    prepare(chain, &proposed, &course);
    let made = add(chain, proposed.statement.opens.get(), &[]);
    let ended = chain.head.directory().last_proposal(&name(now[0])).cloned();
    assert!(matches!(
        ended,
        Some(ProposalState::Ended {
            end: ProposalEnd::Made,
            ..
        })
    ));
    made
}

fn leaked(name: &AgencyName) -> &'static str {
    Box::leak(name.as_str().to_owned().into_boxed_str())
}

/// Takes a change that lets water in instead of tax through the course; how the proposal ended.
fn outcome(course: &Course) -> ProposalEnd {
    let mut chain = Chain::new();
    let agencies = ["build", "court", "land", "water"].map(world::agency);
    let change = epoch(&chain, agencies.to_vec());
    let proposed = propose(&mut chain, "court", &change);
    prepare(&mut chain, &proposed, course);
    let before = chain.head.directory().network().clone();
    let time = proposed.statement.opens.get() + course.late_ms;
    let entry = sign(register(1));
    let block = match at(&chain, time, std::slice::from_ref(&entry)) {
        Ok(block) => block,
        Err(NotExecuted::Invalid(InvalidBlock::ChangeDue)) => at(&chain, time, &[]).unwrap(),
        Err(no) => panic!("{no}"),
    };
    chain.append(&block);
    let after = chain.head.directory().network();
    let Some(ProposalState::Ended { end, .. }) =
        chain.head.directory().last_proposal(&name("court"))
    else {
        panic!("the proposal is not over");
    };
    assert_eq!(*after == before, *end != ProposalEnd::Made);
    assert_eq!(
        crate::replay::replayed(&chain).head().block(),
        chain.head.block()
    );
    *end
}

#[test]
fn a_change_is_made_when_enough_are_for_it_and_their_keys_are_at_hand() {
    let next = ["build", "court", "land", "water"].to_vec();
    let whole = Course {
        next: next.clone(),
        ..Course::whole()
    };
    assert_eq!(outcome(&whole), ProposalEnd::Made);
    let one_less = Course {
        approving: FOUR[..2].to_vec(),
        ..whole.clone()
    };
    assert_eq!(outcome(&one_less), ProposalEnd::TooFew);
    let unready = Course {
        present: FOUR[..2].to_vec(),
        ..whole.clone()
    };
    assert_eq!(outcome(&unready), ProposalEnd::PresentUnready);
    // Whoever stays may be missing, as far as a quorum allows; whoever is new may not.
    let one_stays_away = Course {
        next: next[1..].to_vec(),
        ..whole.clone()
    };
    assert_eq!(outcome(&one_stays_away), ProposalEnd::Made);
    let newcomer_away = Course {
        next: next[..3].to_vec(),
        ..whole.clone()
    };
    assert_eq!(outcome(&newcomer_away), ProposalEnd::NextUnready);
    let two_away = Course {
        next: next[2..].to_vec(),
        ..whole.clone()
    };
    assert_eq!(outcome(&two_away), ProposalEnd::NextUnready);
    let grace = Governance::default().grace_ms;
    let last = Course {
        late_ms: grace,
        ..whole.clone()
    };
    assert_eq!(outcome(&last), ProposalEnd::Made);
    let late = Course {
        late_ms: grace + 1,
        ..whole
    };
    assert_eq!(outcome(&late), ProposalEnd::TooLate);
}

#[test]
fn the_block_of_a_change_is_one_everywhere_and_comes_neither_early_nor_otherwise() {
    let mut chain = Chain::new();
    let change = epoch(&chain, FOUR.map(world::agency).to_vec());
    let proposed = propose(&mut chain, "build", &change);
    prepare(&mut chain, &proposed, &Course::whole());
    let opens = proposed.statement.opens.get();
    let is = |result: Result<Executed, NotExecuted>, expected: &InvalidBlock| match result {
        Err(NotExecuted::Invalid(invalid)) => assert_eq!(invalid, *expected),
        other => panic!("{other:?} instead of {expected:?}"),
    };
    let entry = sign(register(1));
    let early = at(&chain, opens - 1, &[]);
    is(early, &InvalidBlock::Empty);
    assert!(at(&chain, opens - 1, std::slice::from_ref(&entry)).is_ok());
    is(
        at(&chain, opens, std::slice::from_ref(&entry)),
        &InvalidBlock::ChangeDue,
    );
    let made = at(&chain, opens, &[]).unwrap();
    // As a leaf of the log, the same bytes and no others.
    let leaf = ProposedChange::parse(&made.leaves()[0]).unwrap();
    assert_eq!(leaf.approvals().len(), 3);
    let by = || proposal(TimeMs::new(opens));
    let same = ledger::execute(&chain.head, &chain.records, by(), [&leaf]).unwrap();
    assert_eq!(same.block(), made.block());
    let fewer = leaf.with_approvals(leaf.approvals()[1..].iter().cloned().collect());
    for other in [&change, &fewer] {
        let other = ledger::execute(&chain.head, &chain.records, by(), [other]);
        is(other, &InvalidBlock::NotProposed);
    }
    let before = proposal(TimeMs::new(opens - 1));
    let early = ledger::execute(&chain.head, &chain.records, before, [&leaf]);
    is(early, &InvalidBlock::NotProposed);
    // A proposer with entries at hand makes it too, and a description without entries means it.
    let by = BlockParameters {
        proposer: name("tax"),
        time: TimeMs::new(opens),
    };
    let built = ledger::build(&chain.head, &chain.records, by.clone(), [&entry]).unwrap();
    assert_eq!(built.executed.unwrap().block(), made.block());
    assert!(built.taken.is_empty() && built.refused.is_empty());
    let index = made.block_leaf().index;
    let described = ledger::execute::described(&chain.head, by, index, []);
    assert_eq!(described, made.block());
    // Its block still names the epoch before; the next one the new.
    assert_eq!(
        made.block_leaf().epoch,
        chain.head.directory().network().epoch
    );
    chain.append(&made);
    let opened = mark("tax", ReadyFor::Opened, proposed.id(), opens + 1);
    let next = add(&mut chain, opens + 2, std::slice::from_ref(&opened));
    assert_eq!(next.block_leaf().epoch, made.block_leaf().epoch.next());
    assert_eq!(chain.refusal(opened).unwrap().code(), "nothing-opened");
}

#[test]
fn one_mark_makes_the_first_block_of_an_epoch_and_only_that() {
    let mut chain = Chain::new();
    let change = epoch(&chain, FOUR.map(world::agency).to_vec());
    agree(&mut chain, &change);
    let id = match chain.head.directory().last_proposal(&name("build")) {
        Some(ProposalState::Ended { id, .. }) => *id,
        other => panic!("{other:?}"),
    };
    let time = chain.head.time().get() + 1;
    let marks = ["build", "tax"].map(|agency| mark(agency, ReadyFor::Opened, id, time));
    let built = ledger::build(
        &chain.head,
        &chain.records,
        proposal(TimeMs::new(time)),
        &marks,
    );
    let built = built.unwrap();
    assert_eq!(built.taken.len(), 1);
    assert_eq!(built.refused[0].1.code(), "nothing-opened");
    chain.block([register(1)]);
    assert_eq!(
        chain.refusal(marks[1].clone()).unwrap().code(),
        "nothing-opened"
    );
    let stranger = mark("water", ReadyFor::Opened, id, time);
    assert_eq!(chain.refusal(stranger).unwrap().code(), "no-validator");
}

#[test]
fn rules_change_their_numbers_and_nothing_else() {
    let mut chain = Chain::new();
    let limits = Limits {
        block_entries: 3,
        ..Limits::default()
    };
    let governance = Governance {
        return_ms: 7000,
        ..Governance::default()
    };
    let change = rules(&chain, limits, governance);
    let before = chain.head.directory().network().clone();
    agree(&mut chain, &change);
    let after = chain.head.directory().network();
    assert_eq!((after.limits, after.governance), (limits, governance));
    assert_eq!((after.epoch, after.trust), (before.epoch, before.trust));
    assert_eq!(chain.head.directory().opening(), None);
    let entries: Vec<_> = (1..=4).map(|number| sign(register(number))).collect();
    assert!(chain.execute(&entries[..3]).is_ok());
    assert!(chain.execute(&entries).is_err());
    // What was drafted before says other rules than those in force.
    let time = chain.head.time().get() + 1000;
    let opens = TimeMs::new(time + governance.notice_ms);
    let author = name("build");
    let (_, again) = speaker(&author).propose(&admin(&author), 2, opens, change);
    assert_eq!(chain.refusal(again).unwrap().code(), "rules-overtaken");
    assert_eq!(
        crate::replay::replayed(&chain).head().block(),
        chain.head.block()
    );
}

#[test]
fn two_changes_that_are_due_at_once_come_one_after_the_other_and_an_epoch_ends_the_rest() {
    let mut chain = Chain::new();
    let limits = |block_entries| Limits {
        block_entries,
        ..Limits::default()
    };
    let governance = Governance::default();
    let time = chain.head.time().get() + 1000;
    let opens = time + governance.notice_ms + 10_000;
    let first = rules(&chain, limits(1000), governance);
    let second = epoch(&chain, FOUR.map(world::agency).to_vec());
    let third = rules(&chain, limits(500), governance);
    let one = propose_at(&mut chain, "build", &first, time, opens);
    let two = propose_at(&mut chain, "court", &second, time + 1, opens + 1);
    let three = propose_at(&mut chain, "land", &third, time + 2, opens + 2);
    for (proposed, time) in [(&one, 3000), (&two, 2000), (&three, 1000)] {
        let ballots: Vec<_> = FOUR[..3]
            .iter()
            .map(|voter| ballot(&chain, voter, proposed, true))
            .collect();
        let time_now = chain.head.time().get() + 1000;
        add(&mut chain, time_now, &ballots);
        let _later = time;
    }
    for proposed in [&one, &two, &three] {
        let made_at = opens - 500_000 + chain.head.height().get();
        let mut marks: Vec<_> = FOUR
            .iter()
            .map(|agency| mark(agency, ReadyFor::Present, proposed.id(), made_at))
            .collect();
        if proposed.id() == two.id() {
            let next = FOUR.iter();
            marks.extend(next.map(|agency| mark(agency, ReadyFor::Next, two.id(), made_at)));
        }
        add(&mut chain, made_at, &marks);
    }
    let late = opens + 10_000;
    let made = add(&mut chain, late, &[]);
    assert_eq!(chain.head.directory().limits().block_entries, 1000);
    assert_eq!(made.block_leaf().entries, 1);
    // The second does not know the first, and still holds; the third was drafted from other rules.
    add(&mut chain, late + 1, &[]);
    assert_eq!(chain.head.directory().network().epoch.get(), 1);
    let ends: Vec<_> = ["build", "court", "land"]
        .map(
            |author| match chain.head.directory().last_proposal(&name(author)) {
                Some(ProposalState::Ended { end, .. }) => *end,
                other => panic!("{other:?}"),
            },
        )
        .to_vec();
    let expected = [ProposalEnd::Made, ProposalEnd::Made, ProposalEnd::Overtaken];
    assert_eq!(ends, expected);
    assert_eq!(chain.head.directory().open_proposals().count(), 0);
    chain.block([register(1)]);
    assert_eq!(
        crate::replay::replayed(&chain).head().block(),
        chain.head.block()
    );
}

#[test]
fn a_key_of_an_open_proposal_is_nobodys_to_take() {
    let mut chain = Chain::new();
    let agencies = ["build", "court", "land", "water"].map(world::agency);
    let change = epoch(&chain, agencies.to_vec());
    propose(&mut chain, "build", &change);
    let thief = acts::add_clerk_with("tax/thief", secret("water vote").public());
    let act = acts::sign_act(acts::act("tax", thief), None);
    assert_eq!(refused(&chain, act), "key-taken");
}

#[test]
fn a_directory_is_read_back_from_its_values() {
    let mut chain = Chain::new();
    let agencies = ["build", "court", "land", "water"].map(world::agency);
    let change = epoch(&chain, agencies.to_vec());
    let proposed = propose(&mut chain, "build", &change);
    let course = Course {
        next: vec!["water", "land"],
        ..Course::whole()
    };
    prepare(&mut chain, &proposed, &course);
    let (no, entry) = (
        ballot(&chain, "tax", &proposed, false),
        sign(next(Operation::Register, 9, None)),
    );
    let time = chain.head.time().get() + 1;
    add(&mut chain, time, &[no, entry]);
    let directory = chain.head.directory();
    let values: BTreeSet<String> = directory.values().into_values().collect();
    let mut read = ledger::directory::Directory::genesis(&chain.genesis);
    for value in &values {
        read.set(value).unwrap();
    }
    assert_eq!(read, **directory);
    let kinds = ["proposal ", "ballot ", "ready ", "voice "];
    for kind in kinds {
        assert!(values.iter().any(|value| value.starts_with(kind)), "{kind}");
    }
}
