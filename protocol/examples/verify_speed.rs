//! How long one strict signature check takes in this build: run it with and without
//! `RUSTFLAGS=-Ctarget-cpu=native` to see what a native build is worth.
#![allow(clippy::disallowed_types, reason = "a measurement needs a clock")]

use std::time::Instant;

use protocol::key::{SecretKey, verify};

fn main() {
    let secret = SecretKey::from_seed(&[7; 32]);
    let (public, message) = (secret.public(), [7; 330]);
    let signature = secret.sign(&message);
    let mut best = f64::MAX;
    for _ in 0..50 {
        let begun = Instant::now();
        let held = (0..100)
            .filter(|_| verify(&public, &message, &signature).is_ok())
            .count();
        best = best.min(begun.elapsed().as_secs_f64() * 1e6 / held as f64);
    }
    println!("{best:.1} µs a signature, the best of 50 times 100");
}
