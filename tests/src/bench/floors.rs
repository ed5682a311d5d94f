//! Floors: what this machine could do, without Muhr around it.

use std::{
    collections::VecDeque,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use consensus::{
    Effect, HeightParameters, Input, Machine, Message, Signed, ValidatorSet, verify as check,
};
use node::durable::{AtPath, Durable};
use protocol::{
    chain_id::ChainId,
    codec,
    hash::{BlockId, sha256},
    height::Height,
    key::{self, SecretKey, Signature},
    merkle::node_hash,
};
use tests::world::{AGENCIES, agency_secret, genesis};

use super::report::{Report, spread};

pub(crate) fn measure(report: &mut Report) {
    crypto(report);
    log(report);
    bft(report);
}

fn timed(times: usize, each: usize, mut work: impl FnMut()) -> (f64, f64, f64) {
    let mut values: Vec<f64> = (0..times)
        .map(|_| {
            let begun = Instant::now();
            for _ in 0..each {
                work();
            }
            begun.elapsed().as_secs_f64() * 1e6 / each as f64
        })
        .collect();
    spread(&mut values)
}

fn crypto(report: &mut Report) {
    let secret = agency_secret("adliya", "vote");
    let (public, message) = (secret.public(), [7; 330]);
    let signature = secret.sign(&message);
    let (median, low, high) = timed(20, 200, || {
        key::verify(&public, &message, &signature).unwrap()
    });
    report.row(
        "floor: verify one signature, strict",
        format!("{median:.1} µs ({low:.1} to {high:.1})"),
        "",
        "330-byte message",
    );
    let (median, low, high) = timed(20, 200, || {
        std::hint::black_box(secret.sign(&message));
    });
    report.row(
        "floor: sign",
        format!("{median:.1} µs ({low:.1} to {high:.1})"),
        "",
        "",
    );
    let mut hash = [0; 32];
    let (median, low, high) = timed(20, 10_000, || hash = node_hash(&hash, &hash));
    report.row(
        "floor: one Merkle node",
        format!("{median:.2} µs ({low:.2} to {high:.2})"),
        "",
        "",
    );
}

fn log(report: &mut Report) {
    use std::io::Write;
    let folder = tempfile::tempdir().unwrap();
    let mut file = std::fs::File::create(folder.path().join("log")).unwrap();
    let (median, low, high) = timed(200, 1, || {
        file.write_all(&[1; 4096]).unwrap();
        file.sync_data().unwrap();
    });
    report.row(
        "floor: append 4 KiB and fdatasync",
        format!("{median:.0} µs ({low:.0} to {high:.0})"),
        "",
        "",
    );
}

/// Heights that four machines agree on.
const HEIGHTS: u64 = 300;

/// Four machines on four threads, with signatures and synced safety records, without network, blocks
/// or ledger: what one agreed height costs at least.
fn bft(report: &mut Report) {
    let chain = genesis().chain();
    let secrets = AGENCIES.map(|agency| agency_secret(agency, "vote"));
    let keys = secrets.each_ref().map(SecretKey::public);
    let set = ValidatorSet::new(keys.to_vec()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..4).map(|_| mpsc::channel::<Message>()).unzip();
    let started = Instant::now();
    thread::scope(|scope| {
        for (number, (secret, inbox)) in secrets.iter().zip(receivers).enumerate() {
            let place = AtPath(folder.path().join(number.to_string()));
            let first = Height::new(1);
            let mut validator = BareValidator {
                chain,
                set: set.clone(),
                secret,
                machine: Machine::new(chain, height_parameters(first, &set, secret)),
                safety: Durable::make(&place, b"new").unwrap(),
                senders: senders.clone(),
            };
            scope.spawn(move || validator.agree(&inbox));
        }
    });
    let each = started.elapsed().as_secs_f64() * 1000.0 / HEIGHTS as f64;
    report.row(
        "floor: one agreed height, four machines, signatures and syncs only",
        format!("{each:.2} ms"),
        "",
        "300 heights on four threads, no network, no ledger",
    );
}

fn height_parameters(
    height: Height,
    validators: &ValidatorSet,
    secret: &SecretKey,
) -> HeightParameters {
    HeightParameters {
        height,
        validators: validators.clone(),
        me: Some(secret.public()),
        record: None,
        is_held: false,
    }
}

/// A machine with a key and a safety record, and nothing else of a node.
struct BareValidator<'a> {
    chain: ChainId,
    set: ValidatorSet,
    secret: &'a SecretKey,
    machine: Machine,
    safety: Durable,
    senders: Vec<mpsc::Sender<Message>>,
}

impl BareValidator<'_> {
    /// Goes on until all heights are agreed.
    fn agree(&mut self, inbox: &mpsc::Receiver<Message>) {
        let mut orders: VecDeque<Effect> = self.machine.step(Input::Start).into();
        orders.extend(self.machine.step(Input::Pending(true)));
        loop {
            while let Some(order) = orders.pop_front() {
                match order {
                    Effect::Decide(commit) if commit.height.get() >= HEIGHTS => return,
                    order => orders.extend(self.obey(order)),
                }
            }
            let Ok(message) = inbox.recv_timeout(Duration::from_secs(5)) else {
                return;
            };
            if !self.machine.knows(&message) {
                orders.extend(self.hear(message));
            }
        }
    }

    fn obey(&mut self, order: Effect) -> Vec<Effect> {
        match order {
            Effect::Persist(record) => self.safety.write(&codec::encode(1, &record)).unwrap(),
            Effect::Build { height, round } => {
                let block = BlockId::new(sha256(&[&height.get().to_be_bytes()]));
                return self.machine.step(Input::Built { round, block });
            }
            Effect::Propose(proposal) => {
                let signature = self.secret.sign(&proposal.sign_bytes(&self.chain));
                self.say(&Message::Proposal(self.signed(proposal, signature)));
            }
            Effect::Vote(vote) => {
                let signature = self.secret.sign(&vote.sign_bytes(&self.chain));
                self.say(&Message::Vote(self.signed(vote, signature)));
            }
            Effect::Decide(commit) => {
                let next = commit.height.next();
                let mut orders =
                    self.machine
                        .advance(height_parameters(next, &self.set, self.secret));
                orders.extend(self.machine.step(Input::Pending(true)));
                return orders;
            }
            _ => {}
        }
        Vec::new()
    }

    fn hear(&mut self, message: Message) -> Vec<Effect> {
        let input = match message {
            Message::Vote(vote) => check::vote(&self.chain, &self.set, &vote).map(Input::Vote),
            Message::Proposal(proposal) => {
                let checked = check::proposal(&self.chain, &self.set, &proposal);
                checked.map(|proposal| Input::Proposal {
                    proposal,
                    valid: true,
                    timely: true,
                })
            }
            _ => return Vec::new(),
        };
        self.machine.step(input.unwrap())
    }

    fn signed<T>(&self, statement: T, signature: Signature) -> Signed<T> {
        Signed {
            statement,
            signer: self.secret.public(),
            signature,
        }
    }

    fn say(&self, message: &Message) {
        for to in &self.senders {
            // Whoever has agreed on all heights listens no more.
            let _gone = to.send(message.clone());
        }
    }
}
