//! Tests of chain ids: what they are made of, and what they keep apart.

use super::*;
use crate::key::SecretKey;

fn network(origin: &str, chain: u8) -> NetworkId {
    NetworkId {
        origin: Origin::parse(origin).unwrap(),
        chain: ChainId::new([chain; 32]),
    }
}

#[test]
fn a_message_names_kind_origin_and_chain() {
    let message = SignedText::Batch.message(&network("muhr.example/test/1", 0xab), "text\n");
    let chain = "ab".repeat(32);
    let expected = format!("muhr-sign-batch/v2\norigin muhr.example/test/1\nchain {chain}\ntext\n");
    assert_eq!(String::from_utf8(message).unwrap(), expected);
}

#[test]
fn a_signature_holds_for_one_kind_one_origin_and_one_chain() {
    let (secret, text) = (SecretKey::from_seed(&[7; 32]), "text\n");
    let kinds = [
        SignedText::Entry,
        SignedText::Batch,
        SignedText::Act,
        SignedText::Epoch,
        SignedText::Return,
        SignedText::Acceptance,
    ];
    let mine = network("muhr.example/test/1", 1);
    let others = [
        network("muhr.example/test/1", 2),
        network("muhr.example/test/2", 1),
    ];
    for kind in kinds {
        let signature = secret.sign(&kind.message(&mine, text));
        for other in kinds {
            let held = other.check(&mine, text, &secret.public(), &signature);
            assert_eq!(held.is_ok(), other == kind, "{other:?} for {kind:?}");
        }
        for other in &others {
            let held = kind.check(other, text, &secret.public(), &signature);
            assert_eq!(held, Err(NotSigned::Bad(BadSignature)));
        }
    }
}

#[test]
fn a_signature_of_the_format_before_is_refused_by_name() {
    let (secret, text) = (SecretKey::from_seed(&[7; 32]), "text\n");
    let mine = network("muhr.example/test/1", 1);
    for (kind, word) in [
        (SignedText::Entry, "entry"),
        (SignedText::Batch, "batch"),
        (SignedText::Act, "act"),
        (SignedText::Epoch, "epoch"),
        (SignedText::Return, "return"),
    ] {
        let old = format!("muhr-sign-{word}/v1\norigin muhr.example/test/1\n{text}");
        let signature = secret.sign(old.as_bytes());
        let held = kind.check(&mine, text, &secret.public(), &signature);
        assert_eq!(held, Err(NotSigned::Unbound), "{kind:?}");
    }
}

/// Acceptances came after the chain id: their first version names it.
#[test]
fn an_acceptance_has_no_format_before() {
    let (secret, text) = (SecretKey::from_seed(&[7; 32]), "text\n");
    let mine = network("muhr.example/test/1", 1);
    let message = SignedText::Acceptance.message(&mine, text);
    let start = b"muhr-sign-acceptance/v1\norigin muhr.example/test/1\nchain 01";
    assert!(message.starts_with(start));
    let old = format!("muhr-sign-acceptance/v1\norigin muhr.example/test/1\n{text}");
    let signature = secret.sign(old.as_bytes());
    let held = SignedText::Acceptance.check(&mine, text, &secret.public(), &signature);
    assert_eq!(held, Err(NotSigned::Bad(BadSignature)));
}
