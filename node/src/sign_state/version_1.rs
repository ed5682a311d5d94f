//! Safety records of version 1, which named neither their key nor the set of validators: read, and never
//! written again.
//!
//! A file has always named its key in its owner's line. No set of validators could change while version 1
//! was written, so its record is of whatever set decides its height.

use consensus::{Lock, Polka, Proposal, RoundStep, Safety, SignedVote, Vote};
use protocol::{
    codec,
    hash::{ChainId, ReturnNonce},
    height::{Height, Round},
    key::PublicKey,
};
use serde::Deserialize;
#[cfg(test)]
use serde::Serialize;

use super::SafetyBody;
use crate::durable;

pub(super) const VERSION: u8 = 1;

#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize))]
enum OlderBody {
    Record(Option<Box<OlderRecord>>),
    Returning(ReturnNonce),
    Twin(Height),
}

#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize))]
struct OlderRecord {
    chain: ChainId,
    height: Height,
    round: Round,
    step: RoundStep,
    locked: Option<Lock>,
    valid: Option<Polka>,
    proposal: Option<Proposal>,
    prevote: Option<Vote>,
    precommit: Option<Vote>,
    passed: Vec<SignedVote>,
}

/// Reads the body of version 1 in the file of `key`.
pub(super) fn read(body: &[u8], key: PublicKey) -> Result<SafetyBody, codec::DecodeError> {
    let older = codec::decode(VERSION, body, durable::VALUE_BYTES_MAX)?;
    Ok(match older {
        OlderBody::Record(record) => {
            let record = record.map(|record| Box::new(record.of_key(key)));
            SafetyBody::Record(record)
        }
        OlderBody::Returning(nonce) => SafetyBody::Returning(nonce),
        OlderBody::Twin(height) => SafetyBody::Twin(height),
    })
}

impl OlderRecord {
    fn of_key(self, key: PublicKey) -> Safety {
        Safety {
            chain: self.chain,
            key: Some(key),
            height: self.height,
            set: None,
            round: self.round,
            step: self.step,
            locked: self.locked,
            valid: self.valid,
            proposal: self.proposal,
            prevote: self.prevote,
            precommit: self.precommit,
            passed: self.passed,
        }
    }
}

#[cfg(test)]
mod tests {
    use consensus::VoteKind;
    use protocol::{hash::BlockId, key::SecretKey};

    use super::*;

    const CHAIN: ChainId = ChainId::new([1; 32]);
    const NEXT: Height = Height::new(9);
    const BLOCK: BlockId = BlockId::new([2; 32]);

    fn key() -> PublicKey {
        SecretKey::from_seed(&[3; 32]).public()
    }

    fn precommit() -> Vote {
        Vote {
            kind: VoteKind::Precommit,
            height: NEXT,
            round: Round::new(4),
            block: Some(BLOCK),
            valid_round: None,
        }
    }

    fn older() -> OlderRecord {
        OlderRecord {
            chain: CHAIN,
            height: NEXT,
            round: Round::new(4),
            step: RoundStep::Precommit,
            locked: Some(Lock {
                round: Round::new(4),
                block: BLOCK,
            }),
            valid: None,
            proposal: None,
            prevote: None,
            precommit: Some(precommit()),
            passed: Vec::new(),
        }
    }

    #[test]
    fn what_was_said_under_version_1_binds_the_key_of_its_file() {
        let body = codec::encode(VERSION, &OlderBody::Record(Some(Box::new(older()))));
        let read = SafetyBody::read(&body, key()).unwrap();
        let SafetyBody::Record(Some(record)) = &read else {
            panic!("{read:?}");
        };
        assert_eq!((record.key, record.set), (Some(key()), None));
        assert_eq!(record.precommit, Some(precommit()));
        assert_eq!(record.locked.map(|lock| lock.block), Some(BLOCK));
        // Written again, it is of the present version.
        let again = codec::encode(super::super::VERSION, &read);
        assert_eq!(SafetyBody::read(&again, key()).unwrap(), read);
    }

    #[test]
    fn what_is_no_record_of_version_1_is_none() {
        let nonce = ReturnNonce::new([5; 32]);
        for (body, expected) in [
            (OlderBody::Record(None), SafetyBody::Record(None)),
            (OlderBody::Returning(nonce), SafetyBody::Returning(nonce)),
            (OlderBody::Twin(NEXT), SafetyBody::Twin(NEXT)),
        ] {
            let mut body = codec::encode(VERSION, &body);
            assert_eq!(SafetyBody::read(&body, key()).unwrap(), expected);
            body.push(0);
            assert!(SafetyBody::read(&body, key()).is_err());
        }
        // A body of this version under the number of the one before, and one of a later version.
        let record = Safety::blank(CHAIN, Some(key()), NEXT);
        let now = SafetyBody::Record(Some(Box::new(record)));
        assert!(SafetyBody::read(&codec::encode(VERSION, &now), key()).is_err());
        assert!(SafetyBody::read(&codec::encode(3, &now), key()).is_err());
        assert_eq!(
            SafetyBody::read(b"", key()).unwrap(),
            SafetyBody::Record(None)
        );
    }
}
