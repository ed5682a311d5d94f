//! The lines that begin with `#: `: comments to other tools, and to ours which epoch of which network
//! a trust file is of, and where the epochs before it ended.

use super::{OpenedBy, error::BadHeaderLine};
use crate::{
    hash::{ChainId, RootHash, TrustHash},
    height::{Epoch, LogSize},
    key::PublicKey,
    name::AgencyName,
    text,
};

const PAST: &[u8] = b"#: past ";

/// The end of an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Past {
    /// Number of the epoch.
    pub epoch: Epoch,
    /// Hash of the epoch's trust file.
    pub trust: TrustHash,
    /// The size of the log under its last checkpoint.
    pub size: LogSize,
    /// The root of that size: whatever is consistent with it was in the log then.
    pub root: RootHash,
}

impl Past {
    /// The line, with its LF.
    #[must_use]
    pub fn write(&self) -> String {
        format!(
            "#: past {} {} {} {}\n",
            self.epoch,
            text::hex(self.trust.as_bytes()),
            self.size,
            self.root
        )
    }

    fn parse(value: &str) -> Option<Self> {
        let mut words = value.split(' ');
        let past = Self {
            epoch: Epoch::new(text::number(words.next()?)?),
            trust: TrustHash::from_hex(words.next()?)?,
            size: LogSize::new(text::number(words.next()?)?),
            root: RootHash::from_base64(words.next()?)?,
        };
        words.next().is_none().then_some(past)
    }
}

/// Content of the header lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Headers {
    pub(super) epoch: Option<Epoch>,
    pub(super) genesis: Option<ChainId>,
    /// `none` is written out, so that a second line is noticed.
    prev: Option<Option<TrustHash>>,
    pub(super) base: Option<TrustHash>,
    pub(super) opened_by: Option<OpenedBy>,
    pub(super) recovery_threshold: Option<u64>,
    pub(super) recovery: Vec<(AgencyName, PublicKey)>,
    pub(super) past: Vec<Past>,
}

impl Headers {
    pub(super) const fn has_past(&self) -> bool {
        !self.past.is_empty()
    }

    /// Reads a line without its `#: `. Words that we do not know are other people's comments.
    pub(super) fn read(&mut self, header: &str) -> Result<(), BadHeaderLine> {
        let Some((word, value)) = header.split_once(' ') else {
            return Ok(());
        };
        let hash = |value| TrustHash::from_hex(value);
        match word {
            "past" => self.read_past(value),
            "epoch" => once(&mut self.epoch, text::number(value).map(Epoch::new), word),
            "genesis" => once(&mut self.genesis, ChainId::from_hex(value), word),
            "prev" if value == "none" => once(&mut self.prev, Some(None), word),
            "prev" => once(&mut self.prev, hash(value).map(Some), word),
            "base" => once(&mut self.base, hash(value), word),
            "opened-by" => once(&mut self.opened_by, OpenedBy::parse(value), word),
            "recovery-threshold" => once(&mut self.recovery_threshold, text::number(value), word),
            "recovery" => self.read_recovery(value),
            _ => Ok(()),
        }
    }

    fn read_recovery(&mut self, value: &str) -> Result<(), BadHeaderLine> {
        let read = || {
            let (agency, key) = value.split_once(' ')?;
            let key = PublicKey::from_base64(key).ok()?;
            Some((AgencyName::parse(agency)?, key))
        };
        let (agency, key) = read().ok_or(BadHeaderLine::Recovery)?;
        let last = self.recovery.last();
        if last.is_some_and(|(before, _)| *before >= agency) {
            return Err(BadHeaderLine::RecoveryOrder);
        }
        self.recovery.push((agency, key));
        Ok(())
    }

    fn read_past(&mut self, value: &str) -> Result<(), BadHeaderLine> {
        let past = Past::parse(value).ok_or(BadHeaderLine::Past)?;
        if let Some(before) = self.past.last()
            && (past.epoch != before.epoch.next() || past.size <= before.size)
        {
            return Err(BadHeaderLine::PastOrder);
        }
        self.past.push(past);
        Ok(())
    }

    /// Checks the lines together: all that one line alone cannot show.
    pub(super) fn check(&self) -> Result<(), BadHeaderLine> {
        let Some(last) = self.past.last() else {
            return Ok(());
        };
        let before = self.epoch.map(|epoch| epoch == last.epoch.next());
        if before != Some(true) {
            return Err(BadHeaderLine::PastOfAnotherEpoch);
        }
        if self.prev.flatten().is_some_and(|prev| prev != last.trust) {
            return Err(BadHeaderLine::PastOfAnotherFile);
        }
        Ok(())
    }
}

/// Another reader might take the other one of two.
fn once<T>(slot: &mut Option<T>, value: Option<T>, word: &str) -> Result<(), BadHeaderLine> {
    let value = value.ok_or_else(|| BadHeaderLine::Form(word.to_owned()))?;
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(BadHeaderLine::Twice),
    }
}

/// Returns whether a line is one of a past epoch.
pub(super) fn is_past(line: &[u8]) -> bool {
    line.starts_with(PAST)
}

/// The bytes before the first line of a past epoch.
pub(super) fn without_past(bytes: &[u8]) -> &[u8] {
    if bytes.starts_with(PAST) {
        return &[];
    }
    let at = bytes
        .windows(PAST.len().saturating_add(1))
        .position(|window| window.first() == Some(&b'\n') && window.ends_with(PAST));
    match at {
        Some(at) => bytes.get(..=at).unwrap_or_default(),
        None => bytes,
    }
}
