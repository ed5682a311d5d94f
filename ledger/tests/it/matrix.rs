//! The full matrix: role, operation, state of the record and policy of its registry; and acts by whoever
//! may not decide them. Each is asked at the door, and carried in the block of a proposer who did not ask.
//!
//! What is expected is written here from `docs/protocol.md`, in one table: the rules are never called.

use ledger::{InvalidBlock, Ledger, NotAdmitted, NotExecuted, Records};
use protocol::{
    authentic::Authentic,
    entry::{Operation, Statement},
    height::Version,
    name::{ClerkName, Date},
    state::{ClerkState, RecordState, RecordStatus},
};

use crate::{
    acts::{act, add_clerk, clerk_state, policy, revoke_clerk, sign_act},
    world::{
        ANNA, LICENCES, LOLA, PARCELS, PERMITS, attest, genesis, key, next, proposal, register,
        registry, secret, sign_with,
    },
};

use Operation::{Amend, Confirm, Correct, Dispute, Register, Reinstate, Revoke, Suspend, Withdraw};

/// What a clerk lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lacks {
    Nothing,
    /// It is not on the ledger.
    Name,
    /// The key is somebody else's.
    Key,
    /// Its agency has revoked it.
    Trust,
    /// Its last day is over.
    Time,
    /// The registry is not in its scope.
    Registry,
    /// The operation is not in its scope; everything else is.
    Operation,
}

const SECOND: &str = "build/second";
const ROLES: [(&str, Lacks); 18] = [
    // Of the owner. Anna makes all versions.
    (ANNA, Lacks::Nothing),
    (SECOND, Lacks::Nothing),
    ("build/afar", Lacks::Registry),
    ("build/less", Lacks::Operation),
    ("build/over", Lacks::Time),
    ("build/gone", Lacks::Trust),
    ("build/thief", Lacks::Key),
    ("build/nobody", Lacks::Name),
    // Of agencies that policies ask. Lola says all that is said before.
    (LOLA, Lacks::Nothing),
    ("tax/tom", Lacks::Nothing),
    ("tax/afar", Lacks::Registry),
    ("tax/less", Lacks::Operation),
    ("tax/over", Lacks::Time),
    ("tax/gone", Lacks::Trust),
    ("tax/admin", Lacks::Key),
    ("tax/nobody", Lacks::Name),
    // Of an agency that nobody asks, and of none.
    ("court/judge", Lacks::Nothing),
    ("nowhere/anna", Lacks::Name),
];

const POLICIES: [Option<&str>; 4] = [
    None,
    Some("1 1 land,tax ever"),
    Some("1 0 none ever four-eyes"),
    Some("1 2 land,tax 30 four-eyes"),
];

/// The record's status, and who did what to bring it there.
type State = (Option<RecordStatus>, &'static [(&'static str, Operation)]);

/// What led to the record as it is; every record that is there has an older version.
const STATES: [State; 9] = [
    (None, &[]),
    (
        Some(RecordStatus::Active),
        &[(ANNA, Register), (ANNA, Amend)],
    ),
    (
        Some(RecordStatus::Active),
        &[(ANNA, Register), (ANNA, Amend), (LOLA, Confirm)],
    ),
    (
        Some(RecordStatus::Active),
        &[(ANNA, Register), (ANNA, Amend), (LOLA, Dispute)],
    ),
    (
        Some(RecordStatus::Active),
        &[(ANNA, Register), (LOLA, Confirm), (ANNA, Correct)],
    ),
    (
        Some(RecordStatus::Active),
        &[(ANNA, Register), (ANNA, Amend), (SECOND, Confirm)],
    ),
    (
        Some(RecordStatus::Suspended),
        &[(ANNA, Register), (ANNA, Suspend)],
    ),
    (
        Some(RecordStatus::Suspended),
        &[(ANNA, Register), (ANNA, Suspend), (LOLA, Confirm)],
    ),
    (
        Some(RecordStatus::Revoked),
        &[(ANNA, Register), (ANNA, Revoke)],
    ),
];

/// One field of the matrix.
#[derive(Debug)]
struct Case {
    clerk: &'static str,
    lacks: Lacks,
    operation: Operation,
    status: Option<RecordStatus>,
    /// The last that the clerk's agency said of the latest version.
    said: Option<Operation>,
    four_eyes: bool,
    /// Whether it names version 1, which is not the latest.
    older: bool,
}

/// The first that applies is the refusal; an entry to which none applies is taken.
fn expected(case: &Case) -> Option<&'static str> {
    let Case {
        operation, status, ..
    } = *case;
    let attests = matches!(operation, Confirm | Dispute | Withdraw);
    let own = case.clerk.starts_with("build/");
    let is = |wanted| status == Some(wanted);
    // Terms stand on versions in force only.
    let second_asked = case.four_eyes && is(RecordStatus::Active);
    let made = match status {
        None => &[Register][..],
        Some(RecordStatus::Active) => &[Amend, Correct, Suspend, Revoke],
        Some(RecordStatus::Suspended) => &[Correct, Reinstate, Revoke],
        Some(RecordStatus::Revoked) => &[],
    };
    let silent = matches!(case.said, None | Some(Withdraw));
    let again = operation == Register && (is(RecordStatus::Active) || is(RecordStatus::Suspended));
    let refusals = [
        (case.lacks == Lacks::Name, "unknown-clerk"),
        (case.lacks == Lacks::Key, "wrong-key"),
        (case.lacks == Lacks::Trust, "clerk-revoked"),
        (case.lacks == Lacks::Time, "clerk-ended"),
        (attests && second_asked && case.clerk == ANNA, "same-clerk"),
        (
            attests && own && (!second_asked || operation == Dispute),
            "own-record",
        ),
        (!attests && !own, "foreign-registry"),
        (case.lacks == Lacks::Registry, "registry-out-of-scope"),
        (case.lacks == Lacks::Operation, "operation-out-of-scope"),
        (status.is_none() && operation != Register, "not-registered"),
        (attests && case.older, "not-latest"),
        (case.older, "version-taken"),
        (again, "already-registered"),
        (attests && is(RecordStatus::Revoked), "wrong-status"),
        (!attests && !made.contains(&operation), "wrong-status"),
        (operation == Withdraw && silent, "nothing-to-withdraw"),
        (case.said == Some(operation), "already-said"),
    ];
    let first = refusals.iter().find(|(applies, _)| *applies);
    first.map(|(_, code)| *code)
}

/// The status that an entry which is taken leaves behind.
fn left_behind(case: &Case) -> Option<RecordStatus> {
    match case.operation {
        Register | Amend | Reinstate => Some(RecordStatus::Active),
        Suspend => Some(RecordStatus::Suspended),
        Revoke => Some(RecordStatus::Revoked),
        Correct | Confirm | Dispute | Withdraw => case.status,
    }
}

struct Court {
    ledger: Ledger,
    /// What stands before and behind the accused in a block.
    bystanders: [Authentic; 2],
    _folder: tempfile::TempDir,
}

impl Court {
    /// A ledger with all clerks and that policy.
    fn new(text: Option<&str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(folder.path(), &genesis(), None).unwrap();
        let by = |number| sign_with(register(number), &secret(&format!("{ANNA} clerk")));
        let court = Self {
            ledger,
            bystanders: [by(901), by(902)],
            _folder: folder,
        };
        let mut acts: Vec<_> = text
            .map(|text| ("build", policy(PERMITS, text)))
            .into_iter()
            .collect();
        let all = Operation::ALL;
        for (name, lacks) in ROLES {
            let agency = name.split('/').next().unwrap();
            let decision = match lacks {
                _ if [ANNA, LOLA].contains(&name) => continue,
                Lacks::Name | Lacks::Key if name != "build/thief" => continue,
                Lacks::Operation => {
                    for missing in all {
                        let rest: Vec<_> = all.into_iter().filter(|one| *one != missing).collect();
                        let name = format!("{name}-{}", missing.word());
                        acts.push((agency, add_clerk(&name, &[PERMITS], &rest)));
                    }
                    continue;
                }
                Lacks::Registry => add_clerk(name, &[LICENCES, PARCELS], &all),
                Lacks::Time => protocol::act::Decision::AddClerk(Box::new(ClerkState {
                    until: Date::parse("2026-11-22"),
                    ..clerk_state(name, &[PERMITS], &all)
                })),
                _ => add_clerk(name, &[PERMITS], &all),
            };
            acts.push((agency, decision));
        }
        court.decide(
            acts.into_iter()
                .map(|(agency, decision)| sign_act(act(agency, decision), None)),
        );
        let gone = ["build", "tax"].map(|agency| {
            let decision = revoke_clerk(&format!("{agency}/gone"), None);
            sign_act(act(agency, decision), None)
        });
        court.decide(gone);
        court
    }

    fn decide(&self, entries: impl IntoIterator<Item = Authentic>) {
        let entries: Vec<_> = entries.into_iter().collect();
        let time = self.ledger.head().time().next();
        let executed = self.ledger.execute(proposal(time), &entries).unwrap();
        self.ledger.commit(&executed, b"").unwrap();
    }

    fn state(&self) -> Option<RecordState> {
        let at = RecordState::index_key(&registry(PERMITS), &key(1));
        let head = self.ledger.head();
        self.ledger.records_at(&head).record(&at).unwrap()
    }

    /// Both must say the same, and nothing of a block with one bad entry in it is recorded.
    fn judge(
        &self,
        accused: &Authentic,
        code: Option<&str>,
        left: Option<RecordStatus>,
        what: &str,
    ) {
        let door = match self.ledger.admit(accused.clone()) {
            Ok(_) => None,
            Err(NotAdmitted::Refused(refusal)) => Some(refusal.code()),
            Err(no @ (NotAdmitted::Moved | NotAdmitted::Fault(_))) => panic!("{no}"),
        };
        assert_eq!(door, code, "at the door: {what}");
        let time = self.ledger.head().time().next();
        let [before, behind] = &self.bystanders;
        match self
            .ledger
            .execute(proposal(time), [before, accused, behind])
        {
            Ok(executed) => {
                assert_eq!(None, code, "in a block: {what}");
                assert_eq!(executed.ids().len(), 3);
                let at = RecordState::index_key(&registry(PERMITS), &key(1));
                let now = executed.records().get(&at).map(|state| state.status);
                assert_eq!(now, left, "{what}");
            }
            Err(NotExecuted::Invalid(InvalidBlock::Entry { position, refusal })) => {
                assert_eq!(
                    (position, Some(refusal.code())),
                    (1, code),
                    "in a block: {what}"
                );
            }
            Err(other) => panic!("{other}: {what}"),
        }
    }
}

/// What the clerk says, as soundly as it can, and with which key.
fn said(case: &Case, current: Option<&RecordState>) -> Authentic {
    let Case {
        clerk, operation, ..
    } = *case;
    let name = match case.lacks {
        Lacks::Operation => format!("{clerk}-{}", operation.word()),
        Lacks::Key if clerk == "tax/admin" => "tax/tom".to_owned(),
        _ => clerk.to_owned(),
    };
    let holder = match case.lacks {
        Lacks::Key if clerk == "tax/admin" => "tax admin".to_owned(),
        Lacks::Key => "a thief".to_owned(),
        _ => format!("{name} clerk"),
    };
    let sound = if operation.is_attestation() {
        attest(operation, 1, current, &name)
    } else {
        next(operation, 1, current)
    };
    let mut statement = Statement {
        author: ClerkName::parse(&name).unwrap(),
        ..sound
    };
    if case.older {
        statement.version = Version::new(1);
        if !operation.is_attestation() {
            statement.previous = None;
        }
    }
    sign_with(statement, &secret(&holder))
}

#[test]
fn every_role_operation_and_state_has_one_outcome_at_the_door_and_in_a_block() {
    let (mut cases, mut taken) = (0, 0);
    for text in POLICIES {
        let four_eyes = text.is_some_and(|text| text.ends_with("four-eyes"));
        for (status, steps) in STATES {
            if steps.contains(&(SECOND, Confirm)) && !four_eyes {
                continue;
            }
            let court = Court::new(text);
            for &(author, operation) in steps {
                let step = Case {
                    clerk: author,
                    lacks: Lacks::Nothing,
                    operation,
                    status,
                    said: None,
                    four_eyes,
                    older: false,
                };
                court.decide([said(&step, court.state().as_ref())]);
            }
            let current = court.state();
            assert_eq!(current.as_ref().map(|state| state.status), status);
            let older = if status.is_some() { 2 } else { 1 };
            for (clerk, lacks) in ROLES {
                let agency = clerk.split('/').next();
                let made = steps.iter().rposition(|(author, _)| *author == ANNA);
                let spoken = steps.iter().skip(made.map_or(0, |last| last + 1));
                let mut by_agency = spoken.filter(|(by, _)| by.split('/').next() == agency);
                let last = by_agency.next_back().map(|(_, operation)| *operation);
                for (operation, older) in Operation::ALL.into_iter().flat_map(|operation| {
                    [false, true]
                        .into_iter()
                        .take(older)
                        .map(move |old| (operation, old))
                }) {
                    let case = Case {
                        clerk,
                        lacks,
                        operation,
                        status,
                        said: last,
                        four_eyes,
                        older,
                    };
                    let code = expected(&case);
                    let left = left_behind(&case);
                    let accused = said(&case, current.as_ref());
                    court.judge(&accused, code, left, &format!("{case:?} {text:?}"));
                    cases += 1;
                    taken += u64::from(code.is_none());
                }
            }
        }
    }
    eprintln!("matrix: {cases} cases, {taken} taken");
    assert!(taken > 0);
}

#[test]
fn every_act_is_its_own_agencys_alone_at_the_door_and_in_a_block() {
    let court = Court::new(Some("1 1 land,tax ever"));
    let decisions = || {
        [
            (
                add_clerk("build/new", &[PERMITS], &[Register]),
                "foreign-clerk",
            ),
            (revoke_clerk(SECOND, None), "foreign-clerk"),
            (policy(PERMITS, "2 0 none ever"), "foreign-policy"),
        ]
    };
    for author in ["build", "land", "tax", "nobody"] {
        for signer in [
            "build admin",
            "land admin",
            "tax admin",
            "build vote",
            "build/anna clerk",
        ] {
            for (decision, foreign) in decisions() {
                let code = match (author, signer.strip_suffix(" admin")) {
                    ("nobody", _) => Some("unknown-agency"),
                    (author, by) if by != Some(author) => Some("wrong-admin-key"),
                    ("build", _) => None,
                    _ => Some(foreign),
                };
                let what = format!("{decision:?} of {author} by {signer}");
                let accused = sign_act(act(author, decision), Some(&secret(signer)));
                court.judge(&accused, code, None, &what);
            }
        }
    }
}
