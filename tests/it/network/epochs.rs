//! Trust that outlives keys: three rotations, a full replacement of all validators and a recovery, and
//! receipts from before each of them.

use std::{collections::BTreeMap, fs, path::Path};

use ledger::{
    Ledger,
    execute::{BlockParameters, Executed},
};
use node::epoch::{EpochFault, Epochs};
use protocol::{
    agency::{ProvenAgency, ProvenKey},
    authentic::{Authentic, Submission},
    checkpoint::Checkpoint,
    cosignature::{self, Cosigner},
    entry::Operation,
    epoch::{Change, ChangeStatement},
    genesis::Genesis,
    governance::{ProposedChange, ReadyFor},
    height::{LeafIndex, TimeMs},
    key::SecretKey,
    name::AgencyName,
    policy::{OpenedBy, TrustPolicy},
    receipt::Receipt,
};
use serde_json::Value;
use testkit::{
    founder::{self, Founder},
    governance::Speaker,
};
use tests::{
    args,
    cluster::muhr,
    world::{self, AGENCIES, ORIGIN, agency_secret, entry, genesis, secret},
};

use crate::house::schemas::assert_shapes;

/// An agency and which of its sets of keys it uses.
type Seat = (&'static str, u32);

fn key((agency, set): Seat, purpose: &str) -> SecretKey {
    match set {
        0 => agency_secret(agency, purpose),
        _ => agency_secret(&format!("{agency} set {set}"), purpose),
    }
}

fn proven(seat: Seat, purpose: &str) -> ProvenKey {
    founder::proven(ORIGIN, seat.0, purpose, &key(seat, purpose))
}

fn agency(seat: Seat) -> ProvenAgency {
    let founder = Founder {
        origin: ORIGIN,
        secret: |_: &str, purpose: &str| key(seat, purpose),
    };
    world::agency(&founder, seat.0, 2026 + seat.1)
}

/// A network whose agencies change.
struct Story {
    folder: tempfile::TempDir,
    genesis: Genesis,
    ledger: Ledger,
    /// As a node knows who the agencies are.
    epochs: Epochs,
    seats: Vec<Seat>,
    trust: TrustPolicy,
    files: Vec<String>,
}

impl Story {
    fn begin() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let genesis = genesis();
        let ledger = Ledger::open(&folder.path().join("ledger"), &genesis, None).unwrap();
        let text = genesis.trust_file();
        let story = Self {
            epochs: Epochs::open(&genesis, ledger.head().directory(), &[]).unwrap(),
            genesis,
            ledger,
            seats: AGENCIES.map(|name| (name, 0)).to_vec(),
            trust: TrustPolicy::parse(text.as_bytes()).unwrap(),
            files: Vec::new(),
            folder,
        };
        fs::write(story.path("trust.0"), text).unwrap();
        story
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// What is in memory is rebuilt from the disk.
    fn reopen(self) -> Self {
        let before = self.ledger.head().block();
        drop(self.ledger);
        let path = self.folder.path().join("ledger");
        let ledger = Ledger::open(&path, &self.genesis, None).unwrap();
        assert_eq!(ledger.head().block(), before);
        Self { ledger, ..self }
    }

    fn proposal(&self) -> BlockParameters {
        BlockParameters {
            proposer: AgencyName::parse(self.seats[0].0).unwrap(),
            time: TimeMs::new(self.ledger.head().time().get() + 1000),
        }
    }

    /// Cosigned by three of `seats`, with the log's own line.
    fn note(&self, checkpoint: &Checkpoint, seats: &[Seat]) -> String {
        let body = checkpoint.write();
        let time = 1_795_430_401;
        let publisher = secret("publisher");
        let log = Cosigner::log(ORIGIN.to_owned(), publisher.public());
        let mut note = format!("{body}\n{}", log.log_line(&publisher.sign(body.as_bytes())));
        for seat in &seats[..3] {
            let secret = key(*seat, "cosign");
            let cosigner = Cosigner::validator(agency(*seat).cosigner, secret.public());
            let signature = cosignature::sign(&secret, time, &body);
            note += &cosigner.cosignature_line(time, &signature);
        }
        note
    }

    fn publish(&self, seats: &[Seat]) {
        let head = self.ledger.head();
        let note = self.note(&head.checkpoint(), seats);
        self.ledger.publish(&note, head.height()).unwrap();
    }

    /// Registers a record; gives back its place in the log.
    fn anchor(&self, number: &str) -> LeafIndex {
        let network = self.genesis.network_id();
        let entry = entry(&network, "qurilish", number, Operation::Register, None);
        let clerk = key(("qurilish", 0), "clerk").public();
        let authentic = Submission::from(entry)
            .authenticate(&network, &clerk)
            .unwrap();
        let executed = self.ledger.execute(self.proposal(), [&authentic]).unwrap();
        self.ledger.commit(&executed, b"certificate").unwrap();
        assert_eq!(self.epochs.enter(&executed).unwrap(), None);
        self.publish(&self.seats);
        executed.first()
    }

    fn receipt(&mut self, name: &str, index: LeafIndex) -> String {
        let path = self.path(name);
        fs::write(&path, self.ledger.receipt(index).unwrap().write()).unwrap();
        self.files.push(path.clone());
        path
    }

    fn change(&self, by: OpenedBy, next: &[Seat], approving: &[Seat]) -> Change {
        let network = self.ledger.head().directory().network().clone();
        let purpose = match by {
            OpenedBy::Agencies => "admin",
            OpenedBy::Recovery => "recovery",
        };
        let statement = ChangeStatement {
            by,
            epoch: network.epoch.next(),
            before: network.trust,
            recovery_threshold: 3,
            publisher: self.genesis.publisher,
            agencies: next.iter().map(|seat| agency(*seat)).collect(),
        };
        let keys: BTreeMap<_, _> = approving
            .iter()
            .map(|seat| (AgencyName::parse(seat.0).unwrap(), key(*seat, purpose)))
            .collect();
        statement.approve(&self.genesis.network_id(), &keys)
    }

    /// A block of these leaves, so long after the head.
    fn block(&self, after_ms: u64, leaves: &[Authentic]) -> Executed {
        let by = BlockParameters {
            time: TimeMs::new(self.ledger.head().time().get() + after_ms),
            ..self.proposal()
        };
        let executed = self.ledger.execute(by, leaves).unwrap();
        self.ledger.commit(&executed, b"certificate").unwrap();
        executed
    }

    /// The agencies propose, vote and say that their keys are at hand; then the change is made.
    fn agree(&self, change: &Change, next: &[Seat]) -> Executed {
        let network = self.genesis.network_id();
        let speaker = |seat: &Seat| Speaker {
            network: &network,
            agency: AgencyName::parse(seat.0).unwrap(),
        };
        let waits = self.ledger.head().directory().network().governance;
        let opens = self.ledger.head().time().get() + 1000 + waits.notice_ms;
        let proposed = ProposedChange::Epoch(Box::new(Change {
            approvals: Vec::new(),
            ..change.clone()
        }));
        let numbers = |name: &str| {
            let name = AgencyName::parse(name).unwrap();
            self.ledger.head().directory().voice(&name)
        };
        let first = &self.seats[0];
        let number = numbers(first.0).proposals + 1;
        let opens = TimeMs::new(opens);
        let (proposal, leaf) =
            speaker(first).propose(&key(*first, "admin"), number, opens, proposed);
        self.block(1000, &[leaf]);
        let ballots: Vec<_> = self.seats[..3]
            .iter()
            .map(|seat| {
                let number = numbers(seat.0).ballots + 1;
                speaker(seat).approve(&key(*seat, "admin"), number, &proposal)
            })
            .collect();
        self.block(1000, &ballots);
        let time = TimeMs::new(opens.get() - 2000);
        let mark = |seat: &Seat, ready_for| {
            let keys = (&key(*seat, "vote"), &key(*seat, "cosign"));
            speaker(seat).ready(keys, ready_for, proposal.id(), time)
        };
        let present = self.seats.iter().map(|seat| mark(seat, ReadyFor::Present));
        let marks: Vec<_> = present
            .chain(next.iter().map(|seat| mark(seat, ReadyFor::Next)))
            .collect();
        let wait = time.get() - self.ledger.head().time().get();
        self.block(wait, &marks);
        self.block(2000, &[])
    }

    /// Recovery keys open an epoch.
    fn recover(&self, change: &Change) -> Executed {
        let change = ProposedChange::Epoch(Box::new(change.clone()));
        let executed = self.ledger.execute(self.proposal(), [&change]).unwrap();
        self.ledger.commit(&executed, b"certificate").unwrap();
        executed
    }

    /// Opens an epoch, and walks from the trust file before to the next.
    fn hand_over(mut self, by: OpenedBy, next: &[Seat]) -> Self {
        let change = self.change(by, next, &self.seats[..3]);
        let executed = match by {
            OpenedBy::Agencies => self.agree(&change, next),
            OpenedBy::Recovery => self.recover(&change),
        };
        self.enter(&executed, &change);
        // Not published yet: what was before is rebuilt from what the block changed.
        self = self.reopen();
        if by == OpenedBy::Agencies {
            assert!(self.ledger.is_held().unwrap());
        }
        match by {
            OpenedBy::Agencies => self.publish(&self.seats),
            OpenedBy::Recovery => self.publish(next),
        }
        assert!(!self.ledger.is_held().unwrap());
        let number = change.statement.epoch;
        let epoch = number.get();
        let proof = self.path(&format!("proof.{epoch}"));
        let written = self.ledger.epoch_proof(number).unwrap().unwrap().write();
        fs::write(&proof, written).unwrap();
        let (old, new) = (
            self.path(&format!("trust.{}", epoch - 1)),
            self.path(&format!("trust.{epoch}")),
        );
        let _advanced = muhr(&["trust", "advance", &old, &proof, "--out", &new]).expect(0);
        self.trust = TrustPolicy::parse(&fs::read(&new).unwrap()).unwrap();
        self.seats = next.to_vec();
        self = self.reopen();
        let network = self.ledger.head().directory().network().clone();
        assert_eq!(network.trust, self.trust.hash());
        self
    }

    /// A node enters the epoch that the block opens: validators, keys, quorum and trust file are the next.
    fn enter(&self, block: &Executed, change: &Change) {
        let before = self.epochs.now();
        let epoch = self.epochs.enter(block).unwrap().unwrap();
        assert_eq!(epoch, self.epochs.now());
        assert_eq!(epoch.number(), before.number().next());
        assert_eq!(epoch.trust_file(), change.trust_file);
        let statement = &change.statement;
        assert_eq!(epoch.quorum(), statement.agencies.len() * 2 / 3 + 1);
        assert_eq!(epoch.log_key().key().key, statement.publisher.key);
        let agencies = statement.agencies.iter().map(ProvenAgency::state);
        assert_eq!(
            epoch.agencies().values().cloned().collect::<Vec<_>>(),
            agencies.collect::<Vec<_>>()
        );
        for agency in &statement.agencies {
            assert_eq!(epoch.agency_of(&agency.vote.key), Some(&agency.name));
            assert!(epoch.validators().index_of(&agency.vote.key).is_some());
            assert_eq!(epoch.cosigners()[&agency.name].key().key, agency.cosign.key);
        }
        for left in before.agencies().values() {
            let kept = statement.agencies.iter();
            let is_kept = kept.clone().any(|agency| agency.vote.key == left.vote);
            assert_eq!(epoch.agency_of(&left.vote).is_some(), is_kept);
        }
        // A node that starts here needs the change, and finds it in the log.
        let directory = block.head().directory();
        let started = Epochs::open(&self.genesis, directory, &[]);
        assert!(
            matches!(started, Err(EpochFault::NoTrustFile(number)) if number == epoch.number())
        );
        let openings = self.ledger.openings().unwrap();
        let started = Epochs::open(&self.genesis, directory, &openings).unwrap();
        assert_eq!(started.now(), epoch);
        assert_eq!(started.at(block.height()), before);
        assert_eq!(started.at(block.height().next()), epoch);
        assert_eq!(started.opened_at(block.head().size()), Some(epoch.number()));
    }

    /// The log as files, as a mirror holds it.
    fn mirror(&self) -> String {
        let dir = self.folder.path().join("mirror");
        let size = self.ledger.head().size().get();
        assert!(size < 256, "one tile");
        for width in 1..=u16::try_from(size).unwrap() {
            write(
                &dir.join(format!("tile/0/000.p/{width}")),
                &self.ledger.tile(0, 0, width).unwrap(),
            );
            write(
                &dir.join(format!("tile/entries/000.p/{width}")),
                &self.ledger.bundle(0, width).unwrap(),
            );
        }
        write(
            &dir.join("checkpoint"),
            self.ledger.published().unwrap().note.as_bytes(),
        );
        dir.to_str().unwrap().to_owned()
    }
}

fn write(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

fn judged(arguments: &[&str], code: i32) -> Value {
    let mut all = vec!["--json", "verify"];
    all.extend(arguments);
    let ran = muhr(&all).expect(code);
    ran.json()["files"][0].clone()
}

const ROTATED: [Seat; 4] = [("adliya", 1), ("kadastr", 1), ("qurilish", 1), ("soliq", 0)];
const REPLACED: [Seat; 4] = [("bojxona", 0), ("mehnat", 0), ("suv", 0), ("yer", 0)];
const RECOVERED: [Seat; 4] = [("bojxona", 1), ("mehnat", 1), ("suv", 1), ("yer", 0)];

/// Three rotations, one full replacement, one recovery; with a receipt of each epoch.
fn whole_story() -> Story {
    let mut story = Story::begin();
    let mut seats = story.seats.clone();
    for epoch in 0..5 {
        let index = story.anchor(&format!("TSH-{epoch}"));
        let _path = story.receipt(&format!("epoch-{epoch}.receipt"), index);
        let by = match epoch {
            0..3 => {
                seats[epoch].1 = 1;
                OpenedBy::Agencies
            }
            3 => {
                seats = REPLACED.to_vec();
                OpenedBy::Agencies
            }
            _ => {
                seats = RECOVERED.to_vec();
                OpenedBy::Recovery
            }
        };
        story = story.hand_over(by, &seats);
        if epoch == 2 {
            assert_eq!(story.seats, ROTATED);
        }
    }
    let index = story.anchor("TSH-5");
    let _path = story.receipt("epoch-5.receipt", index);
    story
}

#[test]
fn receipts_verify_after_rotations_a_replacement_and_a_recovery() {
    let story = whole_story();
    let now = story.path("trust.5");
    let files = story.files.clone();
    let present = judged(&[&files[5], "--trust", &now], 0);
    assert_eq!(present["facts"]["way"], "current");
    assert!(present.to_string().contains("opened by recovery keys"));
    let mirror = story.mirror();
    for (epoch, file) in files[..5].iter().enumerate() {
        // Nothing but today's trust file: it cannot be decided, and no proof is called broken.
        let alone = judged(&[file, "--trust", &now], 16);
        assert_eq!(alone["facts"], Value::Null);
        // As of then: with the trust file of its time.
        let then = story.path(&format!("trust.{epoch}"));
        let by_then = judged(&[file, "--trust", &now, "--then", &then], 0);
        assert_eq!(by_then["facts"]["way"], "as of then");
        // Bridge: consistency with where its epoch ended.
        let copy = story.path(&format!("bridged-{epoch}"));
        fs::copy(file, &copy).unwrap();
        let command = args!("--json receipt bridge {copy} --node {mirror} --trust {now}");
        let added = muhr(&command).expect(0);
        assert_shapes("bridge", &[added.json()]);
        let bridged = judged(&[&copy, "--trust", &now], 0);
        assert_eq!(bridged["facts"]["way"], "bridge");
        // Refresh: the same entry under today's checkpoint.
        let old = Receipt::parse(&fs::read(file).unwrap()).unwrap();
        let new = story.ledger.receipt(old.proof.index).unwrap();
        fs::write(&copy, new.write()).unwrap();
        assert_eq!(
            judged(&[&copy, "--trust", &now], 0)["facts"]["way"],
            "current"
        );
    }
    // The trust file of an epoch before knows nothing of agencies that came later.
    let early = judged(&[&files[5], "--trust", &story.path("trust.0")], 16);
    assert!(early.to_string().contains("advance the trust file first"));
    // An auditor replays all epochs from the files alone.
    let audited = muhr(&["--json", "audit", &mirror, "--trust", &now]).expect(0);
    // Six entries, five changes; and for four of them a proposal, three ballots and eight marks.
    assert_eq!(audited.json()["entries"], 11 + 4 * 12);
}

/// All keys of epoch 0 are stolen after they were retired, and sign another log of that time.
#[test]
fn stolen_keys_of_an_epoch_that_ended_build_no_bridge() {
    let story = whole_story();
    let forger = Story::begin();
    let index = forger.anchor("FORGED");
    let mut forged = forger.ledger.receipt(index).unwrap();
    let now = story.path("trust.5");
    let path = story.path("forged");
    let judge = |receipt: &Receipt, code| {
        fs::write(&path, receipt.write()).unwrap();
        judged(&[&path, "--trust", &now], code)
    };
    let _undecided = judge(&forged, 16);
    let honest = Receipt::parse(&fs::read(&story.files[0]).unwrap()).unwrap();
    let size = story.trust.past()[0].size;
    let old = protocol::height::LogSize::new(honest.block.index.get() + 1);
    let path_there = story.ledger.consistency(old, size).unwrap();
    for bridge in [Vec::new(), path_there.clone(), vec![[7; 32]; 3]] {
        forged.bridge = Some(bridge);
        let broken = judge(&forged, 14);
        assert!(broken.to_string().contains("bridge does not hold"));
    }
    // The same bridge carries the honest receipt.
    let bridged = Receipt {
        bridge: Some(path_there),
        ..honest
    };
    let _held = judge(&bridged, 0);
}

#[test]
#[expect(clippy::too_many_lines, reason = "one story, or one table of cases")]
fn a_change_that_may_not_be_is_refused_by_the_rules_and_by_who_walks_the_chain() {
    let story = Story::begin();
    let _index = story.anchor("TSH-0");
    let mut next = story.seats.clone();
    next[1].1 = 1;
    let network = story.genesis.network_id();
    let speaker = Speaker {
        network: &network,
        agency: AgencyName::parse("adliya").unwrap(),
    };
    // As it stands in a proposal of adliya's.
    let refused = |change: &Change| {
        let by = story.proposal();
        let waits = story.ledger.head().directory().network().governance;
        let opens = TimeMs::new(by.time.get() + waits.notice_ms);
        let change = ProposedChange::Epoch(Box::new(change.clone()));
        let admin = key(("adliya", 0), "admin");
        let number = story
            .ledger
            .head()
            .directory()
            .voice(&speaker.agency)
            .proposals
            + 1;
        let (_, leaf) = speaker.propose(&admin, number, opens, change);
        let executed = story.ledger.execute(by, [&leaf]);
        executed.unwrap_err().to_string()
    };
    let approved = story.change(OpenedBy::Agencies, &next, &story.seats[..3]);
    assert!(refused(&approved).contains("the change without approvals"));
    let good = story.change(OpenedBy::Agencies, &next, &[]);
    let by_recovery = story.change(OpenedBy::Recovery, &next, &[]);
    assert!(refused(&by_recovery).contains("recovery keys open an epoch after a disaster alone"));
    // Nobody agreed on it, whoever has signed it.
    let executed = |change: &Change| {
        let change = ProposedChange::Epoch(Box::new(change.clone()));
        let executed = story.ledger.execute(story.proposal(), [&change]);
        executed.unwrap_err().to_string()
    };
    assert!(executed(&approved).contains("not the one that is due"));
    let two = story.change(OpenedBy::Recovery, &next, &story.seats[..2]);
    assert!(executed(&two).contains("2 approvals, and 3 are needed"));
    let stranger = [("adliya", 0), ("kadastr", 0), ("yer", 0)];
    let strange = story.change(OpenedBy::Recovery, &next, &stranger);
    assert!(executed(&strange).contains("yer has no approval to give"));
    // Admin keys approve no recovery.
    let mut by_admins = approved.clone();
    by_admins.statement.by = OpenedBy::Recovery;
    let words =
        [OpenedBy::Agencies, OpenedBy::Recovery].map(|by| format!("opened-by {}", by.word()));
    by_admins.trust_file = by_admins.trust_file.replace(&words[0], &words[1]);
    assert!(executed(&by_admins).contains("the approval of adliya: "));
    let mut other_file = good.clone();
    other_file.trust_file = other_file
        .trust_file
        .replace("group validators 3", "group validators 1");
    assert!(refused(&other_file).contains("not the one of its agencies"));
    let mut three = next.clone();
    three.pop();
    let few = story.change(OpenedBy::Agencies, &three, &[]);
    assert!(refused(&few).contains("4 to 22"));
    // A new key under an old name, and a key that serves another agency.
    let mut same_name = good.clone();
    same_name.statement.agencies[1].cosigner = agency(("kadastr", 0)).cosigner;
    let same_name = reapprove(&story, same_name.statement);
    assert!(refused(&same_name).contains("needs a new name"));
    let mut taken = good.statement.clone();
    taken.agencies[1].peer = founder::proven(ORIGIN, "kadastr", "peer", &key(("soliq", 0), "vote"));
    taken.agencies[3].vote = proven(("soliq", 9), "vote");
    let taken = reapprove(&story, taken);
    assert!(refused(&taken).contains("serves somebody or something else already"));
    // An epoch left out, and another file before.
    let mut later = good.statement.clone();
    later.epoch = later.epoch.next();
    assert!(refused(&reapprove(&story, later)).contains("opens epoch 2, and the next is 1"));
    let proposed = story.agree(&good, &next);
    story.enter(&proposed, &good);
    assert!(refused(&good).contains("opens epoch 1, and the next is 2"));
}

/// The statement as it stands in a proposal.
fn reapprove(story: &Story, statement: ChangeStatement) -> Change {
    statement.approve(&story.genesis.network_id(), &BTreeMap::new())
}

/// Every byte of a proof counts, and nobody skips an epoch.
#[test]
fn a_spoilt_proof_leads_nowhere() {
    let story = Story::begin();
    let _index = story.anchor("TSH-0");
    let mut next = story.seats.clone();
    next[1].1 = 1;
    let story = story.hand_over(OpenedBy::Agencies, &next);
    let _index = story.anchor("TSH-1");
    next[2].1 = 1;
    let story = story.hand_over(OpenedBy::Agencies, &next);
    let trust = TrustPolicy::parse(&fs::read(story.path("trust.0")).unwrap()).unwrap();
    let proof = fs::read(story.path("proof.1")).unwrap();
    assert!(verify::trust::advance(&trust, &proof).next.is_some());
    // The log's own line is no agency's: its loss is no loss.
    let text = String::from_utf8(proof.clone()).unwrap();
    let log_line = text.find(&format!("\u{2014} {ORIGIN} ")).unwrap();
    let log_end = log_line + text[log_line..].find('\n').unwrap();
    for at in (0..proof.len()).step_by(7) {
        if (log_line..log_end).contains(&at) {
            continue;
        }
        let mut spoilt = proof.clone();
        spoilt[at] ^= 1;
        let judged = verify::trust::advance(&trust, &spoilt);
        assert!(judged.next.is_none(), "byte {at} does not count");
    }
    for at in (0..proof.len()).step_by(97) {
        assert!(verify::trust::advance(&trust, &proof[..at]).next.is_none());
    }
    let (old, proof) = (story.path("trust.0"), story.path("proof.2"));
    let out = story.path("none");
    let skipped = muhr(&["trust", "advance", &old, &proof, "--out", &out]).expect(14);
    assert!(
        skipped.stderr.contains("opens epoch 2, and the next is 1"),
        "{}",
        skipped.stderr
    );
    assert!(!Path::new(&out).exists());
    // Both at once, in their order.
    let (first, second) = (story.path("proof.1"), story.path("proof.2"));
    let both = args!("--json trust advance {old} {first} {second} --out {out}");
    assert_shapes("advance", &[muhr(&both).expect(0).json()]);
    assert_eq!(
        fs::read(&out).unwrap(),
        fs::read(story.path("trust.2")).unwrap()
    );
}
