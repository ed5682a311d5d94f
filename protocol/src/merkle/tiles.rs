//! The log as files (C2SP tlog-tiles): paths of tiles, and bundles of entries.

use std::fmt;

use super::{Hash, fold};
use crate::{height::LogSize, text::Malformed};

/// Hashes or entries of a full tile.
pub const TILE_WIDTH: u64 = 256;
/// The highest level that a path may name.
const LEVEL_MAX: u64 = 63;

/// The path of a tile, from `/tile/` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TilePath {
    /// Hashes: `/tile/<level>/<index>[.p/<width>]`.
    Hashes {
        /// Level, 0 for leaf hashes.
        level: u8,
        /// Index at that level.
        index: u64,
        /// Hashes in it, 1 to 256.
        width: u16,
    },
    /// Entries: `/tile/entries/<index>[.p/<width>]`.
    Entries {
        /// Index.
        index: u64,
        /// Entries in it, 1 to 256.
        width: u16,
    },
}

impl TilePath {
    /// Reads a path; anything that would not be written the same is refused.
    ///
    /// # Errors
    ///
    /// [`Malformed`] for everything but the one spelling of a tile's path.
    pub fn parse(path: &str) -> Result<Self, Malformed> {
        let bad = || Malformed::new(1, "not the path of a tile");
        let (kind, rest) = path
            .strip_prefix("/tile/")
            .and_then(|rest| rest.split_once('/'))
            .ok_or_else(bad)?;
        let (index, width) = match rest.split_once(".p/") {
            Some((index, width)) => {
                let width =
                    crate::text::number(width).filter(|width| (1..TILE_WIDTH).contains(width));
                (
                    index,
                    u16::try_from(width.ok_or_else(bad)?).map_err(|_| bad())?,
                )
            }
            None => (rest, 256),
        };
        let index = parse_index(index).ok_or_else(bad)?;
        let tile = if kind == "entries" {
            Self::Entries { index, width }
        } else {
            let level = crate::text::number(kind)
                .filter(|level| *level <= LEVEL_MAX)
                .ok_or_else(bad)?;
            Self::Hashes {
                level: u8::try_from(level).map_err(|_| bad())?,
                index,
                width,
            }
        };
        if tile.to_string() == path {
            Ok(tile)
        } else {
            Err(bad())
        }
    }
}

impl fmt::Display for TilePath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (index, width) = match self {
            Self::Hashes {
                level,
                index,
                width,
            } => {
                write!(out, "/tile/{level}/")?;
                (*index, *width)
            }
            Self::Entries { index, width } => {
                write!(out, "/tile/entries/")?;
                (*index, *width)
            }
        };
        let digits = index.to_string();
        let digits = format!(
            "{digits:0>width$}",
            width = digits.len().div_ceil(3).saturating_mul(3)
        );
        let groups: Vec<&str> = (0..digits.len())
            .step_by(3)
            .filter_map(|at| digits.get(at..at.saturating_add(3)))
            .collect();
        if let Some((last, groups)) = groups.split_last() {
            for group in groups {
                write!(out, "x{group}/")?;
            }
            write!(out, "{last}")?;
        }
        if u64::from(width) < TILE_WIDTH {
            write!(out, ".p/{width}")
        } else {
            Ok(())
        }
    }
}

fn parse_index(text: &str) -> Option<u64> {
    let mut digits = String::new();
    for group in text.split('/') {
        digits.push_str(group.strip_prefix('x').unwrap_or(group));
    }
    let trimmed = digits.trim_start_matches('0');
    crate::text::number(if trimmed.is_empty() { "0" } else { trimmed })
}

/// Width of the tile at `level` and `index` in a log of `size` leaves; none if there is no such tile.
#[must_use]
pub fn width_at(level: u8, index: u64, size: LogSize) -> Option<u16> {
    let hashes = size
        .get()
        .checked_shr(u32::from(level).saturating_mul(8))
        .unwrap_or(0);
    let start = index.checked_mul(TILE_WIDTH)?;
    let width = hashes.checked_sub(start)?.min(TILE_WIDTH);
    u16::try_from(width).ok().filter(|width| *width > 0)
}

/// Root of the perfect subtree number `index` over 2^`level` leaves of a log of `size`, from the tile
/// that holds it: what `inclusion` and `consistency` ask for, so that an archive of tiles can prove.
/// `fetch` gives the bytes of a tile. Nothing is believed of them: a wrong tile makes a wrong proof.
///
/// # Errors
///
/// The first error of `fetch`, and [`Malformed`] for a subtree that the log has not, and for a tile of another length.
pub fn subtree<E: From<Malformed>>(
    level: u8,
    index: u64,
    size: LogSize,
    mut fetch: impl FnMut(TilePath) -> Result<Vec<u8>, E>,
) -> Result<Hash, E> {
    let (tile_level, span) = (level >> 3, 1_u64 << (level & 7));
    let none = || {
        Malformed::new(
            1,
            format!("the log has no subtree {index} at level {level}"),
        )
    };
    let start = index.checked_mul(span).ok_or_else(none)?;
    let (tile, offset) = (start / TILE_WIDTH, start % TILE_WIDTH);
    let until = offset.saturating_add(span);
    let width = width_at(tile_level, tile, size)
        .filter(|width| until <= u64::from(*width))
        .ok_or_else(none)?;
    let path = TilePath::Hashes {
        level: tile_level,
        index: tile,
        width,
    };
    let bytes = fetch(path)?;
    let (hashes, rest) = bytes.as_chunks::<32>();
    if hashes.len() != usize::from(width) || !rest.is_empty() {
        let found = bytes.len();
        return Err(Malformed::new(
            1,
            format!("{path} has the length {found}, and not that of its hashes ({width})"),
        )
        .into());
    }
    let range = usize::try_from(offset)
        .ok()
        .zip(usize::try_from(until).ok());
    let hashes = range.and_then(|(from, until)| hashes.get(from..until));
    Ok(fold(hashes.ok_or_else(none)?))
}

/// Writes a bundle: for each entry its length in two bytes big-endian, and its bytes. No entry may be
/// longer than 65,535 bytes, which is for whoever lets entries into the log to see to.
#[must_use]
pub fn write_bundle<T: AsRef<[u8]>>(entries: &[T]) -> Vec<u8> {
    let mut out = Vec::new();
    for entry in entries {
        let entry = entry.as_ref();
        out.extend_from_slice(&u16::try_from(entry.len()).unwrap_or(u16::MAX).to_be_bytes());
        out.extend_from_slice(entry);
    }
    out
}

/// Reads a bundle of at most 256 entries that fills `bytes` exactly.
///
/// # Errors
///
/// [`Malformed`] for a bundle that ends within an entry, or has more than 256.
pub fn parse_bundle(bytes: &[u8]) -> Result<Vec<Vec<u8>>, Malformed> {
    let mut entries = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let number = entries.len().saturating_add(1);
        let cut = || Malformed::new(number, "the bundle ends within an entry");
        let (length, more) = rest.split_at_checked(2).ok_or_else(cut)?;
        let length = length
            .iter()
            .fold(0_usize, |sum, byte| (sum << 8) | usize::from(*byte));
        let (entry, more) = more.split_at_checked(length).ok_or_else(cut)?;
        if number > 256 {
            return Err(Malformed::new(number, "more than 256 entries"));
        }
        entries.push(entry.to_vec());
        rest = more;
    }
    Ok(entries)
}
