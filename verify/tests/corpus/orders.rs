//! Keys of small and mixed order, and signatures under them that only a lax check lets pass.

use protocol::{
    entry::Operation,
    key::{PublicKey, Signature},
    text,
};

use super::{
    cases::{Ask, Book, Kind, Spoilt},
    receipts::{ID, ORIGIN, registered},
    signatures::{CHECKPOINT, line},
    trust::with_key,
    world::World,
};

/// The neutral point: under it everybody has signed everything, unless small orders are refused.
pub(crate) const IDENTITY: [u8; 32] = first_byte(1);
/// The base point, whose discrete logarithm is 1.
pub(crate) const BASE_POINT: [u8; 32] = {
    let mut point = [0x66; 32];
    point[0] = 0x58;
    point
};
/// The order of the base point, least significant byte first.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];
/// The other encodings of points of small order that are canonical.
const SMALL: [&str; 7] = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];
/// A key with a part of order 8, and its signatures on [`CURVE`]: made apart, with bare arithmetic.
const MIXED: &str = "f2ef0c2cbaf86ef8b63a2b879cee68b622ad3f416c0d4d5a4709a616a269ced1";
const CURVE: &str = "muhr.example/test/1\n5\nP4/uYk9DsqnWhTUyaaCrPqx4WGOrYidjbbEGD7oYVeA=\n";
/// A key of prime order, and a signature by its holder whose first half is the neutral point.
const HONEST: &str = "c0e1e06d0e22459f048c003f02c1a634b07dd2f9150b0dbc56706110219a3058";
const NEUTRAL: &str = "0100000000000000000000000000000000000000000000000000000000000000d4a4d4edaadc44fd12356545b4ae095767e34744d321f81fc65aa24c626d060a";
const WITHOUT_COFACTOR: &str = "d72cf2403bfbc6a5f69798f19f2327218025149478b617cc9aac18fe748ca12a527c86b7c84c5971f788614ba12e73ba28f6f5847ec55ee5c87d783b31071e0a";
const WITH_COFACTOR: &str = "8b3ed78144f0ca4332d2e049f6c227e55f6cfd7aecd4c2753d8729bf7080e3fb67399ddb8993f76e211bb41eb751ffa730643c76206716e53883ccea14b84400";

pub(crate) const fn first_byte(byte: u8) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[0] = byte;
    bytes
}

/// The same signature with the order added to its second half.
pub(crate) fn plus_order(signature: &Signature) -> Signature {
    let mut bytes = *signature.as_bytes();
    let mut carry = 0;
    for (byte, order) in bytes[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        *byte = u8::try_from(sum & 0xff).unwrap();
        carry = sum >> 8;
    }
    assert_eq!(carry, 0);
    Signature::new(bytes)
}

pub(crate) fn write(book: &mut Book) {
    small_orders(book);
    mixed_orders(book);
    receipt(book);
}

/// Keys under which a signature holds that nobody made: the equation is met, the rule is not.
fn small_orders(book: &mut Book) {
    let trust = book.text("trust.policy");
    let mut keys: Vec<[u8; 32]> = SMALL
        .iter()
        .map(|hex| text::hex_array(hex).unwrap())
        .collect();
    keys.push(IDENTITY);
    let (world, _) = registered();
    let body = world.checkpoint().write();
    for (at, key) in keys.iter().enumerate() {
        let spoilt = with_key(&trust, 4, key);
        // One in eight times meets the equation for every key; the others do for their divisors.
        for time in 1_800_000_000_u64..1_800_000_004 {
            let blob = [&time.to_be_bytes()[..], &BASE_POINT, &first_byte(1)].concat();
            let forged = line("iiv.example/2026", 4, key, &blob);
            let lines = [0, 3].map(|signer| world.line(signer, &body)).concat();
            let text = format!("{body}\n{lines}{forged}").into_bytes();
            let both = Spoilt::Both(spoilt.clone().into_bytes(), text);
            book.case(
                &CHECKPOINT,
                &format!("key-of-small-order-{at}-at-{time}"),
                both,
                14,
            );
        }
        let lines = [0, 2, 3].map(|signer| world.line(signer, &body)).concat();
        let text = format!("{body}\n{lines}").into_bytes();
        let both = Spoilt::Both(spoilt.into_bytes(), text);
        book.case(
            &CHECKPOINT,
            &format!("key-of-small-order-{at}-unused"),
            both,
            0,
        );
    }
}

fn mixed_orders(book: &mut Book) {
    let trust = book.text("trust.policy");
    for (file, key) in [
        ("mixed-order.policy", MIXED),
        ("prime-order.policy", HONEST),
    ] {
        let key = text::hex_array(key).unwrap();
        assert!(PublicKey::from_bytes(&key).is_ok());
        let changed = with_key(&trust, 4, &key).replacen("quorum validators", "quorum iiv", 1);
        book.file(file, changed);
    }
    let cases = [
        (
            "mixed-order-key-without-cofactor",
            MIXED,
            11,
            WITHOUT_COFACTOR,
            0,
        ),
        ("mixed-order-key-with-cofactor", MIXED, 0, WITH_COFACTOR, 14),
        (
            "signature-with-a-neutral-first-half",
            HONEST,
            0,
            NEUTRAL,
            14,
        ),
    ];
    for (name, key, second, signature, exit) in cases {
        let time = 1_800_000_000_u64 + second;
        let trust = if key == MIXED {
            "mixed-order.policy"
        } else {
            "prime-order.policy"
        };
        let key: [u8; 32] = text::hex_array(key).unwrap();
        let signature: [u8; 64] = text::hex_array(signature).unwrap();
        let blob = [&time.to_be_bytes()[..], &signature].concat();
        let line = line("iiv.example/2026", 4, &key, &blob);
        let file = format!("{name}.note");
        book.file(&file, format!("{CURVE}\n{line}"));
        let asked = Ask::of(Kind::Checkpoint, trust, &file);
        book.case(&asked, name, Spoilt::Not, exit);
    }
}

fn receipt(book: &mut Book) {
    // A validator's key of small order in a trust file that the log itself names.
    let mut world = World::with_trust(ORIGIN, |file| with_key(&file, 4, &IDENTITY));
    let at = world.act(Operation::Register, ID);
    let blob = [
        &1_800_000_000_u64.to_be_bytes()[..],
        &BASE_POINT,
        &first_byte(1),
    ]
    .concat();
    let forged = line("iiv.example/2026", 4, &IDENTITY, &blob);
    let mut receipt = world.receipt(at);
    receipt.proof.checkpoint = format!("{}{forged}", world.note(&[0, 3]));
    book.file("small-order.policy", world.trust_file.clone());
    book.file("small-order.receipt", receipt.write());
    let asked = Ask::of(Kind::Receipt, "small-order.policy", "small-order.receipt");
    book.case(&asked, "cosigner-of-small-order", Spoilt::Not, 14);
}
