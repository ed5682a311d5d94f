//! A batch: one leaf whose signature covers the entries that follow it in the log.
//!
//! Each entry can still be proven alone: by its path to the batch's root. A batch is handed in, taken
//! and recorded whole, or not at all.

use crate::{
    chain_id::{NetworkId, NotSigned, SignedText},
    entry::{self, Authorship, Entry, Statement},
    hash::RootHash,
    height::Height,
    key::{PublicKey, SecretKey, Signature},
    merkle,
    name::ClerkName,
    text::{self, Lines, Malformed},
};

/// The most entries that one signature may cover.
pub const BATCH_ENTRIES_MAX: u64 = 1024;
/// The most bytes of a batch leaf together with its entries.
pub const BATCH_BYTES_MAX: usize = 1 << 20;
/// First line of a batch leaf.
const START: &[u8] = b"muhr-batch/v1\n";
/// Last line of an entry of a batch.
const END: &[u8] = b"batched\n";

/// The signed part of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchStatement {
    /// The clerk; every entry of the batch names the same.
    pub author: ClerkName,
    /// Number of entries that follow, 1 to 1,024.
    pub count: u64,
    /// RFC 6962 root over the bytes of those entries.
    pub root: RootHash,
    /// The last height at which the batch may be decided.
    pub expires: Height,
}

/// A batch leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The signed part.
    pub statement: BatchStatement,
    /// The author's signature.
    pub signature: Signature,
}

impl BatchStatement {
    fn write(&self) -> String {
        format!(
            "muhr-batch/v1\nauthor {}\ncount {}\nroot {}\nexpires {}\n",
            self.author, self.count, self.root, self.expires
        )
    }

    /// The bytes that the author signs.
    #[must_use]
    pub fn message(&self, network: &NetworkId) -> Vec<u8> {
        SignedText::Batch.message(network, &self.write())
    }

    /// Signs for one network.
    #[must_use]
    pub fn sign(self, network: &NetworkId, secret: &SecretKey) -> Batch {
        let signature = secret.sign(&self.message(network));
        Batch {
            statement: self,
            signature,
        }
    }
}

impl Batch {
    /// The bytes of the leaf.
    #[must_use]
    pub fn write(&self) -> String {
        self.statement.write() + &format!("signature ed25519 {}\n", self.signature)
    }

    /// Reads a leaf.
    ///
    /// # Errors
    ///
    /// [`Malformed`] names the first line that is not of the format.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut lines = Lines::new(bytes, 1024)?;
        let batch = Self::read(&mut lines)?;
        lines.end()?;
        text::same(bytes, batch.write().as_bytes())?;
        Ok(batch)
    }

    pub(crate) fn read(lines: &mut Lines<'_>) -> Result<Self, Malformed> {
        lines.exact("muhr-batch/v1")?;
        let statement = BatchStatement {
            author: lines.parsed("author", "the name of a clerk", ClerkName::parse)?,
            count: lines.parsed("count", "a number from 1 to 1024", |value| {
                text::number(value).filter(|count| (1..=BATCH_ENTRIES_MAX).contains(count))
            })?,
            root: lines.parsed("root", "32 bytes in base64", RootHash::from_base64)?,
            expires: Height::new(lines.number("expires")?),
        };
        let value = lines.value("signature")?;
        Ok(Self {
            statement,
            signature: entry::signature(lines, value)?,
        })
    }

    /// Checks that `key` signed this batch for the network.
    ///
    /// # Errors
    ///
    /// As [`SignedText::check`].
    pub fn check(&self, network: &NetworkId, key: &PublicKey) -> Result<(), NotSigned> {
        SignedText::Batch.check(network, &self.statement.write(), key, &self.signature)
    }
}

/// A batch with its entries, as a client hands it in: the leaf and the entries one after another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WholeBatch {
    /// The batch leaf.
    pub leaf: Batch,
    /// The entries that it covers, in order.
    pub entries: Vec<Entry>,
}

impl WholeBatch {
    /// Signs statements, which are all by one clerk and have one last height, with one signature. None
    /// if there are none, or more than a batch may have.
    #[must_use]
    pub fn sign(
        statements: Vec<Statement>,
        network: &NetworkId,
        secret: &SecretKey,
    ) -> Option<Self> {
        let entries: Vec<Entry> = statements
            .into_iter()
            .map(|statement| Entry {
                statement,
                authorship: Authorship::Batched,
            })
            .collect();
        let first = &entries.first()?.statement;
        let (author, expires) = (first.author.clone(), first.expires);
        let is_alike =
            |entry: &Entry| entry.statement.author == author && entry.statement.expires == expires;
        let count = u64::try_from(entries.len()).ok()?;
        if count > BATCH_ENTRIES_MAX || !entries.iter().all(is_alike) {
            return None;
        }
        let written: Vec<String> = entries.iter().map(Entry::write).collect();
        let statement = BatchStatement {
            author,
            count,
            root: merkle::root_of(written.iter().map(String::as_bytes)),
            expires,
        };
        let leaf = statement.sign(network, secret);
        Some(Self { leaf, entries })
    }

    /// Returns whether a text begins as a batch does.
    #[must_use]
    pub fn is_start(bytes: &[u8]) -> bool {
        bytes.starts_with(START)
    }

    /// Writes the leaves of the batch as they stand in the log, in one text.
    #[must_use]
    pub fn write(&self) -> String {
        let entries = self.entries.iter().map(Entry::write);
        std::iter::once(self.leaf.write()).chain(entries).collect()
    }

    /// Reads such a text. That the batch's root is that of its entries is seen with the signature.
    ///
    /// # Errors
    ///
    /// [`Malformed`] names the first line that is not of the format.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        if bytes.len() > BATCH_BYTES_MAX {
            let what = format!("a batch has at most {BATCH_BYTES_MAX} bytes");
            return Err(Malformed::new(1, what));
        }
        let mut parts = parts(bytes);
        let leaf = Batch::parse(parts.next().unwrap_or_default())?;
        let mut line = LEAF_LINES;
        let mut entries = Vec::new();
        for part in parts {
            let entry = Entry::parse(part).map_err(|error| error.after(line))?;
            let (batch, said) = (&leaf.statement, &entry.statement);
            if said.author != batch.author || said.expires != batch.expires {
                let what =
                    "an entry of another author, or with another last height, than its batch";
                return Err(Malformed::new(line.saturating_add(1), what));
            }
            line = line.saturating_add(part.iter().filter(|byte| **byte == b'\n').count());
            entries.push(entry);
        }
        if u64::try_from(entries.len()) != Ok(leaf.statement.count) {
            let what = format!("the count of entries behind the batch is {}", entries.len());
            return Err(Malformed::new(line, what));
        }
        Ok(Self { leaf, entries })
    }
}

/// Number of lines of a batch leaf.
const LEAF_LINES: usize = 6;

/// Parts the text of a whole batch into its leaves; what is left at the end is a part of its own. Nothing
/// is judged.
pub fn parts(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    let mut is_first = true;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = if std::mem::take(&mut is_first) {
            leaf_end(rest)
        } else {
            entry_end(rest)
        };
        let (part, after) = rest.split_at(end);
        rest = after;
        Some(part)
    })
}

/// End of the batch leaf with which a text begins, in bytes.
pub(crate) fn leaf_end(bytes: &[u8]) -> usize {
    let mut feeds = (1..).zip(bytes).filter(|(_, byte)| **byte == b'\n');
    feeds
        .nth(LEAF_LINES - 1)
        .map_or(bytes.len(), |(end, _)| end)
}

fn entry_end(bytes: &[u8]) -> usize {
    let lines = bytes.split_inclusive(|byte| *byte == b'\n');
    let mut before_the_last_line = true;
    lines
        .take_while(|line| std::mem::replace(&mut before_the_last_line, *line != END))
        .map(<[u8]>::len)
        .sum()
}
