//! How the letters of a text are written: UTF-8, or Windows-1251 where its letters show that.
//!
//! The encoding that is found is shown to the clerk. Not here: how letters of one byte are told apart (`charset`).

use std::{fs::File, io::Read, path::Path};

use messages::UserMessage;

use super::{
    TableError, TableTrouble,
    charset::{self, Alphabet},
};
use crate::durable::FileError;

/// How much is read at once where letters are told apart.
const PIECE_BYTES: usize = 1 << 16;

/// How letters are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8.
    Utf8,
    /// Windows-1251, of Cyrillic letters.
    Windows1251,
}

impl Encoding {
    /// The name that people know.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Windows1251 => "Windows-1251",
        }
    }

    /// The text of a cell; none if a byte stands for nothing.
    pub(super) fn read(self, cell: &[u8]) -> Option<String> {
        match self {
            Self::Utf8 => std::str::from_utf8(cell).ok().map(ToOwned::to_owned),
            Self::Windows1251 => charset::windows_1251(cell),
        }
    }

    /// Checks an encoding that somebody has named: what a file plainly is not, it is not read as. Gives
    /// what its letters look like, if that is something else: whoever names an encoding is believed, and told.
    pub(super) fn check(self, path: &Path) -> Result<Option<&'static str>, TableError> {
        let found = is_utf8(path)?;
        if self != Self::Windows1251 {
            return Ok(None);
        }
        if found == Utf8::Letters {
            return Err(TableTrouble::IsUtf8.of(path));
        }
        let other = letters(path)?.judge();
        Ok(other
            .filter(|other| *other != Alphabet::Windows1251)
            .map(Alphabet::name))
    }

    /// UTF-8 if the whole file is that, Windows-1251 if its letters say so, and none if nothing says
    /// anything; what is plainly something else is refused by its name.
    pub(super) fn find(path: &Path) -> Result<Option<Self>, TableError> {
        if is_utf8(path)? != Utf8::No {
            return Ok(Some(Self::Utf8));
        }
        match letters(path)?.judge() {
            None => Ok(None),
            Some(Alphabet::Windows1251) => Ok(Some(Self::Windows1251)),
            Some(other) => Err(TableTrouble::OtherAlphabet(other.name()).of(path)),
        }
    }

    /// Returns whether a file whose letters are too few to say so may be Windows-1251 all the same.
    pub(super) fn may_be_windows_1251(path: &Path) -> bool {
        letters(path).is_ok_and(|letters| letters.may_be(Alphabet::Windows1251))
    }
}

/// Guess of the alphabet by the letters of a file.
fn letters(path: &Path) -> Result<charset::Guess, TableError> {
    let unreadable = |error| FileError::unreadable(path, error);
    let mut file = File::open(path).map_err(unreadable)?;
    let mut letters = charset::Guess::new();
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let count = file.read(&mut piece).map_err(unreadable)?;
        if count == 0 {
            return Ok(letters);
        }
        letters.take(&piece[..count]);
    }
}

/// Relation of a file to UTF-8.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Utf8 {
    No,
    /// It is, and so is every other alphabet as far as it goes.
    Ascii,
    /// It is, and by no chance.
    Letters,
}

/// Returns whether a file is UTF-8 from end to end. What is no table at all is refused by its name.
fn is_utf8(path: &Path) -> Result<Utf8, TableError> {
    let unreadable = |error| FileError::unreadable(path, error);
    let mut file = File::open(path).map_err(unreadable)?;
    let mut piece = vec![0; PIECE_BYTES];
    let mut kept = 0;
    let mut start = true;
    let mut is = Utf8::Ascii;
    loop {
        let count = file.read(&mut piece[kept..]).map_err(unreadable)?;
        let known = &piece[..kept + count];
        if std::mem::take(&mut start)
            && (known.starts_with(b"\xff\xfe") || known.starts_with(b"\xfe\xff"))
        {
            return Err(TableTrouble::NotText(UserMessage::new("table-is-utf16")).of(path));
        }
        if known.contains(&0) {
            let what = UserMessage::new("table-holds-zero-byte");
            return Err(TableTrouble::NotText(what).of(path));
        }
        let left = match std::str::from_utf8(known) {
            Ok(_) => 0,
            Err(error) if error.error_len().is_none() && count > 0 => {
                known.len() - error.valid_up_to()
            }
            Err(_) => return Ok(Utf8::No),
        };
        if is != Utf8::Letters && charset::holds_utf8(known) {
            is = Utf8::Letters;
        }
        if count == 0 {
            return Ok(is);
        }
        let end = known.len();
        piece.copy_within(end - left..end, 0);
        kept = left;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_told_apart_across_pieces() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        // An odd start puts a letter across the edge between two pieces.
        let text = format!("x{}", "ў".repeat(PIECE_BYTES));
        std::fs::write(&path, &text).unwrap();
        assert_eq!(Encoding::find(&path).unwrap(), Some(Encoding::Utf8));
        let mut cut = text.into_bytes();
        let _last = cut.pop();
        std::fs::write(&path, &cut).unwrap();
        assert_eq!(Encoding::find(&path).unwrap(), None);
        for (start, word) in [(&b"\xff\xfea\0"[..], "is-utf16"), (b"a,b\n\0", "zero-byte")] {
            std::fs::write(&path, start).unwrap();
            assert!(
                Encoding::find(&path)
                    .unwrap_err()
                    .to_string()
                    .contains(word)
            );
        }
    }
}
