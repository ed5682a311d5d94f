//! What is refused in governance, by code: who may not propose, vote, withdraw or be ready, and when.

use super::*;

/// The code by which the next block refuses it.
pub(super) fn refused(chain: &Chain, leaf: Authentic) -> &'static str {
    chain
        .refusal(leaf)
        .map_or("taken", |refusal| refusal.code())
}

#[test]
fn whoever_proposes_is_refused_by_name() {
    let chain = Chain::new();
    let governance = Governance::default();
    let next = chain.head.time().get() + 1;
    let change = epoch(&chain, FOUR.map(world::agency).to_vec());
    let try_it = |author: &str, key: &SecretKey, number, opens, change: &ProposedChange| {
        let author = name(author);
        let opens = TimeMs::new(opens);
        let (_, leaf) = speaker(&author).propose(key, number, opens, change.clone());
        refused(&chain, leaf)
    };
    let opens = next + governance.notice_ms;
    let build = admin(&name("build"));
    assert_eq!(try_it("build", &build, 1, opens, &change), "taken");
    assert_eq!(try_it("water", &build, 1, opens, &change), "unknown-agency");
    let tax = admin(&name("tax"));
    assert_eq!(try_it("build", &tax, 1, opens, &change), "wrong-admin-key");
    assert_eq!(
        try_it("build", &build, 2, opens, &change),
        "proposal-number"
    );
    assert_eq!(
        try_it("build", &build, 1, opens - 1, &change),
        "opens-outside"
    );
    let last = next + governance.horizon_ms;
    assert_eq!(try_it("build", &build, 1, last, &change), "taken");
    assert_eq!(
        try_it("build", &build, 1, last + 1, &change),
        "opens-outside"
    );
    let three = epoch(
        &chain,
        FOUR[..3].iter().map(|name| world::agency(name)).collect(),
    );
    assert_eq!(try_it("build", &build, 1, opens, &three), "bad-change");
    let ProposedChange::Epoch(good) = &change else {
        unreachable!()
    };
    let by_recovery = ChangeStatement {
        by: OpenedBy::Recovery,
        ..good.statement.clone()
    };
    let by_recovery = unapproved(&chain, by_recovery);
    assert_eq!(
        try_it("build", &build, 1, opens, &by_recovery),
        "bad-change"
    );
    let approved =
        change.with_approvals([(name("build"), build.sign(&change.message(&network())))].into());
    assert_eq!(try_it("build", &build, 1, opens, &approved), "bad-change");
    let wild = rules(
        &chain,
        Limits::default(),
        Governance {
            ready_ms: governance.notice_ms + 1,
            ..governance
        },
    );
    assert_eq!(
        try_it("build", &build, 1, opens, &wild),
        "rules-out-of-bounds"
    );
}

#[test]
fn a_ballot_counts_once_and_the_last_one_counts() {
    let mut chain = Chain::new();
    let change = epoch(&chain, FOUR.map(world::agency).to_vec());
    let proposed = propose(&mut chain, "build", &change);
    let id = proposed.id();
    let first = ballot(&chain, "court", &proposed, true);
    let time = chain.head.time().get() + 1000;
    add(&mut chain, time, std::slice::from_ref(&first));
    let against = ballot(&chain, "court", &proposed, false);
    add(&mut chain, time + 1000, &[against]);
    // Whoever hands the first one in again makes nobody's mind up.
    assert_eq!(refused(&chain, first), "ballot-number");
    let tally = chain.head.directory().tally(&id);
    assert_eq!((tally.approvals.len(), tally.against), (0, 1));
    for _ in 0..6 {
        let again = ballot(&chain, "court", &proposed, false);
        let time = chain.head.time().get() + 1000;
        add(&mut chain, time, &[again]);
    }
    let ninth = ballot(&chain, "court", &proposed, false);
    assert_eq!(refused(&chain, ninth), "too-many-ballots");
    assert_eq!(chain.head.directory().tally(&id).against, 1);
    let land = name("land");
    let stranger = speaker(&name("water")).vote(&admin(&name("water")), 1, id, Stance::Against);
    assert_eq!(refused(&chain, stranger), "unknown-agency");
    let wrong = speaker(&land).vote(&admin(&name("tax")), 1, id, Stance::Against);
    assert_eq!(refused(&chain, wrong), "wrong-admin-key");
    let unknown = EntryId::new([7; 32]);
    let unknown = speaker(&land).vote(&admin(&land), 1, unknown, Stance::Against);
    assert_eq!(refused(&chain, unknown), "unknown-proposal");
    // An approval of something else would stop the change when it is due.
    let false_approval = Stance::For(admin(&land).sign(b"something else"));
    let liar = speaker(&land).vote(&admin(&land), 1, id, false_approval);
    assert_eq!(refused(&chain, liar), "bad-approval");
    // Two against are more than four could do without.
    let second = ballot(&chain, "land", &proposed, false);
    let time = chain.head.time().get() + 1000;
    add(&mut chain, time, &[second]);
    let late = ballot(&chain, "tax", &proposed, true);
    assert_eq!(refused(&chain, late), "unknown-proposal");
    let ended = chain.head.directory().last_proposal(&name("build"));
    assert!(matches!(
        ended,
        Some(ProposalState::Ended {
            end: ProposalEnd::Rejected,
            ..
        })
    ));
}

#[test]
fn a_proposal_is_withdrawn_by_its_proposer_until_a_quorum_is_for_it() {
    let mut chain = Chain::new();
    let change = epoch(&chain, FOUR.map(world::agency).to_vec());
    let proposed = propose(&mut chain, "build", &change);
    let (build, court) = (name("build"), name("court"));
    let foreign = speaker(&court).withdraw(&admin(&court), proposed.id());
    assert_eq!(refused(&chain, foreign), "foreign-proposal");
    let own = speaker(&build).withdraw(&admin(&build), proposed.id());
    let time = chain.head.time().get() + 1000;
    add(&mut chain, time, std::slice::from_ref(&own));
    assert_eq!(refused(&chain, own), "unknown-proposal");
    // Ballots for the withdrawn one say nothing of the next.
    let again = propose(&mut chain, "build", &change);
    assert_ne!(again.id(), proposed.id());
    let ballots: Vec<_> = FOUR[..3]
        .iter()
        .map(|voter| ballot(&chain, voter, &again, true))
        .collect();
    let time = chain.head.time().get() + 1000;
    add(&mut chain, time, &ballots);
    let late = speaker(&build).withdraw(&admin(&build), again.id());
    assert_eq!(refused(&chain, late), "withdrawn-too-late");
}

#[test]
fn an_agency_proposes_four_times_a_day_and_one_thing_at_a_time() {
    let mut chain = Chain::new();
    let build = name("build");
    let change = epoch(&chain, FOUR.map(world::agency).to_vec());
    for number in 1..=4 {
        let proposed = propose(&mut chain, "build", &change);
        let opens = TimeMs::new(chain.head.time().get() + 1_000_000);
        let (_, second) =
            speaker(&build).propose(&admin(&build), number + 1, opens, change.clone());
        assert_eq!(refused(&chain, second), "proposal-open");
        let withdrawn = speaker(&build).withdraw(&admin(&build), proposed.id());
        let time = chain.head.time().get() + 1000;
        add(&mut chain, time, &[withdrawn]);
    }
    let opens = TimeMs::new(chain.head.time().get() + 1_000_000);
    let (_, fifth) = speaker(&build).propose(&admin(&build), 5, opens, change.clone());
    assert_eq!(refused(&chain, fifth), "too-many-proposals");
    let tomorrow = (chain.head.time().get() / 86_400_000 + 1) * 86_400_000;
    add(&mut chain, tomorrow, &[sign(register(1))]);
    propose(&mut chain, "build", &change);
}

#[test]
fn a_mark_counts_in_its_window_under_its_keys_and_once() {
    let mut chain = Chain::new();
    let agencies = ["build", "court", "land", "water"].map(world::agency);
    let change = epoch(&chain, agencies.to_vec());
    let proposed = propose(&mut chain, "build", &change);
    let id = proposed.id();
    let opens = proposed.statement.opens.get();
    let from = opens - Governance::default().ready_ms;
    add(&mut chain, opens - 4, &[sign(register(1))]);
    let code = |leaf| {
        let time = TimeMs::new(opens - 1);
        let built = ledger::build(&chain.head, &chain.records, proposal(time), [&leaf]).unwrap();
        let refused = built.refused.first();
        refused.map_or("taken", |(_, refusal)| refusal.code())
    };
    assert_eq!(code(mark("tax", ReadyFor::Present, id, from)), "taken");
    assert_eq!(
        code(mark("tax", ReadyFor::Present, id, from - 1)),
        "ready-outside"
    );
    assert_eq!(
        code(mark("tax", ReadyFor::Present, id, opens)),
        "ready-in-future"
    );
    assert_eq!(code(mark("tax", ReadyFor::Next, id, from)), "no-validator");
    assert_eq!(code(mark("water", ReadyFor::Next, id, from)), "taken");
    assert_eq!(
        code(mark("water", ReadyFor::Present, id, from)),
        "no-validator"
    );
    let other = EntryId::new([7; 32]);
    assert_eq!(
        code(mark("tax", ReadyFor::Present, other, from)),
        "unknown-proposal"
    );
    let (vote, wrong) = (secret("tax vote"), secret("tax admin"));
    let time = TimeMs::new(from);
    let tax = speaker(&name("tax"));
    let leaf = tax.ready((&vote, &wrong), ReadyFor::Present, id, time);
    assert_eq!(code(leaf), "wrong-cosign-key");
    let leaf = tax.ready((&wrong, &wrong), ReadyFor::Present, id, time);
    assert_eq!(code(leaf), "wrong-vote-key");
    let said = mark("tax", ReadyFor::Present, id, from + 5);
    add(&mut chain, opens - 3, std::slice::from_ref(&said));
    let again = refused_at(&chain, said, opens - 2);
    assert_eq!(again, "ready-again");
}

fn refused_at(chain: &Chain, leaf: Authentic, time: u64) -> &'static str {
    let by = proposal(TimeMs::new(time));
    let built = ledger::build(&chain.head, &chain.records, by, [&leaf]).unwrap();
    let refused = built.refused.first();
    refused.map_or("taken", |(_, refusal)| refusal.code())
}
