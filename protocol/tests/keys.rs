//! Which keys and signatures are refused: small order, mixed order, not canonical, malleated, not held.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests fail by panicking, with the reason"
)]

use curve25519_dalek::{constants::EIGHT_TORSION, edwards::CompressedEdwardsY};
use protocol::act::Act;
use protocol::key::{KeyError, Possession, PublicKey, SecretKey, Signature, verify};

/// Canonical encodings of points of small order.
const SMALL_ORDER: [&str; 4] = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
];
/// The order of the group, little-endian.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

const CLAIM: Possession<'static> = Possession {
    origin: "x.example/1",
    holder: "qurilish/clerk-1",
    purpose: "clerk",
};

#[test]
fn keys_of_small_order_are_not_registered_and_verify_nothing() {
    for hex in SMALL_ORDER {
        let bytes = protocol::text::hex_array(hex).unwrap();
        let Ok(key) = PublicKey::from_bytes(&bytes) else {
            continue;
        };
        let mut forged = [0; 64];
        forged[..32].copy_from_slice(&bytes);
        let forged = Signature::new(forged);
        assert_eq!(
            key.check_registrable(&CLAIM, &forged),
            Err(KeyError::NotPrimeOrder),
            "{hex}"
        );
        for message in [&b"a"[..], b"b", b"c", b"d", b"e", b"f", b"g", b"h"] {
            assert!(verify(&key, message, &forged).is_err(), "{hex}");
        }
    }
}

#[test]
fn encodings_that_are_not_canonical_are_no_keys() {
    // y = p + 1, which some decoders take for 1.
    let bytes = protocol::text::hex_array(
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    )
    .unwrap();
    assert!(PublicKey::from_bytes(&bytes).is_err());
}

#[test]
fn a_key_is_registered_only_by_its_holder_for_one_purpose() {
    let secret = SecretKey::from_seed(&[1; 32]);
    let key = secret.public();
    let proof = secret.sign(&CLAIM.message(&key));
    assert_eq!(key.check_registrable(&CLAIM, &proof), Ok(()));
    for other in [
        Possession {
            origin: "x.example/2",
            ..CLAIM
        },
        Possession {
            holder: "soliq/clerk-1",
            ..CLAIM
        },
        Possession {
            purpose: "admin",
            ..CLAIM
        },
    ] {
        assert_eq!(
            key.check_registrable(&other, &proof),
            Err(KeyError::NotHeld)
        );
    }
}

/// Under a key with a part of small order whoever made it can sign so that tools disagree.
#[test]
fn an_act_adds_no_clerk_whose_key_is_not_of_prime_order() {
    let secret = SecretKey::from_seed(&[3; 32]);
    let good = PublicKey::from_bytes(secret.public().as_bytes()).unwrap();
    let text = |key: &str| {
        format!(
            "muhr-clerk/v1 add\nclerk soliq/x\nkey ed25519 {key}\nuntil never\nregistries soliq.taxes\noperations register\nauthor soliq\nexpires 9\nsignature ed25519 {}\n",
            secret.sign(b"any")
        )
    };
    Act::parse(text(&good.to_string()).as_bytes()).unwrap();
    let point = CompressedEdwardsY(*good.as_bytes()).decompress().unwrap();
    let mixed = point + EIGHT_TORSION[1];
    for bad in EIGHT_TORSION.iter().chain([&mixed]) {
        let bad = protocol::text::base64(&bad.compress().to_bytes());
        let refused = Act::parse(text(&bad).as_bytes()).unwrap_err();
        assert_eq!(refused.line, 3, "{bad}: {refused}");
    }
}

#[test]
fn a_signature_has_one_s() {
    let secret = SecretKey::from_seed(&[2; 32]);
    let signature = secret.sign(b"message");
    verify(&secret.public(), b"message", &signature).unwrap();
    assert!(verify(&secret.public(), b"other", &signature).is_err());
    let mut bytes = *signature.as_bytes();
    let mut carry = 0_u16;
    for (byte, order) in bytes[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    assert!(verify(&secret.public(), b"message", &Signature::new(bytes)).is_err());
}
