//! A contribution: the lines of a genesis that are one agency's own, with proofs that it holds its keys.
//!
//! The admin key signs them. There is no chain yet that the signature could name, so it names the plan, and
//! its message begins with a line with which nothing else that is signed begins.

use crate::{
    agency::{ProvenAgency, ProvenKey},
    entry,
    genesis::{Genesis, read_clerks, read_registries},
    hash::PlanHash,
    key::{self, BadSignature, SecretKey, Signature},
    name::{AgencyName, Origin, is_peer_address},
    state::{ClerkState, RegistryState},
    text::{self, Lines, Malformed},
};

/// The most bytes of a contribution: about fifty clerks. Others are added once the network is there.
pub const CONTRIBUTION_BYTES_MAX: usize = 16 * 1024;

const CONTRIBUTION: &str = "muhr-contribution/v1";

/// The signed part of a contribution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContributionStatement {
    /// The plan that it is for.
    pub plan: PlanHash,
    /// Key that adds the log's own line; the plan's first publisher brings it, and nobody else.
    pub publisher: Option<ProvenKey>,
    /// The agency.
    pub agency: ProvenAgency,
    /// Its registries, in the order of their names.
    pub registries: Vec<RegistryState>,
    /// Its clerks, in the order of their names, each with the proof that the key is held.
    pub clerks: Vec<(ClerkState, Signature)>,
    /// Where its node's peers connect, `host:port`. The genesis does not hold it.
    pub p2p: String,
}

/// What an agency brings to the founding. Nothing in it is believed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contribution {
    /// The signed part.
    pub statement: ContributionStatement,
    /// By the admin key in it.
    pub signature: Signature,
}

/// Lines of an agency that do not stand in a genesis as it contributed them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OtherLines {
    /// Number of the first such line in the contribution; one behind the last if the genesis has more.
    pub line: usize,
}

impl ContributionStatement {
    /// The text up to and without the signature line.
    #[must_use]
    pub fn write(&self) -> String {
        let lines = own_lines(
            self.publisher.as_ref(),
            &self.agency,
            self.registries.iter(),
            self.clerks.iter(),
        );
        format!(
            "{CONTRIBUTION}\nplan {}\n{lines}p2p {}\n",
            self.plan, self.p2p
        )
    }

    fn message(&self, origin: &Origin) -> Vec<u8> {
        format!(
            "muhr-sign-contribution/v1\norigin {origin}\n{}",
            self.write()
        )
        .into_bytes()
    }

    /// Signs for a network of this name, which is not there yet.
    #[must_use]
    pub fn sign(self, origin: &Origin, admin: &SecretKey) -> Contribution {
        let signature = admin.sign(&self.message(origin));
        Contribution {
            statement: self,
            signature,
        }
    }

    fn read(lines: &mut Lines<'_>) -> Result<Self, Malformed> {
        lines.exact(CONTRIBUTION)?;
        let plan = lines.parsed("plan", "32 bytes in base64", PlanHash::from_base64)?;
        let publisher = lines
            .rest()
            .starts_with("publisher ")
            .then(|| ProvenKey::read(lines, "publisher"))
            .transpose()?;
        let name = lines.value("agency")?;
        let agency = ProvenAgency::read(lines, name)?;
        let (registries, clerks) = (read_registries(lines)?, read_clerks(lines)?);
        let p2p = lines.parsed("p2p", "a host and a port", |value| {
            is_peer_address(value).then(|| value.to_owned())
        })?;
        Ok(Self {
            plan,
            publisher,
            agency,
            registries,
            clerks,
            p2p,
        })
    }
}

/// The lines as a genesis has them.
fn own_lines<'a>(
    publisher: Option<&ProvenKey>,
    agency: &ProvenAgency,
    registries: impl Iterator<Item = &'a RegistryState>,
    clerks: impl Iterator<Item = &'a (ClerkState, Signature)>,
) -> String {
    let mut out = String::new();
    if let Some(publisher) = publisher {
        publisher.write("publisher", &mut out);
    }
    agency.write(&mut out);
    for registry in registries {
        out += &registry.write();
    }
    for (clerk, proof) in clerks {
        out += &format!("{}proof {proof}\n", clerk.write());
    }
    out
}

impl Contribution {
    /// The text of the file.
    #[must_use]
    pub fn write(&self) -> String {
        self.statement.write() + &format!("signature ed25519 {}\n", self.signature)
    }

    /// Reads a file; anything that `write` would not give back is refused. Says nothing of keys and names: see
    /// [`check_contribution`](super::check_contribution).
    ///
    /// # Errors
    ///
    /// [`Malformed`] names the first line that is not of the format.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut lines = Lines::new(bytes, CONTRIBUTION_BYTES_MAX)?;
        let statement = ContributionStatement::read(&mut lines)?;
        let signature = lines.value("signature")?;
        let signature = entry::signature(&lines, signature)?;
        lines.end()?;
        let contribution = Self {
            statement,
            signature,
        };
        text::same(bytes, contribution.write().as_bytes())?;
        Ok(contribution)
    }

    /// The agency that it is of.
    #[must_use]
    pub const fn agency(&self) -> &AgencyName {
        &self.statement.agency.name
    }

    /// Checks that its own admin key made the signature, for a network of this name.
    ///
    /// # Errors
    ///
    /// [`BadSignature`] if it did not: something was changed since.
    pub fn check_signature(&self, origin: &Origin) -> Result<(), BadSignature> {
        let admin = &self.statement.agency.admin.key;
        key::verify(admin, &self.statement.message(origin), &self.signature)
    }

    /// Number of the first line that begins with `start`, from 1.
    #[must_use]
    pub fn line_of(&self, start: &str) -> usize {
        let text = self.write();
        let at = text.lines().position(|line| line.starts_with(start));
        at.map_or(1, |at| at.saturating_add(1))
    }

    /// Checks that the agency's lines stand in a genesis as they were contributed, all of them and no others of its.
    ///
    /// # Errors
    ///
    /// [`OtherLines`] names the first line of the contribution that does not.
    pub fn check_stands_in(&self, genesis: &Genesis) -> Result<(), OtherLines> {
        let mine = &self.statement;
        let name = self.agency();
        let lines = own_lines(
            mine.publisher.as_ref(),
            &mine.agency,
            mine.registries.iter(),
            mine.clerks.iter(),
        );
        let publisher = mine.publisher.as_ref().map(|_| &genesis.publisher);
        let agencies = &mut genesis.agencies.iter();
        let found = agencies
            .find(|agency| agency.name == *name)
            .map(|agency| {
                let registries = genesis.registries.iter();
                let clerks = genesis.clerks.iter();
                own_lines(
                    publisher,
                    agency,
                    registries.filter(|registry| registry.owner == *name),
                    clerks.filter(|(clerk, _)| clerk.name.agency() == *name),
                )
            })
            .unwrap_or_default();
        if lines == found {
            return Ok(());
        }
        let same = lines
            .lines()
            .zip(found.lines())
            .take_while(|(mine, found)| mine == found);
        // Behind the first line and the plan's.
        Err(OtherLines {
            line: same.count().saturating_add(3),
        })
    }
}
