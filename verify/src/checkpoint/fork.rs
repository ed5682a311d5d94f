//! Two checkpoints of one log: either the newer continues the older, or there is evidence.
//!
//! The log's own line convicts nobody: its key adds a line to what others have signed.

use protocol::{
    checkpoint::Checkpoint,
    hash::sha256,
    height::LogSize,
    merkle::{self, BadProof, Hash},
    note::SignedNote,
    policy::{NoteJudgement, TrustPolicy},
    text,
};

use crate::verdict::Verdict;

/// Why one checkpoint does not continue another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
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

/// Checks that `newer` continues `older`, which `path` must show. Neither is believed or doubted here:
/// ask [`super::judge`] of each first.
///
/// # Errors
///
/// [`Inconsistent`] for sizes that shrink, and for a path that does not lead from one root to the other.
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

/// Names who signed both of two checkpoints of one size that contradict each other by their roots.
/// Lines that do not hold under `trust` name nobody; one signer is enough, a quorum is not needed.
#[must_use]
pub fn fork(trust: &TrustPolicy, one: &str, other: &str) -> Vec<String> {
    let both = read(trust, one).zip(read(trust, other));
    both.filter(|(one, other)| is_other_root(one, other))
        .map(|(one, other)| signed_both(&one, &other))
        .unwrap_or_default()
}

fn read(trust: &TrustPolicy, note: &str) -> Option<NoteJudgement> {
    let note = SignedNote::parse(note).ok()?;
    trust.evaluate(&note).ok()
}

fn is_other_root(one: &NoteJudgement, other: &NoteJudgement) -> bool {
    let (one, other) = (&one.checkpoint, &other.checkpoint);
    one.size == other.size && one.root != other.root
}

fn signed_both(one: &NoteJudgement, other: &NoteJudgement) -> Vec<String> {
    let signed_other = |name: &String| other.cosigners.iter().any(|(other, _)| other == name);
    let names = one.cosigners.iter().map(|(name, _)| name.clone());
    names.filter(signed_other).collect()
}

/// The portable evidence of a fork: two notes, verbatim, and for two sizes what joins them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForkEvidence {
    /// One note; of two sizes the smaller.
    pub one: String,
    /// The other.
    pub other: String,
    /// For two sizes: the path from which [`merkle::prefix_roots`] computes the other note's root, and
    /// another root than the one note's. A consistency proof that does not hold proves nothing, for anybody
    /// can write one; this path does, for only the larger log can have made it.
    pub prefix: Option<Vec<Hash>>,
}

impl ForkEvidence {
    /// Cosigners that are convicted: those who signed both.
    #[must_use]
    pub fn convicted(&self, trust: &TrustPolicy) -> Vec<String> {
        let Some(path) = &self.prefix else {
            return fork(trust, &self.one, &self.other);
        };
        let both = read(trust, &self.one).zip(read(trust, &self.other));
        both.filter(|(one, other)| is_other_prefix(&one.checkpoint, &other.checkpoint, path))
            .map(|(one, other)| signed_both(&one, &other))
            .unwrap_or_default()
    }

    /// Sizes of the two logs, if the notes can be read.
    #[must_use]
    pub fn sizes(&self) -> Option<(LogSize, LogSize)> {
        let size = |note: &str| {
            let note = SignedNote::parse(note).ok()?;
            Some(Checkpoint::parse(&note.text).ok()?.size)
        };
        size(&self.one).zip(size(&self.other))
    }

    /// The text.
    #[must_use]
    pub fn write(&self) -> String {
        let mut out = format!("{HEADER}{}{SECOND}{}", self.one, self.other);
        if let Some(path) = &self.prefix {
            out += PREFIX;
            for hash in path {
                out += &format!("{PREFIX_WORD}{}\n", text::base64(hash));
            }
        }
        out
    }

    /// Reads the text: two checkpoints, perhaps a path, and no more.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (one, rest) = text.strip_prefix(HEADER)?.split_once(SECOND)?;
        let (other, path) = match rest.split_once(PREFIX) {
            Some((other, path)) => (other, Some(parse_path(path)?)),
            None => (rest, None),
        };
        let is_checkpoint = |note: &str| {
            SignedNote::parse(note)
                .is_ok_and(|read| read.write() == note && Checkpoint::parse(&read.text).is_ok())
        };
        (is_checkpoint(one) && is_checkpoint(other)).then(|| Self {
            one: one.to_owned(),
            other: other.to_owned(),
            prefix: path,
        })
    }
}

/// Returns whether the larger log is proven to begin with another than the smaller.
fn is_other_prefix(smaller: &Checkpoint, larger: &Checkpoint, path: &[Hash]) -> bool {
    let roots = merkle::prefix_roots(smaller.size, larger.size, path);
    roots.is_ok_and(|(begins, all)| all == larger.root && begins != smaller.root)
}

fn parse_path(text: &str) -> Option<Vec<Hash>> {
    let lines = text.strip_suffix('\n')?.split('\n');
    let hash = |line: &str| text::base64_array(line.strip_prefix(PREFIX_WORD)?);
    let path = lines.map(hash).collect::<Option<Vec<Hash>>>()?;
    (path.len() <= PATH_MAX).then_some(path)
}

const HEADER: &str = "muhr-evidence/v1\n--- checkpoint\n";
const SECOND: &str = "--- checkpoint\n";
const PREFIX: &str = "--- prefix\n";
const PREFIX_WORD: &str = "prefix-path ";
/// One more than the longest consistency proof of 64-bit sizes.
const PATH_MAX: usize = 65;

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
    fn evidence_names_the_sizes_of_both_logs() {
        let note = |count: u8| {
            let body = checkpoint(ORIGIN, &leaves(count, u8::MAX)).write();
            format!("{body}\n\u{2014} {ORIGIN} AAAAAAAAAAAA\n")
        };
        let (one, other, prefix) = (note(3), note(5), None);
        let evidence = ForkEvidence { one, other, prefix };
        let sizes = Some((LogSize::new(3), LogSize::new(5)));
        assert_eq!(evidence.sizes(), sizes);
        let one = "no note\n".to_owned();
        assert_eq!(ForkEvidence { one, ..evidence }.sizes(), None);
    }

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
        let evidence = |one: &str, other: &str, prefix: Option<Vec<Hash>>| ForkEvidence {
            one: one.to_owned(),
            other: other.to_owned(),
            prefix,
        };
        for prefix in [None, Some(vec![[1; 32]]), Some(vec![[1; 32]; 65])] {
            let whole = evidence(&one, &other, prefix);
            assert_eq!(ForkEvidence::parse(&whole.write()), Some(whole));
        }
        let text = evidence(&one, &other, None).write();
        let sized = evidence(&one, &other, Some(vec![[1; 32]; 2])).write();
        for bad in [
            String::new(),
            text.replacen("v1", "v2", 1),
            text.replacen("--- checkpoint\n", "", 1),
            evidence(&one, "", None).write(),
            evidence("", &other, None).write(),
            evidence(one.trim_end(), &other, None).write(),
            evidence(&one, &format!("{other}--- checkpoint\n{one}"), None).write(),
            evidence(&one, &other, Some(vec![[1; 32]; 66])).write(),
            evidence(&one, &other, Some(Vec::new())).write(),
            text + "\n",
            sized.clone() + "\n",
            sized.replacen("prefix-path", "bridge-path", 1),
            sized.replacen("E=", "E", 1),
            format!("{sized}--- prefix\nprefix-path AAAA\n"),
        ] {
            assert_eq!(ForkEvidence::parse(&bad), None, "{bad}");
        }
    }

    /// RFC 6962's proof with its first node written out.
    fn prefix_path(old: usize, leaves: &[LeafHash]) -> Vec<Hash> {
        let first = old.is_power_of_two().then(|| tree(&leaves[..old]));
        first.into_iter().chain(proof(old, leaves, true)).collect()
    }

    #[test]
    fn a_path_shows_with_what_a_log_begins_and_no_path_shows_anything_else() {
        for new in 2..18_u8 {
            let all = leaves(new, u8::MAX);
            let larger = checkpoint(ORIGIN, &all);
            for old in 1..new {
                let count = usize::from(old);
                let path = prefix_path(count, &all);
                let fetched = merkle::prefix(
                    LogSize::new(old.into()),
                    LogSize::new(new.into()),
                    merkle::from_leaves(&all),
                );
                assert_eq!(fetched.unwrap(), path, "{old} of {new}");
                let same = checkpoint(ORIGIN, &all[..count]);
                assert!(!is_other_prefix(&same, &larger, &path), "{old} of {new}");
                let other = checkpoint(ORIGIN, &leaves(old, old - 1));
                assert!(is_other_prefix(&other, &larger, &path), "{old} of {new}");
                // What anybody could write convicts nobody: a path that does not lead to the larger root.
                for at in 0..path.len() {
                    let mut bent = path.clone();
                    bent[at][0] ^= 1;
                    assert!(!is_other_prefix(&same, &larger, &bent), "{old} of {new}");
                    assert!(!is_other_prefix(&other, &larger, &bent), "{old} of {new}");
                }
                for wrong in [&path[1..], &[&path[..], &[[0; 32]]].concat(), &[]] {
                    assert!(!is_other_prefix(&other, &larger, wrong), "{old} of {new}");
                }
                assert!(!is_other_prefix(&larger, &other, &path), "{old} of {new}");
            }
        }
    }
}
