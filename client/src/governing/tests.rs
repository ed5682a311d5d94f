//! Wishes, and what becomes of them: each change by what it differs in, each refusal by its code.

use std::collections::BTreeMap;

use protocol::{
    agency::ProvenAgency,
    chain_id::NetworkId,
    drafting::{
        AgencyRequest, ChangeDraft, DraftedChange, InForceText, NextNumbers, NodeHealth, NodePoll,
    },
    epoch::Change,
    genesis::Genesis,
    governance::ProposedChange,
    hash::{TrustHash, sha256},
    height::{Height, TimeMs},
    key::SecretKey,
    keyfile::KeyFile,
    name::AgencyName,
};
use testkit::founder::Founder;

use super::*;
use crate::coded::Coded;

const ORIGIN: &str = "registry.example.uz/test/1";
const AGENCIES: [&str; 4] = ["adliya", "kadastr", "qurilish", "soliq"];
const TIME: TimeMs = TimeMs::new(1_797_094_800_000);

fn secret(holder: &str, purpose: &str) -> SecretKey {
    SecretKey::from_seed(&sha256(&[holder.as_bytes(), b" ", purpose.as_bytes()]))
}

fn founder() -> Founder<'static, fn(&str, &str) -> SecretKey> {
    Founder {
        origin: ORIGIN,
        secret,
    }
}

fn genesis() -> Genesis {
    let founder = founder();
    let agency = |name: &&str| {
        let url = format!("https://{name}.example/");
        founder.agency(name, url, format!("{ORIGIN}/{name}/2026"))
    };
    let agencies = AGENCIES.iter().map(agency).collect();
    founder.genesis(TIME, agencies, Vec::new(), Vec::new())
}

fn in_force() -> InForce {
    let genesis = genesis();
    let state = genesis.network();
    InForce {
        network: genesis.network_id(),
        epoch: state.epoch,
        trust: state.trust,
        agencies: genesis.agencies.clone(),
        publisher: genesis.publisher,
        recovery_threshold: state.recovery_threshold,
        state,
        as_of_height: Height::new(7),
        as_of_time: TIME,
        cosigners: Vec::new(),
    }
}

fn name(text: &str) -> AgencyName {
    AgencyName::parse(text).unwrap()
}

fn admin(agency: &str) -> Admin {
    Admin {
        agency: name(agency),
        secret: secret(agency, "admin"),
    }
}

/// New keys of an agency for these purposes.
fn new_keys(agency: &str, purposes: &[&str]) -> Vec<KeyFile> {
    let key = |purpose: &&str| KeyFile {
        purpose: (*purpose).to_owned(),
        holder: agency.to_owned(),
        secret: secret(agency, &format!("new {purpose}")),
    };
    purposes.iter().map(key).collect()
}

/// A request of an agency for new keys, unsigned.
fn rotation(agency: &str, purposes: &[&str]) -> AgencyRequest {
    let in_force = in_force();
    let wishes = RequestWishes {
        agency: name(agency),
        before: in_force.agency(&name(agency)).cloned(),
        keys: &new_keys(agency, purposes),
        url: Some(format!("https://{agency}.example/")),
        cosigner: None,
    };
    AgencyRequest {
        statement: request(&in_force.network, wishes, TIME).unwrap(),
        signature: None,
    }
}

/// The request of an agency that comes, signed with the admin key that it brings.
fn newcomer(agency: &str) -> AgencyRequest {
    let all = ["peer", "vote", "cosign", "admin", "recovery"];
    let unsigned = rotation(agency, &all);
    unsigned.statement.sign(&secret(agency, "new admin"))
}

fn well(agencies: &[&str]) -> NodePoll {
    let nodes = agencies.iter();
    NodePoll {
        time: TIME,
        nodes: nodes
            .map(|agency| (name(agency), NodeHealth::Well))
            .collect(),
    }
}

fn changed(wishes: &EpochWishes) -> Change {
    match epoch_change(&in_force(), wishes).unwrap() {
        ProposedChange::Epoch(change) => *change,
        ProposedChange::Rules(_) => panic!("agencies were wished"),
    }
}

fn difference(wishes: &EpochWishes, poll: &NodePoll) -> EpochDifference {
    let requests: Vec<AgencyRequest> = wishes.requests().cloned().collect();
    EpochDifference::of(&in_force(), &changed(wishes), &requests, poll)
}

#[test]
fn what_is_wished_is_what_changes() {
    let wishes = EpochWishes {
        added: vec![newcomer("energetika")],
        replaced: vec![(name("qurilish"), newcomer("bojxona"))],
        rotated: vec![
            rotation("soliq", &["vote", "cosign"])
                .statement
                .sign(&secret("soliq", "admin")),
        ],
        urls: vec![(name("adliya"), "https://muhr.adliya.example/".to_owned())],
        recovery_threshold: Some(4),
        ..EpochWishes::default()
    };
    let next = ["adliya", "bojxona", "energetika", "kadastr", "soliq"];
    let found = difference(&wishes, &well(&next[1..]));
    let comes = [
        (name("bojxona"), Asked::ByItself),
        (name("energetika"), Asked::ByItself),
    ];
    assert_eq!(found.comes, comes);
    assert_eq!(found.goes, [name("qurilish")]);
    let [adliya, soliq] = found.changes.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!(
        adliya.url.as_ref().unwrap().1,
        "https://muhr.adliya.example/"
    );
    assert!(adliya.keys.is_empty());
    assert_eq!(
        (soliq.keys.as_slice(), soliq.asked),
        (&["vote", "cosign"][..], Asked::ByAdmin)
    );
    assert_eq!(found.unasked().count(), 0);
    assert_eq!(
        (
            found.before.agencies,
            found.before.quorum,
            found.before.may_fail
        ),
        (4, 3, 1)
    );
    assert_eq!(
        (
            found.after.agencies,
            found.after.quorum,
            found.after.may_fail
        ),
        (5, 4, 1)
    );
    assert_eq!(found.after.recovery_threshold, 4);
    assert!(found.is_live());
    let change = changed(&wishes);
    assert_eq!(
        found.trust,
        TrustHash::new(sha256(&[change.trust_file.as_bytes()]))
    );
    let names: Vec<&str> = { change.statement.agencies.iter() }
        .map(|agency| agency.name.as_str())
        .collect();
    assert_eq!(names, next);
    // One node less that is well, and the next set might not begin.
    assert!(!difference(&wishes, &well(&next[2..])).is_live());
    assert!(!difference(&wishes, &well(&[])).is_live());
}

#[test]
fn whose_word_stands_behind_new_keys_is_told() {
    let asked = |request: AgencyRequest| {
        let wishes = EpochWishes {
            rotated: vec![request],
            ..EpochWishes::default()
        };
        let found = difference(&wishes, &well(&AGENCIES));
        (found.changes[0].asked, found.unasked().count())
    };
    let unsigned = rotation("soliq", &["vote"]);
    let by = |key: &SecretKey| unsigned.statement.clone().sign(key);
    assert_eq!(asked(by(&secret("soliq", "admin"))), (Asked::ByAdmin, 0));
    assert_eq!(asked(unsigned.clone()), (Asked::Unsigned, 1));
    for stranger in [secret("adliya", "admin"), secret("soliq", "vote")] {
        assert_eq!(asked(by(&stranger)), (Asked::Unsigned, 1));
    }
    // The very lines, or nothing: a request for other keys says nothing of these.
    let wishes = EpochWishes {
        rotated: vec![by(&secret("soliq", "admin"))],
        ..EpochWishes::default()
    };
    let other = rotation("soliq", &["peer"])
        .statement
        .sign(&secret("soliq", "admin"));
    let change = changed(&wishes);
    let mut found = EpochDifference::of(&in_force(), &change, &[other], &well(&AGENCIES));
    assert_eq!(found.changes[0].asked, Asked::ByNobody);
    assert_eq!(found.unasked().collect::<Vec<_>>(), [&name("soliq")]);
    // Whoever proposes it asks for its own by that, and for nobody else's.
    found.asked_by(&name("adliya"));
    assert_eq!(found.unasked().count(), 1);
    found.asked_by(&name("soliq"));
    assert_eq!(found.unasked().count(), 0);
}

/// Wishes that cannot be fulfilled, and the code of the refusal.
#[test]
#[expect(clippy::too_many_lines, reason = "one story, or one table of cases")]
fn what_cannot_be_made_is_refused_by_name() {
    let code = |wishes: &EpochWishes| epoch_change(&in_force(), wishes).unwrap_err().code();
    let none = EpochWishes::default;
    let other_network = {
        let mut request = newcomer("energetika");
        request.statement.network = NetworkId {
            chain: protocol::hash::ChainId::new([9; 32]),
            ..request.statement.network
        };
        request
    };
    let held_by_nobody = {
        let mut request = newcomer("energetika");
        request.statement.agency.vote.proof = request.statement.agency.peer.proof;
        request
    };
    let old_name = {
        let mut request = rotation("soliq", &["cosign"]);
        request.statement.agency.cosigner = format!("{ORIGIN}/soliq/2026");
        request
    };
    let twice = vec![
        (name("soliq"), "https://a/".to_owned()),
        (name("soliq"), "https://b/".to_owned()),
    ];
    let cases = [
        (
            EpochWishes {
                added: vec![rotation("soliq", &["vote"])],
                ..none()
            },
            "agency-runs-validator",
        ),
        (
            EpochWishes {
                rotated: vec![newcomer("energetika")],
                ..none()
            },
            "agency-runs-no-validator",
        ),
        (
            EpochWishes {
                removed: vec![name("energetika")],
                ..none()
            },
            "agency-runs-no-validator",
        ),
        (
            EpochWishes {
                urls: vec![(name("energetika"), "https://a/".to_owned())],
                ..none()
            },
            "agency-runs-no-validator",
        ),
        (
            EpochWishes {
                urls: twice,
                ..none()
            },
            "agency-wished-twice",
        ),
        (
            EpochWishes {
                added: vec![other_network],
                ..none()
            },
            "request-of-other-network",
        ),
        (
            EpochWishes {
                added: vec![held_by_nobody],
                ..none()
            },
            "request-key-refused",
        ),
        (
            EpochWishes {
                rotated: vec![old_name],
                ..none()
            },
            "cosign-name-taken",
        ),
        (none(), "draft-changes-nothing"),
        (
            EpochWishes {
                urls: vec![(name("soliq"), "https://soliq.example/".to_owned())],
                ..none()
            },
            "draft-changes-nothing",
        ),
        (
            EpochWishes {
                urls: vec![(name("soliq"), "ftp://soliq.example/".to_owned())],
                ..none()
            },
            "change-cannot-be-made",
        ),
        (
            EpochWishes {
                urls: vec![(name("soliq"), "https://a/\npeer ed25519 x".to_owned())],
                ..none()
            },
            "change-cannot-be-made",
        ),
        (
            EpochWishes {
                removed: vec![name("soliq")],
                ..none()
            },
            "change-cannot-be-made",
        ),
        (
            EpochWishes {
                recovery_threshold: Some(5),
                ..none()
            },
            "change-cannot-be-made",
        ),
    ];
    for (wishes, expected) in cases {
        assert_eq!(code(&wishes), expected, "{wishes:?}");
    }
}

#[test]
fn numbers_of_the_rules_are_read_by_name_and_kept_within_bounds() {
    let wishes = |limits: &[&str], governance: &[&str], protocol| RuleWishes {
        limits: limits.iter().map(ToString::to_string).collect(),
        governance: governance.iter().map(ToString::to_string).collect(),
        protocol,
    };
    let made = wishes(
        &["block-entries=4000"],
        &["notice-ms = 1200000", "ballots=5"],
        Some(2),
    );
    let ProposedChange::Rules(change) = rules_change(&in_force(), &made).unwrap() else {
        panic!("rules were wished");
    };
    let found = RulesDifference::of(&in_force(), &change);
    assert_eq!(found.protocol, (1, 2));
    assert_eq!(
        (found.limits.0.block_entries, found.limits.1.block_entries),
        (10_000, 4000)
    );
    assert_eq!(
        (found.governance.1.notice_ms, found.governance.1.ballots),
        (1_200_000, 5)
    );
    let code = |wishes: &RuleWishes| rules_change(&in_force(), wishes).unwrap_err().code();
    for (wrong, expected) in [
        (
            wishes(&["block-entries"], &[], None),
            "rules-number-invalid",
        ),
        (
            wishes(&["block-entries=many"], &[], None),
            "rules-number-invalid",
        ),
        (
            wishes(&["block-entries=04000"], &[], None),
            "rules-number-invalid",
        ),
        (
            wishes(&["notice-ms=900000"], &[], None),
            "rules-number-invalid",
        ),
        (
            wishes(&[], &["block-entries=4000"], None),
            "rules-number-invalid",
        ),
        (
            wishes(&["block-entries=0"], &[], None),
            "rules-out-of-bounds",
        ),
        (
            wishes(&[], &["ready-ms=900001"], None),
            "rules-out-of-bounds",
        ),
        (wishes(&[], &[], Some(3)), "rules-version-does-not-follow"),
        (wishes(&[], &[], Some(0)), "rules-version-does-not-follow"),
        (wishes(&[], &[], Some(1)), "draft-changes-nothing"),
        (wishes(&[], &["ballots=8"], None), "draft-changes-nothing"),
    ] {
        assert_eq!(code(&wrong), expected, "{wrong:?}");
    }
}

/// A draft of a change of address, which knows the numbers of three agencies.
fn draft() -> ChangeDraft {
    let urls = vec![(name("adliya"), "https://muhr.adliya.example/".to_owned())];
    let wishes = EpochWishes {
        urls,
        ..EpochWishes::default()
    };
    let numbers = |proposal, ballot| NextNumbers { proposal, ballot };
    ChangeDraft {
        drafted: DraftedChange::Unsigned {
            opens: TIME,
            change: epoch_change(&in_force(), &wishes).unwrap(),
        },
        numbers: BTreeMap::from([
            (name("adliya"), numbers(1, 1)),
            (name("kadastr"), numbers(4, 7)),
            (name("qurilish"), numbers(1, 1)),
        ]),
        poll: well(&AGENCIES),
        in_force: InForceText {
            opened: genesis().write(),
            inclusion: None,
            network: "state\n".to_owned(),
        },
        requests: vec![rotation("soliq", &["vote"])],
    }
}

#[test]
fn whoever_governs_signs_and_the_approval_is_over_the_change_itself() {
    let (in_force, draft) = (in_force(), draft());
    let proposal = propose(&in_force, &draft, &admin("kadastr")).unwrap();
    assert_eq!(proposal.statement.number, 4);
    check_proposal(&in_force, &proposal).unwrap();
    let ballot = vote(&in_force, &draft, &proposal, &admin("qurilish"), true).unwrap();
    assert_eq!(
        (ballot.statement.number, ballot.statement.proposal),
        (1, proposal.id())
    );
    let approval = ballot.statement.stance.approval().unwrap();
    let key = secret("qurilish", "admin").public();
    let change = &proposal.statement.change;
    change
        .check_approval(&in_force.network, &key, &approval)
        .unwrap();
    let against = vote(&in_force, &draft, &proposal, &admin("kadastr"), false).unwrap();
    assert_eq!(
        (
            against.statement.number,
            against.statement.stance.approval()
        ),
        (7, None)
    );
    let withdrawal = withdraw(&in_force, &proposal, &admin("kadastr")).unwrap();
    assert_eq!(withdrawal.statement.proposal, proposal.id());

    let stranger = Admin {
        secret: secret("kadastr", "vote"),
        ..admin("kadastr")
    };
    let codes = [
        propose(&in_force, &draft, &stranger).unwrap_err().code(),
        propose(&in_force, &draft, &admin("energetika"))
            .unwrap_err()
            .code(),
        propose(&in_force, &draft, &admin("soliq"))
            .unwrap_err()
            .code(),
        vote(&in_force, &draft, &proposal, &stranger, true)
            .unwrap_err()
            .code(),
        vote(&in_force, &draft, &proposal, &admin("soliq"), false)
            .unwrap_err()
            .code(),
        withdraw(&in_force, &proposal, &admin("adliya"))
            .unwrap_err()
            .code(),
        sign_request(rotation("soliq", &["vote"]), &admin("adliya"))
            .unwrap_err()
            .code(),
    ];
    let expected = [
        "admin-key-not-in-force",
        "agency-governs-not",
        "next-number-unknown",
        "admin-key-not-in-force",
        "next-number-unknown",
        "proposal-of-other-agency",
        "proposal-of-other-agency",
    ];
    assert_eq!(codes, expected);
    let mut altered = proposal;
    altered.statement.opens = TimeMs::new(TIME.get() + 1);
    let error = check_proposal(&in_force, &altered).unwrap_err();
    assert_eq!(error.code(), "proposal-signature-does-not-hold");
    altered.statement.author = name("energetika");
    let error = check_proposal(&in_force, &altered).unwrap_err();
    assert_eq!(error.code(), "proposal-author-governs-not");
}

#[test]
fn drafts_and_requests_are_read_as_they_were_written_and_otherwise_not_at_all() {
    let unsigned = draft();
    let proposal = propose(&in_force(), &unsigned, &admin("adliya")).unwrap();
    let signed = ChangeDraft {
        drafted: DraftedChange::Proposed(Box::new(proposal)),
        requests: Vec::new(),
        ..unsigned.clone()
    };
    for draft in [unsigned, signed] {
        let text = draft.write();
        assert_eq!(ChangeDraft::parse(text.as_bytes()).unwrap(), draft);
        for at in 0..text.len() {
            // The answers of the nodes stand at the end, a line each: what is cut there lacks some of them.
            let cut = ChangeDraft::parse(&text.as_bytes()[..at]);
            let lacks = cut.is_ok_and(|cut| cut.poll.nodes.len() == draft.poll.nodes.len());
            assert!(!lacks, "{at}");
        }
        for (one, other) in [
            ("\nnext adliya", "\nnext  adliya"),
            ("node adliya well", "node adliya fine"),
            ("node adliya well\n", "node adliya well\nnode adliya well\n"),
            ("polled ", "polled 0"),
            ("\nnetwork 6\n", "\nnetwork 06\n"),
            ("\nnetwork 6\n", "\nnetwork 7\n"),
        ] {
            assert!(text.contains(one), "{one}");
            let spoilt = text.replacen(one, other, 1);
            assert!(ChangeDraft::parse(spoilt.as_bytes()).is_err(), "{other}");
        }
    }
    let request = newcomer("energetika");
    let text = request.write();
    assert_eq!(AgencyRequest::parse(text.as_bytes()).unwrap(), request);
    let admin: &ProvenAgency = &request.statement.agency;
    request.check_signature(&admin.admin.key).unwrap();
    for at in 0..text.len() {
        let mut spoilt = text.clone().into_bytes();
        spoilt[at] ^= 1;
        // Whatever is changed, the text is none, or nobody has signed it.
        let read = AgencyRequest::parse(&spoilt).ok();
        let holds = read.is_some_and(|read| read.check_signature(&admin.admin.key).is_ok());
        assert!(!holds, "byte {at}");
    }
}
