//! Signatures in groups have the verdicts of `verify_strict`, one for one: seventeen kinds of crafted
//! signatures at random places of groups of every size, under one to thirty-two keys.
//!
//! `MUHR_SIGNATURES` says how many are judged; `MUHR_SEED` which.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "tests fail by panicking, with the reason, and take their counts from the environment"
)]

use std::collections::BTreeMap;

use curve25519_dalek::{
    constants::EIGHT_TORSION, edwards::EdwardsPoint, scalar::Scalar, traits::IsIdentity,
};
use protocol::key::{
    BadSignature, PublicKey, Signature,
    group::{GroupVerifier, SignatureClaim, backend},
    verify,
};
use sha2::{Digest, Sha512};
use testkit::Random;

/// Judged in all where nobody asks for more.
const USUAL: u64 = 200_000;
/// Tests that share them, so that they run on all cores.
const SHARES: u64 = 2;
const KEYS_MAX: u64 = 32;

/// What is done to a signature that would hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Craft {
    /// Nothing.
    Honest,
    /// A point of small order added to R, and s to fit: holds only if the cofactor is multiplied in.
    Cofactored,
    /// R of small order, s = ha.
    SmallR,
    /// R = identity, s = 0.
    Nothing,
    /// y of R not below p.
    HighY,
    /// The sign of R set where x is zero.
    MinusZero,
    /// s + l, s + 2l and so on.
    LongS,
    FlippedR,
    FlippedS,
    FlippedMessage,
    OtherKey,
    NegatedR,
    NegatedS,
    Random,
    /// Errors of this and the next one cancel in a sum.
    CancellingErrors,
    /// Points of small order of this and the next one cancel in a sum.
    CancellingTorsion,
    /// The key has a part of small order.
    MixedKey,
    /// The key is of small order.
    SmallKey,
}

const CRAFTS: [Craft; 17] = [
    Craft::Cofactored,
    Craft::SmallR,
    Craft::Nothing,
    Craft::HighY,
    Craft::MinusZero,
    Craft::LongS,
    Craft::FlippedR,
    Craft::FlippedS,
    Craft::FlippedMessage,
    Craft::OtherKey,
    Craft::NegatedR,
    Craft::NegatedS,
    Craft::Random,
    Craft::CancellingErrors,
    Craft::CancellingTorsion,
    Craft::MixedKey,
    Craft::SmallKey,
];

struct Case {
    craft: Craft,
    key: PublicKey,
    message: Vec<u8>,
    signature: Signature,
}

impl Case {
    fn claim(&self) -> SignatureClaim<'_> {
        SignatureClaim {
            key: &self.key,
            message: &self.message,
            signature: &self.signature,
        }
    }
}

struct Maker {
    random: Random,
    secrets: Vec<Scalar>,
    /// What the second of a pair owes to the first.
    owed_error: Option<Scalar>,
    owed_torsion: Option<usize>,
}

fn key(point: EdwardsPoint) -> PublicKey {
    PublicKey::from_bytes(&point.compress().to_bytes()).unwrap()
}

fn challenge(r: &[u8; 32], key: &PublicKey, message: &[u8]) -> Scalar {
    let hash = Sha512::new()
        .chain_update(r)
        .chain_update(key.as_bytes())
        .chain_update(message);
    Scalar::from_bytes_mod_order_wide(&hash.finalize().into())
}

fn joined(r: [u8; 32], s: [u8; 32]) -> Signature {
    let mut bytes = [0; 64];
    bytes[..32].copy_from_slice(&r);
    bytes[32..].copy_from_slice(&s);
    Signature::new(bytes)
}

impl Maker {
    fn new(seed: u64) -> Self {
        let mut maker = Self {
            random: Random::new(seed),
            secrets: Vec::new(),
            owed_error: None,
            owed_torsion: None,
        };
        maker.secrets = (0..KEYS_MAX).map(|_| maker.scalar()).collect();
        maker
    }

    fn bytes(&mut self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for part in bytes.chunks_mut(8) {
            part.copy_from_slice(&self.random.next_u64().to_le_bytes());
        }
        bytes
    }

    fn scalar(&mut self) -> Scalar {
        let bytes = self.bytes();
        Scalar::from_bytes_mod_order(bytes)
    }

    fn torsion(&mut self) -> usize {
        1 + self.random.index(7)
    }

    fn flipped(&mut self, mut bytes: [u8; 32]) -> [u8; 32] {
        bytes[self.random.index(32)] ^= 1 << self.random.below(8);
        bytes
    }

    fn case(&mut self, craft: Craft, keys: usize) -> Case {
        let secret = self.secrets[self.random.index(keys)];
        let mut point = EdwardsPoint::mul_base(&secret);
        match craft {
            Craft::MixedKey => point += EIGHT_TORSION[self.torsion()],
            Craft::SmallKey => point = EIGHT_TORSION[self.random.index(8)],
            _ => {}
        }
        let length = self.random.index(400);
        let mut message = vec![7; length];
        message.extend_from_slice(&self.random.next_u64().to_le_bytes());
        let nonce = self.scalar();
        let mut r_point = EdwardsPoint::mul_base(&nonce);
        match craft {
            Craft::Cofactored => r_point += EIGHT_TORSION[self.torsion()],
            Craft::MixedKey => r_point += EIGHT_TORSION[self.random.index(8)],
            Craft::CancellingTorsion => {
                let owed = self.owed_torsion.take();
                let mine = owed.unwrap_or_else(|| self.torsion());
                if owed.is_none() {
                    self.owed_torsion = Some(8 - mine);
                }
                r_point += EIGHT_TORSION[mine];
            }
            Craft::SmallR | Craft::MinusZero => r_point = EIGHT_TORSION[self.random.index(8)],
            Craft::Nothing => r_point = EIGHT_TORSION[0],
            _ => {}
        }
        let nonce = if matches!(craft, Craft::SmallR | Craft::Nothing | Craft::MinusZero) {
            Scalar::ZERO
        } else {
            nonce
        };
        let key = key(point);
        let mut r = r_point.compress().to_bytes();
        match craft {
            Craft::HighY => {
                // Nineteen numbers from p up to 2^255: bytes of ff, the lowest from ed.
                r = [0xff; 32];
                r[0] = 0xed + u8::try_from(self.random.below(19)).unwrap();
                r[31] = if self.random.percent(50) { 0x7f } else { 0xff };
            }
            Craft::MinusZero => {
                r = EIGHT_TORSION[if self.random.percent(50) { 0 } else { 4 }]
                    .compress()
                    .to_bytes();
                r[31] |= 0x80;
            }
            _ => {}
        }
        let mut s = nonce + challenge(&r, &key, &message) * secret;
        if craft == Craft::Nothing {
            s = Scalar::ZERO;
        }
        if craft == Craft::CancellingErrors {
            s += match self.owed_error.take() {
                Some(owed) => owed,
                None => {
                    let error = self.scalar();
                    self.owed_error = Some(-error);
                    error
                }
            };
        }
        self.spoil(craft, key, message, (r_point, r, s))
    }

    /// What is done to a signature when it stands.
    fn spoil(
        &mut self,
        craft: Craft,
        mut key: PublicKey,
        mut message: Vec<u8>,
        (r_point, r, s): (EdwardsPoint, [u8; 32], Scalar),
    ) -> Case {
        let (mut r, mut s) = (r, s.to_bytes());
        match craft {
            Craft::LongS => s = longer(s, 1 + self.random.below(15)),
            Craft::FlippedR => r = self.flipped(r),
            Craft::FlippedS => s = self.flipped(s),
            Craft::FlippedMessage => {
                let at = self.random.index(message.len());
                message[at] ^= 1 << self.random.below(8);
            }
            Craft::OtherKey => {
                let secret = self.scalar();
                key = self::key(EdwardsPoint::mul_base(&secret));
            }
            Craft::NegatedR => r = (-r_point).compress().to_bytes(),
            Craft::NegatedS => s = (-Scalar::from_bytes_mod_order(s)).to_bytes(),
            Craft::Random => {
                r = self.bytes();
                s = self.bytes();
            }
            _ => {}
        }
        let signature = joined(r, s);
        Case {
            craft,
            key,
            message,
            signature,
        }
    }

    /// None, exactly one, three or thirty in a hundred, or all are crafted.
    fn group(&mut self) -> Vec<Case> {
        let length = 16 + self.random.index(241);
        let keys = 1 + self.random.index(self.secrets.len());
        let share = self.random.below(5);
        let only = self.random.index(length);
        (0..length)
            .map(|place| {
                let is_crafted = match share {
                    0 => false,
                    1 => place == only,
                    2 => self.random.percent(3),
                    3 => self.random.percent(30),
                    _ => true,
                };
                let craft = if is_crafted {
                    *self.random.pick(&CRAFTS)
                } else {
                    Craft::Honest
                };
                self.case(craft, keys)
            })
            .collect()
    }
}

/// s + kl, if 32 bytes hold it.
fn longer(s: [u8; 32], times: u64) -> [u8; 32] {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
        0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut sum = s;
    let mut carry = 0;
    for (sum, order) in sum.iter_mut().zip(ORDER) {
        carry += u64::from(*sum) + u64::from(order) * times;
        *sum = u8::try_from(carry & 0xff).unwrap();
        carry >>= 8;
    }
    if carry == 0 {
        sum
    } else {
        longer(s, times - 1)
    }
}

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |value| value.parse().expect(name))
}

fn judge_share(share: u64) {
    let seed = number("MUHR_SEED", 51);
    let count = number("MUHR_SIGNATURES", USUAL) / SHARES;
    println!("seed {seed}, share {share}, {}", backend());
    let mut maker = Maker::new(seed * SHARES + share);
    let verifier = GroupVerifier::new().unwrap();
    let mut judged = 0;
    let mut verdicts: BTreeMap<Craft, [u64; 2]> = BTreeMap::new();
    while judged < count {
        let cases = maker.group();
        let group: Vec<SignatureClaim<'_>> = cases.iter().map(Case::claim).collect();
        let together = verifier.verify(&group).unwrap();
        for (case, together) in cases.iter().zip(&together) {
            let alone = verify(&case.key, &case.message, &case.signature);
            assert_eq!(*together, alone, "{:?} under {}", case.craft, case.key);
            verdicts.entry(case.craft).or_default()[usize::from(alone.is_ok())] += 1;
            judged += 1;
        }
    }
    println!("{verdicts:?} (refused, accepted)");
    if count < 10_000 {
        return;
    }
    // Each kind came up, and the kinds are what they say.
    for craft in CRAFTS {
        let [refused, accepted] = verdicts[&craft];
        assert!(refused > 0, "{craft:?}");
        // A part of small order may vanish in a product with the challenge.
        assert!(accepted == 0 || craft == Craft::MixedKey, "{craft:?}");
    }
    assert_eq!(verdicts[&Craft::Honest][0], 0);
}

#[test]
fn a_group_and_each_alone_have_one_verdict_first_share() {
    judge_share(0);
}

#[test]
fn a_group_and_each_alone_have_one_verdict_second_share() {
    judge_share(1);
}

#[test]
fn one_bad_signature_is_named_and_the_others_hold() {
    let mut maker = Maker::new(7);
    let cases: Vec<Case> = (0..600)
        .map(|place| {
            let craft = if place == 300 {
                Craft::FlippedMessage
            } else {
                Craft::Honest
            };
            maker.case(craft, 8)
        })
        .collect();
    let group: Vec<SignatureClaim<'_>> = cases.iter().map(Case::claim).collect();
    let verdicts = GroupVerifier::new().unwrap().verify(&group).unwrap();
    for (place, verdict) in verdicts.iter().enumerate() {
        let expected = if place == 300 {
            Err(BadSignature)
        } else {
            Ok(())
        };
        assert_eq!(*verdict, expected, "{place}");
    }
}

#[test]
fn the_build_asks_for_the_fast_arithmetic() {
    println!("backend {}", backend());
    // By `.cargo/config.toml`, which `NATIVE=1` must not lose; a test of another backend says which.
    let asked = option_env!("MUHR_BACKEND").unwrap_or("avx512");
    assert_eq!(
        cfg!(curve25519_dalek_backend = "avx512"),
        cfg!(target_arch = "x86_64") && asked == "avx512",
    );
    match asked {
        "serial" => assert_eq!(backend(), "serial"),
        "simd" => assert_ne!(backend(), "avx512ifma"),
        _ => {}
    }
    assert!(EIGHT_TORSION[0].is_identity());
}
