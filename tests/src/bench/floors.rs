//! Floors: what this machine could do, without Muhr around it.

use std::{
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use consensus::{Effect, Input, Machine, Signed, ValidatorSet, verify as check};
use node::durable::{AtPath, Durable};
use protocol::{
    codec,
    hash::{BlockId, sha256},
    height::Height,
    key,
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

/// Four machines on four threads, with signatures and synced safety records, without network, blocks
/// or ledger: what one agreed height costs at least.
#[expect(
    clippy::too_many_lines,
    reason = "one bare loop, to be read as a whole"
)]
fn bft(report: &mut Report) {
    const HEIGHTS: u64 = 300;
    let chain = genesis().chain();
    let secrets: Vec<_> = AGENCIES
        .iter()
        .map(|agency| agency_secret(agency, "vote"))
        .collect();
    let set = ValidatorSet::new(
        secrets
            .iter()
            .map(protocol::key::SecretKey::public)
            .collect(),
    )
    .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..4)
        .map(|_| mpsc::channel::<consensus::Message>())
        .unzip();
    let begun = Instant::now();
    thread::scope(|scope| {
        for (number, (secret, inbox)) in secrets.iter().zip(receivers).enumerate() {
            let (set, senders) = (set.clone(), senders.clone());
            let place = AtPath(folder.path().join(number.to_string()));
            let mut safety = Durable::make(&place, b"new").unwrap();
            scope.spawn(move || {
                let mut machine = Machine::new(
                    chain,
                    set.clone(),
                    Some(secret.public()),
                    Height::new(1),
                    None,
                );
                let mut orders: std::collections::VecDeque<Effect> =
                    machine.step(Input::Start).into();
                orders.extend(machine.step(Input::Pending(true)));
                loop {
                    while let Some(order) = orders.pop_front() {
                        match order {
                            Effect::Persist(record) => {
                                safety.write(&codec::encode(1, &record)).unwrap()
                            }
                            Effect::Build { height, round } => {
                                let block = BlockId::new(sha256(&[&height.get().to_be_bytes()]));
                                orders.extend(machine.step(Input::Built { round, block }));
                            }
                            Effect::Propose(proposal) => {
                                let signature = secret.sign(&proposal.sign_bytes(&chain));
                                let signed = Signed {
                                    statement: proposal,
                                    signer: secret.public(),
                                    signature,
                                };
                                senders.iter().for_each(|to| {
                                    drop(to.send(consensus::Message::Proposal(signed.clone())))
                                });
                            }
                            Effect::Vote(vote) => {
                                let signature = secret.sign(&vote.sign_bytes(&chain));
                                let signed = Signed {
                                    statement: vote,
                                    signer: secret.public(),
                                    signature,
                                };
                                senders.iter().for_each(|to| {
                                    drop(to.send(consensus::Message::Vote(signed.clone())))
                                });
                            }
                            Effect::Decide(commit) => {
                                if commit.height.get() >= HEIGHTS {
                                    return;
                                }
                                orders.extend(machine.advance(commit.height.next(), set.clone()));
                                orders.extend(machine.step(Input::Pending(true)));
                            }
                            _ => {}
                        }
                    }
                    let Ok(message) = inbox.recv_timeout(Duration::from_secs(5)) else {
                        return;
                    };
                    if machine.knows(&message) {
                        continue;
                    }
                    let input = match message {
                        consensus::Message::Vote(vote) => {
                            check::vote(&chain, &set, &vote).map(Input::Vote)
                        }
                        consensus::Message::Proposal(proposal) => {
                            check::proposal(&chain, &set, &proposal).map(|proposal| {
                                Input::Proposal {
                                    proposal,
                                    valid: true,
                                    timely: true,
                                }
                            })
                        }
                        _ => continue,
                    };
                    orders.extend(machine.step(input.unwrap()));
                }
            });
        }
    });
    let each = begun.elapsed().as_secs_f64() * 1000.0 / HEIGHTS as f64;
    report.row(
        "floor: one agreed height, four machines, signatures and syncs only",
        format!("{each:.2} ms"),
        "",
        "300 heights on four threads, no network, no ledger",
    );
}
