//! What does one signature check cost, alone and in groups?
//!
//! In CPU of this thread, so that what else the machine does costs little. Every group has signatures of
//! eight keys, as a block has of some clerks, and another message for each.

use std::{fs, thread};

use protocol::key::{
    PublicKey, SecretKey, Signature,
    group::{self, GroupVerifier},
    verify,
};

use super::report::{Report, spread};

const KEYS: u8 = 8;
const GROUPS: [usize; 4] = [16, 64, 256, 1024];
/// Signatures between two looks at the clock, and how often that is done.
const SIGNATURES: usize = 1024;
const TIMES: usize = 20;

type Signed = (PublicKey, Vec<u8>, Signature);

/// Checks a group as nodes and auditors do. All hold, and that is asserted.
fn check_group(verifier: &GroupVerifier, group: &[Signed]) {
    let group: Vec<group::SignatureClaim<'_>> = group
        .iter()
        .map(|(key, message, signature)| group::SignatureClaim {
            key,
            message,
            signature,
        })
        .collect();
    let verdicts = verifier.verify(&group).unwrap();
    assert!(verdicts.iter().all(Result::is_ok));
}

/// CPU seconds of this thread.
fn thread_cpu() -> f64 {
    // The kernel brings its count up to date when a thread gives way.
    thread::yield_now();
    let stat = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let nanoseconds = stat.split(' ').next().unwrap().parse::<f64>().unwrap();
    nanoseconds / 1e9
}

/// Microseconds for each signature: the median, and at one and nine tenths.
fn timed(signed: &[Signed], check: impl Fn(&[Signed])) -> String {
    let mut values: Vec<f64> = (0..TIMES)
        .map(|_| {
            let before = thread_cpu();
            check(signed);
            (thread_cpu() - before) * 1e6 / signed.len() as f64
        })
        .collect();
    let (median, low, high) = spread(&mut values);
    format!("{median:.1} µs ({low:.1} to {high:.1})")
}

pub(crate) fn measure(report: &mut Report) {
    let secrets: Vec<SecretKey> = (0..KEYS)
        .map(|key| SecretKey::from_seed(&[key + 1; 32]))
        .collect();
    let signed: Vec<Signed> = (0..SIGNATURES)
        .map(|number| {
            let secret = &secrets[number % secrets.len()];
            let mut message = vec![7; 330];
            message[..8].copy_from_slice(&number.to_be_bytes());
            let signature = secret.sign(&message);
            (secret.public(), message, signature)
        })
        .collect();
    let alone = timed(&signed, |signed| {
        for (key, message, signature) in signed {
            verify(key, message, signature).unwrap();
        }
    });
    let note = "CPU for each signature; 330-byte messages, 8 keys";
    report.row("verify: one signature at a time", alone, "", note);
    for size in GROUPS {
        let verifier = GroupVerifier::new().unwrap();
        let check = |group: &[Signed]| check_group(&verifier, group);
        let grouped = timed(&signed, |signed| signed.chunks(size).for_each(check));
        let target = if size == 256 {
            "≤ 0.40 of one at a time before"
        } else {
            ""
        };
        report.row(&format!("verify: groups of {size}"), grouped, target, note);
    }
}
