//! Another agency's word in the state of a record, receipts of attestations, and clerks whose keys have
//! ended. The world's one clerk attests to its own record here: no verifier knows who owns a registry.

use std::collections::BTreeSet;

use protocol::{
    entry::{Operation, Statement},
    height::{LeafIndex, TimeMs, Version},
    name::{AgencyName, ClerkName},
    receipt::Receipt,
    standing::{Mark, Standing, Terms},
    state::{RecordState, Revoked},
};

use super::{
    cases::{Ask, Book, Kind, Spoilt},
    receipts::{ID, ORIGIN, ask, registered},
    world::{self, Leaf, World, key_of},
};

const TRUST: &str = "trust.policy";

pub(crate) fn write(book: &mut Book) {
    assert_eq!(registered().0.genesis.origin.as_str(), ORIGIN);
    let (standing, registered) = words(book);
    lies(book, &standing, registered);
    forms(book, &standing, registered);
    four_eyes(book);
    policies(book);
    clerks(book);
}

fn agency(name: &str) -> AgencyName {
    AgencyName::parse(name).unwrap()
}

fn terms(state: &RecordState, days: Option<u64>) -> Terms {
    Terms {
        policy: 1,
        needed: 1,
        agencies: ["iiv", "qurilish"].map(agency).into(),
        until: days.map(|ms| TimeMs::new(state.time.get() + ms)),
        four_eyes: None,
    }
}

/// The world with what `change` makes of the record's state, in a block that changes nothing else.
fn bent(world: &World, change: impl FnOnce(&mut RecordState)) -> World {
    let mut world = world.clone();
    let mut state = world.state_of(ID);
    change(&mut state);
    world.set_record(&key_of(ID), state);
    let _block = world.act(Operation::Register, "ANOTHER-1");
    world
}

fn case(book: &mut Book, world: &World, at: u64, name: &str, code: u8) {
    let file = format!("{name}.receipt");
    let mut receipt = world.receipt(at);
    receipt.opening = None;
    book.file(&file, receipt.write());
    book.case(&ask(&file), name, Spoilt::Not, code);
}

/// A record that is confirmed, disputed, left alone, and replaced; each word with its own receipt.
fn words(book: &mut Book) -> (World, u64) {
    let (world, first) = registered();
    let asked = bent(&world, |state| {
        let terms = Some(terms(state, None));
        let marks = Vec::new();
        state.standing = Some(Box::new(Standing { terms, marks }));
    });
    case(book, &asked, first, "standing-pending", 0);
    let late = bent(&world, |state| {
        let terms = Some(terms(state, Some(0)));
        let marks = Vec::new();
        state.standing = Some(Box::new(Standing { terms, marks }));
    });
    case(book, &late, first, "standing-lapsed", 0);
    let mut world = asked;
    let confirmed = world.act(Operation::Confirm, ID);
    case(book, &world, first, "standing-effective", 0);
    case(book, &world, confirmed, "attestation", 0);
    let kept = world.clone();
    let disputed = world.act(Operation::Dispute, ID);
    case(book, &world, first, "standing-disputed", 0);
    let unasked = bent(&world, |state| {
        let standing = state.standing.as_mut().unwrap();
        standing.terms.as_mut().unwrap().agencies = [agency("iiv")].into();
    });
    case(
        book,
        &unasked,
        first,
        "standing-disputed-by-one-who-was-not-asked",
        0,
    );
    let nobody = bent(&world, |state| {
        state.standing.as_mut().unwrap().terms = None
    });
    case(
        book,
        &nobody,
        first,
        "standing-disputed-where-nobody-was-asked",
        0,
    );
    case(book, &world, confirmed, "attestation-not-the-last-word", 12);
    case(book, &world, disputed, "attestation-dispute", 0);
    let withdrawn = world.act(Operation::Withdraw, ID);
    case(book, &world, first, "standing-withdrawn", 0);
    case(book, &world, withdrawn, "attestation-withdrawn", 0);
    let mut newer = world.clone();
    let amended = newer.act(Operation::Amend, ID);
    case(
        book,
        &newer,
        withdrawn,
        "attestation-of-an-older-version",
        12,
    );
    case(book, &newer, amended, "standing-begins-anew", 0);
    let mut ended = kept.clone();
    let _suspended = ended.act(Operation::Suspend, ID);
    case(
        book,
        &ended,
        confirmed,
        "attestation-before-a-suspension",
        12,
    );
    for (name, status, code) in [("revoked", 13, 13), ("suspended", 17, 17)] {
        let word = if status == 13 {
            protocol::state::RecordStatus::Revoked
        } else {
            protocol::state::RecordStatus::Suspended
        };
        let bent = bent(&kept, |state| state.status = word);
        case(
            book,
            &bent,
            confirmed,
            &format!("attestation-of-a-{name}-record"),
            code,
        );
    }
    (kept, confirmed)
}

/// Marks that do not show the attestation, and attestations that follow nothing.
fn lies(book: &mut Book, world: &World, at: u64) {
    let mark = |change: fn(&mut Mark)| {
        bent(world, |state| {
            change(&mut state.standing.as_mut().unwrap().marks[0]);
        })
    };
    let earlier = |mark: &mut Mark| {
        mark.place.index = LeafIndex::new(mark.place.index.get() - 1);
    };
    let later = |mark: &mut Mark| {
        mark.place.index = LeafIndex::new(mark.place.index.get() + 1);
    };
    for (name, bent) in [
        (
            "mark-of-another-agency",
            mark(|mark| mark.agency = agency("iiv")),
        ),
        (
            "mark-with-another-word",
            mark(|mark| mark.said = Operation::Dispute),
        ),
        ("mark-elsewhere", mark(earlier)),
        ("mark-later-in-one-block", mark(later)),
        (
            "mark-at-another-time",
            mark(|mark| mark.place.time = TimeMs::new(mark.place.time.get() - 1)),
        ),
        ("no-mark", bent(world, |state| state.standing = None)),
        (
            "version-above-the-record",
            bent(world, |state| {
                (state.version, state.content) = (Version::ZERO, Version::ZERO);
            }),
        ),
    ] {
        let code = if name == "mark-later-in-one-block" {
            12
        } else {
            14
        };
        case(book, &bent, at, &format!("attestation-{name}"), code);
    }
    type Bend = fn(&mut Statement);
    let bends: [(&str, Bend); 2] = [
        ("without-previous", |said| said.previous = None),
        ("that-follows-itself", |said| {
            let previous = said.previous.as_mut().unwrap();
            previous.index = LeafIndex::new(previous.index.get() + 100);
        }),
    ];
    for (name, bend) in bends {
        let mut world = world.clone();
        let document = super::receipts::hash(super::receipts::PERMIT);
        let mut said = world.statement(Operation::Dispute, ID, &document, false);
        bend(&mut said);
        let at = world.size();
        let entry = world.sign(said);
        world.block(vec![Leaf::Entry(entry)]);
        case(book, &world, at, &format!("attestation-{name}"), 14);
    }
    // An attestation is no version: a history that shows one is none.
    let mut history = world.history(ID);
    let (state, versions) = history.record.as_mut().unwrap();
    versions[0] = world.receipt(at).entry;
    state.standing = None;
    book.file("attestation-as-version.history", history.write());
    let mut asked = Ask::of(Kind::History, TRUST, "attestation-as-version.history");
    asked.about = Some(("qurilish.permits", ID));
    book.case(&asked, "attestation-as-version", Spoilt::Not, 14);
}

/// Standings that are not written as they must be.
fn forms(book: &mut Book, world: &World, at: u64) {
    let receipt = world.receipt(at).write();
    let line = receipt
        .lines()
        .find(|line| line.starts_with("record active"))
        .unwrap();
    let (base, standing) = line.split_once(" terms").unwrap();
    let standing = format!(" terms{standing}");
    let mark = &standing[standing.find(" mark").unwrap()..];
    let asks = &standing[..standing.find(" mark").unwrap()];
    for (name, bent) in [
        ("mark-twice", format!("{asks}{mark}{mark}")),
        ("mark-before-terms", format!("{mark}{asks}")),
        ("terms-twice", format!("{asks}{asks}{mark}")),
        (
            "agencies-out-of-order",
            standing.replace("iiv,qurilish", "qurilish,iiv"),
        ),
        ("agency-twice", standing.replace("iiv,qurilish", "iiv,iiv")),
        ("no-agencies", standing.replace("iiv,qurilish ", "")),
        ("another-word", standing.replace("confirm", "register")),
        ("leading-zero", standing.replace(" terms 1 ", " terms 01 ")),
        ("never", standing.replace("ever", "never")),
        ("space", format!("{standing} ")),
        ("double-space", standing.replace(" mark", "  mark")),
        ("rest", format!("{standing} x")),
    ] {
        let text = receipt.replacen(line, &format!("{base}{bent}"), 1);
        let asked = ask("attestation.receipt");
        let file = Spoilt::File(text.into_bytes());
        let exit = if name == "space" { 16 } else { 14 };
        book.case(&asked, &format!("standing-{name}"), file, exit);
    }
}

/// Terms that name who made the version, so that another clerk of the agency looks at it.
fn four_eyes(book: &mut Book) {
    let (world, first) = registered();
    let asked = |clerk: &str, others: bool| {
        let clerk = ClerkName::parse(clerk).unwrap();
        bent(&world, |state| {
            let mut terms = terms(state, None);
            if !others {
                (terms.needed, terms.agencies) = (0, BTreeSet::new());
            }
            terms.four_eyes = Some(clerk);
            state.standing = Some(Box::new(Standing {
                terms: Some(terms),
                marks: Vec::new(),
            }));
        })
    };
    let mut author = asked(world::clerk_name().as_str(), false);
    case(book, &author, first, "four-eyes-pending", 0);
    let own = author.act(Operation::Confirm, ID);
    case(book, &author, own, "four-eyes-of-the-author", 14);
    let mut both = asked(world::clerk_name().as_str(), true);
    case(book, &both, first, "four-eyes-and-others-pending", 0);
    let unspoken = both.clone();
    // The state says that the agency has confirmed; the rules see to it who of the agency may.
    let _confirmed = both.act(Operation::Confirm, ID);
    case(book, &both, first, "four-eyes-and-others", 0);
    let mut another = asked("qurilish/another", false);
    case(book, &another, first, "four-eyes-on-another-author", 14);
    let second = another.act(Operation::Confirm, ID);
    case(book, &another, second, "four-eyes-of-a-second-clerk", 0);
    for (name, world, code) in [
        ("four-eyes", &unspoken, 0),
        (
            "four-eyes-on-another-author",
            &asked("qurilish/another", false),
            14,
        ),
    ] {
        let file = format!("{name}.history");
        book.file(&file, world.history(ID).write());
        let mut asked = Ask::of(Kind::History, TRUST, &file);
        asked.about = Some(("qurilish.permits", ID));
        book.case(&asked, &format!("{name}-in-a-history"), Spoilt::Not, code);
    }
    let receipt = both.receipt(first).write();
    for (name, from, to) in [
        ("nobody", " four-eyes qurilish/", " qurilish/"),
        ("agency", " four-eyes qurilish/", " four-eyes qurilish"),
        ("twice", " four-eyes", " four-eyes qurilish/x four-eyes"),
        ("before-the-end", " ever four-eyes", " four-eyes ever"),
        ("of-some-and-none", " 1 iiv,qurilish ", " 1 none "),
        ("of-none-and-some", " 1 iiv,qurilish ", " 0 iiv,qurilish "),
    ] {
        let text = receipt.replacen(from, to, 1);
        assert_ne!(text, receipt, "{name}");
        let file = Spoilt::File(text.into_bytes());
        let asked = ask("four-eyes-and-others.receipt");
        book.case(&asked, &format!("four-eyes-{name}"), file, 14);
    }
}

/// What the registry asks of new versions by now, beside what was asked of this one.
fn policies(book: &mut Book) {
    let (world, at) = registered();
    let with = |text: &str| {
        let mut world = world.clone();
        world.set_policy(&world::registry(), text);
        let _block = world.act(Operation::Register, "ANOTHER-1");
        world
    };
    for (name, text) in [
        ("asks", "2 1 iiv,qurilish 30"),
        ("asks-a-role", "1 2 @validators,iiv ever four-eyes"),
        ("asks-a-role-alone", "1 1 @validators 9"),
        ("asks-nobody", "7 0 none ever"),
    ] {
        let shown = with(text);
        assert!(shown.receipt(at).registry.is_some(), "{text}");
        case(book, &shown, at, &format!("registry-{name}"), 0);
    }
    // Who asked is one thing, and what was asked of this version another.
    let mut both = bent(&world, |state| {
        let (terms, marks) = (Some(terms(state, None)), Vec::new());
        state.standing = Some(Box::new(Standing { terms, marks }));
    });
    both.set_policy(&world::registry(), "2 0 none ever");
    let _block = both.act(Operation::Register, "ANOTHER-2");
    case(book, &both, at, "registry-asks-nobody-any-more", 0);
    bent_policies(
        book,
        &with("2 1 iiv,qurilish 30"),
        &with("2 1 iiv,qurilish 31"),
        at,
    );
}

/// Policies that the index does not hold, that are another registry's, or that are not written as they must be.
fn bent_policies(book: &mut Book, shown: &World, another: &World, at: u64) {
    let bare = |change: &dyn Fn(&mut Receipt)| {
        let mut receipt = shown.receipt(at);
        receipt.opening = None;
        change(&mut receipt);
        receipt.write()
    };
    let other = another.receipt(at).registry.unwrap();
    // A registry of the same agency in the same log, with a policy and a proof that hold.
    let neighbour = protocol::name::RegistryName::parse("qurilish.licences").unwrap();
    let mut neighbours = shown.clone();
    neighbours.set_policy(&neighbour, "1 1 iiv ever");
    let _block = neighbours.act(Operation::Register, "ANOTHER-2");
    let mut of_the_neighbour = neighbours.receipt(at);
    of_the_neighbour.opening = None;
    of_the_neighbour.registry = neighbours.registry_proof(&neighbour);
    let clerk = |receipt: &Receipt| receipt.clerk_proof.clone();
    let mut cases: Vec<(&str, u8, String)> = vec![
        ("left-out", 0, bare(&|to| to.registry = None)),
        (
            "with-another-policy",
            14,
            bare(&|to| to.registry.as_mut().unwrap().state = other.state.clone()),
        ),
        (
            "of-another-log",
            14,
            bare(&|to| to.registry = Some(other.clone())),
        ),
        (
            "with-the-clerk-s-proof",
            14,
            bare(&|to| {
                let proof = clerk(to);
                to.registry.as_mut().unwrap().proof = proof;
            }),
        ),
        (
            "without-a-policy",
            14,
            bare(&|to| to.registry.as_mut().unwrap().state.policy = None),
        ),
        (
            "of-another-name",
            14,
            bare(&|to| to.registry.as_mut().unwrap().state.name = neighbour.clone()),
        ),
        ("of-a-neighbour", 14, of_the_neighbour.write()),
    ];
    cases.extend(ill_written(&bare(&|_| {})));
    for (name, code, spoilt) in cases {
        let asked = ask("registry-asks.receipt");
        let name = format!("policy-{name}");
        book.case(&asked, &name, Spoilt::File(spoilt.into_bytes()), code);
    }
}

/// The receipt with its registry's state not written as it must be.
fn ill_written(text: &str) -> Vec<(&'static str, u8, String)> {
    let line = text
        .lines()
        .find(|line| line.starts_with("registry qurilish.permits owner"));
    let line = line.unwrap();
    let section = &text[text.find("--- registry").unwrap()..text.find("--- block").unwrap()];
    let bends = [
        ("twice", section, format!("{section}{section}")),
        (
            "without-a-proof",
            section,
            format!("--- registry\n{line}\n"),
        ),
        ("leading-zero", " policy 2", " policy 02".to_owned()),
        (
            "out-of-order",
            "iiv,qurilish 30",
            "qurilish,iiv 30".to_owned(),
        ),
        (
            "role-behind",
            "iiv,qurilish 30",
            "iiv,@validators 30".to_owned(),
        ),
        (
            "agency-called-none",
            "iiv,qurilish 30",
            "iiv,none 30".to_owned(),
        ),
        (
            "agency-called-all",
            "iiv,qurilish 30",
            "all,iiv 30".to_owned(),
        ),
        (
            "role-and-none",
            "iiv,qurilish 30",
            "@validators,none 30".to_owned(),
        ),
        (
            "role-and-nothing",
            "iiv,qurilish 30",
            "@validators, 30".to_owned(),
        ),
        (
            "another-role",
            "iiv,qurilish 30",
            "@observers 30".to_owned(),
        ),
        ("no-days", "iiv,qurilish 30", "iiv,qurilish".to_owned()),
        (
            "another-word",
            "iiv,qurilish 30",
            "iiv,qurilish 30 two-eyes".to_owned(),
        ),
    ];
    let bent = bends.into_iter().map(|(name, from, to)| {
        assert!(text.contains(from), "{name}");
        (name, 14, text.replacen(from, &to, 1))
    });
    bent.collect()
}

/// What a clerk signed before its key was ended still verifies.
fn clerks(book: &mut Book) {
    let (world, at) = registered();
    let time = world.state_of(ID).time;
    let late = TimeMs::new(time.get() + 1);
    for (name, compromised) in [
        ("revoked", None),
        ("compromised-before", Some(time)),
        ("compromised-after", Some(late)),
    ] {
        let mut world = world.clone();
        let mut clerk = world.clerk_state();
        clerk.revoked = Some(Revoked {
            time: late,
            compromised,
        });
        world.set_clerk(&clerk);
        let _block = world.act(Operation::Register, "ANOTHER-1");
        let mut receipt = world.receipt(at);
        receipt.clerk = clerk;
        let (name, file) = (format!("clerk-{name}"), format!("clerk-{name}.receipt"));
        book.file(&file, receipt.write());
        book.case(&ask(&file), &name, Spoilt::Not, 0);
    }
    let receipt = world.receipt(at).write();
    let all: BTreeSet<&str> = receipt
        .lines()
        .filter(|line| line.starts_with("clerk "))
        .collect();
    let line = all.first().copied().unwrap();
    for (name, end) in [
        ("no-time", " revoked"),
        ("compromised-only", " compromised 1"),
        ("compromised-no-time", " revoked 1 compromised"),
        ("revoked-twice", " revoked 1 revoked 2"),
        ("leading-zero", " revoked 01"),
        ("rest", " revoked 1 compromised 1 x"),
    ] {
        let text = receipt.replacen(line, &format!("{line}{end}"), 1);
        let asked = ask("registered.receipt");
        let file = Spoilt::File(text.into_bytes());
        book.case(&asked, &format!("clerk-end-{name}"), file, 14);
    }
}
