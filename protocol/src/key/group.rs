//! Signatures checked in groups: the verdicts of [`verify`] at less than its price.
//!
//! Not batch verification: no equation is taken over several signatures. Each has a verdict of its own, which
//! is that of `verify_strict` for every input, with certainty; what a group shares is one inversion.
//!
//! # The rule
//!
//! Let `A` be a key that [`PublicKey::from_bytes`] takes, `(R, s)` the halves of a signature, `l` the order of
//! the base point `B`, and `h` = SHA-512(`R` ‖ `A` ‖ message) mod `l`. `verify_strict` accepts if and only if
//! `s < l`, neither `R` nor `A` encodes a point of small order, and the encoding of `sB − hA` is `R`.
//!
//! `verify_strict` decodes `R` as well. That decides nothing more: if the encoding of a point is `R`, then `R`
//! decodes to that point and is its one canonical encoding; if it is not, the signature is refused anyway. So
//! small order is told by bytes, of which there are eight. `docs/decisions/0052-groups-of-signatures.md` has
//! the proof and what was tried.

use std::{
    ops::Neg,
    sync::atomic::{AtomicU64, Ordering},
};

use curve25519_dalek::{edwards::EdwardsPoint, scalar::Scalar};
use sha2::{Digest, Sha512};
use thiserror::Error;

use super::{BadSignature, PublicKey, SecretKey, Signature, verify};
use crate::planted::{self, Bug};

/// The most signatures that share an inversion: more would save nothing and cost 200 bytes of memory each.
const GROUP_MAX: usize = 256;
/// One signature in so many is checked by [`verify`] as well.
const ORACLE_EVERY: u64 = 1024;

/// One signature of a group: by whom, over what.
#[derive(Clone, Copy, Debug)]
pub struct SignatureClaim<'a> {
    /// The key that should have made it.
    pub key: &'a PublicKey,
    /// The signed bytes.
    pub message: &'a [u8],
    /// The signature.
    pub signature: &'a Signature,
}

/// The group and the single check judge one signature differently: this processor or this build computes
/// wrongly, and no verdict of it may be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "two ways to check one signature disagree on this machine, so neither can be believed; run on another machine, or build for another processor"
)]
pub struct Disagreement;

/// A verifier of groups. Whoever has one has seen the self-test pass.
#[derive(Debug)]
pub struct GroupVerifier {
    /// Number of signatures judged so far.
    judged: AtomicU64,
}

impl GroupVerifier {
    /// Judges a few signatures both ways, valid and not, and gives out a verifier if all is as it must be.
    ///
    /// # Errors
    ///
    /// [`Disagreement`] if a verdict is not as it must be.
    pub fn new() -> Result<Self, Disagreement> {
        self_test()?;
        Ok(Self {
            judged: AtomicU64::new(0),
        })
    }

    /// Judges each signature of a group of any size. The verdicts are in the order of the group.
    ///
    /// # Errors
    ///
    /// [`Disagreement`] if [`verify`], which judges one in 1,024 as well, says otherwise.
    pub fn verify(
        &self,
        group: &[SignatureClaim<'_>],
    ) -> Result<Vec<Result<(), BadSignature>>, Disagreement> {
        let verdicts = verdicts(group);
        let count = u64::try_from(group.len()).unwrap_or(u64::MAX);
        let before = self.judged.fetch_add(count, Ordering::Relaxed);
        for (number, (signed, verdict)) in (before..).zip(group.iter().zip(&verdicts)) {
            if number.is_multiple_of(ORACLE_EVERY) && alone(signed) != *verdict {
                return Err(Disagreement);
            }
        }
        Ok(verdicts)
    }
}

fn alone(signed: &SignatureClaim<'_>) -> Result<(), BadSignature> {
    verify(signed.key, signed.message, signed.signature)
}

fn verdicts(group: &[SignatureClaim<'_>]) -> Vec<Result<(), BadSignature>> {
    group.chunks(GROUP_MAX).flat_map(verdicts_of_some).collect()
}

fn verdicts_of_some(group: &[SignatureClaim<'_>]) -> Vec<Result<(), BadSignature>> {
    let mut points = Vec::with_capacity(group.len());
    let is_computed: Vec<bool> = group
        .iter()
        .map(|signed| expected(signed).map(|point| points.push(point)).is_some())
        .collect();
    let mut encodings = EdwardsPoint::compress_batch_alloc(&points).into_iter();
    let verdict = |(signed, is_computed): (&SignatureClaim<'_>, bool)| {
        let encoding = is_computed.then(|| encodings.next()).flatten();
        let holds = encoding.is_some_and(|it| it.as_bytes() == signed.signature.halves().0);
        holds.then_some(()).ok_or(BadSignature)
    };
    group.iter().zip(is_computed).map(verdict).collect()
}

/// The point that must be encoded as the first half of the signature; none if the signature is refused
/// whatever the point.
fn expected(signed: &SignatureClaim<'_>) -> Option<EdwardsPoint> {
    let (r, s) = signed.signature.halves();
    let s = Option::<Scalar>::from(Scalar::from_canonical_bytes(*s))?;
    if is_small_order(r) || is_small_order(signed.key.as_bytes()) {
        return None;
    }
    let hash = Sha512::new()
        .chain_update(r)
        .chain_update(signed.key.as_bytes())
        .chain_update(signed.message);
    let h = Scalar::from_bytes_mod_order_wide(&hash.finalize().into());
    let minus_key = signed.key.0.to_edwards().neg();
    let point = EdwardsPoint::vartime_double_scalar_mul_basepoint(&h, &minus_key, &s);
    Some(point)
}

/// Canonical encodings of the eight points whose order divides eight, the cofactor.
const SMALL_ORDER: [[u8; 32]; 8] = {
    const fn filled(with: u8, first: u8, last: u8) -> [u8; 32] {
        let mut bytes = [with; 32];
        bytes[0] = first;
        bytes[31] = last;
        bytes
    }
    const fn with_sign(mut bytes: [u8; 32]) -> [u8; 32] {
        bytes[31] |= 0x80;
        bytes
    }
    const EIGHTH: [u8; 32] = [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ];
    const OTHER_EIGHTH: [u8; 32] = [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ];
    [
        filled(0, 1, 0),
        filled(0xff, 0xec, 0x7f),
        filled(0, 0, 0),
        filled(0, 0, 0x80),
        EIGHTH,
        with_sign(EIGHTH),
        OTHER_EIGHTH,
        with_sign(OTHER_EIGHTH),
    ]
};

fn is_small_order(encoding: &[u8; 32]) -> bool {
    if planted::is(Bug::GroupTakesSmallOrder) {
        return false;
    }
    SMALL_ORDER.contains(encoding)
}

/// Signatures that hold, each once spoilt in every way that two ways of checking may take differently.
fn self_test() -> Result<(), Disagreement> {
    let secrets = [1_u8, 2, 3, 4].map(|seed| SecretKey::from_seed(&[seed; 32]));
    let keys: Vec<PublicKey> = secrets.iter().map(SecretKey::public).collect();
    let message = |number: u8| [number; 200];
    let mut cases: Vec<(PublicKey, [u8; 200], Signature, bool)> = Vec::new();
    for (number, (secret, key)) in (0..).zip(secrets.iter().zip(&keys)) {
        let message = message(number);
        let good = secret.sign(&message);
        cases.push((*key, message, good, true));
        for at in [0, 31, 32, 63] {
            let mut bytes = *good.as_bytes();
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1;
            }
            cases.push((*key, message, Signature::new(bytes), false));
        }
        for r in SMALL_ORDER {
            let mut bytes = *good.as_bytes();
            bytes[..32].copy_from_slice(&r);
            cases.push((*key, message, Signature::new(bytes), false));
        }
        let mut other = message;
        other[100] ^= 1;
        cases.push((*key, other, good, false));
    }
    let signed = |case: &(PublicKey, [u8; 200], Signature, bool)| case.3;
    let expected: Vec<bool> = cases.iter().map(signed).collect();
    let group: Vec<SignatureClaim<'_>> = cases
        .iter()
        .map(|(key, message, signature, _)| SignatureClaim {
            key,
            message,
            signature,
        })
        .collect();
    let together = verdicts(&group).into_iter().map(|verdict| verdict.is_ok());
    let single = group.iter().map(|signed| alone(signed).is_ok());
    let is_right = expected.iter().copied().eq(together) && expected.iter().copied().eq(single);
    is_right.then_some(()).ok_or(Disagreement)
}

/// Name of the arithmetic that this processor gets from this build: `avx512ifma`, `avx2` or `serial`.
#[must_use]
pub fn backend() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    {
        let ifma = std::arch::is_x86_feature_detected!("avx512ifma")
            && std::arch::is_x86_feature_detected!("avx512vl");
        if cfg!(curve25519_dalek_backend = "avx512") && ifma {
            return "avx512ifma";
        }
        let forced = cfg!(any(
            curve25519_dalek_backend = "serial",
            curve25519_dalek_backend = "fiat"
        ));
        if !forced && std::arch::is_x86_feature_detected!("avx2") {
            return "avx2";
        }
    }
    "serial"
}

#[cfg(test)]
mod tests {
    use curve25519_dalek::constants::EIGHT_TORSION;

    use super::*;

    #[test]
    fn the_encodings_of_small_order_are_those_of_the_eight_points() {
        let mut expected = EIGHT_TORSION.map(|point| point.compress().to_bytes());
        let mut ours = SMALL_ORDER;
        expected.sort_unstable();
        ours.sort_unstable();
        assert_eq!(ours, expected);
    }

    #[test]
    fn an_empty_group_has_no_verdicts() {
        let verifier = GroupVerifier::new().unwrap();
        assert_eq!(verifier.verify(&[]), Ok(Vec::new()));
    }
}
