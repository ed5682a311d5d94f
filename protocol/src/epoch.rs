//! A change of agencies, keys or quorum: one leaf that carries the next trust file whole, and the proof
//! by which whoever holds a trust file gets to the next.
//!
//! It opens an epoch behind its own block: that block is still cosigned by the agencies before. Not
//! here: which agencies may approve it (`ledger::rules`), and judging the proof (`verify::trust`).

use std::collections::BTreeMap;

use thiserror::Error;

use crate::{
    agency::{self, BadAgencies, ProvenAgency, ProvenKey},
    chain_id::{NetworkId, NotSigned, SignedText},
    entry,
    hash::{LeafHash, RootHash, TrustHash},
    height::{Epoch, LogSize},
    key::{PublicKey, SecretKey, Signature},
    merkle::{self, Hash},
    name::AgencyName,
    policy::{OpenedBy, POLICY_BYTES_MAX, Term},
    receipt::{BlockProof, read_path, write_path},
    text::{self, Lines, Malformed},
    tlog_proof::TlogProof,
};

/// The most bytes of a change: the log's bundles count a leaf in 16 bits.
pub const CHANGE_BYTES_MAX: usize = 65_535;
/// The most bytes of a proof.
pub const PROOF_BYTES_MAX: usize = CHANGE_BYTES_MAX + POLICY_BYTES_MAX;

/// The approved part of a change of epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeStatement {
    /// The holders who open the epoch: the agencies, or recovery keys.
    pub by: OpenedBy,
    /// Number of the epoch that begins.
    pub epoch: Epoch,
    /// The trust file before.
    pub before: TrustHash,
    /// Number of recovery keys that must sign after a disaster, from then on.
    pub recovery_threshold: u64,
    /// Adds the log's own line, from then on.
    pub publisher: ProvenKey,
    /// The agencies that run the network from then on, in the order of their names.
    pub agencies: Vec<ProvenAgency>,
}

/// A change with its approvals, as it stands in the log. Nothing in it is believed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The approved part.
    pub statement: ChangeStatement,
    /// In the order of the names.
    pub approvals: Vec<(AgencyName, Signature)>,
    /// The next trust file.
    pub trust_file: String,
}

/// Why a change opens no epoch.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BadChange {
    /// Not the next epoch.
    #[error("it opens epoch {found}, and the next is {next}")]
    WrongEpoch {
        /// Epoch that the change opens.
        found: Epoch,
        /// Epoch that is next.
        next: Epoch,
    },
    /// Approvals where none belong.
    #[error("a proposal holds the change without approvals; the ballots bring them")]
    ApprovedAlready,
    /// Recovery keys where the agencies themselves have to agree.
    #[error("recovery keys open an epoch after a disaster alone; the agencies propose a change")]
    ByRecovery,
    /// It follows another trust file.
    #[error("it follows another trust file than the one in force")]
    WrongBefore,
    /// Agencies that cannot run a network.
    #[error(transparent)]
    Agencies(#[from] BadAgencies),
    /// The trust file is not what the agencies make.
    #[error("the trust file in it is not the one of its agencies")]
    WrongTrustFile,
    /// An approval that does not hold.
    #[error("the approval of {0}: {1}")]
    BadApproval(AgencyName, NotSigned),
    /// An approval of somebody who has none to give.
    #[error("{0} has no approval to give")]
    Stranger(AgencyName),
    /// A key that serves something else already.
    #[error("the {purpose} key of {agency} serves somebody or something else already")]
    KeyTaken {
        /// Agency whose key it would be.
        agency: AgencyName,
        /// Purpose that the key would serve.
        purpose: &'static str,
    },
    /// A name that was another key's.
    #[error("the cosigning key of {0} is new and needs a new name; names carry their year")]
    NameTaken(AgencyName),
    /// Too few approvals.
    #[error("{found} approvals, and {needed} are needed")]
    TooFew {
        /// Approvals found.
        found: usize,
        /// Approvals needed.
        needed: usize,
    },
}

impl ChangeStatement {
    /// The trust file that follows from it.
    #[must_use]
    pub fn trust_file(&self, network: &NetworkId) -> String {
        let term = Term {
            origin: &network.origin,
            chain: network.chain,
            epoch: self.epoch,
            before: Some((self.before, self.by)),
            publisher: &self.publisher.key,
            agencies: &self.agencies,
            recovery_threshold: self.recovery_threshold,
        };
        term.trust_file()
    }

    fn write(&self) -> String {
        let mut out = format!(
            "muhr-epoch/v1 {}\nepoch {}\nbefore {}\nrecovery-threshold {}\n",
            self.by.word(),
            self.epoch,
            self.before,
            self.recovery_threshold
        );
        self.publisher.write("publisher", &mut out);
        for agency in &self.agencies {
            agency.write(&mut out);
        }
        out
    }

    /// The leaf without its approvals, which is what each of them signs.
    fn unapproved(&self, trust_file: &str) -> String {
        format!("{}trust-file\n{trust_file}", self.write())
    }

    /// Puts it together with approvals by these keys: admin keys, or recovery keys.
    #[must_use]
    pub fn approve(self, network: &NetworkId, keys: &BTreeMap<AgencyName, SecretKey>) -> Change {
        let trust_file = self.trust_file(network);
        let message = SignedText::Epoch.message(network, &self.unapproved(&trust_file));
        let approvals = keys
            .iter()
            .map(|(agency, secret)| (agency.clone(), secret.sign(&message)))
            .collect();
        Change {
            statement: self,
            approvals,
            trust_file,
        }
    }
}

impl Change {
    /// The bytes of the leaf. `sed '1,/^trust-file$/d'` cuts out the trust file.
    #[must_use]
    pub fn write(&self) -> String {
        let mut out = self.statement.write();
        for (agency, signature) in &self.approvals {
            out += &format!("approval {agency} ed25519 {signature}\n");
        }
        out + "trust-file\n" + &self.trust_file
    }

    /// Reads a leaf; anything that `write` would not give back is refused.
    ///
    /// # Errors
    ///
    /// [`Malformed`] names the first line that is not of the format.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut lines = Lines::new(bytes, CHANGE_BYTES_MAX)?;
        let by = lines.parsed("muhr-epoch/v1", "agencies or recovery", OpenedBy::parse)?;
        let statement = ChangeStatement {
            by,
            epoch: Epoch::new(lines.number("epoch")?),
            before: lines.parsed("before", "32 bytes in base64", TrustHash::from_base64)?,
            recovery_threshold: lines.number("recovery-threshold")?,
            publisher: ProvenKey::read(&mut lines, "publisher")?,
            agencies: ProvenAgency::read_all(&mut lines)?,
        };
        let approvals = approvals(&mut lines)?;
        lines.exact("trust-file")?;
        let change = Self {
            statement,
            approvals,
            trust_file: lines.rest().to_owned(),
        };
        text::same(bytes, change.write().as_bytes())?;
        Ok(change)
    }

    /// Leaf hash of the change.
    #[must_use]
    pub fn hash(&self) -> LeafHash {
        merkle::leaf_hash(self.write().as_bytes())
    }

    /// Checks that the change can follow the trust file `before` of epoch `last`: its agencies can run a network,
    /// and the trust file is theirs. Says nothing of the approvals.
    ///
    /// # Errors
    ///
    /// [`BadChange`] says what cannot follow.
    pub fn check(
        &self,
        network: &NetworkId,
        last: Epoch,
        before: &TrustHash,
    ) -> Result<(), BadChange> {
        let statement = &self.statement;
        if statement.epoch != last.next() {
            return Err(BadChange::WrongEpoch {
                found: statement.epoch,
                next: last.next(),
            });
        }
        if statement.before != *before {
            return Err(BadChange::WrongBefore);
        }
        agency::check(
            &network.origin,
            &statement.publisher,
            &statement.agencies,
            statement.recovery_threshold,
        )?;
        if self.trust_file != statement.trust_file(network) {
            return Err(BadChange::WrongTrustFile);
        }
        Ok(())
    }

    /// Checks that at least `needed` of the holders of `keys` approve, and nobody else does.
    ///
    /// # Errors
    ///
    /// [`BadChange`] names an approval that does not hold, a stranger's, or how many there are too few.
    pub fn check_approvals(
        &self,
        network: &NetworkId,
        keys: &BTreeMap<AgencyName, PublicKey>,
        needed: usize,
    ) -> Result<(), BadChange> {
        let text = self.statement.unapproved(&self.trust_file);
        for (agency, signature) in &self.approvals {
            let key = keys
                .get(agency)
                .ok_or_else(|| BadChange::Stranger(agency.clone()))?;
            SignedText::Epoch
                .check(network, &text, key, signature)
                .map_err(|error| BadChange::BadApproval(agency.clone(), error))?;
        }
        let found = self.approvals.len();
        if found < needed {
            return Err(BadChange::TooFew { found, needed });
        }
        Ok(())
    }
}

/// Reads the approvals of a change, which stand in the order of the names.
pub(crate) fn approvals(lines: &mut Lines<'_>) -> Result<Vec<(AgencyName, Signature)>, Malformed> {
    let mut approvals = Vec::new();
    while let Some(value) = lines.optional("approval")? {
        let (agency, signature) = value.split_once(' ').unwrap_or_default();
        let agency = AgencyName::parse(agency)
            .ok_or_else(|| lines.malformed("\"approval\" does not name an agency"))?;
        if approvals.last().is_some_and(|(last, _)| *last >= agency) {
            return Err(lines.malformed("approvals stand in the order of the names, each once"));
        }
        approvals.push((agency, entry::signature(lines, signature)?));
    }
    Ok(approvals)
}

/// The last root of the epoch before, if its agencies could not cosign the change themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastRoot {
    /// Size of the log before the block of the change.
    pub size: LogSize,
    /// Root of the log.
    pub root: RootHash,
    /// Consistency with the checkpoint.
    pub path: Vec<Hash>,
}

/// A change, the block that holds it, and the checkpoint of that block. Nothing in it is believed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EpochProof {
    /// The change.
    pub change: Change,
    /// The last leaf under the checkpoint: the block of the change.
    pub block: BlockProof,
    /// For a recovery: where the epoch before ended.
    pub last: Option<LastRoot>,
    /// The change's inclusion and the cosigned checkpoint.
    pub proof: TlogProof,
}

impl EpochProof {
    /// The text of the file.
    #[must_use]
    pub fn write(&self) -> String {
        let mut out = format!(
            "muhr-epoch-proof/v1\n--- change\n{}--- block\n",
            self.change.write()
        );
        self.block.write(&mut out);
        if let Some(last) = &self.last {
            out += &format!(
                "--- last\nlast-size {}\nlast-root {}\n",
                last.size, last.root
            );
            write_path(&mut out, "last-path", &last.path);
        }
        out + "--- proof\n" + &self.proof.write()
    }

    /// Reads a file; anything that `write` would not give back is refused.
    ///
    /// # Errors
    ///
    /// [`Malformed`] names the first line that is not of the format.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut lines = Lines::new(bytes, PROOF_BYTES_MAX)?;
        lines.exact("muhr-epoch-proof/v1")?;
        lines.exact("--- change")?;
        let (change, _) = lines.section();
        let change = Change::parse(change.as_bytes()).map_err(|error| error.after(2))?;
        lines.exact("--- block")?;
        let block = BlockProof::read(&mut lines)?;
        let last = if lines.skip_if("--- last") {
            Some(LastRoot {
                size: LogSize::new(lines.number("last-size")?),
                root: lines.parsed("last-root", "32 bytes in base64", RootHash::from_base64)?,
                path: read_path(&mut lines, "last-path")?,
            })
        } else {
            None
        };
        lines.exact("--- proof")?;
        let above = lines.line();
        let proof =
            TlogProof::parse(lines.rest().as_bytes()).map_err(|error| error.after(above))?;
        let file = Self {
            change,
            block,
            last,
            proof,
        };
        text::same(bytes, file.write().as_bytes())?;
        Ok(file)
    }
}
