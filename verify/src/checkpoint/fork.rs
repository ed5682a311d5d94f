//! Two checkpoints of one log: either the newer continues the older, or there is evidence.
//!
//! The log's own line convicts nobody: its key adds a line to what others have signed.

use protocol::{
    checkpoint::Checkpoint,
    hash::sha256,
    merkle::{self, BadProof, Hash},
    note::SignedNote,
    policy::TrustPolicy,
};

use crate::verdict::Verdict;

/// Why one checkpoint does not continue another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Inconsistent {
    /// They are of two logs.
    #[error("the two checkpoints are of different logs")]
    OtherLog,
    /// The one called newer is smaller.
    #[error("the newer checkpoint is smaller than the older; give them in their order")]
    Smaller,
    /// Same size, different roots: no proof can join them.
    #[error("two different logs of one size: whoever signed both is guilty of a fork")]
    Fork,
    /// The proof does not join them.
    #[error("the newer log is not shown to continue the older: {0}")]
    Proof(BadProof),
}

impl Inconsistent {
    /// The verdict that follows.
    #[must_use]
    pub const fn verdict(self) -> Verdict {
        match self {
            Self::OtherLog => Verdict::WrongNetwork,
            Self::Smaller | Self::Proof(_) => Verdict::ProofBroken,
            Self::Fork => Verdict::Fork,
        }
    }
}

/// Whether `newer` continues `older`, which `path` must show. Neither is believed or doubted here:
/// ask [`super::judge`] of each first.
pub fn consistency(
    older: &Checkpoint,
    newer: &Checkpoint,
    path: &[Hash],
) -> Result<(), Inconsistent> {
    if older.origin != newer.origin {
        return Err(Inconsistent::OtherLog);
    }
    if older.size > newer.size {
        return Err(Inconsistent::Smaller);
    }
    if older.size == newer.size && older.root != newer.root {
        return Err(Inconsistent::Fork);
    }
    if older.size.get() == 0 {
        // Every log continues the empty one, if that is what it says it is: no path is needed.
        let empty = path.is_empty() && *older.root.as_bytes() == sha256(&[]);
        return if empty {
            Ok(())
        } else {
            Err(Inconsistent::Proof(BadProof::Range))
        };
    }
    merkle::verify_consistency(older.size, newer.size, path, &older.root, &newer.root)
        .map_err(Inconsistent::Proof)
}

/// Names who signed both of two checkpoints that contradict each other: same size, different roots.
/// Lines that do not hold under `trust` name nobody; one signer is enough, a quorum is not needed.
#[must_use]
pub fn fork(trust: &TrustPolicy, one: &str, other: &str) -> Vec<String> {
    let read = |note: &str| {
        SignedNote::parse(note)
            .ok()
            .and_then(|note| trust.evaluate(&note).ok())
    };
    let (Some(one), Some(other)) = (read(one), read(other)) else {
        return Vec::new();
    };
    if one.checkpoint.size != other.checkpoint.size || one.checkpoint.root == other.checkpoint.root
    {
        return Vec::new();
    }
    let signed_other = |name: &String| other.cosigners.iter().any(|(other, _)| other == name);
    one.cosigners
        .iter()
        .map(|(name, _)| name.clone())
        .filter(signed_other)
        .collect()
}

const HEADER: &str = "muhr-evidence/v1\n--- checkpoint\n";
const SECOND: &str = "--- checkpoint\n";

/// The portable evidence of a fork: two notes, verbatim.
#[must_use]
pub fn evidence(one: &str, other: &str) -> String {
    format!("{HEADER}{one}{SECOND}{other}")
}

/// Reads evidence of a fork: two checkpoints and no more, which [`fork`] then weighs.
#[must_use]
pub fn parse_evidence(text: &str) -> Option<(String, String)> {
    let (one, other) = text.strip_prefix(HEADER)?.split_once(SECOND)?;
    let is_checkpoint = |note: &str| {
        SignedNote::parse(note)
            .is_ok_and(|read| read.write() == note && Checkpoint::parse(&read.text).is_ok())
    };
    (is_checkpoint(one) && is_checkpoint(other)).then(|| (one.to_owned(), other.to_owned()))
}

#[cfg(test)]
mod tests {
    use protocol::{
        hash::{LeafHash, RootHash},
        height::LogSize,
        name::Origin,
    };

    use super::*;

    /// RFC 6962 section 2.1, as it stands there.
    fn tree(leaves: &[LeafHash]) -> Hash {
        match leaves {
            [] => sha256(&[]),
            [leaf] => *leaf.as_bytes(),
            _ => {
                let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
                merkle::node_hash(&tree(left), &tree(right))
            }
        }
    }

    /// RFC 6962 section 2.1.2, as it stands there.
    fn proof(old: usize, leaves: &[LeafHash], whole: bool) -> Vec<Hash> {
        if old == leaves.len() {
            return if whole {
                Vec::new()
            } else {
                vec![tree(leaves)]
            };
        }
        let split = leaves.len().next_power_of_two() / 2;
        let (left, right) = leaves.split_at(split);
        let (mut path, other) = if old <= split {
            (proof(old, left, whole), right)
        } else {
            (proof(old - split, right, false), left)
        };
        path.push(tree(other));
        path
    }

    fn leaves(count: u8, from: u8) -> Vec<LeafHash> {
        (0..count)
            .map(|leaf| merkle::leaf_hash(&[leaf, u8::from(leaf >= from)]))
            .collect()
    }

    fn checkpoint(origin: &str, leaves: &[LeafHash]) -> Checkpoint {
        Checkpoint {
            origin: Origin::parse(origin).unwrap(),
            size: LogSize::new(u64::try_from(leaves.len()).unwrap()),
            root: RootHash::new(tree(leaves)),
        }
    }

    const ORIGIN: &str = "registry.example.uz/test/1";

    #[test]
    fn a_log_continues_every_earlier_state_of_itself_and_of_no_other() {
        for new in 0..18_u8 {
            let all = leaves(new, u8::MAX);
            let newer = checkpoint(ORIGIN, &all);
            for old in 0..=new {
                let older = checkpoint(ORIGIN, &all[..usize::from(old)]);
                let path = if old == 0 {
                    Vec::new()
                } else {
                    proof(usize::from(old), &all, true)
                };
                assert_eq!(consistency(&older, &newer, &path), Ok(()), "{old} of {new}");
                let mut longer = path.clone();
                longer.push([0; 32]);
                assert!(
                    consistency(&older, &newer, &longer).is_err(),
                    "{old} of {new}"
                );
                if old == 0 || old == new {
                    continue;
                }
                // The same size, with another last leaf: no path of the true log fits it.
                let other = checkpoint(ORIGIN, &leaves(old, old - 1));
                assert_eq!(
                    consistency(&other, &newer, &path),
                    Err(Inconsistent::Proof(BadProof::Root)),
                    "{old} of {new}"
                );
            }
        }
    }

    #[test]
    fn two_logs_of_one_size_are_a_fork_whatever_the_path_says() {
        let (one, other) = (leaves(5, u8::MAX), leaves(5, 4));
        let (one, other) = (checkpoint(ORIGIN, &one), checkpoint(ORIGIN, &other));
        let error = consistency(&one, &other, &[]).unwrap_err();
        assert_eq!(error, Inconsistent::Fork);
        assert_eq!(error.verdict(), Verdict::Fork);
        assert_eq!(consistency(&one, &one, &[]), Ok(()));
    }

    #[test]
    fn an_empty_log_that_has_another_root_than_the_empty_one_is_continued_by_none() {
        let newer = checkpoint(ORIGIN, &leaves(3, u8::MAX));
        let mut empty = checkpoint(ORIGIN, &[]);
        assert_eq!(consistency(&empty, &newer, &[]), Ok(()));
        empty.root = newer.root;
        let error = consistency(&empty, &newer, &[]).unwrap_err();
        assert_eq!(error.verdict(), Verdict::ProofBroken);
    }

    #[test]
    fn order_and_origin_are_told_apart_from_a_broken_proof() {
        let all = leaves(4, u8::MAX);
        let (small, large) = (checkpoint(ORIGIN, &all[..2]), checkpoint(ORIGIN, &all));
        let path = proof(2, &all, true);
        assert_eq!(
            consistency(&large, &small, &path),
            Err(Inconsistent::Smaller)
        );
        let other = checkpoint("registry.example.uz/test/2", &all[..2]);
        let error = consistency(&other, &large, &path).unwrap_err();
        assert_eq!(error, Inconsistent::OtherLog);
        assert_eq!(error.verdict(), Verdict::WrongNetwork);
    }

    #[test]
    fn evidence_is_two_notes_verbatim_or_none() {
        let body = checkpoint(ORIGIN, &leaves(1, 0)).write();
        let note = |line: &str| format!("{body}\n\u{2014} {line} AAAAAAAA\n");
        let (one, other) = (note("a"), note("b"));
        let text = evidence(&one, &other);
        assert_eq!(parse_evidence(&text), Some((one.clone(), other.clone())));
        for bad in [
            String::new(),
            text.replacen("v1", "v2", 1),
            text.replacen("--- checkpoint\n", "", 1),
            evidence(&one, ""),
            evidence("", &other),
            evidence(one.trim_end(), &other),
            evidence(&one, &format!("{other}--- checkpoint\n{one}")),
            text.clone() + "\n",
        ] {
            assert_eq!(parse_evidence(&bad), None, "{bad}");
        }
    }
}
